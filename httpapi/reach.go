package httpapi

import (
	"context"
	"encoding/json"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/whatsapp"
)

// reach is which of the tenant's conversations the caller may see and write in. The tenant's inbox_scope holds for its
// members: administrators, owners and services see everything. There are no teams yet; team is everybody's share: what
// nobody has taken, and one's own.
func (a *API) reach(ctx context.Context, call Call) (whatsapp.Reach, error) {
	if !call.Caller.Person() || identity.May(call.Caller, call.Membership, identity.Admin) == nil {
		return whatsapp.Reach{}, nil
	}
	policies, err := a.deps.TenantAdmin.Effective(ctx, call.Tenant.ID)
	if err != nil || policies.InboxScope == "all" {
		return whatsapp.Reach{}, err
	}
	return whatsapp.Reach{Member: call.Caller.Subject, Free: policies.InboxScope == "team"}, nil
}

// reached reads a conversation's id and checks that it is within the caller's reach. What is not does not exist for them.
func (a *API) reached(ctx context.Context, call Call, in ConversationPath) (flomastr.ConversationID, error) {
	id, err := in.id()
	if err != nil {
		return id, err
	}
	reach, err := a.reach(ctx, call)
	if err == nil && !reach.All() {
		_, err = a.deps.WhatsApp.Reached(ctx, call.Tenant.ID, id, reach)
	}
	return id, err
}

// visible leaves out the events of conversations that are not within the caller's reach now, whenever they happened. Those of
// tasks that were given to the caller stay.
func (a *API) visible(ctx context.Context, call Call, events []StreamEvent) ([]StreamEvent, error) {
	reach, err := a.reach(ctx, call)
	if err != nil || reach.All() {
		return events, err
	}
	of := make([]flomastr.ConversationID, len(events))
	var asked []flomastr.ConversationID
	for i, e := range events {
		var data struct {
			Conversation flomastr.ConversationID `json:"conversation_id"`
			AssignedTo   string                  `json:"assigned_to"` // of a task, which its assignee may see
		}
		if json.Unmarshal(e.Data, &data) == nil && !data.Conversation.IsZero() && data.AssignedTo != reach.Member {
			of[i] = data.Conversation
			asked = append(asked, data.Conversation)
		}
	}
	if len(asked) == 0 {
		return events, nil
	}
	within, err := a.deps.WhatsApp.WithinReach(ctx, call.Tenant.ID, asked, reach)
	if err != nil {
		return nil, err
	}
	seen := make([]StreamEvent, 0, len(events))
	for i, e := range events {
		if of[i].IsZero() || within[of[i]] {
			seen = append(seen, e)
		}
	}
	return seen, nil
}
