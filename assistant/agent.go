package assistant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// Models gives the model that a tenant's turns are reasoned with. False: the tenant has none, and its turns are answered offline.
type Models interface {
	Model(ctx context.Context, tenant flomastr.TenantID) (llm.Model, bool, error)
}

// What a model may use up in one turn.
const (
	mostSteps      = 6                // times that it is asked
	mostCalls      = 4                // tools that it may call at once
	floodOfCalls   = 16               // at once, after which it is not asked again
	mostRefused    = 4                // calls that were refused
	mostResult     = 6_000            // characters that one tool gives back
	mostResults    = 24_000           // characters that all of them give back
	mostThinking   = 40 * time.Second // from the first question to the reply
	shareOfTime    = 0.8              // of what is left until the turn's deadline: the offline answer has to get out as well
	mostCompletion = 1_500            // tokens of one completion
)

// agent is one turn as a model sees it: what it may read, and what it has used up. Whose turn it is stands in it and in no argument
// of a tool, so that nothing a model writes can change it.
type agent struct {
	*Assistant
	turn     flomastr.Turn
	voice    voice
	policy   Policy
	model    llm.Model
	findings []finding // what the knowledge has for the customer's questions
	posed    []finding // what it has for the model's
	sources  sources
	room     int // characters that tools may still give back
	asked    int
	called   int
	refused  int
	failures int // of tools that were called rightly
}

// reason has a tenant's model answer a turn whose offline answer is known. Whatever goes wrong, the offline answer is the decision
// and its reason says what went wrong. An error is the turn's own end: nobody waits for a decision any more.
func (a *Assistant) reason(ctx context.Context, turn flomastr.Turn, v voice, policy Policy, findings []finding, offline flomastr.Decision) (flomastr.Decision, error) {
	if a.deps.Models == nil {
		return offline, nil
	}
	model, ok, err := a.deps.Models.Model(ctx, turn.Tenant)
	if err != nil {
		return instead(offline, "no model could be chosen ("+flomastr.CodeOf(err)+")"), ctx.Err()
	}
	if !ok {
		return offline, nil
	}
	if len(offline.Disputes) > 0 {
		return instead(offline, "sources that contradict each other are quoted as they stand"), nil
	}
	name := model.Name() // a model that is given up may be busy with its own when the reason is written
	g := &agent{Assistant: a, turn: turn, voice: v, policy: policy, model: model, findings: findings, room: mostResults}
	decision, err := g.decide(ctx, offline)
	if ctx.Err() != nil {
		return flomastr.Decision{}, fmt.Errorf("have a model answer: %w", context.Cause(ctx))
	}
	if err != nil {
		return instead(offline, fmt.Sprintf("%s, %v; questions to it: %d", name, err, g.asked)), nil
	}
	return decision, nil
}

// instead is the offline decision with the reason for which it stands in a model's place.
func instead(offline flomastr.Decision, why string) flomastr.Decision {
	if offline.Reason != "" {
		offline.Reason += "; "
	}
	offline.Reason += "answered without a model: " + why
	return offline
}

// decide has the model think within its share of the turn's time, and makes a decision of what it replies.
func (g *agent) decide(ctx context.Context, offline flomastr.Decision) (flomastr.Decision, error) {
	budget := mostThinking
	if deadline, ok := ctx.Deadline(); ok {
		budget = min(budget, time.Duration(float64(time.Until(deadline))*shareOfTime))
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	g.gather(ctx)
	r, err := g.think(ctx)
	if err != nil {
		return flomastr.Decision{}, err
	}
	return g.settle(r, offline)
}

// think asks the model, runs the tools that it calls, and ends with its reply.
func (g *agent) think(ctx context.Context) (reply, error) {
	prompt := llm.Prompt{
		Messages: g.opening(), Tools: g.tools(), MaxTokens: mostCompletion,
		For: llm.Reason{Version: promptVersion, Conversation: g.turn.Conversation, Job: g.turn.Job},
	}
	reminded := false
	for g.asked = 1; g.asked <= mostSteps; g.asked++ {
		if g.asked == mostSteps || g.room <= 0 {
			prompt.Must = toolReply
		}
		c, err := complete(ctx, g.model, prompt)
		switch {
		case err != nil:
			return reply{}, fmt.Errorf("which failed (%s)", flomastr.CodeOf(err))
		case c.Truncated:
			return reply{}, fmt.Errorf("whose answer was cut off")
		case len(c.Calls) > floodOfCalls:
			return reply{}, fmt.Errorf("which called %d tools at once", len(c.Calls))
		case len(c.Calls) == 0 && reminded:
			return reply{}, fmt.Errorf("which wrote past its tools twice")
		case len(c.Calls) == 0:
			reminded, prompt.Must = true, toolReply
			prompt.Messages = append(prompt.Messages,
				llm.Message{Role: llm.RoleAssistant, Text: clip(c.Text, mostResult)},
				llm.Message{Role: llm.RoleUser, Text: "Nothing of this was sent. Call the tool reply."})
			continue
		}
		if r, ok := g.final(c.Calls); ok {
			return r, nil
		}
		prompt.Messages = append(prompt.Messages, llm.Message{Role: llm.RoleAssistant, Text: clip(c.Text, mostResult), Calls: c.Calls})
		for i, call := range c.Calls {
			prompt.Messages = append(prompt.Messages, llm.Message{Role: llm.RoleTool, Call: call.ID, Text: g.run(ctx, call, i)})
		}
		if g.refused >= mostRefused {
			return reply{}, fmt.Errorf("%d of whose calls were refused", g.refused)
		}
	}
	g.asked = mostSteps
	return reply{}, fmt.Errorf("which never replied")
}

// final reads the reply of a completion that calls nothing else.
func (g *agent) final(calls []llm.ToolCall) (reply, bool) {
	if len(calls) != 1 || calls[0].Name != toolReply {
		return reply{}, false
	}
	r, err := readReply(calls[0].Arguments)
	return r, err == nil
}

// complete asks a model and waits no longer than the context lasts, whatever the model does. What comes later is nobody's.
func complete(ctx context.Context, model llm.Model, prompt llm.Prompt) (llm.Completion, error) {
	type result struct {
		llm.Completion
		err error
	}
	prompt.Messages = slices.Clip(prompt.Messages)
	results := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("the model panicked: %v", p)}
			}
			results <- r
		}()
		r.Completion, r.err = model.Complete(ctx, prompt)
	}()
	select {
	case r := <-results:
		if ctx.Err() != nil {
			return llm.Completion{}, errThoughtTooLong
		}
		return r.Completion, r.err
	case <-ctx.Done():
		return llm.Completion{}, errThoughtTooLong
	}
}

var errThoughtTooLong = flomastr.Errorf(flomastr.UpstreamTimeout, "model_timeout", "The model took too long.")
