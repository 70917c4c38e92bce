// Package providertest is the suite that every provider of WhatsApp passes: what the engine relies on, whatever the
// wire looks like. An adapter's test hands over captured payloads and a channel, and adds cases of its own.
package providertest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Suite is an adapter with what it takes to try it.
type Suite struct {
	// New makes the adapter for a stand-in at an address.
	New func(standIn string, timeout time.Duration) provider.Provider
	// Channel has a number, credentials and a webhook secret; its address is set by the suite.
	Channel provider.Channel
	// Sign gives the headers under which the provider would deliver the body.
	Sign func(ch provider.Channel, body []byte) http.Header
	// Text is a webhook body with one text message of "Hello" to the channel, sent by Customer with the id ID.
	Text         string
	Customer, ID string
	// Answer is what the provider answers to a send of this key to this recipient.
	Answer func(to, key string) string
	// Form says that webhooks and sends are forms, not JSON: a case's body is an object of parameters, or a string that is one
	// already. A form that is cut off is a form.
	Form bool
	// URL is the address that the provider called, where the signature is over it.
	URL string
	// Gateway is what an error page of something before the provider proves; nothing, where the provider takes twice what is
	// posted twice.
	Gateway provider.Outcome
	// Cases is the folder of the payload files, testdata; AtLeast is how many cases they must hold.
	Cases   string
	AtLeast int
	// Errors are the provider's own answers to a send, beside those that the suite knows of any HTTP server.
	Errors []ErrorCase
	// Media serves a file that lies at an address; nil when the adapter is no MediaSource.
	Media *MediaCase
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	t.Run("Authenticate", s.authenticate)
	t.Run("Parse", s.parse)
	t.Run("Send", s.send)
	t.Run("Cut", s.cut)
	t.Run("Cases", s.cases)
	t.Run("Broken", s.broken)
	t.Run("Sends", s.sends)
	t.Run("OverLimit", s.overLimit)
	t.Run("Refusals", s.refusals)
	t.Run("Media", s.media)
	t.Run("Address", s.address)
	t.Run("Setup", s.setup)
}

func (s Suite) authenticate(t *testing.T) {
	p := s.New("http://127.0.0.1:1", time.Second)
	body := []byte(s.Text)
	good := provider.Request{URL: s.URL, Header: s.Sign(s.Channel, body), Body: body, ReceivedAt: time.Now()}
	require.NoError(t, p.Authenticate(s.Channel, good))
	require.ErrorIs(t, p.Authenticate(s.Channel, provider.Request{URL: s.URL, Header: http.Header{}, Body: body}), provider.ErrUnauthenticated)
	bare := s.Channel
	bare.Webhook = provider.WebhookSecret{}
	require.ErrorIs(t, p.Authenticate(bare, good), provider.ErrUnauthenticated, "a channel without a secret refuses everything")
	require.ErrorIs(t, p.Authenticate(bare, provider.Request{URL: s.URL, Header: s.Sign(bare, body), Body: body}), provider.ErrUnauthenticated)
}

func (s Suite) parse(t *testing.T) {
	p := s.New("http://127.0.0.1:1", time.Second)
	now := time.Now()
	batch, err := p.Parse(s.Channel, provider.Request{Body: []byte(s.Text), ReceivedAt: now})
	require.NoError(t, err)
	require.Len(t, batch.Messages, 1)
	m := batch.Messages[0]
	require.Equal(t, s.ID, m.ProviderID)
	require.Equal(t, s.Channel.Number, m.To)
	require.Equal(t, "text", m.Type)
	require.Equal(t, "Hello", m.Text)
	require.True(t, m.Readable)
	require.Contains(t, []string{m.From.Phone, m.From.UserID}, s.Customer)
	require.False(t, m.SentAt.After(now))
	require.NotEmpty(t, m.Raw)
	for cut := 1; cut < len(s.Text); cut += 7 {
		batch, err := p.Parse(s.Channel, provider.Request{Body: []byte(s.Text[:cut]), ReceivedAt: now})
		if !s.Form || err != nil {
			require.ErrorIs(t, err, provider.ErrNotJSON, "cut at %d", cut)
		}
		require.Empty(t, Unstorable(batch, now), "cut at %d", cut)
	}
	for _, odd := range []string{`{}`, `[]`, `null`, `"x"`, `7`} {
		batch, err := p.Parse(s.Channel, provider.Request{Body: []byte(odd), ReceivedAt: now})
		require.NoError(t, err, odd)
		require.Empty(t, batch.Messages)
		require.Len(t, batch.Unusable, 1, "%s is kept", odd)
	}
}

func (s Suite) send(t *testing.T) {
	var calls atomic.Int32
	var seen string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		seen = string(body)
		_, _ = io.WriteString(w, s.Answer(s.Customer, "k-1"))
	}))
	t.Cleanup(server.Close)
	p, ch := s.New(server.URL, time.Second), s.Channel
	ch.BaseURL = server.URL
	accepted, err := p.Send(t.Context(), ch, provider.Message{Key: "k-1", To: s.Customer, Text: "Hello", CallbackURL: "https://flomastr.example/webhook"})
	require.NoError(t, err)
	require.NotEmpty(t, accepted.ProviderID)
	require.Contains(t, seen, "k-1", "our own id rides along")
	require.Equal(t, int32(1), calls.Load())

	var failed *provider.SendError
	_, err = p.Send(t.Context(), ch, provider.Message{Key: "k-2", To: "4915112345678", Text: "Hello"})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.Unknown, failed.Outcome, "an answer about another message proves nothing")
	_, err = p.Send(t.Context(), ch, provider.Message{Key: "k-1", To: s.Customer, Text: strings.Repeat("x", 5000)})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.Refused, failed.Outcome)
	require.Equal(t, int32(2), calls.Load(), "what cannot be valid is not even tried")
	require.NotEmpty(t, failed.Sentence)
}

