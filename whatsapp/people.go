package whatsapp

import (
	"context"

	"github.com/flomastr/flomastr"
)

// ContactStore says which contacts are one person.
type ContactStore interface {
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

// MergeContacts says that two contacts are one person.
func (e *Engine) MergeContacts(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id, other flomastr.ContactID) (Contact, error) {
	return e.store.MergeContacts(ctx, tenant, by, id, other)
}

// UnmergeContact makes a merged contact a person of their own again.
func (e *Engine) UnmergeContact(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ContactID) (Contact, error) {
	return e.store.UnmergeContact(ctx, tenant, by, id)
}
