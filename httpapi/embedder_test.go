package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/embeddings"
)

func TestAnEmbeddersKeyIsNeverReadBack(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.bearer("owner")
	set := e.call(t, "PUT", "/routes/knowledge/mine/embedder", owner, `{"base_url":"`+e.embeddings+`/v1","model":"nomic-embed-text","key":"`+embeddings.Key+`","monthly_tokens":5000}`)
	require.Equal(t, 200, set.Code, set.Body)
	got := e.call(t, "GET", "/routes/knowledge/mine/embedder", owner, "")
	for _, a := range []answer{set, got} {
		require.NotContains(t, a.Body.String(), embeddings.Key)
		require.Contains(t, a.Body.String(), `"key_set":true`)
		require.Contains(t, a.Body.String(), `"dimensions":768`)
		require.Equal(t, "embedding", a.field("state"))
	}
	moved := e.call(t, "PUT", "/routes/knowledge/mine/embedder", owner, `{"base_url":"https://elsewhere.example/v1","model":"nomic-embed-text"}`)
	require.Equal(t, 422, moved.Code, moved.Body)
	require.Contains(t, moved.Body.String(), "body.key")
	wrong := e.call(t, "PUT", "/routes/knowledge/mine/embedder", owner, `{"base_url":"`+e.embeddings+`/v1","model":"nomic-embed-text","key":"sk-wrong"}`)
	require.Equal(t, "embedder_key", wrong.field("code"), wrong.Body)
	require.NotContains(t, wrong.Body.String(), "sk-wrong")
	require.NotContains(t, e.logged.String(), embeddings.Key)
	require.Equal(t, 200, e.call(t, "DELETE", "/routes/knowledge/mine/embedder", owner, "").Code)
}