// cut breaks the connection before the request, at every part of it, and after it. A send may count as not sent only
// when the whole request was never seen.
func (s Suite) cut(t *testing.T) {
	probe := s.wholeRequest(t)
	for after := 0; after <= probe; after += 1 + probe/60 {
		got, err := s.sendCut(t, after)
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, "cut after %d of %d bytes", after, probe)
		if failed.Outcome == provider.NotSent {
			require.Less(t, got, probe, "all %d bytes were there, and it counts as not sent", probe)
		}
		require.NotEqual(t, provider.Refused, failed.Outcome)
	}
	// Nobody listens: certainly not sent.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	ch := s.Channel
	ch.BaseURL = address
	_, err = s.New(address, time.Second).Send(t.Context(), ch, provider.Message{Key: "k-1", To: s.Customer, Text: "Hello"})
	var failed *provider.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.NotSent, failed.Outcome)
	require.True(t, failed.Away, "nobody is there")
	// Somebody listens and never answers: unknown.
	_, err = s.sendCut(t, -1)
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.Unknown, failed.Outcome)
	require.True(t, failed.Away, "it does not answer")
}

// wholeRequest counts the bytes of a send.
func (s Suite) wholeRequest(t *testing.T) int {
	t.Helper()
	n, _ := s.sendCut(t, -1)
	require.Positive(t, n)
	return n
}

// sendCut sends to a listener that resets the connection after so many bytes, and after none of an answer; -1 reads
// everything and answers nothing. It gives how many bytes were read.
func (s Suite) sendCut(t *testing.T, after int) (read int, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	counted := make(chan int, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			counted <- 0
			return
		}
		defer func() { _ = conn.Close() }()
		n, buffer := 0, make([]byte, 1<<16)
		_ = conn.SetReadDeadline(time.Now().Add(600 * time.Millisecond))
		for after < 0 || n < after {
			piece := buffer
			if after >= 0 {
				piece = buffer[:min(after-n, len(buffer))]
			}
			m, err := conn.Read(piece)
			n += m
			if err != nil {
				break
			}
		}
		if tcp, ok := conn.(*net.TCPConn); ok && after >= 0 {
			_ = tcp.SetLinger(0) // a reset
		}
		counted <- n
	}()
	address, ch := "http://"+listener.Addr().String(), s.Channel
	ch.BaseURL = address
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = s.New(address, 300*time.Millisecond).Send(ctx, ch, provider.Message{Key: "k-1", To: s.Customer, Text: "Hello"})
	return <-counted, err
}

func (s Suite) address(t *testing.T) {
	standIn := "http://127.0.0.1:4321"
	p := s.New(standIn, time.Second)
	require.NoError(t, p.CheckAddress(standIn))
	for _, bad := range []string{
		"", "http://127.0.0.1:4322", "http://localhost:4321", "https://127.0.0.1:4321", standIn + ".evil.example", standIn + "@evil.example",
		"https://evil.example", "http://169.254.169.254", "file:///etc/passwd", "//x", "https://",
	} {
		require.Error(t, p.CheckAddress(bad), bad)
		if bad == "" {
			continue // no address may mean the provider's only one
		}
		ch := s.Channel
		ch.BaseURL = bad
		_, err := p.Send(t.Context(), ch, provider.Message{Key: "k-1", To: s.Customer, Text: "Hello"})
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, bad)
		require.Equal(t, provider.NotSent, failed.Outcome, bad)
		require.Equal(t, provider.PauseChannel, failed.Effect, bad)
	}
}

// setup holds what an admin is asked for to what the adapter then works with.
func (s Suite) setup(t *testing.T) {
	p := s.New("http://127.0.0.1:4321", time.Second)
	setup := p.Setup()
	if setup.Address != "" {
		require.NoError(t, p.CheckAddress(setup.Address))
	}
	require.True(t, setup.Needs(provider.FieldAPIKey))
	asked := map[provider.Field]bool{}
	for _, need := range setup.Fields {
		require.False(t, asked[need.Field], "%s is asked for once", need.Field)
		asked[need.Field] = true
	}
	said := provider.WebhookSecret{}
	if asked[provider.FieldSigningKey] || setup.SignsWithAPIKey {
		said.SigningKey = "signs"
	}
	secret := p.CompleteSecret(said, provider.WebhookSecret{})
	scheme, err := p.CheckSecret(secret)
	require.NoError(t, err, "what the fields tell makes a webhook secret")
	require.NotEmpty(t, scheme)
	if renewed, ours := setup.Renew(secret); ours {
		_, err := p.CheckSecret(renewed)
		require.NoError(t, err)
	}
}
