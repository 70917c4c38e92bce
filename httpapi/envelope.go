package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/whatsapp"
)

type envelopeInput struct {
	TenantID  string `query:"tenant_id" doc:"The tenant, by id or slug"`
	ContactID string `query:"contact_id" doc:"The contact; this or whatsapp"`
	WhatsApp  string `query:"whatsapp" doc:"The contact's phone number, E.164 or digits, or user id"`
}

type envelopeOutput struct{ Body envelope }

// envelope is what an outside worker needs to know of a customer before it answers.
type envelope struct {
	Partial bool     `json:"partial" doc:"A part could not be read; errors says which"`
	Errors  []string `json:"errors" doc:"The parts that failed, each with a code"`
	Contact struct {
		ID       flomastr.ContactID `json:"id" format:"uuid"`
		Name     string             `json:"name"`
		Phone    string             `json:"phone"`
		Metadata struct {
			SamePerson []flomastr.ContactID `json:"same_person" doc:"The other contacts of the same person"`
			OptOuts    []string             `json:"opt_outs" doc:"What the person does not want to get"`
		} `json:"metadata"`
	} `json:"contact"`
	History struct {
		Recent  []recentMessage `json:"recent_messages" doc:"The latest, oldest first"`
		Summary string          `json:"summary" doc:"The latest talks in a few of the customer's own words, a line each"`
	} `json:"conversation_history"`
	Routing struct {
		AssignedAgent string `json:"assigned_agent,omitempty" doc:"The member who has taken the latest conversation, by subject"`
		SLASeconds    *int   `json:"sla_seconds" doc:"Null: none is agreed on"`
	} `json:"routing"`
	Memory []fact   `json:"memory" doc:"What is remembered of the person and holds"`
	Custom struct{} `json:"custom_data"`
}

type recentMessage struct {
	TS   time.Time `json:"ts"`
	Dir  string    `json:"dir" enum:"in,out"`
	Text string    `json:"text"`
}

// envelopeGet puts together what is known of a contact. Whom it is about must be known; any other part that fails is named and left out.
func (a *API) envelopeGet(ctx context.Context, call Call, in *envelopeInput) (*envelopeOutput, error) {
	id, err := a.addressed(ctx, call, in)
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
	out := envelope{Errors: []string{}, Memory: []fact{}}
	out.Contact.ID, out.Contact.Name, out.Contact.Phone = p.ID, p.Name, p.Phone
	out.Contact.Metadata.SamePerson, out.Contact.Metadata.OptOuts, out.History.Recent = []flomastr.ContactID{}, []string{}, []recentMessage{}
	for _, s := range p.Same {
		out.Contact.Metadata.SamePerson = append(out.Contact.Metadata.SamePerson, s.ID)
	}
	for _, o := range p.OptOuts {
		out.Contact.Metadata.OptOuts = append(out.Contact.Metadata.OptOuts, string(o.Scope))
	}
	known, err := a.deps.Memory.Envelope(ctx, call.Tenant.ID, id)
	if err != nil {
		a.log.WarnContext(ctx, "an envelope goes without what is remembered", "error", err)
		out.Partial, out.Errors = true, []string{"conversation_history: " + flomastr.CodeOf(err), "memory: " + flomastr.CodeOf(err)}
		return &envelopeOutput{out}, nil
	}
	if known, err = a.reachedEnvelope(ctx, call, reach, known); err != nil {
		return nil, err
	}
	for _, s := range known.Recent {
		out.History.Recent = append(out.History.Recent, recentMessage{s.At.UTC(), dirOf(s), s.Text})
	}
	out.History.Summary, out.Routing.AssignedAgent = memory.Summary(known.Episodes), known.Agent
	for _, f := range known.Facts {
		out.Memory = append(out.Memory, factOf(f))
	}
	return &envelopeOutput{out}, nil
}

// addressed finds whom the query names.
func (a *API) addressed(ctx context.Context, call Call, in *envelopeInput) (flomastr.ContactID, error) {
	switch {
	case (in.ContactID == "") == (in.WhatsApp == ""):
		return flomastr.ContactID{}, flomastr.Errorf(flomastr.Invalid, "invalid_request", "Name the contact, by contact_id or by whatsapp.").
			Field("query.contact_id", "this or whatsapp is needed, and not both")
	case in.ContactID != "":
		return contactID(in.ContactID)
	}
	return a.deps.WhatsApp.ContactNamed(ctx, call.Tenant.ID, strings.TrimSpace(in.WhatsApp))
}

// reachedEnvelope leaves out what was said in conversations that are not within the caller's reach.
func (a *API) reachedEnvelope(ctx context.Context, call Call, reach whatsapp.Reach, e memory.Envelope) (_ memory.Envelope, err error) {
	if e.Recent, err = within(ctx, a, call, reach, e.Recent, func(s memory.Said) flomastr.ConversationID { return s.Conversation }); err != nil {
		return e, err
	}
	if e.Episodes, err = within(ctx, a, call, reach, e.Episodes, func(x memory.Episode) flomastr.ConversationID { return x.Conversation }); err != nil {
		return e, err
	}
	e.Facts, err = within(ctx, a, call, reach, e.Facts, func(f memory.Fact) flomastr.ConversationID { return f.Conversation })
	return e, err
}
