package assistant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// fixed gives the same passages for every query.
type fixed []contextengine.Passage

func (f fixed) Retrieve(context.Context, flomastr.TenantID, contextengine.Query) (contextengine.Result, error) {
	return contextengine.Result{Passages: f}, nil
}

// drawMarkdown makes texts of the shapes that knowledge has, from a small vocabulary so that questions hit them.
func drawMarkdown(t *rapid.T) string {
	words := []string{
		"service", "costs", "AED 4,821.50", "Dr. Haddad", "opens", "Monday", "to", "Friday", "9:30", "e.g.", "delivery",
		"**free**", "not", "[our page](https://bar.example/a?b=c)", "info@bar.example", "العربية", "أسعار", "सेवा", "¿Cuánot?", "1,5 kg", "|", "*", "_x_", "`code`", "\u200b", "<b>", "No. 5",
	}
	phrase := func(label string) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 14).Draw(t, label), " ")
	}
	var b strings.Builder
	for range rapid.IntRange(1, 8).Draw(t, "blocks") {
		switch rapid.IntRange(0, 4).Draw(t, "block") {
		case 0:
			b.WriteString("## " + phrase("heading") + "\n\n")
		case 1:
			b.WriteString(phrase("lead") + ":\n\n- " + phrase("item") + "\n- " + phrase("item") + "\n\n")
		case 2:
			b.WriteString("| Service | Price |\n| --- | --- |\n| " + phrase("cell") + " | " + phrase("cell") + " |\n\n")
		case 3:
			b.WriteString(phrase("line") + "\n" + phrase("line") + "\n\n")
		default:
			b.WriteString(phrase("sentence") + ". " + phrase("sentence") + "! " + phrase("sentence") + "؟\n\n")
		}
	}
	return b.String()
}

// TestEveryQuoteStandsLiterallyInItsPassage holds for any text and question: what is quoted is in the cited passage,
// and nothing else is said but our own wording and the sources' names.
func TestEveryQuoteStandsLiterallyInItsPassage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var shelf fixed
		for range rapid.IntRange(1, 4).Draw(t, "passages") {
			shelf = append(shelf, contextengine.Passage{
				ID: flomastr.NewID[flomastr.PassageID](), Item: flomastr.NewID[flomastr.ItemID](),
				Title: rapid.SampledFrom([]string{"Price list", "Opening hours", "FAQ"}).Draw(t, "title"),
				Text:  drawMarkdown(t), Score: 1,
			})
		}
		question := rapid.OneOf(
			rapid.SampledFrom([]string{"how much is the service?", "when do you open on Monday", "do you do delivery? and what does it cost?", "كم أسعار؟", "who is Dr. Haddad"}),
			rapid.String(),
		).Draw(t, "question")
		a := New(Deps{Retriever: shelf, Businesses: newShelf(""), Clock: flomastr.SystemClock})
		d, err := a.Answer(context.Background(), flomastr.Turn{
			First: rapid.Bool().Draw(t, "first"), ContactName: rapid.String().Draw(t, "name"),
			Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: question}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if d.Text == "" || utf8.RuneCountInString(d.Text) > flomastr.MaxReplyChars || !utf8.ValidString(d.Text) {
			t.Fatalf("unfit to send: %q", d.Text)
		}
		if d.Confidence < 0 || d.Confidence > 1 || d.Reason == "" || d.Model != Offline {
			t.Fatalf("confidence %v, reason %q, model %q", d.Confidence, d.Reason, d.Model)
		}
		if (d.Action == flomastr.ActionAnswer && d.Confidence < 1) != (len(d.Evidence) > 0) {
			t.Fatalf("%s with %d pieces of evidence", d.Action, len(d.Evidence))
		}
		for _, e := range d.Evidence {
			at := slices.IndexFunc(shelf, func(p contextengine.Passage) bool { return p.ID == e.Passage })
			if at < 0 || e.Quote == "" || !strings.Contains(shelf[at].Text, e.Quote) {
				t.Fatalf("%q is not in the cited passage", e.Quote)
			}
		}
	})
}

// TestWhatIsSaidIsWhatIsQuoted takes an answer apart: every line of it is a line of the quotes as a reader sees them.
func TestWhatIsSaidIsWhatIsQuoted(t *testing.T) {
	t.Parallel()
	for _, question := range []string{"How much is a full zorbtrike service?", "Which payment methods do you accept?", "How long is the warranty?", "do you deliver to sharjah and how long is the warranty?"} {
		d := newTalk(t, workshop()).say(question)
		var quotes strings.Builder
		for _, e := range d.Evidence {
			for _, u := range units(e.Quote) {
				quotes.WriteString(u.text + "\n")
			}
		}
		for i, l := range strings.Split(d.Text, "\n") {
			l = strings.TrimSpace(strings.TrimPrefix(l, "• "))
			if i == 0 || l == "" || strings.HasPrefix(l, "_Source") {
				continue
			}
			l = strings.TrimRight(l, " []0123456789")
			for _, s := range sentences(l) {
				if !strings.Contains(quotes.String(), s.of(l)) {
					t.Errorf("%q says %q, which nothing cited holds:\n%s", question, s.of(l), quotes.String())
				}
			}
		}
	}
}

