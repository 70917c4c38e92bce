package httpapi

import (
	"time"

	"github.com/flomastr/flomastr/whatsapp"
)

// WorkerView is who answers on a channel. (Exported because huma leaves embedded fields of other types out.)
type WorkerView struct {
	Worker      string       `json:"worker" enum:"assistant,n8n,both" doc:"Who answers what no rule speaks of: the assistant alone, n8n (any outside worker that fetches jobs), or whoever of both comes first"`
	Rules       []workerRule `json:"worker_rules" doc:"The first whose words a customer writes decides"`
	BothWait    float64      `json:"both_wait_seconds" doc:"How long an outside worker goes first where both may answer"`
	OutsideWait float64      `json:"outside_wait_seconds" doc:"How long an outside worker is waited for before the assistant answers in its place"`
	Mode        string       `json:"mode" enum:"off,suggest,approve,automatic" doc:"What the assistant may do: nothing; prepare drafts for the people who write; answer once a person lets the answer go; answer by itself"`
	MissedAt    *time.Time   `json:"worker_missed_at,omitempty" doc:"Since when the assistant answers in the place of an outside worker that does not come"`
}

type workerRule struct {
	Words  []string `json:"words" minItems:"1" maxItems:"20" doc:"Words or phrases; upper and lower case are one, and each counts only whole"`
	Worker string   `json:"worker" enum:"assistant,n8n,both"`
}

// WorkerChange is what an admin may say of it.
type WorkerChange struct {
	Worker      *string       `json:"worker,omitempty" enum:"assistant,n8n,both"`
	Rules       *[]workerRule `json:"worker_rules,omitempty" maxItems:"20"`
	BothWait    *float64      `json:"both_wait_seconds,omitempty" minimum:"0" maximum:"3600"`
	OutsideWait *float64      `json:"outside_wait_seconds,omitempty" minimum:"1" maximum:"3600"`
	Mode        *string       `json:"mode,omitempty" enum:"off,suggest,approve,automatic"`
}

func workerOf(c whatsapp.Channel) WorkerView {
	view := WorkerView{
		Worker: c.Worker, Rules: make([]workerRule, len(c.Rules)), BothWait: c.BothWait.Seconds(), OutsideWait: c.OutsideWait.Seconds(),
		Mode: string(c.Mode), MissedAt: given(c.WorkerMissedAt),
	}
	for i, rule := range c.Rules {
		view.Rules[i] = workerRule(rule)
	}
	return view
}

func (c WorkerChange) apply(d *whatsapp.ChannelDraft) {
	d.Worker = c.Worker
	if c.Mode != nil {
		d.Mode = new(whatsapp.Mode(*c.Mode))
	}
	if c.BothWait != nil {
		d.BothWait = new(time.Duration(*c.BothWait * float64(time.Second)))
	}
	if c.OutsideWait != nil {
		d.OutsideWait = new(time.Duration(*c.OutsideWait * float64(time.Second)))
	}
	if c.Rules != nil {
		rules := make([]whatsapp.WorkerRule, len(*c.Rules))
		for i, rule := range *c.Rules {
			rules[i] = whatsapp.WorkerRule(rule)
		}
		d.Rules = &rules
	}
}
