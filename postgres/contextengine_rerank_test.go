package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine"
)

// preferring is a reranker that finds best what holds a word.
type preferring struct {
	word  string
	err   error
	asked atomic.Int64
}

func (p *preferring) Rerank(_ context.Context, _ string, texts []string) ([]float64, error) {
	p.asked.Add(1)
	out := make([]float64, len(texts))
	for i, text := range texts {
		if strings.Contains(text, p.word) {
			out[i] = 7.5
		}
	}
	return out, p.err
}

func TestARerankerPutsThePassagesInOrder(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	best := b.add(t, tenant, "Garage", "# Garage\n\nThe garage closes at 22:00.")
	second := b.add(t, tenant, "Courtyard", "Before winter somebody closes the shutters of the courtyard and of the garage.")
	part := b.add(t, tenant, "Spare parts", "The motor GX-4471-B of the garage door costs 90 euros.")
	judge := &preferring{word: "shutters"}
	now := time.Now()
	deps := b.Deps
	deps.Reranker, deps.Clock = judge, func() time.Time { return now }
	engine := contextengine.New(deps)
	ask := func(text string) contextengine.Result {
		t.Helper()
		result, err := engine.Retrieve(t.Context(), tenant, contextengine.Query{Text: text, Expect: second.ID})
		require.NoError(t, err)
		return result
	}
	plain, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
	require.NoError(t, err)
	require.Equal(t, best.ID, plain.Passages[0].Item)
	require.NotContains(t, plain.Passages[0].Scores, "rerank")

	got := ask("when does the garage close?")
	require.Equal(t, second.ID, got.Passages[0].Item)
	require.InDelta(t, 1, got.Passages[0].Scores["rerank"], 1e-9)
	require.InDelta(t, 0, got.Passages[1].Scores["rerank"], 1e-9)
	require.Equal(t, best.ID, got.Passages[1].Item, "what it does not tell apart stays as it was")
	require.Equal(t, 1, got.Expected.Rank, "the place of what was expected is that in the new order")
	require.Len(t, got.Passages, len(plain.Passages))
	require.Equal(t, plain.Signals, got.Signals)

	exact := ask("what does GX-4471-B cost?")
	require.Equal(t, part.ID, exact.Passages[0].Item, "an exact identifier stands first whatever a model thinks of it")

	judge.err = errors.New("away")
	before := judge.asked.Load()
	require.Equal(t, best.ID, ask("when does the garage close?").Passages[0].Item, "while it is away the others decide")
	require.Equal(t, best.ID, ask("when does the garage close?").Passages[0].Item)
	require.Equal(t, before+1, judge.asked.Load(), "one that has just failed is not asked for a while")
	judge.err = nil
	now = now.Add(time.Minute)
	require.Equal(t, second.ID, ask("when does the garage close?").Passages[0].Item)
}
