package httpapi_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func screenshot(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 20, 10))))
	return out.String()
}

// uploads posts a file as a browser does.
func (l *line) uploads(t *testing.T, path, bearer, name, content string, header ...string) answer {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = part.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, &form)
	r.Host = "localhost:8000"
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", w.FormDataContentType())
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	l.handler.ServeHTTP(out, r)
	return answer{out, t}
}

// member is a part of an answer, as JSON.
func member(t *testing.T, got answer, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &members))
	return string(members[name])
}

func TestAFileIsUploadedByAMemberAndSentByItsID(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	_, hook := l.connect(t, "n8n")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, hook, strings.NewReader(inboundBody("m1", "hello")))
	r.Header.Set("X-Hook", "h-secret")
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code, w.Body)
	var list struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(l.call(t, "GET", "/routes/conversations", l.owner, "").Body.Bytes(), &list))
	talk := "/routes/conversations/" + list.Conversations[0].ID

	picture := screenshot(t)
	got := l.uploads(t, "/routes/media", l.service, "plan.png", picture, "Idempotency-Key", "once")
	require.Equal(t, 201, got.Code, got.Body)
	require.Equal(t, []string{"image", "stored", "image/png", "plan.png"}, []string{got.field("kind"), got.field("state"), got.field("type"), got.field("filename")})
	require.Equal(t, got.field("id"), l.uploads(t, "/routes/media", l.service, "plan.png", picture, "Idempotency-Key", "once").field("id"))
	require.Equal(t, 422, l.uploads(t, "/routes/media", l.service, "other.png", picture, "Idempotency-Key", "once").Code)
	require.Equal(t, "document", l.uploads(t, "/routes/media?kind=document", l.owner, "plan.png", picture).field("kind"))

	for name, c := range map[string]struct {
		path, content string
		status        int
		code          string
	}{
		"a page":               {"/routes/media", "<!DOCTYPE html><html><body>x</body></html>", 415, "media_type"},
		"nothing":              {"/routes/media", "", 422, "media_empty"},
		"a picture as a film":  {"/routes/media?kind=video", picture, 415, "media_kind"},
		"a kind that is none":  {"/routes/media?kind=hologram", picture, 422, "invalid_request"},
		"a picture of 6 MB":    {"/routes/media", picture + strings.Repeat("\x00", 6<<20), 413, "media_too_large"},
		"a picture cut in two": {"/routes/media", picture[:20], 415, "media_damaged"},
	} {
		refused := l.uploads(t, c.path, l.owner, "a.bin", c.content)
		require.Equal(t, c.status, refused.Code, "%s: %s", name, refused.Body)
		require.Equal(t, c.code, refused.field("code"), name)
	}
	for name, c := range map[string][2]string{
		"JSON":           {"application/json", `{}`},
		"no file":        {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--\r\n"},
		"broken off":     {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7"},
		"without a name": {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n1\r\n--b--\r\n"},
	} {
		refused := l.call(t, "POST", "/routes/media", l.owner, c[1], "Content-Type", c[0])
		require.GreaterOrEqual(t, refused.Code, 400, name)
		require.Less(t, refused.Code, 500, name)
	}

	// The file is its tenant's alone, and for a member with a part of the inbox only their own.
	path := "/routes/media/" + got.field("id")
	require.Equal(t, picture, l.gets(t, path, l.owner, nil).Body.String())
	_, stranger := l.provision(t, l.root(t), "stranger-"+l.slug[5:])
	require.Equal(t, 404, l.gets(t, path, stranger, nil).Code)
	_, colleague := l.join(t, l.owner, l.slug, "m@"+l.slug+".test", "member")
	own := l.uploads(t, "/routes/media", colleague, "mine.png", picture)
	require.Equal(t, 201, own.Code, own.Body)
	require.Equal(t, 200, l.call(t, "PUT", "/routes/tenants/"+l.slug+"/policies", l.owner, `{"inbox_scope":"assigned"}`).Code)
	require.Equal(t, 404, l.gets(t, path, colleague, nil).Code)
	require.Equal(t, 200, l.gets(t, "/routes/media/"+own.field("id"), colleague, nil).Code)
	require.Equal(t, 200, l.call(t, "POST", talk+"/assign", l.owner, `{}`).Code)

	// A server that nobody outside reaches says so before anything is queued.
	reply := l.call(t, "POST", talk+"/reply", l.owner, `{"media":{"id":"`+got.field("id")+`","caption":"The plan"}}`)
	require.Equal(t, 409, reply.Code, reply.Body)
	require.Equal(t, "public_url_missing", reply.field("code"))
	require.Equal(t, 404, l.call(t, "POST", talk+"/reply", l.owner, `{"media":{"id":"018f0000-0000-7000-8000-000000000001"}}`).Code)
	require.Equal(t, 404, l.gets(t, "/files/"+strings.Repeat("A", 96), "", nil).Code)

	// What is sent is shown as what it is.
	sent := l.call(t, "POST", talk+"/reply", l.owner, `{"interactive":{"body":"Pick","buttons":[{"id":"y","title":"Yes"},{"id":"n","title":"No"}]}}`)
	require.Equal(t, 202, sent.Code, sent.Body)
	require.JSONEq(t, `{"body":"Pick","buttons":[{"id":"y","title":"Yes"},{"id":"n","title":"No"}]}`, member(t, sent, "interactive"))
	sent = l.call(t, "POST", talk+"/reply", l.owner, `{"location":{"latitude":44.9,"longitude":13.8,"name":"Office"}}`)
	require.Equal(t, 202, sent.Code, sent.Body)
	require.JSONEq(t, `{"latitude":44.9,"longitude":13.8,"name":"Office"}`, member(t, sent, "location"))
	for _, odd := range []string{`{}`, `{"text":"x","location":{"latitude":1,"longitude":1}}`} {
		require.Equal(t, "invalid_message", l.call(t, "POST", talk+"/reply", l.owner, odd).field("code"))
	}
	long := l.call(t, "POST", "/messages/send", l.owner, `{"to":"+385911111111","message":{"interactive":{"body":"Pick","buttons":[{"id":"y","title":"A title of 24 characters"}]}}}`)
	require.Equal(t, 422, long.Code, long.Body)
	require.Equal(t, "message_not_sendable", long.field("code"))
}
