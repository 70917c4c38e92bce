package evaluation

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

// shelf is a library whose documents are one passage each, and which has learnt its answers by heart.
type shelf struct {
	mu     sync.Mutex
	chunks map[string]contextengine.Chunk // by title
	items  map[flomastr.ItemID]string
	answer func(s *shelf, question string) flomastr.Decision
}

func (s *shelf) Add(_ context.Context, _ flomastr.TenantID, d contextengine.Draft) (contextengine.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := contextengine.Item{ID: flomastr.NewID[flomastr.ItemID](), Version: 1}
	s.items[item.ID] = d.Title
	s.chunks[d.Title] = contextengine.Chunk{ID: flomastr.NewID[flomastr.PassageID](), Text: string(d.Content)}
	return item, nil
}

func (s *shelf) Index(context.Context, flomastr.TenantID, contextengine.IndexArgs) error { return nil }

func (s *shelf) Chunks(_ context.Context, _ flomastr.TenantID, item flomastr.ItemID) ([]contextengine.Chunk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []contextengine.Chunk{s.chunks[s.items[item]]}, nil
}

func (s *shelf) Answer(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer(s, turn.Messages[0].Text), nil
}

// cite quotes words as those of a document's passage.
func (s *shelf) cite(title, quote string) flomastr.Evidence {
	for id, t := range s.items {
		if t == title {
			return flomastr.Evidence{Item: id, Passage: s.chunks[title].ID, Quote: quote}
		}
	}
	return flomastr.Evidence{}
}

func TestAnswersAreMeasuredByWhatTheirPassagesSay(t *testing.T) {
	t.Parallel()
	set := &questions.Set{
		Name: "shop",
		Documents: []questions.Document{
			{ID: "hours", Title: "Hours", Text: "We open at nine."}, {ID: "blank", Text: " \n"}, {ID: "price", Title: "Price", Text: "It costs 20 dirhams."},
		},
		Questions: []questions.Question{
			{Text: "right", Grades: map[int]float64{0: 1}},
			{Text: "wrong document", Grades: map[int]float64{0: 1}},
			{Text: "made up", Grades: map[int]float64{2: 1}},
			{Text: "bare", Grades: map[int]float64{2: 1}},
			{Text: "refused", Grades: map[int]float64{2: 1}},
		},
		Unanswerable: []string{"refused", "right"},
	}
	s := &shelf{chunks: map[string]contextengine.Chunk{}, items: map[flomastr.ItemID]string{}, answer: func(s *shelf, question string) flomastr.Decision {
		d := flomastr.Decision{Action: flomastr.ActionAnswer}
		switch question {
		case "right":
			d.Evidence = []flomastr.Evidence{s.cite("Hours", "open at nine")}
		case "wrong document":
			d.Evidence = []flomastr.Evidence{s.cite("Price", "It costs 20 dirhams.")}
		case "made up":
			empty := s.cite("Price", "")
			elsewhere := s.cite("Price", "We open at nine.")
			d.Evidence = []flomastr.Evidence{s.cite("Price", "It costs 21 dirhams."), empty, elsewhere}
		case "refused":
			d.Action = flomastr.ActionRefuse
		}
		return d
	}}
	r, err := MeasureAnswers(t.Context(), s, s, flomastr.NewID[flomastr.TenantID](), set, func() time.Time { return time.Time{} })
	require.NoError(t, err)
	require.Len(t, s.items, 2, "a document without a word is left out")
	half := 0.5
	require.Equal(t, AnswersReport{
		Set: "shop", Queries: 5, Answered: 0.8, RightSource: 0.5, Citations: 5, QuotesFound: 0.4, AnswersCited: 0.75, UnanswerableRefused: &half,
	}, r)
}
