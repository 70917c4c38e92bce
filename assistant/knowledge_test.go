package assistant

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
)

// shelf is a small knowledge in memory, ranked by plain BM25 with titles counted three times: enough of a retriever to
// test what is made of its passages.
type shelf struct {
	passages []contextengine.Passage
	terms    []map[string]float64
	lengths  []float64
	df       map[string]float64
	posting  map[string][]int
	average  float64
	lang     analysis.Language
}

func newShelf(lang analysis.Language) *shelf {
	return &shelf{df: map[string]float64{}, posting: map[string][]int{}, lang: lang}
}

// add puts a document on the shelf, cut as the context engine cuts it.
func (s *shelf) add(title, markdown string) flomastr.ItemID {
	id := flomastr.NewID[flomastr.ItemID]()
	t := tokenizer{analysis.NewStemmer(), s.lang}
	chunks := chunk.Split(markdown, nil)
	for i, c := range chunks {
		p := contextengine.Passage{ID: flomastr.NewID[flomastr.PassageID](), Item: id, Title: title, HeadingPath: c.Headings, Text: c.Text, Source: "paste"}
		if i > 0 {
			p.Before = chunks[i-1].Text
		}
		if i+1 < len(chunks) {
			p.After = chunks[i+1].Text
		}
		bag := map[string]float64{}
		count := func(text string, times float64) {
			for _, w := range t.words(text) {
				for _, stem := range w.stems {
					bag[stem] += times
				}
			}
		}
		count(c.Text, 1)
		count(title, 2)
		count(strings.Join(c.Headings, " "), 2)
		length := 0.0
		for stem, n := range bag {
			s.df[stem]++
			s.posting[stem] = append(s.posting[stem], len(s.passages))
			length += n
		}
		s.average += length
		s.passages, s.terms, s.lengths = append(s.passages, p), append(s.terms, bag), append(s.lengths, length)
	}
	return id
}

// Retrieve implements Retriever.
func (s *shelf) Retrieve(_ context.Context, _ flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	t := tokenizer{analysis.NewStemmer(), s.lang}
	scores := map[int]float64{}
	n, average := float64(len(s.passages)), s.average/max(1, float64(len(s.passages)))
	for _, w := range t.words(q.Text) {
		for _, stem := range w.stems {
			idf := math.Log(1 + (n-s.df[stem]+0.5)/(s.df[stem]+0.5))
			for _, i := range s.posting[stem] {
				tf := s.terms[i][stem]
				scores[i] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*s.lengths[i]/average))
			}
		}
	}
	order := make([]int, 0, len(scores))
	for i := range scores {
		if len(q.Filters.ExcludeItems) == 0 || !slices.Contains(q.Filters.ExcludeItems, s.passages[i].Item) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return a - b
	})
	var out contextengine.Result
	for _, i := range order[:min(len(order), q.Limit)] {
		p := s.passages[i]
		p.Score = scores[i]
		out.Passages = append(out.Passages, p)
	}
	return out, nil
}

// BusinessName implements Businesses.
func (s *shelf) BusinessName(context.Context, flomastr.TenantID) (string, error) {
	return "Bar Ltd.", nil
}

// talk is a conversation with an assistant over a shelf.
type talk struct {
	t         *testing.T
	assistant *Assistant
	turn      flomastr.Turn
	now       time.Time
}

func newTalk(t *testing.T, s Retriever) *talk {
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC) // a Wednesday
	return &talk{
		t:         t,
		assistant: New(Deps{Retriever: s, Businesses: newShelf(""), Clock: func() time.Time { return now }}),
		turn:      flomastr.Turn{Tenant: flomastr.NewID[flomastr.TenantID](), First: true, ContactName: "Aisha Khan", TimeZone: "Asia/Dubai"},
		now:       now,
	}
}

// say sends one burst and gives the decision, which becomes part of the history.
func (k *talk) say(messages ...string) flomastr.Decision {
	k.t.Helper()
	k.turn.Messages = nil
	for _, m := range messages {
		k.now = k.now.Add(time.Minute)
		k.turn.Messages = append(k.turn.Messages, flomastr.TurnMessage{Speaker: flomastr.SpeakerContact, Type: "text", Text: m, At: k.now})
	}
	d, err := k.assistant.Answer(context.Background(), k.turn)
	if err != nil {
		k.t.Fatalf("answer %q: %v", messages, err)
	}
	k.turn.History = append(k.turn.History, k.turn.Messages...)
	k.turn.History = append(k.turn.History, flomastr.TurnMessage{Speaker: flomastr.SpeakerAssistant, Type: "text", Text: d.Text, At: k.now, Evidence: d.Evidence})
	k.turn.First = false
	return d
}
