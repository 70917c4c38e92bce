//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killRun is the real binary on a database of its own, with the stand-in that removes no duplicates.
type killRun struct {
	t        *testing.T
	dir, bin string
	address  string
	standIn  string
	server   *exec.Cmd
	said     bytes.Buffer
	demo     struct {
		BaseURL string `json:"base_url"`
		Tenants []struct {
			Slug     string `json:"slug"`
			APIToken string `json:"api_token"`
			Channels []struct {
				Number     string `json:"number"`
				WebhookURL string `json:"webhook_url"`
				AuthHeader struct {
					Name  string `json:"name"`
					Value string `json:"value"`
				} `json:"webhook_auth_header"`
			} `json:"channels"`
		} `json:"tenants"`
	}
}

// One thousand customers write; the server is killed three times meanwhile, without a chance to say goodbye. Whoever
// heard 200 is answered once; where a call was cut short, the message is shown as unknown and is never sent again.
func TestKilledServerLosesNothingAndAnswersNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	const customers, senders = 1000, 16
	k := &killRun{t: t, dir: t.TempDir(), bin: t.TempDir()}
	k.build()
	t.Cleanup(func() {
		if err := removeInstallation(k.dir); err != nil {
			t.Logf("clean up: %v", err)
		}
	})
	k.startStandIn()
	k.start()
	t.Cleanup(k.stop)
	k.readDemo()

	var posted atomic.Int64
	next := make(chan int)
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for i := range next {
				k.deliver(i)
				posted.Add(1)
			}
		})
	}
	go func() {
		defer close(next)
		for i := range customers {
			next <- i
		}
	}()
	for _, at := range []int64{150, 500, 850} {
		k.eventually("the next kill", func() bool { return posted.Load() >= at })
		k.kill()
		k.start()
	}
	group.Wait()

	// Every conversation comes to rest: answered, or visibly unknown.
	var unknown []string
	k.eventually("every message is answered or shown as unknown", func() bool {
		open, lost := k.unsettled(customers)
		unknown = lost
		return open == 0
	})
	time.Sleep(2 * time.Second) // a second answer would come now
	answers := k.ledger()
	ids, twice := map[string]int{}, []string{}
	for _, a := range answers {
		ids[a.MessageID]++
	}
	for i := range customers {
		if n := len(answersTo(answers, customer(i))); n > 1 {
			twice = append(twice, customer(i))
		} else if n == 0 && !contains(unknown, customer(i)) {
			t.Errorf("%s was heard, is not answered, and nobody is told", customer(i))
		}
	}
	require.Empty(t, twice, "answered twice")
	for id, n := range ids {
		require.Equal(t, 1, n, "message %s was sent twice", id)
	}
	t.Logf("%d customers, 3 kills: %d answers, %d unknown", customers, len(answers), len(unknown))
	require.Less(t, len(unknown), 100, "unknown is the exception")
}

func customer(i int) string { return fmt.Sprintf("97150%07d", i) }

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

func (k *killRun) build() {
	k.t.Helper()
	for _, program := range []string{"flomastr", "flomastr-sim"} {
		out, err := exec.CommandContext(k.t.Context(), "go", "build", "-o", filepath.Join(k.bin, program), "../"+program).CombinedOutput()
		require.NoError(k.t, err, string(out))
	}
}

func (k *killRun) startStandIn() {
	k.t.Helper()
	address, err := freeAddress()
	require.NoError(k.t, err)
	k.standIn = "http://" + address
	cmd := exec.Command(filepath.Join(k.bin, "flomastr-sim"), "--infobip-listen", address, "--data-dir", k.t.TempDir(), "--no-limits", "--reports", "delivered")
	require.NoError(k.t, cmd.Start())
	k.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	k.address, err = freeAddress()
	require.NoError(k.t, err)
}

func (k *killRun) start() {
	k.t.Helper()
	k.server = exec.Command(filepath.Join(k.bin, "flomastr"), "serve")
	k.server.Dir = k.dir
	k.server.Stderr = &k.said
	k.server.Env = append(os.Environ(), "FLOMASTR_DATA_DIR="+k.dir, "FLOMASTR_LISTEN="+k.address, "FLOMASTR_LOG_LEVEL=error",
		"DATABASE_URL=", "FLOMASTR_INFOBIP_URL="+k.standIn)
	require.NoError(k.t, k.server.Start())
	k.eventually("the server is ready", func() bool { return askReady(k.t.Context(), "http://"+k.address) == nil })
}

