package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// Agents is the door that speaks the Model Context Protocol.
type Agents interface {
	Serve(w http.ResponseWriter, r *http.Request, caller identity.Caller, tenantSlug string)
}

type mcpInput struct {
	OpenAIQuery
	RawBody []byte `contentType:"application/json"`
}

var errBatch = flomastr.Errorf(flomastr.Invalid, "batch_refused", "Send one message of the protocol at a time.")

// mcp hands a message of the protocol on. A list of many would be one request to our limits.
func (a *API) mcp(ctx context.Context, call Call, in *mcpInput) (*huma.StreamResponse, error) {
	if text := bytes.TrimSpace(in.RawBody); len(text) > 0 && text[0] == '[' {
		return nil, errBatch
	}
	return a.handOn(ctx, call, in.RawBody)
}

// mcpSession answers what asks for a session. There are none, which the protocol has words for.
func (a *API) mcpSession(ctx context.Context, call Call, _ *OpenAIQuery) (*huma.StreamResponse, error) {
	return a.handOn(ctx, call, nil)
}

func (a *API) handOn(ctx context.Context, call Call, body []byte) (*huma.StreamResponse, error) {
	if a.agents == nil {
		return nil, errNoSuchPath
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		r, w := humago.Unwrap(hctx)
		r = r.WithContext(ctx)
		r.Body = io.NopCloser(bytes.NewReader(body))
		a.agents.Serve(w, r, call.Caller, call.Tenant.Slug)
	}}, nil
}
