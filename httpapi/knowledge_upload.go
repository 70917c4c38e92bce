package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

const (
	// maxUpload is the largest file of an upload; a tenant's policy may allow less.
	maxUpload = 64 << 20
	// maxForm is what a form may add to its file: its fields and the lines between.
	maxForm = 64 << 10
)

var (
	errUploadForm = flomastr.Errorf(flomastr.Malformed, "malformed", "The upload is not a complete multipart form.")
	errUploadType = flomastr.Errorf(flomastr.Unsupported, "unsupported_media_type", "Send the file as multipart/form-data, in the field named file.")
	errUploadFile = flomastr.Errorf(flomastr.Invalid, "invalid_request", "Some fields are missing or wrong; see errors.").Field("body.file", "must hold one file")
)

// upload is a form with a file, as it arrived.
type upload struct {
	filename    string
	contentType string // as the form says it
	content     []byte
	fields      map[string]string
}

// readUpload takes a multipart form apart. It holds exactly one file; other fields are short.
func readUpload(contentType string, body []byte) (upload, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return upload{}, errUploadType
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	up := upload{fields: map[string]string{}}
	files := 0
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return upload{}, errUploadForm.Because(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return upload{}, errUploadForm.Because(err)
		}
		if !isText(part.FormName()) || !isText(part.FileName()) || part.FormName() != "file" && !isText(string(content)) {
			return upload{}, errUploadForm
		}
		switch {
		case part.FormName() == "file":
			files++
			up.contentType = part.Header.Get("Content-Type")
			up.filename, up.content = part.FileName(), content // FileName is the last element of the path only
		case len(content) <= 4096:
			up.fields[part.FormName()] = string(content)
		default:
			return upload{}, errUploadForm.Field("body."+part.FormName(), "is too long")
		}
	}
	if files != 1 || up.filename == "" {
		return upload{}, errUploadFile
	}
	return up, nil
}

type knowledgeFileInput struct {
	TenantSlug  string `path:"tenant_slug"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}

func (a *API) knowledgeFile(ctx context.Context, call Call, in *knowledgeFileInput) (*knowledgeAcceptedOutput, error) {
	up, err := readUpload(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	draft := contextengine.Draft{
		Title: up.fields["title"], Filename: up.filename, Content: up.content, Source: contextengine.FromFile, Intent: up.fields["intent"],
		By: call.Caller.Actor(),
	}
	for tag := range strings.SplitSeq(up.fields["tags"], ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			draft.Tags = append(draft.Tags, tag)
		}
	}
	item, err := a.deps.Knowledge.Add(ctx, call.Tenant.ID, draft)
	if err != nil {
		return nil, err
	}
	return acceptedOf(item), nil
}

type knowledgeURLInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		URL   string `json:"url" minLength:"1" maxLength:"2000" doc:"The page to read, or where a crawl begins"`
		Title string `json:"title,omitempty" maxLength:"300" doc:"Of a single page; its own title when left out"`
		SiteRules
	}
}

type knowledgeURLOutput struct {
	Status int
	Body   struct {
		ID      string `json:"id" format:"uuid" doc:"Of the knowledge item, or of the web site"`
		Kind    string `json:"kind" enum:"item,site"`
		Status  string `json:"status" enum:"processing,embedded,failed,crawling"`
		Version int    `json:"version" doc:"Of an item; 0 for a web site"`
		Title   string `json:"title"`
	}
}

// knowledgeURL reads one page, once; or follows a web site, where more is asked for.
func (a *API) knowledgeURL(ctx context.Context, call Call, in *knowledgeURLInput) (*knowledgeURLOutput, error) {
	out := &knowledgeURLOutput{Status: http.StatusAccepted}
	if in.Body.follows() {
		site, err := a.deps.Knowledge.AddSite(ctx, call.Tenant.ID, call.Caller.Actor(), in.Body.URL, in.Body.rules())
		if err != nil {
			return nil, err
		}
		out.Body.ID, out.Body.Kind, out.Body.Status, out.Body.Title = site.ID.String(), "site", string(site.Status), site.Address
		return out, nil
	}
	item, err := a.deps.Knowledge.Add(ctx, call.Tenant.ID, contextengine.Draft{
		Source: contextengine.FromURL, URL: in.Body.URL, Title: in.Body.Title, Intent: in.Body.Intent, Tags: in.Body.Tags,
		By: call.Caller.Actor(),
	})
	if err != nil {
		return nil, err
	}
	accepted := acceptedOf(item)
	out.Status = accepted.Status
	out.Body.ID, out.Body.Kind, out.Body.Status, out.Body.Version, out.Body.Title = item.ID.String(), "item", accepted.Body.Status, item.Version, item.Title
	return out, nil
}

// describeUploads tells the OpenAPI document what the routes take that read their body themselves.
func (a *API) describeUploads() {
	form := &huma.MediaType{Schema: &huma.Schema{
		Type: "object", Required: []string{"file"},
		Properties: map[string]*huma.Schema{
			"file":   {Type: "string", Format: "binary", Description: "The file itself"},
			"title":  {Type: "string", Description: "The file's name when left out"},
			"intent": {Type: "string"},
			"tags":   {Type: "string", Description: "Separated by commas"},
		},
	}}
	asJSON := &huma.MediaType{Schema: &huma.Schema{
		Type: "object", Required: []string{"filename", "content_base64"},
		Properties: map[string]*huma.Schema{"filename": {Type: "string"}, "content_base64": {Type: "string", Format: "byte"}},
	}}
	paths := a.huma.OpenAPI().Paths
	describe := func(path string, content map[string]*huma.MediaType) {
		if p := paths[path]; p != nil && p.Post != nil {
			p.Post.RequestBody = &huma.RequestBody{Required: true, Content: content}
		}
	}
	logo := &huma.MediaType{Schema: &huma.Schema{
		Type: "object", Required: []string{"file"},
		Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Description: "SVG, PNG, JPEG or WebP"}},
	}}
	describe("/routes/branding/upload-logo", map[string]*huma.MediaType{"multipart/form-data": logo})
	describe("/routes/branding/{tenant_id}/upload-logo", map[string]*huma.MediaType{"multipart/form-data": logo})
	file := &huma.MediaType{Schema: &huma.Schema{
		Type: "object", Required: []string{"file"},
		Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Description: "The file itself; what stands behind it in the form is not read"}},
	}}
	describe("/routes/media", map[string]*huma.MediaType{"multipart/form-data": file})
	describe("/routes/knowledge/{tenant_slug}/files", map[string]*huma.MediaType{"multipart/form-data": form})
	describe("/routes/tools/convert/file-to-md", map[string]*huma.MediaType{"multipart/form-data": form, "application/json": asJSON})
}
