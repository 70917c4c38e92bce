package httpapi

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/llm"
)

// Assistant is what the tools ask of the assistant.
type Assistant interface {
	Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error)
	Judge(ctx context.Context, tenant flomastr.TenantID, query string) (assistant.Judgement, error)
	Prepare(ctx context.Context, tenant flomastr.TenantID, query string, maxTokens int) (assistant.Prepared, error)
	PreparePieces(ctx context.Context, tenant flomastr.TenantID, pieces []assistant.Piece, maxTokens int) (assistant.Prepared, error)
	Generate(query, text string) assistant.Generated
	GenerateFrom(query string, pieces []assistant.Piece) assistant.Generated
	Choose(question string, tools []llm.Tool, must string) (llm.ToolCall, bool)
	Synthesise(pieces []assistant.Piece, t assistant.Template) assistant.Message
}

// maxToolBody bounds a context that is given; what a model could read is smaller.
const maxToolBody = 4 << 20

// contextPiece is one text of a context. A bare string is one without anything beside it.
type contextPiece struct {
	Text     string  `json:"text" maxLength:"200000"`
	ChunkID  string  `json:"chunk_id,omitempty" maxLength:"255"`
	Title    string  `json:"title,omitempty" maxLength:"1000"`
	Distance float64 `json:"distance,omitempty" doc:"Of its vector to the question's: the smaller, the nearer"`
}

func assistantPieces(pieces []contextPiece) []assistant.Piece {
	out := make([]assistant.Piece, len(pieces))
	for i, p := range pieces {
		out[i] = assistant.Piece{Text: p.Text, ChunkID: p.ChunkID, Title: p.Title, Distance: p.Distance}
	}
	return out
}

// prepareBody is either a list of pieces or a query to a tenant's knowledge.
type prepareBody struct {
	pieces []contextPiece
	query  prepareQuery
}

type prepareQuery struct {
	TenantSlug string `json:"tenant_slug" maxLength:"255"`
	Query      string `json:"query" minLength:"1" maxLength:"4000"`
	UserID     string `json:"user_id,omitempty" maxLength:"255" doc:"Whom the context is for; kept for the log only"`
	MaxTokens  int    `json:"max_tokens,omitempty" minimum:"1" maximum:"100000" default:"3000" doc:"A token is reckoned as four characters; the tenant's max_context_length bounds it"`
}

// Schema implements huma.SchemaProvider.
func (*prepareBody) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[contextPiece](), true, "ContextPiece"), MaxItems: new(500)},
		r.Schema(reflect.TypeFor[prepareQuery](), true, "PrepareQuery"),
	}}
}

// UnmarshalJSON takes either form; the schema has been checked before.
func (b *prepareBody) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, &b.pieces)
	}
	return json.Unmarshal(data, &b.query)
}

type prepareInput struct{ Body prepareBody }

func (in *prepareInput) namesTenant() string { return in.Body.query.TenantSlug }

type prepareOutput struct {
	Body struct {
		Context string          `json:"context" doc:"Numbered parts, best first"`
		Sources []contextSource `json:"sources" doc:"In the order of the numbers"`
	}
}

type contextSource struct {
	Number      int            `json:"number"`
	ChunkID     string         `json:"chunk_id,omitempty"`
	ItemID      string         `json:"item_id,omitempty"`
	Title       string         `json:"title,omitempty"`
	HeadingPath []string       `json:"heading_path,omitempty"`
	URL         string         `json:"url,omitempty"`
	Place       flomastr.Place `json:"place,omitzero" doc:"Where in the document it begins, when that has pages, sheets or slides"`
	Score       float64        `json:"score"`
}

func (a *API) prepareContext(ctx context.Context, call Call, in *prepareInput) (*prepareOutput, error) {
	var prepared assistant.Prepared
	var err error
	if q := in.Body.query; q.Query != "" {
		prepared, err = a.deps.Assistant.Prepare(ctx, call.Tenant.ID, q.Query, q.MaxTokens)
	} else {
		prepared, err = a.deps.Assistant.PreparePieces(ctx, call.Tenant.ID, assistantPieces(in.Body.pieces), 0)
	}
	if err != nil {
		return nil, err
	}
	out := &prepareOutput{}
	out.Body.Context, out.Body.Sources = prepared.Text, make([]contextSource, len(prepared.Sources))
	for i, s := range prepared.Sources {
		out.Body.Sources[i] = contextSource{
			Number: s.Number, ChunkID: s.ChunkID, Title: s.Title, HeadingPath: s.HeadingPath, URL: s.URL, Place: s.Place, Score: s.Score,
		}
		if !s.Item.IsZero() {
			out.Body.Sources[i].ItemID = s.Item.String()
		}
	}
	return out, nil
}

