package httpapi

import (
	"context"
	"time"

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

type personOutput struct{ Body person }

// person is a contact with what is known of the person whom it stands for.
type person struct {
	ID         flomastr.ContactID  `json:"id" format:"uuid"`
	Name       string              `json:"name" doc:"As the customer calls themselves; may be empty"`
	Phone      string              `json:"phone" doc:"E.164; empty for a contact who hides the number"`
	MergedInto *flomastr.ContactID `json:"merged_into,omitempty" format:"uuid" doc:"The contact that stands for the same person"`
	Same       []contact           `json:"same_person" doc:"The other contacts of the same person"`
	Identities []contactIdentity   `json:"identities" doc:"What providers call the person, on each number of yours"`
	OptOuts    []optOut            `json:"opt_outs" doc:"What the person does not want to get; the widest counts"`
}

type contactIdentity struct {
	ContactID flomastr.ContactID `json:"contact_id" format:"uuid"`
	ChannelID flomastr.ChannelID `json:"channel_id" format:"uuid"`
	Number    string             `json:"number" doc:"The channel's"`
	Kind      string             `json:"kind" enum:"user_id,phone" doc:"A user_id outlives a change of the phone's number"`
	Value     string             `json:"value"`
}

type optOut struct {
	Scope  string    `json:"scope" enum:"marketing,all"`
	Source string    `json:"source" enum:"contact,provider,unreachable" doc:"Who said so; unreachable: nobody, but nothing arrives"`
	Since  time.Time `json:"since"`
}

// contactGet tells who a contact is. One who has no conversation within the caller's reach does not exist for them.
func (a *API) contactGet(ctx context.Context, call Call, in *ContactPath) (*personOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	reach, err := a.reach(ctx, call)
	if err != nil {
		return nil, err
	}
	p, err := a.deps.WhatsApp.Person(ctx, call.Tenant.ID, id, reach)
	if err != nil {
		return nil, err
	}
	c := contactOf(p.Contact)
	out := person{ID: c.ID, Name: c.Name, Phone: c.Phone, MergedInto: c.MergedInto, Same: []contact{}, Identities: []contactIdentity{}, OptOuts: []optOut{}}
	for _, s := range p.Same {
		out.Same = append(out.Same, contactOf(s))
	}
	for _, i := range p.Identities {
		out.Identities = append(out.Identities, contactIdentity{i.Contact, i.Channel, i.Number, i.Kind, i.Value})
	}
	for _, o := range p.OptOuts {
		out.OptOuts = append(out.OptOuts, optOut{string(o.Scope), o.Source, o.Since.UTC()})
	}
	return &personOutput{out}, nil
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
