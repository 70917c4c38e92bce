package assistant

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// maxReply is the longest text that a model may reply with, in characters: nobody reads more on a phone.
const maxReply = 2400

// maxCitations bounds the numbers that a reply lists.
const maxCitations = 12

// reply is what a model wants to be said or done. Nothing in it is true yet.
type reply struct {
	Action    string   `json:"action"`
	Text      string   `json:"text"`
	Citations []int    `json:"citations"`
	Doubt     *float64 `json:"doubt"`
	Why       string   `json:"why"`
}

// What a reply may ask for beside the actions of a decision: a task in which a person looks at the text first.
const check = "check"

// readReply reads the arguments of the last call of a turn. It says nothing of whether the text may be said.
func readReply(raw json.RawMessage) (reply, error) {
	var r reply
	if err := readArguments(raw, &r); err != nil {
		return reply{}, err
	}
	says := r.Action == string(flomastr.ActionAnswer) || r.Action == string(flomastr.ActionAsk) || r.Action == check
	known := says || slices.Contains([]string{string(flomastr.ActionRefuse), string(flomastr.ActionHandOver), string(flomastr.ActionSilent)}, r.Action)
	r.Text = strings.TrimSpace(r.Text)
	switch {
	case !known:
		return reply{}, errors.New("there is no such action")
	case r.Doubt == nil || *r.Doubt < 0 || *r.Doubt > 1:
		return reply{}, errors.New("doubt has to be a number from 0 to 1")
	case utf8.RuneCountInString(r.Text) > maxReply:
		return reply{}, errors.New("the text is too long")
	case len(r.Citations) > maxCitations:
		return reply{}, errors.New("too many citations")
	case says && flomastr.VisibleLine(r.Text) == "":
		return reply{}, errors.New("the text is empty")
	}
	r.Why = short(flomastr.VisibleLine(r.Why), 200)
	return r, nil
}
