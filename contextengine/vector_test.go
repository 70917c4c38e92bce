package contextengine

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// moody is an embedder that may be away.
type moody struct {
	err    error
	vector []float32
	asked  int
}

func (m *moody) Embed(context.Context, []string) ([][]float32, error) {
	m.asked++
	return [][]float32{m.vector}, m.err
}
func (*moody) Name() string    { return "moody" }
func (*moody) Dimensions() int { return 2 }

func TestAnEmbedderThatIsAwayIsNotWaitedForByEveryQuestion(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]*moody{
		"away":               {err: errors.New("away")},
		"of other dimension": {vector: []float32{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(1000, 0)
			engine := New(Deps{Embedder: broken, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
			ask := func() string {
				_, model := engine.vector(t.Context(), flomastr.TenantID{}, asked{model: "moody"}, "When do you open?")
				return model
			}
			require.Empty(t, ask())
			require.Empty(t, ask())
			require.Equal(t, 1, broken.asked)
			broken.err, broken.vector = nil, []float32{1, 0}
			now = now.Add(embedderRest)
			require.Equal(t, "moody", ask())
			require.Equal(t, "moody", ask())
		})
	}
}

func TestAnEmbedderIsNotBlamedForWhoeverLeft(t *testing.T) {
	t.Parallel()
	embedder := &moody{err: context.Canceled, vector: []float32{1, 0}}
	engine := New(Deps{Embedder: embedder, Log: slog.New(slog.DiscardHandler)})
	left, cancel := context.WithCancel(t.Context())
	cancel()
	_, model := engine.vector(left, flomastr.TenantID{}, asked{model: "moody"}, "x")
	require.Empty(t, model)
	embedder.err = nil
	_, model = engine.vector(t.Context(), flomastr.TenantID{}, asked{model: "moody"}, "x")
	require.Equal(t, "moody", model)
}
