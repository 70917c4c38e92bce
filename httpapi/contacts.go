package httpapi

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ContactPath names a contact. It is exported because the frame reads the fields of exported embedded structs alone.
type ContactPath struct {
	ID       string `path:"id" format:"uuid"`
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
}

func (in ContactPath) id() (flomastr.ContactID, error) { return contactID(in.ID) }

func contactID(s string) (flomastr.ContactID, error) {
	id, err := flomastr.ParseID[flomastr.ContactID](s)
	if err != nil {
		return id, whatsapp.ErrContactNotFound
	}
	return id, nil
}

type contactMergeInput struct {
	ContactPath
	Body struct {
		ContactID string `json:"contact_id" format:"uuid" doc:"The other contact, who is the same person"`
	}
}

type contactOutput struct{ Body contact }

// contactMerge says that another contact is the same person as this one. It can be taken back.
func (a *API) contactMerge(ctx context.Context, call Call, in *contactMergeInput) (*contactOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	other, err := contactID(in.Body.ContactID)
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.MergeContacts(ctx, call.Tenant.ID, call.Caller.Actor(), id, other)
	return &contactOutput{contactOf(c)}, err
}

// contactUnmerge makes a merged contact a person of their own again.
func (a *API) contactUnmerge(ctx context.Context, call Call, in *ContactPath) (*contactOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.UnmergeContact(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	return &contactOutput{contactOf(c)}, err
}
