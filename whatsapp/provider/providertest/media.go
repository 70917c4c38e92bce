package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// MediaCase is how a provider hands over a file.
type MediaCase struct {
	// Attachment names the file, at an adapter whose provider is at base.
	Attachment func(base, address string) provider.Attachment
	// Where answers a request for where the file lies with its address; nil when the attachment says it.
	Where func(address string) string
	// Redirects says that a file may lie behind a redirect, to which the credentials must not follow.
	Redirects bool
}

// media opens a file at the provider's address, and none elsewhere: the credentials are shown to nobody else.
func (s Suite) media(t *testing.T) {
	if s.Media == nil {
		t.Skip("the adapter opens no files")
	}
	var leaked, reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
		_, _ = io.WriteString(w, "elsewhere")
	}))
	t.Cleanup(elsewhere.Close)
	for _, c := range []struct {
		name, lies string // lies: empty for the provider's own /file
		handle     http.HandlerFunc
		opened     string // empty: refused
		gone       bool
	}{
		{name: "a file", handle: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "content") }, opened: "content"},
		{name: "another host", lies: elsewhere.URL + "/file"},
		{name: "the cloud's own secrets", lies: "http://169.254.169.254/latest/meta-data"},
		{name: "a local file", lies: "file:///etc/passwd"},
		{name: "a look-alike", lies: "https://lookaside.fbsbx.com.evil.example/x"},
		{name: "a name with a user", lies: "https://graph.facebook.com@evil.example/x"},
		{name: "no address", lies: "x"},
		{name: "gone", handle: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, gone: true},
		{name: "refused", handle: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }},
		{name: "larger than any", handle: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1073741824") }},
	} {
		var base string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lies := c.lies
			if lies == "" {
				lies = base + "/file"
			}
			switch {
			case r.URL.Path == "/file":
				c.handle(w, r)
			case s.Media.Where != nil:
				_, _ = io.WriteString(w, s.Media.Where(lies))
			}
		}))
		base = server.URL
		lies := c.lies
		if lies == "" {
			lies = base + "/file"
		}
		got, err := s.open(t, base, s.Media.Attachment(base, lies))
		server.Close()
		switch {
		case c.opened != "":
			require.NoError(t, err, c.name)
			require.Equal(t, c.opened, got, c.name)
		default:
			require.Error(t, err, c.name)
			if c.gone {
				require.ErrorIs(t, err, provider.ErrMediaGone)
			}
		}
	}
	require.Zero(t, reached.Load(), "another host was asked")
	var base string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/file":
			http.Redirect(w, r, elsewhere.URL+"/kept", http.StatusFound)
		case s.Media.Where != nil:
			_, _ = io.WriteString(w, s.Media.Where(base+"/file"))
		}
	}))
	defer server.Close()
	base = server.URL
	got, err := s.open(t, base, s.Media.Attachment(base, base+"/file"))
	require.Zero(t, leaked.Load(), "the credentials followed a redirect")
	if !s.Media.Redirects {
		require.Error(t, err)
		require.Zero(t, reached.Load())
		return
	}
	require.NoError(t, err)
	require.Equal(t, "elsewhere", got)
}

func (s Suite) open(t *testing.T, base string, a provider.Attachment) (string, error) {
	t.Helper()
	source, ok := s.New(base, 2*time.Second).(provider.MediaSource)
	require.True(t, ok)
	ch := s.Channel
	ch.BaseURL = base
	file, err := source.OpenMedia(t.Context(), ch, a)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Body.Close() }()
	raw, err := io.ReadAll(file.Body)
	require.NoError(t, err)
	return string(raw), nil
}
