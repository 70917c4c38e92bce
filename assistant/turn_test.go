package assistant

import (
	"slices"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

func workshop() *shelf {
	s := newShelf(analysis.English)
	s.add("Zorbtrike service 482913", "# Zorbtrike service 482913\n\nA full service of a zorbtrike costs 4821.50 dirhams and takes four working days.\n\n## Pick-up\n\nWe collect zorbtrikes in Al Quoz on Tuesdays before noon.")
	s.add("Opening hours", "# Opening hours\n\n| Day | Hours |\n| --- | --- |\n| Monday to Friday | 9:00–18:00 |\n| Saturday | 10:00–14:00 |\n| Sunday | closed |\n\nDuring Ramadan we open from 10:00 to 15:00.")
	s.add("Payment", "# Payment\n\nWe accept:\n\n- Visa and Mastercard\n- cash\n- bank transfer to our account at Emirates NBD\n\nCheques are not accepted.")
	s.add("FAQ", "# FAQ\n\n### Do you deliver to Sharjah?\n\nYes, we deliver to Sharjah for AED 35. Orders above AED 500 are free.\n\n### How long is the warranty?\n\nEvery repair carries a warranty of six months. It covers parts and labour.")
	s.add("Price list", "# Price list\n\n| Service | Price | Duration |\n| --- | --- | --- |\n| Brake pads | AED 180 | 1 hour |\n| Chain replacement | AED 95 | 30 minutes |\n| Wheel alignment | AED 120 | 45 minutes |")
	s.add("Team", "# Team\n\nThe workshop is led by Omar Haddad, who has repaired bicycles since 1998. Priya Nair looks after customers.")
	return s
}

func TestAConversationIsAnsweredFromTheKnowledge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		asks  []string
		wants [][]string // of each reply; an empty list wants a refusal
	}{
		{
			"a price, a follow-up, and the unknowable",
			[]string{"how much is a full zorbtrike service?", "and where do you collect them?", "who won the chess world championship in 1972?"},
			[][]string{{"4821.50"}, {"Al Quoz"}, {}},
		},
		{
			"hours by day and a follow-up",
			[]string{"What time do you open on Saturday?", "and on Sundays?", "what about Tuesday?"},
			[][]string{{"10:00"}, {"closed"}, {"9:00"}},
		},
		{"a list is given whole", []string{"Which payment methods do you accept?"}, [][]string{{"Visa", "cash", "bank transfer"}}},
		{"a question in the headings", []string{"do you deliver to sharjah", "how long is the warranty?"}, [][]string{{"AED 35"}, {"six months"}}},
		{"a row of a table", []string{"How much is a chain replacement?", "how long does it take?"}, [][]string{{"AED 95"}, {"30 minutes"}}},
		{"a person", []string{"Who runs the workshop?"}, [][]string{{"Omar Haddad"}}},
		{"misspelt", []string{"how much is a zorbtrick servise"}, [][]string{{"4821.50"}}},
		{"not in the knowledge", []string{"Do you sell insurance?", "What is your Instagram?", "Can I rent a helicopter?"}, [][]string{{}, {}, {}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(t, workshop())
			for i, q := range c.asks {
				d := k.say(q)
				if len(c.wants[i]) == 0 {
					if d.Action != flomastr.ActionRefuse {
						t.Errorf("%q: %s %q (%s)", q, d.Action, d.Text, d.Reason)
					}
					continue
				}
				if d.Action != flomastr.ActionAnswer {
					t.Errorf("%q: %s (%.2f, %s)", q, d.Action, d.Confidence, d.Reason)
				}
				for _, want := range c.wants[i] {
					if !strings.Contains(d.Text, want) {
						t.Errorf("%q: %q misses %q", q, d.Text, want)
					}
				}
				t.Logf("%q → %q %.2f", q, d.Text, d.Confidence)
			}
		})
	}
}

func TestADecisionNamesWhatItHadNoAnswerTo(t *testing.T) {
	t.Parallel()
	k := newTalk(t, workshop())
	for _, c := range []struct {
		asked string
		want  []string
	}{
		{"Do you sell insurance?", []string{"Do you sell insurance?"}},
		{"and on holidays?", nil}, // alone it means nothing
		{"How much is a chain replacement?", nil},
		{"How much is a chain replacement? Can I rent a helicopter?", []string{"Can I rent a helicopter?"}},
		{"Hello!", nil},
	} {
		if d := k.say(c.asked); !slices.Equal(d.Unanswered, c.want) {
			t.Errorf("%q: %q (%s)", c.asked, d.Unanswered, d.Action)
		}
	}
}
