package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// Accounts is what people of the built-in identity provider do with their own accounts.
type Accounts interface {
	RequestReset(ctx context.Context, email, language string, from identity.Origin) error
	Reset(ctx context.Context, token, password string) error

	Sessions(ctx context.Context, caller identity.Caller) ([]identity.Session, error)
	EndSession(ctx context.Context, caller identity.Caller, session flomastr.SessionID) error
	EndOtherSessions(ctx context.Context, caller identity.Caller) error

	SecondFactor(ctx context.Context, caller identity.Caller) (identity.SecondFactor, error)
	StartSecondFactor(ctx context.Context, caller identity.Caller, password string, from identity.Origin) (identity.FactorSetup, error)
	ConfirmSecondFactor(ctx context.Context, caller identity.Caller, code string) ([]string, error)
	NewRecoveryCodes(ctx context.Context, caller identity.Caller, password, code string, from identity.Origin) ([]string, error)
	RemoveSecondFactor(ctx context.Context, caller identity.Caller, password, code string, from identity.Origin) error
}

type resetRequestInput struct {
	Body struct {
		Email    string `json:"email" minLength:"1" maxLength:"254"`
		Language string `json:"language,omitempty" enum:"en,ar,es,pt,hi" default:"en" doc:"Of the mail"`
	}
}

type resetRequestOutput struct {
	Body struct {
		Message string `json:"message"`
	}
}

// resetRequest answers alike for every address, after the same work.
func (a *API) resetRequest(ctx context.Context, call Call, in *resetRequestInput) (*resetRequestOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.deps.Accounts.RequestReset(ctx, in.Body.Email, in.Body.Language, originOf(r, call)); err != nil {
		return nil, err
	}
	out := &resetRequestOutput{}
	out.Body.Message = "If there is an account for this address, a mail is on its way."
	return out, nil
}

type resetInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"64" doc:"What stands behind # in the mail's link"`
		Password string `json:"password" minLength:"1" maxLength:"512"`
	}
}

func (a *API) reset(ctx context.Context, _ Call, in *resetInput) (*struct{}, error) {
	if _, err := a.sameOrigin(ctx); err != nil {
		return nil, err
	}
	if err := a.deps.Accounts.Reset(ctx, in.Body.Token, in.Body.Password); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}

type sessionBody struct {
	ID         flomastr.SessionID `json:"id" format:"uuid"`
	Network    string             `json:"network" doc:"An address, or its /64"`
	Device     string             `json:"device" doc:"What the browser said of itself"`
	SignedInAt time.Time          `json:"signed_in_at"`
	SeenAt     time.Time          `json:"seen_at" doc:"To ten minutes"`
	ExpiresAt  time.Time          `json:"expires_at"`
	Current    bool               `json:"current" doc:"The one that asks"`
}

type sessionListOutput struct {
	Body struct {
		Sessions []sessionBody `json:"sessions"`
	}
}

func (a *API) sessionList(ctx context.Context, call Call, _ *struct{}) (*sessionListOutput, error) {
	sessions, err := a.deps.Accounts.Sessions(ctx, call.Caller)
	if err != nil {
		return nil, err
	}
	out := &sessionListOutput{}
	out.Body.Sessions = []sessionBody{}
	for _, s := range sessions {
		out.Body.Sessions = append(out.Body.Sessions, sessionBody{
			ID: s.ID, Network: s.Network, Device: s.Device, SignedInAt: s.AuthenticatedAt.UTC(), SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
			Current: s.ID.String() == call.Caller.Session,
		})
	}
	return out, nil
}

func (a *API) sessionEnd(ctx context.Context, call Call, in *struct {
	ID string `path:"id" maxLength:"36"`
},
) (*struct{}, error) {
	id, err := flomastr.ParseID[flomastr.SessionID](in.ID)
	if err != nil {
		return nil, identity.ErrNotFound
	}
	if err := a.deps.Accounts.EndSession(ctx, call.Caller, id); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}

func (a *API) sessionEndOthers(ctx context.Context, call Call, _ *struct{}) (*struct{}, error) {
	if err := a.deps.Accounts.EndOtherSessions(ctx, call.Caller); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}