// TestABusinessMadeUpAfreshIsAnswered makes businesses of random facts in several phrasings and asks for each fact. What
// is asked for must be in the answer, and no fact of another subject.
func TestABusinessMadeUpAfreshIsAnswered(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	asked, wrong, invented, refusals := 0, 0, 0, 0
	for range 25 {
		b := madeUp(random)
		for _, q := range b.questions {
			k := newTalk(t, b.shelf)
			var d flomastr.Decision
			for _, text := range q.ask {
				d = k.say(text)
			}
			asked++
			if d.Action != flomastr.ActionAnswer || !strings.Contains(d.Text, q.want) {
				wrong++
				t.Logf("%q: wants %q, got %s %q (%.2f, %s)", q.ask, q.want, d.Action, d.Text, d.Confidence, d.Reason)
			}
		}
		for _, text := range []string{"who won the chess world championship in 1972?", "what is the capital of Mongolia?", "do you sell submarines?", "can you write my tax return?"} {
			refusals++
			if d := newTalk(t, b.shelf).say(text); d.Action != flomastr.ActionRefuse {
				invented++
				t.Logf("%q was answered: %q (%.2f)", text, d.Text, d.Confidence)
			}
		}
	}
	t.Logf("seed %d: %d of %d wrong, %d of %d unknowable ones answered", seed, wrong, asked, invented, refusals)
	if 20*wrong > asked || 50*invented > refusals {
		t.Errorf("seed %d: too many go wrong", seed)
	}
}

type madeUpQuestion struct {
	ask  []string // a conversation; the last message is judged
	want string
}

type madeUpBusiness struct {
	shelf     *shelf
	questions []madeUpQuestion
}

// madeUp invents a business: things with prices and durations in prose, in a table and under question headings.
func madeUp(r *rand.Rand) madeUpBusiness {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	name := func() string {
		return pick("zor", "quim", "bel", "fra", "tol", "mev", "ska", "dru") + pick("bin", "lat", "pod", "mar", "ver", "kin") + pick("tric", "ette", "oid", "age", "ula", "onde")
	}
	price := func() string { return fmt.Sprintf("%d.%02d", 100+r.IntN(9000), 10+r.IntN(90)) }
	day := func() string { return pick("Mondays", "Tuesdays", "Wednesdays", "Thursdays") }
	place := func() string {
		return pick("Al Quoz", "Deira", "Karama", "Mirdif", "Jebel Ali") + " " + fmt.Sprint(1+r.IntN(9))
	}
	things := map[string]bool{}
	for len(things) < 5 {
		things[name()] = true
	}
	var thing []string
	for n := range things {
		thing = append(thing, n)
	}
	slices.Sort(thing)
	b := madeUpBusiness{shelf: newShelf(analysis.English)}
	ask := func(want string, messages ...string) {
		b.questions = append(b.questions, madeUpQuestion{messages, want})
	}

	p, where, when := price(), place(), day()
	b.shelf.add("About "+thing[0]+"s", fmt.Sprintf("# %s\n\n%s AED %s. It takes %d days.\n\n## Collection\n\nWe pick up every %s in %s on %s.",
		thing[0], pick("A complete repair of a "+thing[0]+" costs", "For a complete repair of one "+thing[0]+" we charge"), p, 2+r.IntN(8), thing[0], where, when))
	ask(p, pick("how much does a complete "+thing[0]+" repair cost?", "What's the price of a complete "+thing[0]+" repair", "price for complete repair of "+thing[0]+" pls"))
	ask(where, "how much is a complete repair of a "+thing[0]+"?", pick("and where do you pick it up?", "where do you collect it?", "where is the collection?"))
	ask(when, "how much is a complete repair of a "+thing[0]+"?", pick("on which days do you collect?", "when do you pick it up?"))

	p2, p3 := price(), price()
	b.shelf.add("Price list", fmt.Sprintf("# Price list\n\n| Item | Price | Stock |\n| --- | --- | --- |\n| %s polish | AED %s | 12 |\n| %s rental, per day | AED %s | 3 |\n", thing[1], p2, thing[2], p3))
	ask(p2, pick("how much is the "+thing[1]+" polish?", "do you have "+thing[1]+" polish and what does it cost?", "cost of "+thing[1]+" polish"))
	ask(p3, "what does it cost to rent a "+thing[2]+"?")
	ask(p3, "how much is the "+thing[1]+" polish?", "and a "+thing[2]+" rental?")

	weeks := fmt.Sprint(3 + r.IntN(20))
	b.shelf.add("FAQ", fmt.Sprintf("# Questions\n\n### Can I return a %s?\n\nYes, within %s weeks and with the receipt.\n\n### Do you ship abroad?\n\nNo, we deliver within the country only.", thing[3], weeks))
	ask(weeks+" weeks", pick("can i return my "+thing[3]+"?", "what is the return policy for a "+thing[3]+"?", "I want to return a "+thing[3]))

	open := fmt.Sprintf("%d:30", 7+r.IntN(4))
	b.shelf.add("Opening hours", fmt.Sprintf("# Opening hours\n\nWe are open Sunday to Thursday from %s to 18:15. On Saturdays we open at 11:45. We are closed on Fridays.", open))
	ask(open, pick("what time do you open on Monday?", "opening hours on tuesday?", "when are you open on wednesdays"))
	ask("11:45", "when are you open on Monday?", pick("and on Saturdays?", "what about Saturday?", "Saturday?"))
	ask("closed", pick("are you open on Friday?", "Do you open on Fridays?"))

	doctor := "Dr. " + pick("Lena", "Omar", "Priya", "Tomas") + " " + pick("Haddad", "Okafor", "Silva", "Novak")
	b.shelf.add("The team", fmt.Sprintf("# Our team\n\n%s is responsible for %ss and has worked here since %d.", doctor, thing[4], 1990+r.IntN(30)))
	ask(doctor, pick("who is responsible for "+thing[4]+"s?", "Who looks after "+thing[4]+"s?"))
	return b
}
