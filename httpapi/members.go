package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// Team is what the door asks about who belongs to a tenant.
type Team interface {
	Members(ctx context.Context, tenant flomastr.TenantID, after flomastr.MembershipID, limit int) ([]identity.Teammate, error)
	Change(ctx context.Context, caller identity.Caller, by identity.Membership, id flomastr.MembershipID, change identity.MemberChange) (identity.Teammate, error)
	Remove(ctx context.Context, caller identity.Caller, by identity.Membership, id flomastr.MembershipID) error
	Invite(ctx context.Context, caller identity.Caller, by identity.Membership, email string, role identity.Role, language string) (identity.Invitation, string, error)
	InviteAgain(ctx context.Context, caller identity.Caller, by identity.Membership, id flomastr.MembershipID) (identity.Invitation, string, error)
	Look(ctx context.Context, token string) (identity.Invited, error)
	Accept(ctx context.Context, caller identity.Caller, token string) (identity.Membership, error)
}

type memberBody struct {
	ID        flomastr.MembershipID `json:"id" format:"uuid" doc:"Of the membership; an invitation's becomes it"`
	UserID    string                `json:"user_id,omitempty" doc:"The issuer's own id of the person; none while pending"`
	Email     string                `json:"email"`
	Role      string                `json:"role" enum:"owner,admin,member"`
	Status    string                `json:"status" enum:"pending,active,inactive" doc:"pending is an invitation"`
	Since     time.Time             `json:"created_at"`
	ExpiresAt *time.Time            `json:"expires_at,omitempty" doc:"Of an invitation"`
	Mail      string                `json:"mail,omitempty" enum:"none,queued,sent,failed" doc:"How an invitation's mail fared; none: hand the link out"`
	You       bool                  `json:"you" doc:"The caller"`
}

func memberOut(m identity.Teammate, caller identity.Caller) memberBody {
	body := memberBody{
		ID: m.ID, UserID: m.Subject, Email: m.Email, Role: string(m.Role), Status: string(m.Status), Since: m.Since.UTC(), Mail: string(m.Mail),
		You: m.Issuer == caller.Issuer && m.Subject == caller.Subject && m.Subject != "",
	}
	if m.ExpiresAt != nil {
		body.ExpiresAt = known(*m.ExpiresAt)
	}
	return body
}

type memberListInput struct {
	TenantPath
	PageCursor
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"100"`
}

type memberListOutput struct {
	Body struct {
		Members    []memberBody `json:"members"`
		NextCursor string       `json:"next_cursor,omitempty" doc:"None on the last page"`
	}
}

func (o *memberListOutput) next() *string { return &o.Body.NextCursor }

func (a *API) memberList(ctx context.Context, call Call, in *memberListInput) (*memberListOutput, error) {
	var after flomastr.MembershipID
	if in.Cursor != "" {
		var err error
		if after, err = flomastr.ParseID[flomastr.MembershipID](in.Cursor); err != nil {
			return nil, badPlace(err)
		}
	}
	page, err := a.deps.Team.Members(ctx, call.Tenant.ID, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &memberListOutput{}
	if len(page) > in.Limit {
		page = page[:in.Limit]
		out.Body.NextCursor = page[in.Limit-1].ID.String()
	}
	out.Body.Members = []memberBody{}
	for _, m := range page {
		out.Body.Members = append(out.Body.Members, memberOut(m, call.Caller))
	}
	return out, nil
}

type memberInviteInput struct {
	TenantPath
	Body struct {
		Email    string `json:"email" minLength:"3" maxLength:"254"`
		Role     string `json:"role" enum:"member,admin,owner" doc:"Only an owner may invite owners"`
		Language string `json:"language,omitempty" enum:"en,ar,es,pt,hi" default:"en" doc:"Of the mail"`
	}
}

type invitationOutput struct {
	Body struct {
		ID        flomastr.MembershipID `json:"id" format:"uuid"`
		Email     string                `json:"email"`
		Role      string                `json:"role" enum:"owner,admin,member"`
		Status    string                `json:"status" enum:"pending"`
		ExpiresAt time.Time             `json:"expires_at"`
		Link      string                `json:"link,omitempty" doc:"To hand out, shown once; none where it goes by mail alone"`
	}
}

func invitationOut(i identity.Invitation, link string) *invitationOutput {
	out := &invitationOutput{}
	out.Body.ID, out.Body.Email, out.Body.Role, out.Body.Status = i.ID, i.Email, string(i.Role), string(identity.MembershipPending)
	out.Body.ExpiresAt, out.Body.Link = i.ExpiresAt.UTC(), link
	return out
}

// memberInvite answers alike whether the address has an account or not. It takes no Idempotency-Key: the answer may hold a
// link that is a right, and an address is invited once.
func (a *API) memberInvite(ctx context.Context, call Call, in *memberInviteInput) (*invitationOutput, error) {
	email, err := identity.CanonicalEmail(in.Body.Email)
	if err != nil {
		return nil, identity.ErrEmail.Field("body.email", "an e-mail address")
	}
	invitation, link, err := a.deps.Team.Invite(ctx, call.Caller, call.Membership, email, identity.Role(in.Body.Role), in.Body.Language)
	if err != nil {
		return nil, err
	}
	return invitationOut(invitation, link), nil
}

type memberPath struct {
	TenantPath
	ID string `path:"id" maxLength:"36"`
}

func (a *API) memberInviteAgain(ctx context.Context, call Call, in *memberPath) (*invitationOutput, error) {
	id, err := flomastr.ParseID[flomastr.MembershipID](in.ID)
	if err != nil {
		return nil, identity.ErrNotFound
	}
	invitation, link, err := a.deps.Team.InviteAgain(ctx, call.Caller, call.Membership, id)
	if err != nil {
		return nil, err
	}
	return invitationOut(invitation, link), nil
}

type memberChangeInput struct {
	TenantPath
	ID   string `path:"id" maxLength:"36"`
	Body struct {
		Role   *string `json:"role,omitempty" enum:"owner,admin,member"`
		Status *string `json:"status,omitempty" enum:"active,inactive" doc:"An inactive member has no rights; an invitation has none to take"`
	}
}

type memberOutput struct{ Body memberBody }

func (a *API) memberChange(ctx context.Context, call Call, in *memberChangeInput) (*memberOutput, error) {
	id, err := flomastr.ParseID[flomastr.MembershipID](in.ID)
	if err != nil {
		return nil, identity.ErrNotFound
	}
	change := identity.MemberChange{Role: (*identity.Role)(in.Body.Role), Status: (*identity.MembershipStatus)(in.Body.Status)}
	changed, err := a.deps.Team.Change(ctx, call.Caller, call.Membership, id, change)
	if err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return &memberOutput{Body: memberOut(changed, call.Caller)}, nil
}

func (a *API) memberRemove(ctx context.Context, call Call, in *memberPath) (*struct{}, error) {
	id, err := flomastr.ParseID[flomastr.MembershipID](in.ID)
	if err != nil {
		return nil, identity.ErrNotFound
	}
	if err := a.deps.Team.Remove(ctx, call.Caller, call.Membership, id); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}
