package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// Agents is the door that speaks the Model Context Protocol.
type Agents interface {
	// Answer gives the status and the JSON of one message's answer; no JSON where the protocol has none.
	Answer(r *http.Request, caller identity.Caller, tenantSlug string) (status int, body []byte, err error)
}

type mcpInput struct {
	OpenAIQuery
	RawBody []byte `contentType:"application/json"`
}

type mcpOutput struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Body        []byte
}

var errBatch = flomastr.Errorf(flomastr.Invalid, "batch_refused", "Send one message of the protocol at a time.")

// mcp hands a message of the protocol on. A list of many would be one request to our limits.
func (a *API) mcp(ctx context.Context, call Call, in *mcpInput) (*mcpOutput, error) {
	if a.agents == nil {
		return nil, errNoSuchPath
	}
	if text := bytes.TrimSpace(in.RawBody); len(text) > 0 && text[0] == '[' {
		return nil, errBatch
	}
	arrival, _ := ctx.Value(arrivalKey{}).(arrival)
	r := arrival.request.Clone(ctx)
	r.Body = io.NopCloser(bytes.NewReader(in.RawBody))
	status, body, err := a.agents.Answer(r, call.Caller, call.Tenant.Slug)
	if err != nil {
		return nil, err
	}
	return &mcpOutput{Status: status, ContentType: "application/json", Body: body}, nil
}

// mcpSession answers what asks for a session. There are none; clients of the protocol look for this status and go on without.
func (a *API) mcpSession(ctx context.Context, _ Call, _ *OpenAIQuery) (*struct{}, error) {
	return nil, &Problem{
		Type: "about:blank", Title: http.StatusText(http.StatusMethodNotAllowed), Status: http.StatusMethodNotAllowed, RequestID: flomastr.RequestID(ctx),
		Code: "no_sessions", Detail: "There are no sessions here: send each message of the protocol with POST.",
	}
}
