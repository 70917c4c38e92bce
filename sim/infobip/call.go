package infobip

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/flomastr/flomastr/sim/traffic"
)

// maxBody is how large a body of the API may be. The largest documented message is far smaller; a bulk may be large.
const maxBody = 4 << 20

// call is one request of the API after the checks that all of them share.
type call struct {
	http.ResponseWriter
	request *http.Request
	account string // the API key, which stands for the account
	body    []byte
}

// Unwrap lets http.ResponseController reach the connection.
func (c call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// api wraps an endpoint of Infobip's API: scripted resets, credentials, gate, headers, body, and a note of the exchange.
func (s *StandIn) api(g gate, serve func(call)) http.HandlerFunc {
	return func(plain http.ResponseWriter, r *http.Request) {
		if g == sendGate {
			if _, now := s.faults.take(onSend, "", "", true); now {
				reset(plain)
				return
			}
		}
		w, note := s.watch(plain, r)
		c := call{ResponseWriter: w, request: r}
		defer func() { note(c.body) }()
		key, ok := s.account(r)
		if !ok {
			unauthorized(w)
			return
		}
		c.account = key
		if s.Settings().Limits && !s.pace.allow(key, g) {
			tooMany(w, "1")
			return
		}
		if !s.readBody(&c) {
			return
		}
		serve(c)
	}
}

// account finds whose key a request carries. Only the App scheme is served.
func (s *StandIn) account(r *http.Request) (string, bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "App" || !s.senders.knowsKey(key) {
		return "", false
	}
	return key, true
}

// readBody checks the headers about the body and reads it. It has answered when it returns false.
func (s *StandIn) readBody(c *call) bool {
	if c.request.Method == http.MethodGet || c.request.Method == http.MethodHead {
		return true
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.ResponseWriter, c.request.Body, maxBody))
	c.body = body
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		badRequestText(c, "Request body is too large")
		return false
	case err != nil:
		badRequestText(c, "Request body could not be read")
		return false
	}
	if len(body) == 0 {
		return true
	}
	kind, params, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || kind != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		badRequestText(c, "Content-Type must be application/json")
		return false
	}
	if !accepts(c.request.Header.Get("Accept")) {
		badRequestText(c, "Accept must allow application/json")
		return false
	}
	return true
}

func accepts(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if kind, _, err := mime.ParseMediaType(part); err == nil && kind == "application/json" {
			return true
		}
	}
	return false
}

// watch notes an exchange for /control/traffic.
func (s *StandIn) watch(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, func(body []byte)) {
	if s.traffic == nil {
		return w, func([]byte) {}
	}
	started := s.config.Now()
	kept := &recorder{ResponseWriter: w}
	return kept, func(body []byte) {
		exchange := traffic.Exchange{
			At: started, Direction: traffic.APICall, Method: r.Method, URL: traffic.URL(r.URL), RequestHeaders: traffic.Headers(r.Header),
			RequestBody: string(body), Status: kept.status, ResponseHeaders: traffic.Headers(w.Header()), ResponseBody: kept.body.String(),
			DurationMS: float64(s.config.Now().Sub(started).Microseconds()) / 1000,
		}
		if kept.status == 0 {
			exchange.Error = "no answer: scripted fault, or the caller left"
		}
		s.traffic.Add(exchange)
	}
}

// recorder keeps the beginning of what is written through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write notes the beginning of the body.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if room := recorded - r.body.Len(); room > 0 {
		r.body.Write(p[:min(room, len(p))])
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// recorded is how much of an answer is noted.
const recorded = 8 << 10

// reset breaks the connection off hard, so that the caller sees a reset and not an orderly end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// pause waits, or less when the caller leaves.
func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
