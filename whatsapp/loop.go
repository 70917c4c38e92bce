package whatsapp

import (
	"context"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Two machines that answer each other go on for ever, and WhatsApp blocks the number. A machine says the same again and again,
// right after what it hears; a person who repeats themselves does so less often, or needs a person.
const (
	loopWithin    = 10 * time.Minute
	loopExchanges = 6
	loopTexts     = 2 // different ones at most
	loopGap       = 30 * time.Second
)

// AlertLoop is two machines that answer each other.
const AlertLoop AlertKind = "loop"

// Looping tells whether the other side looks like a machine that answers our answers: within ten minutes it has come back at
// least six times within half a minute of what we said, with no more than two different texts. Only what was typed counts:
// machines do not press buttons, and pictures all look alike in words. A person of ours who wrote meanwhile ends the count. The
// messages are in the order in which they were said.
func Looping(said []flomastr.TurnMessage) bool {
	if len(said) == 0 {
		return false
	}
	since := said[len(said)-1].At.Add(-loopWithin)
	var ours time.Time // when we last spoke, until the other side answers
	texts, exchanges := map[string]bool{}, 0
	for _, m := range said {
		switch {
		case m.Speaker == flomastr.SpeakerMember:
			texts, exchanges, ours = map[string]bool{}, 0, time.Time{}
		case m.Speaker != flomastr.SpeakerContact:
			ours = m.At
		case m.At.Before(since):
		case m.Type != "text":
			ours = time.Time{}
		default:
			texts[strings.ToLower(strings.Join(strings.Fields(m.Text), " "))] = true
			if !ours.IsZero() && m.At.Sub(ours) <= loopGap {
				exchanges++
			}
			ours = time.Time{}
		}
	}
	return exchanges >= loopExchanges && len(texts) <= loopTexts
}

// breakLoop hands a turn that is part of a loop to a person, without a word: the next one would be answered as well. People
// are told before it is done, so that a crash in between cannot keep it from them.
func (e *Engine) breakLoop(ctx context.Context, lane Lane, work Work) (out Outcome, looping bool, err error) {
	if !Looping(append(append([]flomastr.TurnMessage(nil), work.Turn.History...), work.Turn.Messages...)) {
		return Outcome{}, false, nil
	}
	const sentence = "The other side seems to be a machine that answers our answers; the assistant is silent until a person hands the conversation back."
	err = e.store.RaiseAlert(ctx, lane.Tenant, Alert{
		Kind: AlertLoop, Severity: provider.Warning, Object: "conversation " + lane.Conversation.String(), Detail: sentence,
	})
	return Outcome{State: JobCompleted, Speaker: flomastr.SpeakerAssistant, Decision: flomastr.Decision{Action: flomastr.ActionHandOver, Reason: sentence}}, true, err
}
