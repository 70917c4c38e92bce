package httpapi

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr/whatsapp"
)

// maxMediaBody is the largest file that WhatsApp carries, in a form.
const maxMediaBody = 100<<20 + 64<<10

type mediaUploadInput struct {
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
	Kind     string `query:"kind" enum:"image,audio,voice,video,document,sticker" doc:"What it is to be to the customer; what it is when left out"`
}

// mediaUpload takes a file to be sent by its id. It is not read into memory, and anything of the form behind it is left
// unread.
func (a *API) mediaUpload(ctx context.Context, call Call, in *mediaUploadInput) (*mediaOutput, error) {
	arrived, _ := ctx.Value(arrivalKey{}).(arrival)
	part, err := filePart(arrived.request)
	if err != nil {
		return nil, err
	}
	up, err := a.deps.WhatsApp.TakeUpload(ctx, call.Tenant.ID, whatsapp.MediaKind(in.Kind), part.FileName(), &formFile{part})
	if err != nil {
		return nil, err
	}
	defer func() { _ = up.Close() }()
	keep := func() (*mediaOutput, error) {
		kept, err := a.deps.WhatsApp.KeepUpload(ctx, call.Tenant.ID, call.Caller.Actor(), up)
		if err != nil {
			return nil, err
		}
		return &mediaOutput{mediaOf(&kept)}, nil
	}
	key := arrived.request.Header.Get("Idempotency-Key")
	if key == "" {
		return keep()
	}
	same := &struct{ Kind, Filename, SHA256 string }{in.Kind, part.FileName(), up.SHA256()}
	return once(ctx, a, call, "POST /routes/media", key, same, keep)
}

// filePart goes to the file of a form, which other fields may stand before.
func filePart(r *http.Request) (*multipart.Part, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxMediaBody)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errUploadType.Because(err)
	}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errUploadFile
		case err != nil:
			return nil, errUploadForm.Because(err)
		case part.FormName() != "file":
		case part.FileName() == "" || !isText(part.FileName()):
			return nil, errUploadFile
		default:
			return part, nil
		}
	}
}

// formFile is a form's file, read with errors that say whose they are.
type formFile struct{ io.Reader }

func (f *formFile) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return n, whatsapp.ErrFileTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, errUploadForm.Because(err)
	}
	return n, err
}

type linkedFile struct {
	Token string `path:"token" maxLength:"200"`
}

// fileGet serves a file to the provider that was given its address, as what it was announced.
func (a *API) fileGet(ctx context.Context, _ Call, in *linkedFile) (*huma.StreamResponse, error) {
	found, body, err := a.deps.WhatsApp.OpenLinked(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	return a.serveFile(found, body, found.SentType(), "no-store"), nil
}
