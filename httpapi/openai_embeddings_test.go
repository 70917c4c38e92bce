package httpapi_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmbeddingsAreGivenAsOpenAIGivesThem(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	token := e.bearer("token with every scope")
	type answer struct {
		Object, Model string
		Data          []struct {
			Object    string
			Index     int
			Embedding json.RawMessage
		}
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}
	ask := func(body string) (out answer) {
		t.Helper()
		got := e.call(t, "POST", "/v1/embeddings", token, body)
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &out))
		return out
	}
	plain := ask(`{"model":"text-embedding-3-small","input":["a brake service","opening hours"],"user":"x"}`)
	require.Equal(t, "list", plain.Object)
	require.Len(t, plain.Data, 2)
	require.Equal(t, 1, plain.Data[1].Index)
	require.Positive(t, plain.Usage.Total)
	var numbers []float32
	require.NoError(t, json.Unmarshal(plain.Data[0].Embedding, &numbers))
	require.NotEmpty(t, numbers)

	packed := ask(`{"input":"a brake service","encoding_format":"base64","dimensions":` + strconv.Itoa(len(numbers)) + `}`)
	require.Len(t, packed.Data, 1)
	var text string
	require.NoError(t, json.Unmarshal(packed.Data[0].Embedding, &text))
	raw, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	require.Len(t, raw, 4*len(numbers))
	for i, x := range numbers {
		require.Equal(t, math.Float32bits(x), binary.LittleEndian.Uint32(raw[4*i:]))
	}
	require.Equal(t, 422, e.call(t, "POST", "/v1/embeddings", token, `{"input":"x","dimensions":7}`).Code)

	got := e.call(t, "GET", "/v1/models", token, "")
	require.Equal(t, 200, got.Code, got.Body)
	require.Contains(t, got.Body.String(), `"flomastr-assistant"`)
	require.Contains(t, got.Body.String(), `"`+plain.Model+`"`)
}
