package whatsapp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/markup"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// decide says what becomes of a turn. A person's word goes before the assistant's, and what cannot be read is not put to
// the assistant as if it were text.
func (e *Engine) decide(ctx context.Context, lane Lane, work Work) (flomastr.Decision, error) {
	switch {
	case work.Job.Attempts > e.set.TurnAttempts:
		// Counted before each run: this turn has ended its worker each time.
		return flomastr.Decision{}, fmt.Errorf("given up after %d attempts", work.Job.Attempts-1)
	case !readable(work.Turn.Messages) && unheard(work.Turn.Messages):
		return e.handOverUnheard(work.Turn, flomastr.Decision{Confidence: 1}), nil
	case !readable(work.Turn.Messages) && read(work.Turn.Messages):
		return e.askAboutDocument(work.Turn), nil
	case !readable(work.Turn.Messages):
		return flomastr.Decision{
			Action: flomastr.ActionAsk, Text: e.introduced(work.Turn, e.set.Texts.Unreadable),
			Confidence: 1, Reason: "Nothing in the turn can be read as text.",
		}, nil
	}
	d, err := e.ask(ctx, lane, work.Turn)
	if err != nil || d.Action == flomastr.ActionSilent || !unheard(work.Turn.Messages) {
		return d, err
	}
	if work.held() { // what could be answered waits for a person; that nobody heard the rest is told
		h := e.handOverUnheard(work.Turn, flomastr.Decision{Confidence: d.Confidence, Model: d.Model})
		if h.Draft = d.Draft; h.Draft == nil {
			h.Draft = &flomastr.Draft{Text: d.Text, Evidence: d.Evidence}
		}
		return h, nil
	}
	return e.handOverUnheard(work.Turn, d), nil
}

// settledAlready decides on turns that need nobody's thought, our assistant's or an outside worker's.
func settledAlready(work Work) (out Outcome, settled bool) {
	switch {
	case !work.OptOut.Allows(false):
		out = silence(BecauseOptOut)
	case work.Owner == OwnerMember:
		out = silence(BecausePerson)
	case len(work.Turn.Messages) == 0:
		out = silence(BecauseNothing)
	case Late(work.Turn.Messages, work.AnsweredTo):
		out = silence(BecauseLate)
	default:
		return Outcome{}, false
	}
	return out, true
}

// silence ends a turn without an answer.
func silence(because Because) Outcome {
	sentence := map[Because]string{
		BecausePerson:  "A person is writing in this conversation.",
		BecauseOptOut:  "The customer has asked not to be written to.",
		BecauseLate:    "It came late; something newer has been answered already.",
		BecauseNothing: "There is nothing left to answer.",
		BecauseOff:     "The assistant is switched off on this channel.",
	}[because]
	return Outcome{State: JobCompleted, Because: because, Decision: silent(sentence)}
}

// Heeding is the outcome after what happened while it was made: a person has taken over or answered, or the customer has
// told us to stop.
func (o Outcome) Heeding(owner Owner, answered bool, optOut Scope) Outcome {
	var because Because
	switch {
	case o.Decision.Action == flomastr.ActionSilent:
		return o
	case !optOut.Allows(false):
		because = BecauseOptOut
	case owner == OwnerMember || answered:
		because = BecausePerson
	default:
		return o
	}
	quiet := silence(because)
	quiet.State = o.State
	return quiet
}

func silent(because string) flomastr.Decision {
	return flomastr.Decision{Action: flomastr.ActionSilent, Reason: because}
}

// fallback is the truthful answer when none could be made.
func (e *Engine) fallback(turn flomastr.Turn) flomastr.Decision {
	return flomastr.Decision{
		Action: flomastr.ActionRefuse, Text: e.introduced(turn, e.set.Texts.Fallback),
		Reason: "No answer could be made because of a technical problem.",
	}
}

// introduced puts the disclosure into the first line of a conversation's first answer, for the texts that are ours.
func (e *Engine) introduced(turn flomastr.Turn, text string) string {
	if !turn.First {
		return text
	}
	return e.set.Texts.Disclosure + "\n\n" + text
}

// readable tells whether somebody said something in words: a text, a button, or a caption.
func readable(messages []flomastr.TurnMessage) bool {
	for _, m := range messages {
		words := strings.TrimSpace(m.Text)
		if words != "" && (m.Type == "text" || !strings.HasPrefix(words, "[")) {
			return true
		}
	}
	return false
}

// read tells whether a document of the turn could be read.
func read(messages []flomastr.TurnMessage) bool {
	return slices.ContainsFunc(messages, func(m flomastr.TurnMessage) bool { return m.Attachment != "" })
}

// checked refuses a decision that cannot be carried out and makes its text WhatsApp's.
func checked(d flomastr.Decision) (flomastr.Decision, error) {
	switch d.Action {
	case flomastr.ActionSilent:
		d.Text = ""
		return d, nil
	case flomastr.ActionAnswer, flomastr.ActionAsk, flomastr.ActionRefuse, flomastr.ActionHandOver:
	default:
		return d, fmt.Errorf("the answerer decided %q, which is not an action", d.Action)
	}
	if d.Text = markup.FromMarkdown(provider.Truncate(d.Text, maxAnswer)); strings.TrimSpace(d.Text) == "" {
		return d, fmt.Errorf("the answerer decided %q without a text", d.Action)
	}
	if d.Draft != nil {
		draft := *d.Draft
		if draft.Text = markup.FromMarkdown(provider.Truncate(draft.Text, flomastr.MaxReplyChars)); strings.TrimSpace(draft.Text) == "" {
			return d, fmt.Errorf("the answerer decided %q with a draft that says nothing", d.Action)
		}
		if draft.Notice = markup.FromMarkdown(provider.Truncate(draft.Notice, flomastr.MaxReplyChars)); strings.TrimSpace(draft.Notice) == "" {
			draft.Notice = d.Text
		}
		d.Draft = &draft
	}
	return d, nil
}
