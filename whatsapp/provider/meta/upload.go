package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// TakeMedia implements provider.MediaTaker. Meta keeps the file for 30 days under the id that it gives.
func (p *Provider) TakeMedia(ctx context.Context, ch provider.Channel, f provider.MediaUpload) (string, error) {
	form, kind, length, err := uploadForm(f)
	if err != nil {
		return "", provider.RefusedMessage("The file cannot be written as a form.")
	}
	req, err := p.request(ctx, ch, http.MethodPost, url.PathEscape(ch.SenderID)+"/media", nil, form)
	if err == nil && ch.SenderID == "" {
		err = errNoSender
	}
	if err != nil {
		return "", incomplete(err)
	}
	req.Header.Set("Content-Type", kind)
	req.ContentLength = length
	resp, err := p.files.Do(req)
	if err != nil {
		return "", &provider.SendError{Outcome: provider.NotSent, Sentence: "The file could not be handed over to Meta.", Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != http.StatusOK {
		return "", refusalOf(resp, answer)
	}
	var taken struct {
		ID provider.Word `json:"id"`
	}
	if err != nil || json.Unmarshal(answer, &taken) != nil || taken.ID == "" {
		return "", &provider.SendError{Outcome: provider.NotSent, Sentence: "Meta did not say how it names the file.", Err: err}
	}
	return string(taken.ID), nil
}

// uploadForm is the form of an upload, with its file unread, and how long it is: Meta takes no form of unknown length.
func uploadForm(f provider.MediaUpload) (form io.Reader, kind string, length int64, err error) {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	err = errors.Join(w.WriteField("messaging_product", "whatsapp"), w.WriteField("type", f.Type))
	if err != nil {
		return nil, "", 0, err
	}
	name := strings.NewReplacer(`\`, "_", `"`, "_", "\r", "_", "\n", "_").Replace(f.Filename)
	if name == "" {
		name = "file"
	}
	if _, err = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s"`, name)}, "Content-Type": {f.Type},
	}); err != nil {
		return nil, "", 0, err
	}
	before := bytes.Clone(head.Bytes())
	head.Reset()
	if err = w.Close(); err != nil {
		return nil, "", 0, err
	}
	length = int64(len(before)) + f.Size + int64(head.Len())
	return io.MultiReader(bytes.NewReader(before), io.LimitReader(f.Body, f.Size), &head), w.FormDataContentType(), length, nil
}

// incomplete is a call that was never made, because the channel lacks something.
func incomplete(err error) *provider.SendError {
	sentence := "The channel's set-up is not complete."
	if told, ok := errors.AsType[*flomastr.Error](err); ok {
		sentence = told.Message
	}
	return &provider.SendError{Outcome: provider.NotSent, Effect: provider.PauseChannel, Sentence: sentence, Err: err}
}
