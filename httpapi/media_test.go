package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/whatsapp"
)

// gets fetches a path with headers of its own.
func (l *line) gets(t *testing.T, path, bearer string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Host = "localhost:8000"
	maps.Copy(r.Header, header)
	r.Header.Set("Authorization", "Bearer "+bearer)
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return w
}

func TestAFileIsServedInRangesToItsOwnTenant(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	_, hook := l.connect(t, "assistant")
	content := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("words "), 1000)...)
	l.files = func(w http.ResponseWriter) { _, _ = w.Write(content) }
	body := fmt.Sprintf(`{"results":[{"from":"385911111111","to":"447860099299","integrationType":"WHATSAPP","receivedAt":%q,"messageId":"m1",
		"message":{"type":"DOCUMENT","url":%q,"caption":"My bill"},"contact":{"name":"Ana"}}]}`, time.Now().UTC().Format(time.RFC3339), l.provider.URL+"/bill")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, hook, bytes.NewReader([]byte(body)))
	r.Header.Set("X-Hook", "h-secret")
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code, w.Body)

	var list struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(l.call(t, "GET", "/routes/conversations", l.owner, "").Body.Bytes(), &list))
	type shown struct {
		Messages []struct {
			Media *struct{ ID, State, Type, URL, Scan, SHA256, Kind string }
		}
	}
	look := func() shown {
		var got shown
		require.NoError(t, json.Unmarshal(l.call(t, "GET", "/routes/conversations/"+list.Conversations[0].ID+"/messages", l.owner, "").Body.Bytes(), &got))
		require.Len(t, got.Messages, 1)
		require.NotNil(t, got.Messages[0].Media)
		return got
	}
	before := look().Messages[0].Media
	require.Equal(t, "pending", before.State)
	require.Equal(t, "document", before.Kind)
	require.Empty(t, before.URL)
	require.Equal(t, 404, l.call(t, "GET", "/routes/media/"+before.ID, l.owner, "").Code)

	id, err := flomastr.ParseID[flomastr.MediaID](before.ID)
	require.NoError(t, err)
	found, err := l.tenants.Find(t.Context(), l.slug)
	require.NoError(t, err)
	require.NoError(t, l.engine.FetchMedia(t.Context(), found.ID, id))
	after := look().Messages[0].Media
	require.Equal(t, "stored", after.State)
	require.Equal(t, "application/pdf", after.Type)
	require.Equal(t, "not_scanned", after.Scan)
	require.Len(t, after.SHA256, 64)

	whole := l.gets(t, after.URL, l.owner, nil)
	require.Equal(t, 200, whole.Code)
	require.Equal(t, content, whole.Body.Bytes())
	require.Equal(t, "application/pdf", whole.Header().Get("Content-Type"))
	require.Equal(t, "nosniff", whole.Header().Get("X-Content-Type-Options"))
	require.Contains(t, whole.Header().Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, `attachment; filename=document.pdf`, whole.Header().Get("Content-Disposition"))
	part := l.gets(t, after.URL, l.service, http.Header{"Range": {"bytes=9-14"}})
	require.Equal(t, 206, part.Code)
	require.Equal(t, "words ", part.Body.String())
	require.Equal(t, fmt.Sprintf("bytes 9-14/%d", len(content)), part.Header().Get("Content-Range"))
	require.Equal(t, "private, no-cache", whole.Header().Get("Cache-Control"), "a browser asks each time whether it may still show it")
	require.Equal(t, 304, l.gets(t, after.URL, l.owner, http.Header{"If-None-Match": {whole.Header().Get("Etag")}}).Code)
	require.Equal(t, 416, l.gets(t, after.URL, l.owner, http.Header{"Range": {"bytes=99999-"}}).Code)

	_, stranger := l.provision(t, l.root(t), "stranger-"+l.slug[5:])
	require.Equal(t, 404, l.gets(t, after.URL, stranger, nil).Code)
	require.Equal(t, 404, l.call(t, "POST", after.URL+"/fetch", stranger, "").Code)
	require.Equal(t, 409, l.call(t, "POST", after.URL+"/fetch", l.owner, "").Code)

	// What is beyond a member's reach does not exist for them.
	_, member := l.join(t, l.owner, l.slug, "m@"+l.slug+".test", "member")
	require.Equal(t, 200, l.gets(t, after.URL, member, nil).Code)
	require.NoError(t, l.db.InTenant(t.Context(), found.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE conversations SET owner_kind = 'member', owner_id = 'somebody else'`)
		return err
	}))
	require.Equal(t, 200, l.call(t, "PUT", "/routes/tenants/"+l.slug+"/policies", l.owner, `{"inbox_scope":"assigned"}`).Code)
	require.Equal(t, 404, l.gets(t, after.URL, member, nil).Code)

	// A file whose row is gone is gone, whatever lies in the blobs.
	_, err = postgres.NewWhatsAppStore(l.db).ExpireMedia(t.Context(), found.ID, time.Now().Add(time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, 404, l.gets(t, after.URL, l.owner, nil).Code)
	require.Equal(t, whatsapp.ErrMediaNotFound.Code, l.call(t, "GET", after.URL, l.owner, "").field("code"))
}
