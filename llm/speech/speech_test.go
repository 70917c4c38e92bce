package speech_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/speech"
)

func TestARecordingIsSentWholeAndItsWordsComeBack(t *testing.T) {
	t.Parallel()
	recording := strings.Repeat("sound", 100_000)
	type asked struct{ path, key, model, name, content string }
	got := make(chan asked, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("file")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		content, _ := io.ReadAll(file)
		got <- asked{r.URL.Path, r.Header.Get("Authorization"), r.FormValue("model"), header.Filename, string(content)}
		_, _ = io.WriteString(w, `{"text":" When do you open? "}`)
	}))
	defer server.Close()
	to := speech.New(speech.Config{URL: server.URL + "/v1/", Key: "sk-1", Model: "whisper-1", HTTP: server.Client()})
	text, err := to.Transcribe(t.Context(), llm.Recording{Name: "voice.ogg", Content: strings.NewReader(recording)})
	require.NoError(t, err)
	require.Equal(t, "When do you open?", text)
	require.Equal(t, asked{"/v1/audio/transcriptions", "Bearer sk-1", "whisper-1", "voice.ogg", recording}, <-got)
}

func TestAFailureSaysWhetherItPasses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		kind   flomastr.Kind
	}{
		"too often":        {http.StatusTooManyRequests, "", flomastr.Limited},
		"away":             {http.StatusBadGateway, "", flomastr.Upstream},
		"a wrong key":      {http.StatusUnauthorized, `{"error":{}}`, flomastr.Upstream},
		"not a recording":  {http.StatusBadRequest, `{"error":{}}`, flomastr.Invalid},
		"a page":           {http.StatusOK, "<html>", flomastr.Upstream},
		"no text":          {http.StatusOK, `{"words":1}`, flomastr.Upstream},
		"nothing was said": {http.StatusOK, `{"text":""}`, flomastr.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			_, err := speech.New(speech.Config{URL: server.URL, HTTP: server.Client()}).Transcribe(t.Context(), llm.Recording{Name: "a.ogg", Content: strings.NewReader("x")})
			if c.kind == flomastr.Internal {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.kind, flomastr.KindOf(err))
			var limited *flomastr.Error
			if c.kind == flomastr.Limited {
				require.ErrorAs(t, err, &limited)
				require.Equal(t, 7*time.Second, limited.RetryAfter)
			}
		})
	}
}

func TestARecordingThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"text":"half"}`)
	}))
	defer server.Close()
	broken := io.MultiReader(strings.NewReader("x"), failing{})
	_, err := speech.New(speech.Config{URL: server.URL, HTTP: server.Client()}).Transcribe(t.Context(), llm.Recording{Name: "a.ogg", Content: broken})
	require.Error(t, err)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

// Whoever hands a recording over may close it as soon as they have their answer.
func TestNobodyReadsARecordingAfterTheAnswer(t *testing.T) {
	t.Parallel()
	tape := &tape{begun: make(chan struct{}), goOn: make(chan struct{})}
	client := &http.Client{Transport: early{tape}}
	text, err := speech.New(speech.Config{URL: "http://speech.test", HTTP: client}).Transcribe(t.Context(), llm.Recording{Name: "a.ogg", Content: tape})
	require.NoError(t, err)
	require.Equal(t, "x", text)
	require.Zero(t, tape.reading.Load())
}

// tape is a recording whose first read lasts until it is told to go on.
type tape struct {
	begun, goOn chan struct{}
	reading     atomic.Int32
}

func (t *tape) Read([]byte) (int, error) {
	t.reading.Add(1)
	close(t.begun)
	<-t.goOn
	t.reading.Add(-1)
	return 0, io.EOF
}

// early answers while the recording is still being read.
type early struct{ tape *tape }

func (e early) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() { _, _ = io.Copy(io.Discard, r.Body) }()
	<-e.tape.begun
	return &http.Response{StatusCode: http.StatusOK, Body: closing{strings.NewReader(`{"text":"x"}`), e.tape.goOn}}, nil
}

type closing struct {
	io.Reader
	closed chan struct{}
}

func (c closing) Close() error { close(c.closed); return nil }
