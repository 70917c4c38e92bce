package assistant

import (
	"context"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// allows is a policy that holds for everybody.
type allows Policy

func (p allows) Policy(context.Context, flomastr.TenantID) (Policy, error) { return Policy(p), nil }

func TestARaisedThresholdTurnsAnAnswerIntoARefusal(t *testing.T) {
	t.Parallel()
	const question = "How much is a chain replacement?"
	ask := func(threshold float64) flomastr.Decision {
		k := newTalk(t, workshop())
		k.assistant.deps.Policies = allows{Threshold: threshold, MaxContext: 4000}
		return k.say(question)
	}
	answered := ask(0.5)
	if answered.Action != flomastr.ActionAnswer || !strings.Contains(answered.Text, "AED 95") {
		t.Fatalf("at 0.5: %s %q", answered.Action, answered.Text)
	}
	if at := ask(answered.Confidence - 0.01); at.Action != flomastr.ActionAnswer {
		t.Errorf("just below its confidence: %s", at.Action)
	}
	if above := ask(answered.Confidence + 0.01); above.Action != flomastr.ActionRefuse || strings.Contains(above.Text, "AED 95") {
		t.Errorf("above its confidence: %s %q", above.Action, above.Text)
	} else if strings.Contains(above.Text, "colleague, who") || above.Draft == nil || !strings.Contains(above.Draft.Notice, "colleague, who") || !strings.Contains(above.Draft.Text, "AED 95") || len(above.Draft.Evidence) != 1 || len(above.Evidence) != 0 {
		t.Errorf("what a person is to let go: %+v", above.Draft)
	}
}

func TestAnAnswerStandsOnNoMoreKnowledgeThanTheTenantAllows(t *testing.T) {
	t.Parallel()
	s := newShelf(analysis.English)
	s.add("Service", "# Service\n\nA full service costs 480 dirhams. "+strings.Repeat("The workshop takes care of every part of it. ", 30))
	ask := func(tokens int) flomastr.Decision {
		k := newTalk(t, s)
		k.assistant.deps.Policies = allows{Threshold: 0.5, MaxContext: tokens}
		return k.say("How much does a full service cost?")
	}
	if d := ask(2000); d.Action != flomastr.ActionAnswer {
		t.Fatalf("with room: %s (%s)", d.Action, d.Reason)
	}
	if d := ask(200); d.Action != flomastr.ActionRefuse {
		t.Errorf("a passage of some 340 tokens in a context of 200: %s %q", d.Action, d.Text)
	}
}

func TestAPreparedContextIsHeldToTheTenantsLength(t *testing.T) {
	t.Parallel()
	a := New(Deps{Retriever: workshop(), Businesses: newShelf(""), Policies: allows{MaxContext: 200}, Clock: flomastr.SystemClock})
	pieces := []Piece{{Text: strings.Repeat("a", 700)}, {Text: strings.Repeat("b", 700)}}
	given, err := a.PreparePieces(t.Context(), flomastr.TenantID{}, pieces, 0)
	if err != nil || len(given.Sources) != 1 {
		t.Errorf("two pieces of 175 tokens each: %d kept, %v", len(given.Sources), err)
	}
	for _, asked := range []int{0, 100_000} {
		p, err := a.Prepare(t.Context(), flomastr.TenantID{}, "service price warranty opening payment", asked)
		if err != nil || p.Text == "" || len(p.Text) > 200*charsPerToken {
			t.Errorf("asked for %d: %d characters, %v", asked, len(p.Text), err)
		}
	}
}