// givenContext is a context as one text, or as pieces.
type givenContext struct {
	text   string
	pieces []contextPiece
	listed bool
}

// Schema implements huma.SchemaProvider.
func (*givenContext) Schema(r huma.Registry) *huma.Schema {
	piece := r.Schema(reflect.TypeFor[contextPiece](), true, "ContextPiece")
	return &huma.Schema{Description: "What to answer from: a text, or pieces", OneOf: []*huma.Schema{
		{Type: huma.TypeString, MaxLength: new(2_000_000)},
		{Type: huma.TypeArray, MaxItems: new(500), Items: &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, piece}}},
	}}
}

// UnmarshalJSON takes either form.
func (c *givenContext) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '[' {
		return json.Unmarshal(data, &c.text)
	}
	c.listed = true
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	for _, part := range parts {
		var p contextPiece
		if err := json.Unmarshal(part, &p.Text); err != nil {
			if err := json.Unmarshal(part, &p); err != nil {
				return err
			}
		}
		c.pieces = append(c.pieces, p)
	}
	return nil
}

type generateInput struct {
	Body struct {
		Query   string       `json:"query" minLength:"1" maxLength:"4000"`
		Context givenContext `json:"context"`
	}
}

type generateOutput struct {
	Body struct {
		Answer          string           `json:"answer" doc:"Says so plainly when the context has no answer"`
		ConfidenceScore float64          `json:"confidence_score" doc:"0 to 1"`
		Answered        bool             `json:"answered" doc:"Whether the context has an answer"`
		Citations       []answerCitation `json:"citations" doc:"In the order of the marks in the answer"`
		Contradictions  []contradiction  `json:"contradictions" doc:"Citations that say different things of the same; the answer gives both"`
	}
}

// contradiction is two citations by their numbers.
type contradiction struct {
	Citation int `json:"citation"`
	Other    int `json:"other"`
}

type answerCitation struct {
	Number  int            `json:"number"`
	Quote   string         `json:"quote" doc:"Literal words of the context"`
	Start   int            `json:"start" doc:"In characters from the beginning of the context, or of the piece"`
	End     int            `json:"end"`
	Title   string         `json:"title,omitempty"`
	ChunkID string         `json:"chunk_id,omitempty"`
	Place   flomastr.Place `json:"place,omitzero" doc:"Where in the document it begins, when that has pages, sheets or slides"`
	Piece   int            `json:"piece" doc:"Which piece or numbered part of the context, from 0"`
}

func answerCitations(list []assistant.Citation) []answerCitation {
	out := make([]answerCitation, len(list))
	for i, c := range list {
		out[i] = answerCitation{Number: c.Number, Quote: c.Quote, Start: c.Start, End: c.End, Title: c.Title, ChunkID: c.ChunkID, Piece: c.Piece}
	}
	return out
}

func (a *API) generateAnswer(_ context.Context, _ Call, in *generateInput) (*generateOutput, error) {
	got := a.generated(in.Body.Query, in.Body.Context)
	out := &generateOutput{}
	out.Body.Answer, out.Body.ConfidenceScore, out.Body.Answered = got.Answer, got.Confidence, got.Answered
	out.Body.Citations, out.Body.Contradictions = answerCitations(got.Citations), []contradiction{}
	for _, d := range got.Disputes {
		out.Body.Contradictions = append(out.Body.Contradictions, contradiction{got.Citations[d[0]].Number, got.Citations[d[1]].Number})
	}
	return out, nil
}

func (a *API) generated(query string, c givenContext) assistant.Generated {
	if c.listed {
		return a.deps.Assistant.GenerateFrom(query, assistantPieces(c.pieces))
	}
	return a.deps.Assistant.Generate(query, c.text)
}
