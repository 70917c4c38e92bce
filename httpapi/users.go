package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

type userBody struct {
	ID         *flomastr.PlatformUserID `json:"id,omitempty" format:"uuid" doc:"None for a super admin, whom the settings name"`
	Email      string                   `json:"email"`
	Role       string                   `json:"role" enum:"user,admin,super_admin"`
	Source     string                   `json:"source" enum:"settings,assigned" doc:"Where the role comes from: SUPER_ADMIN_EMAILS, or a super admin"`
	AssignedBy string                   `json:"assigned_by,omitempty"`
	AssignedAt *time.Time               `json:"assigned_at,omitempty"`
	CreatedAt  *time.Time               `json:"created_at,omitempty"`
	UpdatedAt  *time.Time               `json:"updated_at,omitempty"`
	MemberOf   []string                 `json:"member_of,omitempty" doc:"Of a super admin: the workspaces that the address belongs to, which it had better not"`
}

func userOut(u identity.PlatformUser) userBody {
	return userBody{
		ID: &u.ID, Email: u.Email, Role: string(u.Role), Source: "assigned", AssignedBy: u.AssignedBy,
		AssignedAt: known(u.AssignedAt), CreatedAt: known(u.CreatedAt), UpdatedAt: known(u.UpdatedAt),
	}
}

type userOutput struct{ Body userBody }

type userListOutput struct {
	Body struct {
		Users    []userBody `json:"users"`
		Warnings []string   `json:"warnings" doc:"What an operator should put right"`
	}
}

func (a *API) userList(ctx context.Context, _ Call, _ *struct{}) (*userListOutput, error) {
	out := &userListOutput{}
	out.Body.Users, out.Body.Warnings = []userBody{}, []string{}
	supers := a.deps.SuperAdmins.List()
	tenants, err := a.deps.PlatformUsers.TenantsOf(ctx, supers)
	if err != nil {
		return nil, err
	}
	for _, email := range supers {
		out.Body.Users = append(out.Body.Users, userBody{
			Email: email, Role: string(identity.PlatformRoleSuperAdmin), Source: "settings", MemberOf: tenants[email],
		})
	}
	out.Body.Warnings = append(out.Body.Warnings, identity.SuperAdminWarnings(tenants)...)
	users, err := a.deps.PlatformUsers.PlatformUsers(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		out.Body.Users = append(out.Body.Users, userOut(u))
	}
	return out, nil
}

type userCreateInput struct {
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254"`
		Role  string `json:"role" enum:"user,admin" doc:"A super admin comes from SUPER_ADMIN_EMAILS alone"`
	}
}

func (a *API) userCreate(ctx context.Context, call Call, in *userCreateInput) (*userOutput, error) {
	email, err := identity.CanonicalEmail(in.Body.Email)
	if err != nil {
		return nil, identity.ErrEmail.Field("body.email", identity.ErrEmail.Message)
	}
	if a.deps.SuperAdmins.Has(email, true) {
		return nil, identity.ErrPlatformUserTaken
	}
	made, err := a.deps.PlatformUsers.AddPlatformUser(ctx, call.Caller.Actor(), email, identity.PlatformRole(in.Body.Role))
	if err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return &userOutput{Body: userOut(made)}, nil
}

type userUpdateInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Role string `json:"role" enum:"user,admin"`
	}
}

func (a *API) userUpdate(ctx context.Context, call Call, in *userUpdateInput) (*userOutput, error) {
	id, err := flomastr.ParseID[flomastr.PlatformUserID](in.ID)
	if err != nil {
		return nil, identity.ErrNoPlatformUser
	}
	changed, err := a.deps.PlatformUsers.ChangePlatformUser(ctx, call.Caller.Actor(), id, identity.PlatformRole(in.Body.Role))
	if err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return &userOutput{Body: userOut(changed)}, nil
}

type userDeleteInput struct {
	ID string `path:"id" format:"uuid"`
}

func (a *API) userDelete(ctx context.Context, call Call, in *userDeleteInput) (*struct{}, error) {
	id, err := flomastr.ParseID[flomastr.PlatformUserID](in.ID)
	if err != nil {
		return nil, identity.ErrNoPlatformUser
	}
	if err := a.deps.PlatformUsers.RemovePlatformUser(ctx, call.Caller.Actor(), id); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204
}
