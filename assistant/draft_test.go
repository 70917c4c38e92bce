package assistant

import (
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

func TestWhatIsNotEvenNearAnAnswerIsNoDraft(t *testing.T) {
	t.Parallel()
	k := newTalk(t, workshop())
	if d := k.say("Do you sell submarines?"); d.Action != flomastr.ActionRefuse || d.Draft != nil {
		t.Errorf("%s with the draft %+v", d.Action, d.Draft)
	}
}

func TestAReworkAddsWhatThePersonMissed(t *testing.T) {
	t.Parallel()
	for feedback, c := range map[string]struct{ more bool }{
		"How long is the warranty?": {true},
		"shorter":                   {false},
	} {
		k := newTalk(t, workshop())
		turn := k.turn
		turn.Messages = []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: "How much is a chain replacement?", At: k.now}}
		turn.Rework = &flomastr.Rework{Draft: "AED 95.", Feedback: feedback}
		d, err := k.assistant.Answer(t.Context(), turn)
		if err != nil || d.Draft == nil || !strings.Contains(d.Draft.Text, "AED 95") {
			t.Fatalf("%q: %+v, %v", feedback, d.Draft, err)
		}
		if more := strings.Contains(d.Draft.Text, "six months"); more != c.more {
			t.Errorf("%q: %q", feedback, d.Draft.Text)
		}
		if !c.more && strings.Contains(d.Draft.Text, feedback) || d.Unanswered != nil {
			t.Errorf("%q is a member's and goes nowhere: %q, %q", feedback, d.Draft.Text, d.Unanswered)
		}
	}
}
