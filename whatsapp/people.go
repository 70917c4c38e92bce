package whatsapp

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// Person is a contact with what is known of the person whom it stands for.
type Person struct {
	Contact
	Same       []Contact  // the other contacts of the same person
	Identities []Identity // what they are called on each channel, those of the others too
	OptOuts    []OptOut   // what they do not want to get; the widest counts
}

// Identity is what a provider calls a contact on a channel: by a number, or by an id that outlives it.
type Identity struct {
	Contact flomastr.ContactID
	Channel flomastr.ChannelID
	Number  string // the channel's
	Kind    string // user_id or phone
	Value   string
}

// OptOut is a wish of a person not to be written to, or the proof that they cannot be.
type OptOut struct {
	Scope  Scope
	Source string // contact, provider, or unreachable: nobody said so, and nothing arrives
	Since  time.Time
}

// ContactStore says which contacts are one person.
type ContactStore interface {
	// Person reads a contact who has a conversation within reach; ErrContactNotFound.
	Person(ctx context.Context, tenant flomastr.TenantID, id flomastr.ContactID, reach Reach) (Person, error)
	// ContactNamed finds the contact whom a contact's id, a phone number or a provider's id names, of several the one who wrote
	// last; ErrContactNotFound.
	ContactNamed(ctx context.Context, tenant flomastr.TenantID, name string) (flomastr.ContactID, error)
	// MergeContacts says that other is the same person as id. Nothing is moved: threads and names stay where they are, and
	// whatever holds for a person, such as an opt-out, holds for both. ErrContactNotFound, ErrSameContact.
	MergeContacts(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id, other flomastr.ContactID) (Contact, error)
	// UnmergeContact takes it back. An opt-out stays on both sides: it is the safe mistake.
	UnmergeContact(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ContactID) (Contact, error)
}

// The failures of merging.
var (
	ErrContactNotFound = flomastr.Errorf(flomastr.NotFound, "contact_not_found", "There is no such contact.")
	ErrSameContact     = flomastr.Errorf(flomastr.Conflict, "same_contact", "These contacts are one person already.")
	ErrNotMerged       = flomastr.Errorf(flomastr.Conflict, "not_merged", "This contact is not merged into another one.")
)

// Person reads a contact and the person whom it stands for.
func (e *Engine) Person(ctx context.Context, tenant flomastr.TenantID, id flomastr.ContactID, reach Reach) (Person, error) {
	return e.store.Person(ctx, tenant, id, reach)
}

// ContactNamed finds the contact whom a contact's id, a phone number or a provider's id names.
func (e *Engine) ContactNamed(ctx context.Context, tenant flomastr.TenantID, name string) (flomastr.ContactID, error) {
	return e.store.ContactNamed(ctx, tenant, name)
}

// MergeContacts says that two contacts are one person.
func (e *Engine) MergeContacts(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id, other flomastr.ContactID) (Contact, error) {
	return e.store.MergeContacts(ctx, tenant, by, id, other)
}

// UnmergeContact makes a merged contact a person of their own again.
func (e *Engine) UnmergeContact(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ContactID) (Contact, error) {
	return e.store.UnmergeContact(ctx, tenant, by, id)
}
