package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
)

type embeddingsInput struct {
	OpenAIQuery
	Body struct {
		_          struct{} `json:"-" additionalProperties:"true"`
		Input      oneOrAll `json:"input"`
		Model      string   `json:"model,omitempty" maxLength:"255" doc:"Any: a tenant has one embedder, which the answer names"`
		Encoding   string   `json:"encoding_format,omitempty" enum:"float,base64" default:"float"`
		Dimensions int      `json:"dimensions,omitempty" minimum:"1" maximum:"16384" doc:"Must be those of the tenant's embedder, where it is given"`
	}
}

// oneOrAll is one text, or several. Texts as lists of tokens are refused: only the model that made the tokens reads them.
type oneOrAll []string

const maxEmbeddings = 256

// Schema implements huma.SchemaProvider.
func (oneOrAll) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString},
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}, MinItems: new(1), MaxItems: new(maxEmbeddings)},
	}}
}

// UnmarshalJSON takes either form; the schema has been checked before.
func (t *oneOrAll) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(t))
	}
	*t = make([]string, 1)
	return json.Unmarshal(data, &(*t)[0])
}

type embeddingsOutput struct {
	Body struct {
		Object string          `json:"object" enum:"list"`
		Model  string          `json:"model"`
		Data   []openAIVector  `json:"data"`
		Usage  embeddingsUsage `json:"usage"`
	}
}

type openAIVector struct {
	Object    string  `json:"object" enum:"embedding"`
	Index     int     `json:"index"`
	Embedding numbers `json:"embedding"`
}

// numbers is a vector in either encoding.
type numbers struct{ any }

// Schema implements huma.SchemaProvider.
func (numbers) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeNumber},
		Description: "Where encoding_format says base64, a text: 32-bit floats, little end first, in base64",
	}
}

// MarshalJSON writes the vector alone.
func (n numbers) MarshalJSON() ([]byte, error) { return json.Marshal(n.any) }

type embeddingsUsage struct {
	Prompt int `json:"prompt_tokens"`
	Total  int `json:"total_tokens"`
}

var errDimensions = flomastr.Errorf(flomastr.Invalid, "dimensions_fixed", "The tenant's embedder has vectors of another length.").Field("body.dimensions", "must be left out, or be the embedder's own")

func (a *API) openAIEmbeddings(ctx context.Context, call Call, in *embeddingsInput) (*embeddingsOutput, error) {
	vectors, model, err := a.deps.Knowledge.EmbedTexts(ctx, call.Tenant.ID, in.Body.Input)
	if err != nil {
		return nil, err
	}
	out := &embeddingsOutput{}
	out.Body.Object, out.Body.Model, out.Body.Data = "list", model, make([]openAIVector, len(vectors))
	for i, v := range vectors {
		if in.Body.Dimensions != 0 && in.Body.Dimensions != len(v) {
			return nil, errDimensions
		}
		out.Body.Data[i] = openAIVector{Object: "embedding", Index: i, Embedding: numbers{v}}
		if in.Body.Encoding == "base64" {
			out.Body.Data[i].Embedding = numbers{packed(v)}
		}
	}
	read := 0
	for _, text := range in.Body.Input {
		read += utf8.RuneCountInString(text)
	}
	used := usageOf(read, 0)
	out.Body.Usage = embeddingsUsage{Prompt: used.Prompt, Total: used.Total}
	return out, nil
}

func packed(v []float32) string {
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(out)
}
