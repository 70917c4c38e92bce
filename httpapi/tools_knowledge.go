package httpapi

import (
	"context"
	"encoding/json"
	"mime"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/identity"
)

type convertFileInput struct {
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}

type convertOutput struct {
	Body struct {
		Markdown string            `json:"markdown"`
		Title    string            `json:"title"`
		Metadata map[string]string `json:"metadata" doc:"What the document says of itself"`
		Warnings []string          `json:"warnings" doc:"What could not be read of it"`
	}
}

func converted(doc contextengine.Document) *convertOutput {
	out := &convertOutput{}
	out.Body.Markdown, out.Body.Title, out.Body.Metadata, out.Body.Warnings = doc.Markdown, doc.Title, doc.Metadata, orEmpty(doc.Warnings)
	if out.Body.Metadata == nil {
		out.Body.Metadata = map[string]string{}
	}
	return out
}

func (a *API) convertFile(ctx context.Context, call Call, in *convertFileInput) (*convertOutput, error) {
	var up upload
	var err error
	if kind, _, _ := mime.ParseMediaType(in.ContentType); kind == "application/json" {
		up, err = readJSONUpload(in.RawBody)
	} else {
		up, err = readUpload(in.ContentType, in.RawBody)
	}
	if err != nil {
		return nil, err
	}
	doc, err := a.deps.Knowledge.Convert(ctx, call.Tenant.ID, up.filename, up.content)
	if err != nil {
		return nil, err
	}
	return converted(doc), nil
}

// readJSONUpload takes {filename, content_base64}; encoding/json decodes base64 into bytes.
func readJSONUpload(body []byte) (upload, error) {
	var in struct {
		Filename *string         `json:"filename"`
		Content  json.RawMessage `json:"content_base64"`
	}
	var fields map[string]json.RawMessage
	if err := strictJSON().Unmarshal(body, &fields); err != nil {
		return upload{}, flomastr.Errorf(flomastr.Malformed, "malformed", "The request's body does not parse.").Because(err)
	}
	wrong := flomastr.Errorf(flomastr.Invalid, "invalid_request", "Some fields are missing or wrong; see errors.")
	for name := range fields {
		if name != "filename" && name != "content_base64" {
			return upload{}, wrong.Field("body."+name, "is not known here")
		}
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Filename == nil || *in.Filename == "" {
		return upload{}, wrong.Field("body.filename", "must be a file name")
	}
	var content []byte
	if err := json.Unmarshal(in.Content, &content); err != nil || len(content) == 0 {
		return upload{}, wrong.Field("body.content_base64", "must be the file in base64")
	}
	return upload{filename: *in.Filename, content: content}, nil
}

type convertURLInput struct {
	Body struct {
		URL string `json:"url" minLength:"1" maxLength:"2000"`
	}
}

func (a *API) convertURL(ctx context.Context, call Call, in *convertURLInput) (*convertOutput, error) {
	doc, err := a.deps.Knowledge.ConvertPage(ctx, call.Tenant.ID, in.Body.URL)
	if err != nil {
		return nil, err
	}
	return converted(doc), nil
}

type embedInput struct {
	Body struct {
		Texts      []string `json:"texts,omitempty" minItems:"1" maxItems:"256"`
		TenantSlug string   `json:"tenant_slug,omitempty" doc:"With item_id: embeds that item's passages and stores the vectors"`
		ItemID     string   `json:"item_id,omitempty" format:"uuid"`
	}
}

func (in *embedInput) namesTenant() string { return in.Body.TenantSlug }

type embedOutput struct {
	Body struct {
		Embeddings [][]float32 `json:"embeddings"`
		Model      string      `json:"model"`
		Dimensions int         `json:"dimensions"`
	}
}

var (
	errEmbedWhat    = flomastr.Errorf(flomastr.Invalid, "invalid_request", "Send either texts, or tenant_slug with item_id.").Field("body.texts", "either this or item_id")
	errWriteNeedful = flomastr.Errorf(flomastr.Forbidden, "forbidden", "Storing vectors needs the right to change the knowledge.")
)

func (a *API) embedKnowledge(ctx context.Context, call Call, in *embedInput) (*embedOutput, error) {
	if (len(in.Body.Texts) == 0) == (in.Body.ItemID == "") {
		return nil, errEmbedWhat
	}
	out := &embedOutput{}
	var err error
	if in.Body.ItemID == "" {
		out.Body.Embeddings, out.Body.Model, err = a.deps.Knowledge.EmbedTexts(ctx, call.Tenant.ID, in.Body.Texts)
	} else {
		out.Body.Embeddings, out.Body.Model, err = a.embedItem(ctx, call, in.Body.ItemID)
	}
	if err != nil {
		return nil, err
	}
	if out.Body.Embeddings == nil {
		out.Body.Embeddings = [][]float32{}
	}
	if len(out.Body.Embeddings) > 0 {
		out.Body.Dimensions = len(out.Body.Embeddings[0])
	}
	return out, nil
}

// embedItem writes, so it asks for more than the route does.
func (a *API) embedItem(ctx context.Context, call Call, item string) ([][]float32, string, error) {
	if !mayWriteKnowledge(call) {
		return nil, "", errWriteNeedful
	}
	id, err := flomastr.ParseID[flomastr.ItemID](item)
	if err != nil {
		return nil, "", contextengine.ErrItemNotFound
	}
	return a.deps.Knowledge.EmbedItem(ctx, call.Tenant.ID, id)
}

func mayWriteKnowledge(call Call) bool {
	return identity.May(call.Caller, call.Membership, identity.Admin.Or(identity.Service(identity.ScopeKnowledgeWrite))) == nil
}
