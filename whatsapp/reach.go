package whatsapp

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Reach is which conversations somebody may see and write in. The zero value is all of them.
type Reach struct {
	Member string // only those that this member, by the issuer's subject, has taken
	Free   bool   // and those that no member has taken
}

// All tells whether nothing is out of reach.
func (r Reach) All() bool { return r.Member == "" }

// Covers tells whether a conversation with this owner is within reach.
func (r Reach) Covers(owner Owner, ownerID string) bool {
	if r.All() || owner == OwnerMember && ownerID == r.Member {
		return true
	}
	return r.Free && (owner != OwnerMember || ownerID == "")
}

// Reached is a conversation that is within reach; another one is ErrConversationNotFound, like one that is not there.
func (e *Engine) Reached(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, reach Reach) (Conversation, error) {
	c, err := e.store.Conversation(ctx, tenant, id)
	if err == nil && !reach.Covers(c.OwnerKind, c.OwnerID) {
		err = ErrConversationNotFound
	}
	if err != nil {
		return Conversation{}, err
	}
	return c, nil
}

// WithinReach tells which of the conversations are there and within reach.
func (e *Engine) WithinReach(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.ConversationID, reach Reach) (map[flomastr.ConversationID]bool, error) {
	return e.store.WithinReach(ctx, tenant, ids, reach)
}
