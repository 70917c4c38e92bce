package openai_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/sim/embeddings"
)

func TestAProbeFindsOutHowAServiceIsAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		model   string
		wanted  int
		found   int
		shorten bool
		err     error
	}{
		"its own length":                      {"nomic-embed-text", 0, 768, false, nil},
		"its own length, named":               {"nomic-embed-text", 768, 768, false, nil},
		"a shorter one":                       {"text-embedding-3-large", 256, 256, true, nil},
		"a shorter one of what cannot":        {"nomic-embed-text", 256, 0, false, openai.ErrRefused},
		"a model that is not there":           {"none", 0, 0, false, openai.ErrUnknown},
		"longer ones than the model can make": {"text-embedding-3-small", 2000, 0, false, openai.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			services := openai.Services{HTTP: http.DefaultClient}
			found, err := services.Probe(t.Context(), llm.Service{URL: s.url + "/v1", Key: embeddings.Key, Model: c.model, Dimensions: c.wanted})
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.found, found.Dimensions)
			require.Equal(t, c.shorten, found.Shorten)
			e := services.Open(found, "mine", nil)
			vectors, err := e.Embed(t.Context(), []string{"one"})
			require.NoError(t, err)
			require.Len(t, vectors[0], c.found)
			require.Equal(t, "mine", e.Name())
		})
	}
}

func TestAProbeAsksOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Fail("limited", 1)
	_, err := openai.Services{HTTP: http.DefaultClient}.Probe(t.Context(), llm.Service{URL: s.url + "/v1", Key: embeddings.Key, Model: "nomic-embed-text"})
	require.ErrorIs(t, err, openai.ErrLimited)
}
