package whatsapp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

var (
	jpeg = append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"), bytes.Repeat([]byte{7}, 200)...)
	ogg  = append([]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead\x01\x01"), bytes.Repeat([]byte{3}, 200)...)
	pdf  = []byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
	page = []byte("<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry</body></html>")
)

// files is a bundle whose provider keeps files, and whose engine keeps them in a folder.
type files struct {
	*bundle
	blobs     *blob.Bucket
	keeps     http.HandlerFunc // the provider's answer to a request for a file
	asked     atomic.Int32
	elsewhere *httptest.Server // another host, such as a CDN
	leaked    atomic.Int32     // credentials that reached it
}

type verdict struct {
	found string
	err   error
}

func (v verdict) Scan(_ context.Context, content io.Reader) (string, error) {
	_, err := io.Copy(io.Discard, content)
	return v.found, errors.Join(v.err, err)
}

func withFiles(t *testing.T, scanner whatsapp.Scanner) *files {
	t.Helper()
	f := &files{bundle: setup(t, options{})}
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	f.blobs = blobs
	f.elsewhere = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			f.leaked.Add(1)
		}
		_, _ = w.Write(jpeg)
	}))
	t.Cleanup(f.elsewhere.Close)
	inner := f.ledger.server.Config.Handler
	f.ledger.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			f.asked.Add(1)
			if r.Header.Get("Authorization") != "App test-key" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			f.keeps(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	f.engine = whatsapp.New(whatsapp.Deps{
		Store: f.store, Answerer: f.answerer, Sealer: plain{}, Settings: quick(), Blobs: blobs, Scanner: scanner, Log: slog.New(slog.DiscardHandler),
		Providers: []provider.Provider{infobip.New(infobip.Config{
			HTTP: f.ledger.server.Client(), Files: f.ledger.server.Client(), StandIn: f.ledger.server.URL, Timeout: 2 * time.Second,
		})},
	})
	return f
}

// sends lets a customer send a file, and gives what was noted of it.
func (f *files) sends(kind, address string) whatsapp.Attached {
	f.t.Helper()
	id := freshID()
	require.NoError(f.t, f.post(envelope(fmt.Sprintf(`{"from":"385911111111","to":%q,"integrationType":"WHATSAPP","receivedAt":%q,"messageId":%q,
		"message":{"type":%q,"url":%q},"contact":{"name":"Ana"}}`, ourNumber, now(), id, kind, address))))
	thread := f.thread()
	last := thread[len(thread)-1]
	require.Equal(f.t, id, last.ProviderID)
	require.NotNil(f.t, last.Media)
	return *last.Media
}

func (f *files) at(path string) string { return f.ledger.server.URL + path }

func (f *files) now(id flomastr.MediaID) whatsapp.Attached {
	f.t.Helper()
	a, err := f.store.Attached(f.t.Context(), f.tenant, id)
	require.NoError(f.t, err)
	return a
}

func (f *files) kept() int64 {
	f.t.Helper()
	n, err := f.blobs.CountTenant(f.t.Context(), f.tenant)
	require.NoError(f.t, err)
	return n
}

func serve(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
}

func TestAFileIsKeptOnceAndReadBack(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	f.keeps = serve(jpeg)
	first, second := f.sends("IMAGE", f.at("/1")), f.sends("IMAGE", f.at("/2"))
	require.Equal(t, whatsapp.MediaPending, first.State)
	require.Zero(t, f.asked.Load(), "the webhook itself fetched it")
	require.Equal(t, 2, f.count(`SELECT count(*) FROM river.river_job WHERE kind = 'media.fetch' AND args->>'tenant_id' = $1`, f.tenant.String()))
	for _, a := range []whatsapp.Attached{first, second, first} {
		require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	}
	require.EqualValues(t, 2, f.asked.Load(), "what is stored is not fetched again")
	require.EqualValues(t, 1, f.kept(), "one content, one file")
	got := f.now(first.ID)
	require.Equal(t, whatsapp.MediaStored, got.State)
	require.Equal(t, "image/jpeg", got.File.Type)
	require.EqualValues(t, len(jpeg), got.File.Size)
	require.Equal(t, whatsapp.NotScanned, got.File.Scan)
	require.Equal(t, got.File, f.now(second.ID).File)
	_, body, err := f.engine.OpenMedia(t.Context(), f.tenant, second.ID)
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, jpeg, content)
	_, _, err = f.engine.OpenMedia(t.Context(), tenantRow(t, f.db), second.ID)
	require.ErrorIs(t, err, whatsapp.ErrMediaNotFound)
}

func TestAFileThatIsNotWantedIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind    string
		keeps   http.HandlerFunc
		scanner whatsapp.Scanner
		state   whatsapp.MediaState
		reason  whatsapp.MediaReason
	}{
		"an error page":             {"IMAGE", serve(page), nil, whatsapp.MediaRefused, whatsapp.MediaWrongType},
		"an error page as document": {"DOCUMENT", serve(page), nil, whatsapp.MediaRefused, whatsapp.MediaWrongType},
		"a film as an image":        {"IMAGE", serve(ogg), nil, whatsapp.MediaRefused, whatsapp.MediaWrongType},
		"drawn by a program":        {"IMAGE", serve([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`)), nil, whatsapp.MediaRefused, whatsapp.MediaWrongType},
		"nothing":                   {"IMAGE", serve(nil), nil, whatsapp.MediaRefused, whatsapp.MediaEmpty},
		"larger than it says":       {"STICKER", func(w http.ResponseWriter, _ *http.Request) { chunks(w, 501<<10) }, nil, whatsapp.MediaRefused, whatsapp.MediaTooLarge},
		"larger, and says so":       {"IMAGE", serve(bytes.Repeat(jpeg, 30_000)), nil, whatsapp.MediaRefused, whatsapp.MediaTooLarge},
		"gone":                      {"IMAGE", http.NotFound, nil, whatsapp.MediaExpired, whatsapp.MediaGone},
		"infected":                  {"DOCUMENT", serve(pdf), verdict{found: "EICAR"}, whatsapp.MediaRefused, whatsapp.MediaInfected},
		"a document that is clean":  {"DOCUMENT", serve(pdf), verdict{}, whatsapp.MediaStored, ""},
		"a voice note":              {"VOICE", serve(ogg), nil, whatsapp.MediaStored, ""},
		"a web page's own redirect": {"IMAGE", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, nil, whatsapp.MediaRefused, whatsapp.MediaForeignHost},
		"redirected to the metadata": {"IMAGE", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://169.254.169.254/", http.StatusFound)
		}, nil, whatsapp.MediaRefused, whatsapp.MediaForeignHost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := withFiles(t, c.scanner)
			f.keeps = c.keeps
			a := f.sends(c.kind, f.at("/x"))
			require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
			got := f.now(a.ID)
			require.Equal(t, c.state, got.State)
			require.Equal(t, c.reason, got.Reason)
			if c.state == whatsapp.MediaStored {
				require.EqualValues(t, 1, f.kept())
				return
			}
			require.NotEmpty(t, got.Reason.Sentence())
			require.Zero(t, f.kept())
			_, _, err := f.engine.OpenMedia(t.Context(), f.tenant, a.ID)
			require.ErrorIs(t, err, whatsapp.ErrMediaNotStored)
			_, err = f.engine.RetryMedia(t.Context(), f.tenant, flomastr.ActorSystem, a.ID)
			require.ErrorIs(t, err, whatsapp.ErrMediaNotFailed)
		})
	}
}

// chunks writes n bytes whose number nobody announces.
func chunks(w http.ResponseWriter, n int) {
	for range n / 512 {
		_, _ = io.WriteString(w, strings.Repeat("x", 512))
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, strings.Repeat("x", n%512))
}

func TestAFileElsewhereIsNeverAskedFor(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	for _, address := range []string{f.elsewhere.URL + "/x", "http://169.254.169.254/latest/meta-data/", "https://x.api.infobip.com.evil.example/x"} {
		a := f.sends("IMAGE", address)
		require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
		require.Equal(t, whatsapp.MediaForeignHost, f.now(a.ID).Reason, address)
	}
	require.Zero(t, f.asked.Load())
}

func TestTheKeyStaysBehindWhereAFileIsRedirected(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	f.keeps = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, f.elsewhere.URL+"/cdn", http.StatusFound)
	}
	a := f.sends("IMAGE", f.at("/x"))
	require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	require.Equal(t, whatsapp.MediaStored, f.now(a.ID).State)
	require.Zero(t, f.leaked.Load())
}

func TestAPassingFailureIsTriedAgainAndTheLastOneIsShown(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	f.keeps = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	a := f.sends("IMAGE", f.at("/x"))
	err := f.engine.FetchMedia(t.Context(), f.tenant, a.ID)
	require.Error(t, err)
	require.Equal(t, whatsapp.MediaPending, f.now(a.ID).State)
	f.keeps = func(w http.ResponseWriter, _ *http.Request) { // breaks off
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(jpeg[:100])
	}
	require.Error(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	require.Zero(t, f.kept())
	require.NoError(t, f.engine.GiveUpMedia(t.Context(), f.tenant, a.ID, err))
	got := f.now(a.ID)
	require.Equal(t, whatsapp.MediaFailed, got.State)
	require.Equal(t, whatsapp.MediaUnreachable, got.Reason)
	require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID), "what is given up waits for a person")

	f.keeps = serve(jpeg)
	again, err := f.engine.RetryMedia(t.Context(), f.tenant, flomastr.ActorSystem, a.ID)
	require.NoError(t, err)
	require.Equal(t, whatsapp.MediaPending, again.State)
	require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	require.Equal(t, whatsapp.MediaStored, f.now(a.ID).State)
}

func TestAFileThatCouldNotBeScannedIsNotKept(t *testing.T) {
	t.Parallel()
	f := withFiles(t, verdict{err: errors.New("away")})
	f.keeps = serve(jpeg)
	a := f.sends("IMAGE", f.at("/x"))
	err := f.engine.FetchMedia(t.Context(), f.tenant, a.ID)
	require.Error(t, err)
	require.Zero(t, f.kept())
	require.NoError(t, f.engine.GiveUpMedia(t.Context(), f.tenant, a.ID, err))
	require.Equal(t, whatsapp.MediaUnscanned, f.now(a.ID).Reason)
}

func TestATenantsPolicyLimitsFiles(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	platformExec(t, f.db, `INSERT INTO tenant_policies (tenant_id, max_file_size_mb) VALUES ($1, 1)
		ON CONFLICT (tenant_id) DO UPDATE SET max_file_size_mb = 1`, f.tenant)
	f.keeps = serve(append(append([]byte{}, pdf...), make([]byte, 1<<20)...))
	a := f.sends("DOCUMENT", f.at("/x"))
	require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	require.Equal(t, whatsapp.MediaTooLarge, f.now(a.ID).Reason)
}

func TestWhatTheProviderFoundInfectedIsShownAsSuch(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	require.NoError(t, f.post(envelope(fmt.Sprintf(`{"from":"385911111111","to":%q,"receivedAt":%q,"messageId":%q,
		"message":{"type":"INFECTED_CONTENT","malware":"EICAR"},"contact":{"name":"Ana"}}`, ourNumber, now(), freshID()))))
	m := f.thread()[0]
	require.NotNil(t, m.Media)
	require.Equal(t, whatsapp.MediaRefused, m.Media.State)
	require.Equal(t, whatsapp.MediaInfected, m.Media.Reason)
	require.Zero(t, f.count(`SELECT count(*) FROM river.river_job WHERE kind = 'media.fetch' AND args->>'tenant_id' = $1`, f.tenant.String()))
}

// A server that dies in a file's last try leaves nobody to say that there will be no other.
func TestAFileWhoseJobIsLostEndsWithAReason(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	platformExec(t, f.db, `INSERT INTO tenant_policies (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING`, f.tenant)
	never, unread := f.sends("IMAGE", f.at("/1")), f.sends("VOICE", f.at("/2"))
	f.keeps = serve(ogg)
	require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, unread.ID))
	require.NoError(t, f.db.InTenant(t.Context(), f.tenant, execFn(t.Context(), `UPDATE media SET reading = 'pending' WHERE id = $1`, unread.ID)))
	keep := func(later time.Duration) {
		t.Helper()
		k := whatsapp.NewKeeper(f.store, func() time.Time { return time.Now().Add(later) }, slog.New(slog.DiscardHandler))
		require.NoError(t, k.Keep(t.Context()))
	}
	keep(23 * time.Hour)
	require.Equal(t, whatsapp.MediaPending, f.now(never.ID).State, "it may yet come")
	keep(25 * time.Hour)
	require.Equal(t, whatsapp.MediaFailed, f.now(never.ID).State)
	require.Equal(t, whatsapp.MediaUnreachable, f.now(never.ID).Reason)
	require.Equal(t, whatsapp.MediaStored, f.now(unread.ID).State)
	require.Equal(t, whatsapp.ReadingFailed, f.now(unread.ID).Reading)
	_, err := f.store.RetryMedia(t.Context(), f.tenant, "user:ada", never.ID)
	require.NoError(t, err, "a person can ask for it again")
}

func TestFilesGoWithTheirMessages(t *testing.T) {
	t.Parallel()
	f := withFiles(t, nil)
	f.keeps = serve(jpeg)
	old, young := f.sends("IMAGE", f.at("/1")), f.sends("IMAGE", f.at("/2"))
	for _, a := range []whatsapp.Attached{old, young} {
		require.NoError(t, f.engine.FetchMedia(t.Context(), f.tenant, a.ID))
	}
	aged := func(by string) {
		require.NoError(t, f.db.InTenant(t.Context(), f.tenant, execFn(t.Context(),
			`UPDATE media_files SET created_at = now() - $1::interval`, by)))
	}
	expire := func(before time.Time) {
		_, err := f.store.ExpireMedia(t.Context(), f.tenant, before, 100)
		require.NoError(t, err)
		_, err = f.store.DropUnusedFiles(t.Context(), f.tenant, 100)
		require.NoError(t, err)
	}
	aged("2 hours")
	expire(f.messagesOf(f.thread()[0].Conversation)[1].CreatedAt)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM media`))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM media_files`), "the younger message still has it")
	expire(time.Now().Add(time.Minute))
	require.Zero(t, f.count(`SELECT count(*) FROM media_files`))
	require.EqualValues(t, 1, f.kept())
	require.Equal(t, 1, f.count(`SELECT count(*) FROM river.river_job WHERE kind = 'media.erase' AND args->>'tenant_id' = $1`, f.tenant.String()))
	require.NoError(t, f.engine.EraseFiles(t.Context(), f.tenant, []flomastr.FileID{f.lastErased()}))
	require.Zero(t, f.kept())
}

// lastErased is the file that the job of erasing names.
func (f *files) lastErased() (id flomastr.FileID) {
	f.t.Helper()
	var n string
	require.NoError(f.t, f.db.InTenant(f.t.Context(), f.tenant, scanFn(f.t.Context(), &n,
		`SELECT args->'files'->>0 FROM river.river_job WHERE kind = 'media.erase' AND args->>'tenant_id' = $1`, f.tenant.String())))
	id, err := flomastr.ParseID[flomastr.FileID](n)
	require.NoError(f.t, err)
	return id
}

func scanFn(ctx context.Context, into any, sql string, args ...any) func(pgx.Tx) error {
	return func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(into) }
}
