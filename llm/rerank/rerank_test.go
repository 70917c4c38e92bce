package rerank_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/llm/rerank"
	sim "github.com/flomastr/flomastr/sim/rerank"
)

func start(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestTextsAreScoredInTheirOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, model string }{
		"Cohere and those like it":  {"/v1/", sim.Model},
		"text-embeddings-inference": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rerank.New(rerank.Config{URL: start(t, &sim.StandIn{}) + c.path, Key: sim.Key, Model: c.model, HTTP: http.DefaultClient})
			scores, err := r.Rerank(t.Context(), "opening hours on Sunday", []string{"We sell bread.", "Opening hours: on Sunday 9 to 12.", "Sunday is nice."})
			require.NoError(t, err)
			require.Equal(t, []float64{0, 1, 0.25}, scores)
		})
	}
}

func TestARefusalSaysWhatIsTheMatter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"away":                   {503, "", rerank.ErrAway},
		"asked too often":        {429, "", rerank.ErrAway},
		"no such model":          {404, "", rerank.ErrRefused},
		"another key":            {401, "", rerank.ErrRefused},
		"no JSON":                {200, "<html>", rerank.ErrAnswer},
		"a list":                 {200, "[]", rerank.ErrAnswer},
		"too few":                {200, `{"results":[{"index":0,"relevance_score":1}]}`, rerank.ErrAnswer},
		"one twice":              {200, `{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]}`, rerank.ErrAnswer},
		"one out of range":       {200, `{"results":[{"index":0,"relevance_score":1},{"index":2,"relevance_score":1}]}`, rerank.ErrAnswer},
		"without a score":        {200, `{"results":[{"index":0,"relevance_score":1},{"index":1}]}`, rerank.ErrAnswer},
		"with null for a number": {200, `{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":null}]}`, rerank.ErrAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sim.StandIn{}
			s.Answers(c.status, c.body)
			r := rerank.New(rerank.Config{URL: start(t, s) + "/v1", Key: sim.Key, Model: sim.Model, HTTP: http.DefaultClient})
			_, err := r.Rerank(t.Context(), "hours", []string{"a", "b"})
			require.ErrorIs(t, err, c.want)
			require.NotContains(t, err.Error(), sim.Key)
		})
	}
}

func TestAServiceThatHangsIsSlow(t *testing.T) {
	t.Parallel()
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client has left
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := rerank.New(rerank.Config{URL: start(t, hang), HTTP: http.DefaultClient}).Rerank(ctx, "hours", []string{"a"})
	require.ErrorIs(t, err, rerank.ErrSlow)
}

func FuzzScores(f *testing.F) {
	f.Add([]byte(`{"results":[{"index":0,"relevance_score":0.5},{"index":1,"relevance_score":-3}]}`))
	f.Add([]byte(`{"data":[{"index":1,"relevance_score":1e300},{"index":0,"score":0}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		s := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
		scores, err := rerank.New(rerank.Config{URL: start(t, s), Model: "m", HTTP: http.DefaultClient}).Rerank(t.Context(), "q", []string{"a", "b"})
		if err == nil && len(scores) != 2 {
			t.Fatalf("%d scores", len(scores))
		}
	})
}
