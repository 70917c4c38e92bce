package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
)

// start runs the program on a free port and returns its address and a function that stops it and returns its error.
func start(t *testing.T, args ...string) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append([]string{"--infobip-listen", "127.0.0.1:0", "--meta-listen", "127.0.0.1:0"}, args...), writer, io.Discard)
		_ = writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err, "no listener came up")
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	address = strings.Fields(strings.TrimPrefix(line, "Infobip's stand-in: "))[0]
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { _ = stop() })
	return address, stop
}

func request(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header = http.Header{"Authorization": {"App k"}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(raw)
}

const message = `{"from":"447860099299","to":"385919998888","messageId":"m-1","content":{"text":"Hello"}}`

func TestTheLedgerAndTheSendersOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, stop := start(t, "--data-dir", dir)
	status, body := request(t, "PUT", address+"/control/senders/447860099299", `{"api_key":"k"}`)
	require.Equal(t, 200, status, body)
	status, body = request(t, "POST", address+"/whatsapp/1/message/text", message)
	require.Equal(t, 200, status, body)
	require.NoError(t, stop())

	address, stop = start(t, "--data-dir", dir)
	status, _ = request(t, "POST", address+"/whatsapp/1/message/text", message)
	require.Equal(t, 200, status, "the sender is known")
	_, body = request(t, "GET", address+"/ledger?to=385919998888", "")
	var entries []map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &entries))
	require.Len(t, entries, 2)
	require.NoError(t, stop())
}

func TestAStreamDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	address, stop := start(t, "--data-dir", t.TempDir())
	response, err := http.Get(address + "/control/phones/1/events")
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	_, err = bufio.NewReader(response.Body).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, stop())
}

func TestOtherMachinesAreNotServed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0"} {
		err := run(t.Context(), []string{"--infobip-listen", address, "--meta-listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, io.Discard, io.Discard)
		require.ErrorContains(t, err, "serves this machine only", address)
	}
}

func TestClerksStandInSignsInWhoeverIsNamedAndSaysHowToUseIt(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--infobip-listen", "127.0.0.1:0", "--meta-listen", "127.0.0.1:0", "--clerk-listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, &out, io.Discard)
	}()
	setting := func(name string) string {
		_, rest, _ := strings.Cut(out.String(), name+"=")
		value, _, ok := strings.Cut(rest, "\n")
		if !ok {
			return ""
		}
		return value
	}
	require.Eventually(t, func() bool { return setting("FLOMASTR_CLERK_AUTHORIZED_PARTIES") != "" }, 10*time.Second, 10*time.Millisecond)
	address := setting("CLERK_FRONTEND_API_URL")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(setting("CLERK_PUBLISHABLE_KEY"), "pk_test_"))
	require.NoError(t, err)
	require.Equal(t, address+"$", "http://"+string(key))
	_, script := request(t, "GET", address+"/npm/@clerk/clerk-js@6/dist/clerk.browser.js", "")
	require.Contains(t, script, "window.Clerk = ")
	begin := func() (session, user string) {
		status, body := request(t, "POST", address+"/stand-in/sessions", `{"email":"sara@people.test"}`)
		require.Equal(t, 200, status, body)
		var got struct {
			ID   string
			User struct{ ID string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &got))
		return got.ID, got.User.ID
	}
	session, user := begin()
	second, same := begin()
	require.NotEqual(t, session, second)
	require.Equal(t, user, same, "an address is one person")
	status, body := request(t, "POST", address+"/stand-in/sessions/"+session+"/tokens", "")
	require.Equal(t, 200, status, body)
	status, _ = request(t, "DELETE", address+"/stand-in/sessions/"+session, "")
	require.Equal(t, 204, status)
	status, _ = request(t, "POST", address+"/stand-in/sessions/"+session+"/tokens", "")
	require.Equal(t, 404, status)
	cancel()
	require.NoError(t, <-done)
	require.ErrorContains(t, run(t.Context(), []string{"--infobip-listen", "127.0.0.1:0", "--meta-listen", "127.0.0.1:0", "--clerk-listen", "0.0.0.0:0", "--data-dir", t.TempDir()}, io.Discard, io.Discard), "serves this machine only")
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu  sync.Mutex
	out strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

func TestATakenPortIsOneClearError(t *testing.T) {
	t.Parallel()
	address, _ := start(t, "--data-dir", t.TempDir())
	err := run(t.Context(), []string{"--infobip-listen", strings.TrimPrefix(address, "http://"), "--meta-listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, io.Discard, io.Discard)
	require.ErrorContains(t, err, "address already in use")
}

func TestTwilioIsServedBesideOnTheSameLedger(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--infobip-listen", "127.0.0.1:0", "--meta-listen", "127.0.0.1:0", "--twilio-listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, writer, io.Discard)
		_ = writer.Close()
	}()
	addresses := map[string]string{}
	lines := bufio.NewScanner(reader)
	for len(addresses) < 3 && lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), "'s stand-in: ")
		addresses[name] = strings.Fields(rest)[0]
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	status, _ := request(t, "PUT", addresses["Infobip"]+"/control/senders/447860099299", `{"api_key":"k"}`)
	require.Equal(t, 200, status)
	status, _ = request(t, "POST", addresses["Infobip"]+"/whatsapp/1/message/text", message)
	require.Equal(t, 200, status)
	status, body := request(t, "GET", addresses["Twilio"]+"/ledger", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"m-1"`)
	cancel()
	require.NoError(t, <-done)
}

func TestAWrongFlagIsAnError(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), []string{"--reports", "some"}, io.Discard, io.Discard), "reports")
}

func TestHelpTellsEveryFlagAndStartsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"--help"}, &out, io.Discard))
	for _, flag := range []string{"--infobip-listen", "--meta-listen", "--data-dir", "--senders", "--bench", "--clerk-listen"} {
		require.Contains(t, out.String(), flag)
	}
}

func TestSendersComeFromAFileAndFollowIt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "senders.json")
	address, _ := start(t, "--data-dir", t.TempDir(), "--senders", file)
	write := func(content string, at time.Time) {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		require.NoError(t, os.Chtimes(file, at, at))
	}
	known := func() bool {
		status, _ := request(t, "POST", address+"/whatsapp/1/message/text", message)
		return status == 200
	}
	require.False(t, known())
	write(`[{"number":"4478`, time.Now().Add(-time.Minute))
	write(`[{"number":"447860099299","api_key":"k"}]`, time.Now())
	require.Eventually(t, known, 10*time.Second, 50*time.Millisecond)
}

func TestBenchmarksGetNeitherReportsNorDelaysNorLimits(t *testing.T) {
	t.Parallel()
	address, _ := start(t, "--data-dir", t.TempDir(), "--bench")
	_, body := request(t, "GET", address+"/control/settings", "")
	var settings infobip.Settings
	require.NoError(t, json.Unmarshal([]byte(body), &settings))
	require.Equal(t, infobip.Settings{Reports: infobip.NoReports, RetryUnitMS: 1000}, settings)
}
