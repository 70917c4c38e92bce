package httpapi

import (
	"context"
	"net/http"
	"strings"
)

// What is under /v1 speaks OpenAI's protocol, so that programs and frameworks written for it have a business's assistant for
// their model. What such clients send and we do not use (temperature, seed, …) is taken and changes nothing.

// assistantModel is the name under which a business's assistant is a model. Whatever other name a client sends means it too:
// many have a list of names built in.
const assistantModel = "flomastr-assistant"

type modelsOutput struct {
	Body struct {
		Object string        `json:"object" enum:"list"`
		Data   []openAIModel `json:"data"`
	}
}

type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object" enum:"model"`
	Created int64  `json:"created" doc:"Seconds since 1970"`
	OwnedBy string `json:"owned_by"`
}

func (a *API) openAIModels(ctx context.Context, call Call, _ *OpenAIQuery) (*modelsOutput, error) {
	embedding, err := a.deps.Knowledge.Embedding(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &modelsOutput{}
	out.Body.Object = "list"
	for _, id := range []string{assistantModel, embedding.ServingModel} {
		out.Body.Data = append(out.Body.Data, openAIModel{ID: id, Object: "model", Created: call.Tenant.CreatedAt.Unix(), OwnedBy: call.Tenant.Slug})
	}
	return out, nil
}

// OpenAIQuery is what a token that may act for several tenants adds. It is exported because the frame reads the fields of
// exported embedded structs alone.
type OpenAIQuery struct {
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug, for a token that is not a tenant's own"`
}

// openAIUsage counts what OpenAI's clients count. A token is reckoned as four characters.
type openAIUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func usageOf(prompt, completion int) openAIUsage {
	p, c := (prompt+3)/4, (completion+3)/4
	return openAIUsage{Prompt: p, Completion: c, Total: p + c}
}

// OpenAIError is a problem in the words that OpenAI's clients read.
type OpenAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

type dialectKey struct{}

// spokenTo remembers which protocol a request speaks.
func spokenTo(r *http.Request) *http.Request {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), dialectKey{}, true))
}

// speak says a problem in the words of the protocol that the request speaks, beside ours.
func (p *Problem) speak(ctx context.Context) *Problem {
	if openAI, _ := ctx.Value(dialectKey{}).(bool); !openAI {
		return p
	}
	kind := "invalid_request_error"
	switch {
	case p.Status == http.StatusUnauthorized:
		kind = "authentication_error"
	case p.Status == http.StatusForbidden:
		kind = "permission_error"
	case p.Status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case p.Status >= http.StatusInternalServerError:
		kind = "server_error"
	}
	p.OpenAI = &OpenAIError{Message: p.Detail, Type: kind, Code: p.Code}
	if len(p.Errors) > 0 {
		param := strings.TrimPrefix(p.Errors[0].Location, "body.")
		p.OpenAI.Param = &param
		p.OpenAI.Message += " " + param + ": " + p.Errors[0].Message
	}
	return p
}
