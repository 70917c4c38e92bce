package httpapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// APITokens is where a tenant's service tokens are kept.
type APITokens interface {
	CreateToken(ctx context.Context, actor flomastr.Actor, token identity.APIToken, hash identity.TokenHash) (identity.APIToken, error)
	Tokens(ctx context.Context, tenant flomastr.TenantID) ([]identity.APIToken, error)
	RevokeToken(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.TokenID) error
}

type tokenBody struct {
	ID         flomastr.TokenID `json:"id" format:"uuid"`
	Name       string           `json:"name"`
	Prefix     string           `json:"prefix" doc:"The first characters of the secret"`
	Scopes     []string         `json:"scopes"`
	CreatedBy  string           `json:"created_by"`
	CreatedAt  time.Time        `json:"created_at"`
	ExpiresAt  *time.Time       `json:"expires_at,omitempty"`
	LastUsedAt *time.Time       `json:"last_used_at,omitempty" doc:"To the minute"`
}

func tokenOut(t identity.APIToken) tokenBody {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	return tokenBody{
		ID: t.ID, Name: t.Name, Prefix: t.Prefix, Scopes: scopes, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt.UTC(),
		ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt,
	}
}

type tokenListOutput struct {
	Body struct {
		Tokens []tokenBody `json:"tokens"`
	}
}

func (a *API) tokenList(ctx context.Context, call Call, _ *TenantPath) (*tokenListOutput, error) {
	kept, err := a.deps.APITokens.Tokens(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &tokenListOutput{}
	out.Body.Tokens = []tokenBody{}
	for _, t := range kept {
		out.Body.Tokens = append(out.Body.Tokens, tokenOut(t))
	}
	return out, nil
}

type tokenCreateInput struct {
	TenantPath
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"100"`
		Scopes    []string   `json:"scopes" minItems:"1" maxItems:"50"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	}
}

type tokenCreateOutput struct {
	Body struct {
		tokenBody
		Secret string `json:"secret" doc:"The token itself; it is shown this once"`
	}
}

var errToken = flomastr.Errorf(flomastr.Invalid, "api_token_invalid", "A field of the token cannot be used.")

// tokenCreate makes a token. It takes no Idempotency-Key: the answer holds the secret, and stored answers would keep it.
func (a *API) tokenCreate(ctx context.Context, call Call, in *tokenCreateInput) (*tokenCreateOutput, error) {
	token := identity.APIToken{
		ID: flomastr.NewID[flomastr.TokenID](), Tenant: call.Tenant.ID, Name: strings.TrimSpace(in.Body.Name), ExpiresAt: in.Body.ExpiresAt,
	}
	if token.Name == "" {
		return nil, errToken.Field("body.name", "1 to 100 characters")
	}
	if token.ExpiresAt != nil && !token.ExpiresAt.After(a.deps.Clock()) {
		return nil, errToken.Field("body.expires_at", "a time to come")
	}
	for _, s := range in.Body.Scopes {
		scope := identity.Scope(s)
		if !slices.Contains(identity.Scopes(), scope) {
			return nil, errToken.Field("body.scopes", "known scopes only")
		}
		if !slices.Contains(token.Scopes, scope) {
			token.Scopes = append(token.Scopes, scope)
		}
	}
	secret, hash, prefix := identity.NewTokenSecret()
	token.Prefix = prefix
	kept, err := a.deps.APITokens.CreateToken(ctx, call.Caller.Actor(), token, hash)
	if err != nil {
		return nil, err
	}
	out := &tokenCreateOutput{}
	out.Body.tokenBody, out.Body.Secret = tokenOut(kept), secret
	return out, nil
}

type tokenPath struct {
	TenantPath
	ID string `path:"id" maxLength:"36"`
}

func (a *API) tokenRevoke(ctx context.Context, call Call, in *tokenPath) (*struct{}, error) {
	id, err := flomastr.ParseID[flomastr.TokenID](in.ID)
	if err != nil {
		return nil, identity.ErrNotFound
	}
	if err := a.deps.APITokens.RevokeToken(ctx, call.Caller.Actor(), call.Tenant.ID, id); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}
