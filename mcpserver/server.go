package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// session is on whose behalf tools are called.
type session struct {
	caller  identity.Caller
	slug    string        // of the tenant
	request *http.Request // the one that came in: calls to the API carry its token
}

// Server gives tools. It keeps nothing between requests and is safe for concurrent use.
type Server struct {
	api     http.Handler
	version string
	schemas *mcp.SchemaCache
}

// New makes a server whose tools ask an API.
func New(api http.Handler, version string) *Server {
	return &Server{api: api, version: version, schemas: mcp.NewSchemaCache()}
}

var errMessage = flomastr.Errorf(flomastr.Malformed, "malformed", "The body is no message of the Model Context Protocol that this server takes.")

// Answer answers one message of the protocol, whose caller is known to speak for the tenant, and sees the tools that its
// scopes allow.
func (s *Server) Answer(r *http.Request, caller identity.Caller, tenantSlug string) (status int, body []byte, err error) {
	at := session{caller, tenantSlug, r}
	// It is asked to answer in one piece, whatever else the client would take.
	r.Header = r.Header.Clone()
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Content-Type", "application/json")
	answer := newRecorder()
	mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.offer(at) }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true,
		// It guards servers that trust whoever reaches them. Here a token is needed, and a proxy comes from this machine.
		DisableLocalhostProtection: true,
	}).ServeHTTP(answer, r)
	if answer.status >= http.StatusBadRequest && !json.Valid(answer.body.Bytes()) {
		return 0, nil, errMessage
	}
	return answer.status, answer.body.Bytes(), nil
}

func (s *Server) offer(at session) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "flomastr", Title: "FloMastr", Version: s.version}, &mcp.ServerOptions{
		Instructions: instructions, SchemaCache: s.schemas, Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	for _, t := range tools {
		if at.caller.Has(t.scope) {
			t.add(s, server, at)
		}
	}
	return server
}

// call is a request to the API.
type call struct {
	method, path string
	body         any    // nil: none
	key          string // Idempotency-Key; "" for none
}

// ask makes a request in the caller's name, and gives the API's answer.
func (s *Server) ask(ctx context.Context, at session, c call) (any, error) {
	var body bytes.Buffer
	if c.body != nil {
		if err := json.NewEncoder(&body).Encode(c.body); err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, c.method, c.path, &body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	from := at.request
	r.Host, r.RemoteAddr, r.TLS = from.Host, from.RemoteAddr, from.TLS
	for _, name := range []string{"Authorization", "X-Forwarded-For", "X-Forwarded-Proto"} {
		r.Header[name] = from.Header[name]
	}
	if c.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		r.Header.Set("Idempotency-Key", c.key)
	}
	answer := newRecorder()
	s.api.ServeHTTP(answer, r)
	if answer.status >= http.StatusBadRequest {
		return nil, refusal(answer)
	}
	var out any
	if answer.body.Len() == 0 {
		return map[string]any{"done": true}, nil
	}
	if err := json.Unmarshal(answer.body.Bytes(), &out); err != nil {
		return nil, errors.New("the answer could not be read")
	}
	return out, nil
}

// refusal says what the API's problem says, for a model to read.
func refusal(answer *recorder) error {
	var problem struct {
		Detail, Code string
		Errors       []struct{ Location, Message string }
	}
	if err := json.Unmarshal(answer.body.Bytes(), &problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("refused with status %d", answer.status)
	}
	lines := []string{problem.Detail + " (" + problem.Code + ")"}
	for _, e := range problem.Errors {
		lines = append(lines, e.Location+": "+e.Message)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// recorder takes an answer that stays in this process.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
