package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// The most that a completion may hold; a model that writes more has lost its way.
const (
	MaxText  = 256 << 10 // bytes of text, and of the arguments of all calls
	MaxCalls = 64
)

// Check is what every adapter gives its completion through: text that is UTF-8 without a mark of lost bytes, calls that each have an
// id, a name and a JSON object, and something at all.
func Check(c Completion) (Completion, error) {
	size := len(c.Text)
	seen := map[string]bool{}
	for i, call := range c.Calls {
		call.Arguments = bytes.TrimSpace(call.Arguments)
		if len(call.Arguments) == 0 {
			call.Arguments = json.RawMessage("{}") // some write nothing for a tool that takes nothing
		}
		size += len(call.Arguments)
		switch {
		case call.Name == "" || call.ID == "" || seen[call.ID]:
			return Completion{}, ErrModelBroken.Because(errors.New("a tool call without a name or an id of its own"))
		case call.Arguments[0] != '{' || !json.Valid(call.Arguments):
			return Completion{}, ErrModelBroken.Because(errors.New("a tool call whose arguments are no JSON object"))
		case spoiled(call.Name) || spoiled(call.ID) || spoiled(string(call.Arguments)):
			return Completion{}, ErrModelBroken.Because(errors.New("a tool call with lost bytes"))
		}
		seen[call.ID] = true
		c.Calls[i] = call
	}
	switch {
	case size > MaxText || len(c.Calls) > MaxCalls:
		return Completion{}, ErrModelEndless
	case spoiled(c.Text):
		return Completion{}, ErrModelBroken.Because(errors.New("a text with lost bytes"))
	case strings.TrimSpace(c.Text) == "" && len(c.Calls) == 0:
		return Completion{}, ErrModelEmpty
	}
	c.Usage.Prompt, c.Usage.Completion = max(c.Usage.Prompt, 0), max(c.Usage.Completion, 0)
	return c, nil
}

// spoiled sees invalid UTF-8 and the mark that JSON readers put in its place.
func spoiled(text string) bool { return strings.ContainsRune(text, utf8.RuneError) }
