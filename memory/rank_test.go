package memory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// talk makes a conversation: lines that begin with ">" are ours. A day passes after an empty line.
func talk(from time.Time, lines ...string) (said []Said) {
	at := from
	for _, line := range lines {
		if line == "" {
			at = at.Add(24 * time.Hour)
			continue
		}
		s := Said{Message: flomastr.NewID[flomastr.MessageID](), Speaker: flomastr.SpeakerContact, Text: line, At: at}
		if line[0] == '>' {
			s.Speaker, s.Text = flomastr.SpeakerAssistant, line[1:]
		}
		said = append(said, s)
		at = at.Add(time.Minute)
	}
	return said
}

var spring = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

func TestRecallPutsFirstWhatTheQuestionIsAbout(t *testing.T) {
	t.Parallel()
	filler := []string{"Good morning", ">Good morning, how can we help?", "The weather is lovely", ">It is indeed", ""}
	for name, c := range map[string]struct {
		said []string
		ask  string
		want string
	}{
		"the words": {
			append(filler, "I ordered three blue lamps for the kitchen", ">They are on their way", "", "Do you open on Sundays?", ">No"),
			"what lamps did I order?", "I ordered three blue lamps for the kitchen",
		},
		"another form of a word": {
			append(filler, "My daughter collects stamps", ">How nice", "", "Is there parking?"),
			"who is the stamp collector in my family?", "My daughter collects stamps",
		},
		"the customer's own words": {
			append(filler, ">Our favourite colour is green", "My favourite colour is red", ">Noted"),
			"what did I say my favourite colour was?", "My favourite colour is red",
		},
		"ours": {
			append(filler, "I will call about the delivery tomorrow", "", ">We will call about the delivery tomorrow"),
			"what did you promise, will you call about the delivery?", "We will call about the delivery tomorrow",
		},
		"a name for whoever bears it": {
			append(filler, ">I paint landscapes in oil", "I paint landscapes in oil too"),
			"what does Caroline paint?", "I paint landscapes in oil too",
		},
		"the answer beside the question": {
			append(filler, ">What is your shoe size?", "42, narrow", "", "I want to change my appointment", ">Done"),
			"what is my shoe size?", "42, narrow",
		},
		"another language": {
			append(filler, "Necesito las gafas con cristales progresivos", ">De acuerdo", "", "Mañana no puedo", ">Bien"),
			"¿qué gafas necesito?", "Necesito las gafas con cristales progresivos",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newReader().rank(talk(spring, c.said...), c.ask, Names{"Caroline Weber", "Lamp House"}, spring.AddDate(0, 1, 0), defaultWeights())
			require.NotEmpty(t, got)
			first := got[:min(2, len(got))]
			texts := []string{first[0].Text, first[len(first)-1].Text}
			require.Contains(t, texts, c.want)
		})
	}
}

func TestATimeInTheQuestionDecidesBetweenEqualWords(t *testing.T) {
	t.Parallel()
	said := append(talk(spring, "I ordered a lamp", ">Thanks"), talk(spring.AddDate(0, 2, 0), "I ordered a lamp", ">Thanks")...)
	now := spring.AddDate(0, 3, 0)
	for ask, want := range map[string]time.Time{
		"what did I order in May?": spring, "what did I order in July 2026?": spring.AddDate(0, 2, 0), "what did I order on 4 July?": spring.AddDate(0, 2, 0),
	} {
		got := newReader().rank(said, ask, Names{}, now, defaultWeights())
		require.Equal(t, want, got[0].At, ask)
	}
}

func TestWhatSharesNothingWithTheQuestionIsNotRecalled(t *testing.T) {
	t.Parallel()
	require.Empty(t, newReader().rank(talk(spring, "I ordered a lamp", ">Thanks"), "xylophone quartet", Names{}, spring, defaultWeights()))
	require.Empty(t, newReader().rank(nil, "anything", Names{}, spring, defaultWeights()))
}

func TestRecallIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	said := talk(spring, "I ordered a lamp", ">A blue lamp?", "Yes, the blue lamp", "", "And a table lamp", ">One table lamp")
	first := newReader().rank(said, "which lamp did I order?", Names{}, spring, defaultWeights())
	for range 20 {
		require.Equal(t, first, newReader().rank(said, "which lamp did I order?", Names{}, spring, defaultWeights()))
	}
}

func TestABudgetKeepsWholeMessages(t *testing.T) {
	t.Parallel()
	ranked := []Recalled{{Said: Said{Text: "0123456789"}}, {Said: Said{Text: "0123"}}, {Said: Said{Text: "01234"}}}
	var texts []string
	for _, m := range within(ranked, 0, 12) {
		texts = append(texts, m.Text)
	}
	require.Equal(t, []string{"0123456789"}, texts)
	require.Len(t, within(ranked, 2, 400), 2)
}

func TestATalkEndsWithALongSilenceAndWithItsConversation(t *testing.T) {
	t.Parallel()
	one, two := flomastr.NewID[flomastr.ConversationID](), flomastr.NewID[flomastr.ConversationID]()
	of, n := talks([]Said{
		{Conversation: one, At: spring},
		{Conversation: two, At: spring.Add(time.Minute)},
		{Conversation: one, At: spring.Add(pause)},
		{Conversation: one, At: spring.Add(2*pause + time.Second)},
	})
	require.Equal(t, []int{0, 1, 0, 2}, of)
	require.Equal(t, 3, n)
}
