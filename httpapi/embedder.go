package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// EmbedderSettings is what the door asks of the context engine about a tenant's embedder.
type EmbedderSettings interface {
	Embedding(ctx context.Context, tenant flomastr.TenantID) (contextengine.Embedding, error)
	SetEmbedder(ctx context.Context, tenant flomastr.TenantID, draft contextengine.EmbedderDraft) (contextengine.Embedding, error)
	ResetEmbedder(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor) (contextengine.Embedding, error)
}

type knowledgeEmbedder struct {
	Own           bool              `json:"own" doc:"A service that the tenant has chosen; false is what the installation offers, with every field about a service empty"`
	BaseURL       string            `json:"base_url"`
	Model         string            `json:"model"`
	KeySet        bool              `json:"key_set" doc:"The key itself is never given"`
	KeyHeader     string            `json:"key_header" enum:"authorization,api-key"`
	Dimensions    int               `json:"dimensions" doc:"Numbers in a vector, as the service answered when it was probed"`
	MonthlyTokens int               `json:"monthly_tokens" doc:"The most that is spent in a month by UTC; 0 is no bound"`
	UsedTokens    int               `json:"used_tokens" doc:"Of this month"`
	State         string            `json:"state" enum:"serving,embedding,waiting,budget,failed" doc:"Until it serves, the vectors of the embedder before do"`
	Problem       string            `json:"problem" doc:"A sentence, when waiting, budget or failed"`
	Done          int               `json:"done" doc:"Passages that have a vector of this embedder"`
	Total         int               `json:"total"`
	Serving       embedderOfAnswers `json:"serving"`
	Failure       string            `json:"failure" doc:"Why a question was answered by its words alone, lately"`
	FailedAt      *time.Time        `json:"failed_at,omitempty"`
}

type embedderOfAnswers struct {
	Own   bool   `json:"own"`
	Model string `json:"model" doc:"Whose vectors answer questions now"`
}

type embedderOutput struct{ Body knowledgeEmbedder }

func embedderOf(e contextengine.Embedding, err error) (*embedderOutput, error) {
	if err != nil {
		return nil, err
	}
	header := "authorization"
	if e.Service.KeyHeader != "" {
		header = e.Service.KeyHeader
	}
	return &embedderOutput{knowledgeEmbedder{
		Own: e.Own(), BaseURL: e.Service.URL, Model: e.Service.Model, KeySet: e.SealedKey != nil, KeyHeader: header, Dimensions: e.Service.Dimensions,
		MonthlyTokens: e.MonthlyTokens, UsedTokens: e.UsedTokens, State: string(e.State), Problem: e.Problem, Done: e.Done, Total: e.Total,
		Serving: embedderOfAnswers{e.ServingOwn, e.ServingModel}, Failure: e.Failure, FailedAt: given(e.FailedAt),
	}}, nil
}

type embedderInput struct {
	TenantSlug string `path:"tenant_slug"`
}

func (a *API) embedderGet(ctx context.Context, call Call, _ *embedderInput) (*embedderOutput, error) {
	return embedderOf(a.deps.Knowledge.Embedding(ctx, call.Tenant.ID))
}

type embedderPutInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		BaseURL       string  `json:"base_url" minLength:"1" maxLength:"1000" doc:"What comes before /embeddings, such as https://api.openai.com/v1; at Azure up to and with the deployment and its api-version"`
		Model         string  `json:"model" minLength:"1" maxLength:"200"`
		Key           *string `json:"key,omitempty" maxLength:"1000" doc:"Left out, the key that is there stays, as long as the address leads to the same host"`
		KeyHeader     string  `json:"key_header,omitempty" enum:"authorization,api-key" doc:"api-key at Azure"`
		Dimensions    int     `json:"dimensions,omitempty" minimum:"0" maximum:"4000" doc:"For models that can shorten their vectors; left out, the model's own"`
		MonthlyTokens int     `json:"monthly_tokens,omitempty" minimum:"0" maximum:"1000000000000" doc:"Left out or 0, no bound"`
	}
}

func (a *API) embedderPut(ctx context.Context, call Call, in *embedderPutInput) (*embedderOutput, error) {
	b := in.Body
	draft := contextengine.EmbedderDraft{
		URL: b.BaseURL, Model: b.Model, Key: b.Key, Dimensions: b.Dimensions, MonthlyTokens: b.MonthlyTokens, By: call.Caller.Actor(),
	}
	if b.KeyHeader != "authorization" {
		draft.KeyHeader = b.KeyHeader
	}
	return embedderOf(a.deps.Knowledge.SetEmbedder(ctx, call.Tenant.ID, draft))
}

func (a *API) embedderDelete(ctx context.Context, call Call, _ *embedderInput) (*embedderOutput, error) {
	return embedderOf(a.deps.Knowledge.ResetEmbedder(ctx, call.Tenant.ID, call.Caller.Actor()))
}
