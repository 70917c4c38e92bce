package openai_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/sim/embeddings"
)

type service struct {
	*embeddings.StandIn
	url string

	mu     sync.Mutex
	waited []time.Duration
}

func start(t *testing.T) *service {
	t.Helper()
	s := &service{StandIn: embeddings.New()}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *service) wait(_ context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waited = append(s.waited, d)
	return nil
}

func (s *service) embedder(change func(*openai.Config)) *openai.Embedder {
	cfg := openai.Config{
		URL: s.url + "/v1/", Key: embeddings.Key, Model: "nomic-embed-text", Dimensions: 768, Name: "nomic", HTTP: http.DefaultClient, Wait: s.wait,
	}
	if change != nil {
		change(&cfg)
	}
	return openai.New(cfg)
}

func TestTextsComeBackAsUnitVectorsInTheirOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	texts := make([]string, 70)
	for i := range texts {
		texts[i] = strings.Repeat("word ", i) + "end"
	}
	texts[3] = "" // refused by the service, so it is never sent
	straight, err := s.embedder(nil).Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, straight, 70)
	for _, v := range straight {
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		require.InDelta(t, 1, math.Sqrt(sum), 1e-5)
	}
	answers, _ := s.Count()
	require.Equal(t, 3, answers, "32 texts a question")
	s.Fail("swapped", -1)
	swapped, err := s.embedder(nil).Embed(t.Context(), texts)
	require.NoError(t, err)
	require.Equal(t, straight, swapped)
}

func TestAzureIsAskedItsOwnWay(t *testing.T) {
	t.Parallel()
	s := start(t)
	azure := s.embedder(func(c *openai.Config) {
		c.URL, c.KeyHeader = s.url+"/openai/deployments/text-embedding-3-small?api-version=2024-10-21", "api-key"
		c.Model, c.Dimensions, c.Shorten = "text-embedding-3-small", 256, true
	})
	vectors, err := azure.Embed(t.Context(), []string{"one"})
	require.NoError(t, err)
	require.Len(t, vectors[0], 256)
}

func TestABadAnswerIsRefusedWhole(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"html", "dimension", "nan", "null", "few", "twice"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.Fail(fault, 1)
			vectors, err := s.embedder(nil).Embed(t.Context(), []string{"one", "two"})
			require.ErrorIs(t, err, openai.ErrAnswer)
			require.Nil(t, vectors)
			require.Empty(t, s.waited, "another try brings the same")
		})
	}
}

func TestARefusalThatPassesIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Fail("limited", 2)
	_, err := s.embedder(nil).Embed(t.Context(), []string{"one"})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{time.Second, time.Second}, s.waited, "as long as the service asks for")
	s.Fail("away", -1)
	_, err = s.embedder(nil).Embed(t.Context(), []string{"one"})
	require.ErrorIs(t, err, openai.ErrAway)
	require.Len(t, s.waited, 5)
	s.waited = nil
	hurried, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = s.embedder(nil).Embed(hurried, []string{"one"})
	require.Error(t, err)
	require.Empty(t, s.waited, "nobody waits for longer than the caller does")
}

func TestARefusalSaysWhatToChange(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		change func(*openai.Config)
		want   error
	}{
		"a wrong key":             {func(c *openai.Config) { c.Key = "sk-wrong" }, openai.ErrKey},
		"an unknown model":        {func(c *openai.Config) { c.Model = "none" }, openai.ErrUnknown},
		"another path":            {func(c *openai.Config) { c.URL = s.url + "/v2" }, openai.ErrUnknown},
		"a model of fixed length": {func(c *openai.Config) { c.Shorten = true }, openai.ErrRefused},
		"nobody there":            {func(c *openai.Config) { c.URL = "http://127.0.0.1:1" }, openai.ErrAway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.embedder(c.change).Embed(t.Context(), []string{"a secret text"})
			require.ErrorIs(t, err, c.want)
			require.NotContains(t, err.Error(), "secret text")
			require.NotContains(t, err.Error(), "sk-")
		})
	}
}

type purse struct{ left int }

var errSpent = flomastr.Errorf(flomastr.Limited, "spent", "Spent.")

func (p *purse) Settle(_ context.Context, reserved, used int) error {
	p.left += reserved - used
	return nil
}

func (p *purse) Reserve(_ context.Context, n int) error {
	if n > p.left {
		return errSpent
	}
	p.left -= n
	return nil
}

func TestABudgetStopsBeforeTheServiceIsAsked(t *testing.T) {
	t.Parallel()
	s := start(t)
	purse := &purse{left: 100}
	e := s.embedder(func(c *openai.Config) { c.Budget = purse })
	_, err := e.Embed(t.Context(), []string{strings.Repeat("a", 200)})
	require.NoError(t, err)
	require.Equal(t, 49, purse.left, "by what the service counts")
	before, _ := s.Count()
	_, err = e.Embed(t.Context(), []string{strings.Repeat("a", 400)})
	require.ErrorIs(t, err, errSpent)
	after, _ := s.Count()
	require.Equal(t, before, after)
	s.Fail("away", -1)
	_, err = e.Embed(t.Context(), []string{"a"})
	require.ErrorIs(t, err, openai.ErrAway)
	require.Equal(t, 49, purse.left, "what failed costs nothing")
}