func (k *killRun) kill() {
	k.t.Helper()
	require.NoError(k.t, k.server.Process.Signal(syscall.SIGKILL))
	_ = k.server.Wait()
}

func (k *killRun) stop() {
	_ = k.server.Process.Signal(syscall.SIGTERM)
	if err := k.server.Wait(); err != nil {
		k.t.Logf("stop the server: %v: %s", err, k.said.String())
	}
}

func (k *killRun) readDemo() {
	k.t.Helper()
	content, err := os.ReadFile(filepath.Join(k.dir, "demo.json"))
	require.NoError(k.t, err)
	require.NoError(k.t, json.Unmarshal(content, &k.demo))
	require.NotEmpty(k.t, k.demo.Tenants[0].Channels)
}

// deliver posts one customer's message until the server says that it has it, as a provider does.
func (k *killRun) deliver(i int) {
	c := k.demo.Tenants[0].Channels[0]
	body := fmt.Sprintf(`{"results":[{"from":%q,"to":%q,"integrationType":"WHATSAPP","receivedAt":%q,"messageId":"kill-%d",
		"message":{"type":"TEXT","text":"When are you open?"},"contact":{"name":"Customer %d"},"price":{"pricePerMessage":0,"currency":"EUR"}}],
		"messageCount":1,"pendingMessageCount":0}`, customer(i), c.Number, time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), i, i)
	for k.t.Context().Err() == nil {
		req, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, c.WebhookURL, strings.NewReader(body))
		if err != nil {
			k.t.Errorf("webhook: %v", err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(c.AuthHeader.Name, c.AuthHeader.Value)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type ledgerEntry struct {
	To        string `json:"to"`
	MessageID string `json:"message_id"`
}

func (k *killRun) ledger() (all []ledgerEntry) {
	k.t.Helper()
	k.get(k.standIn+"/ledger", "", &all)
	return all
}

func answersTo(all []ledgerEntry, who string) (to []ledgerEntry) {
	for _, e := range all {
		if e.To == who {
			to = append(to, e)
		}
	}
	return to
}

// unsettled counts the customers without an answer that was delivered or is known to be unknown, and names those whose answer is unknown.
func (k *killRun) unsettled(customers int) (open int, unknown []string) {
	k.t.Helper()
	settled := map[string]bool{}
	var cursor string
	for {
		var page struct {
			Conversations []struct {
				ID          string
				Contact     struct{ Phone string }
				LastMessage struct{ Direction string } `json:"last_message"`
			}
			NextCursor string `json:"next_cursor"`
		}
		k.get("http://"+k.address+"/routes/conversations?limit=200&cursor="+cursor, k.demo.Tenants[0].APIToken, &page)
		for _, c := range page.Conversations {
			if c.LastMessage.Direction != "out" || settled[c.Contact.Phone] {
				continue
			}
			who := strings.TrimPrefix(c.Contact.Phone, "+")
			switch k.answerState(c.ID) {
			case "delivered", "read": // dispatched may still be an intent that a killed server left behind
				settled[who] = true
			case "unknown":
				settled[who] = true
				unknown = append(unknown, who)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	for i := range customers {
		if !settled[customer(i)] {
			open++
		}
	}
	return open, unknown
}

func (k *killRun) answerState(conversation string) string {
	k.t.Helper()
	var page struct {
		Messages []struct{ Direction, Status string }
	}
	k.get("http://"+k.address+"/routes/conversations/"+conversation+"/messages?limit=1", k.demo.Tenants[0].APIToken, &page)
	if len(page.Messages) == 0 || page.Messages[0].Direction != "out" {
		return ""
	}
	return page.Messages[0].Status
}

func (k *killRun) get(address, token string, into any) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(k.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(k.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(k.t, err)
	if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && resp.StatusCode == http.StatusTooManyRequests {
		time.Sleep(time.Duration(wait) * time.Second) // it asks for a thousand conversations at a time
		k.get(address, token, into)
		return
	}
	require.Equal(k.t, http.StatusOK, resp.StatusCode, string(body))
	require.NoError(k.t, json.Unmarshal(body, into))
}

func (k *killRun) eventually(what string, ok func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	k.t.Fatalf("never happened: %s\n%s", what, k.said.String())
}
