package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/whatsapp"
)

// Memory is what the door asks of what is remembered of people.
type Memory interface {
	Facts(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) (list []memory.Fact, sensitive time.Time, err error)
	Note(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, d memory.Draft) (memory.Fact, error)
	Correct(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID, text string) (memory.Fact, error)
	Erase(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID) error
	EraseAll(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID) error
	Consent(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, given bool, proof string) (since time.Time, err error)
	Recall(ctx context.Context, tenant flomastr.TenantID, q memory.Query) (memory.Recollection, error)
	Envelope(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) (memory.Envelope, error)
}

// fact is one thing that is remembered of a person.
type fact struct {
	ID             flomastr.MemoryID        `json:"id" format:"uuid"`
	ContactID      flomastr.ContactID       `json:"contact_id" format:"uuid" doc:"Of the person's contacts the one who said it"`
	Kind           string                   `json:"kind" enum:"fact,preference,promise"`
	Subject        string                   `json:"subject" doc:"What it says something of; one thing holds of a subject at a time"`
	Text           string                   `json:"text"`
	Sensitive      bool                     `json:"sensitive" doc:"Of health or belief: kept with the customer's consent alone"`
	Confidence     float64                  `json:"confidence"`
	Source         string                   `json:"source" enum:"customer,member" doc:"Whose word it is"`
	ConversationID *flomastr.ConversationID `json:"conversation_id,omitempty" format:"uuid"`
	MessageID      *flomastr.MessageID      `json:"message_id,omitempty" format:"uuid" doc:"Where the customer said it first"`
	ValidFrom      time.Time                `json:"valid_from"`
	ValidUntil     *time.Time               `json:"valid_until,omitempty" doc:"It holds no more since"`
	ConfirmedAt    time.Time                `json:"confirmed_at" doc:"When it was said last"`
	SupersededBy   *flomastr.MemoryID       `json:"superseded_by,omitempty" format:"uuid"`
}

func factOf(f memory.Fact) fact {
	out := fact{
		ID: f.ID, ContactID: f.Contact, Kind: string(f.Kind), Subject: f.Subject, Text: f.Text, Sensitive: f.Sensitive, Confidence: f.Confidence,
		Source: string(f.Source), ValidFrom: f.From.UTC(), ConfirmedAt: f.Confirmed.UTC(),
	}
	if !f.Conversation.IsZero() {
		out.ConversationID = &f.Conversation
	}
	if !f.Message.IsZero() {
		out.MessageID = &f.Message
	}
	if !f.Until.IsZero() {
		out.ValidUntil = new(f.Until.UTC())
	}
	if !f.Superseded.IsZero() {
		out.SupersededBy = &f.Superseded
	}
	return out
}

// remembered finds the contact of a path within the caller's reach. One who is not does not exist for them.
func (a *API) remembered(ctx context.Context, call Call, in ContactPath) (flomastr.ContactID, whatsapp.Reach, error) {
	id, err := in.id()
	if err != nil {
		return id, whatsapp.Reach{}, err
	}
	reach, err := a.reach(ctx, call)
	if err != nil {
		return id, reach, err
	}
	_, err = a.deps.WhatsApp.Person(ctx, call.Tenant.ID, id, reach)
	return id, reach, err
}

// within keeps of a person's past what was said in conversations within reach, and what was said in none.
func within[T any](ctx context.Context, a *API, call Call, reach whatsapp.Reach, list []T, of func(T) flomastr.ConversationID) ([]T, error) {
	if reach.All() {
		return list, nil
	}
	var ids []flomastr.ConversationID
	for _, one := range list {
		ids = append(ids, of(one))
	}
	seen, err := a.deps.WhatsApp.WithinReach(ctx, call.Tenant.ID, ids, reach)
	return slices.DeleteFunc(list, func(one T) bool { return !of(one).IsZero() && !seen[of(one)] }), err
}

type memoryListInput struct {
	ContactPath
	History bool `query:"history" doc:"With what was remembered and holds no more"`
}

type memoryListOutput struct {
	Body struct {
		Memories       []fact     `json:"memories" doc:"Of the person whom the contact stands for, the last said first"`
		SensitiveSince *time.Time `json:"sensitive_since,omitempty" doc:"Since when what is sensitive may be kept; absent without a consent"`
	}
}

// memoryList tells what is remembered of a person, and why.
func (a *API) memoryList(ctx context.Context, call Call, in *memoryListInput) (*memoryListOutput, error) {
	id, reach, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	list, since, err := a.deps.Memory.Facts(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	if list, err = within(ctx, a, call, reach, list, func(f memory.Fact) flomastr.ConversationID { return f.Conversation }); err != nil {
		return nil, err
	}
	out := &memoryListOutput{}
	out.Body.Memories = []fact{}
	for _, f := range list {
		if in.History || f.Until.IsZero() {
			out.Body.Memories = append(out.Body.Memories, factOf(f))
		}
	}
	if !since.IsZero() {
		out.Body.SensitiveSince = &since
	}
	return out, nil
}

type memoryOutput struct{ Body fact }

type memoryNoteInput struct {
	ContactPath
	Body struct {
		Kind      string `json:"kind,omitempty" enum:"fact,preference,promise" default:"fact"`
		Subject   string `json:"subject" minLength:"1" maxLength:"80" doc:"What it says something of: shoe size"`
		Text      string `json:"text" minLength:"1" maxLength:"200"`
		Sensitive bool   `json:"sensitive,omitempty" doc:"Of health or belief"`
	}
}

// memoryNote writes something down of a person, in the place of what is remembered of the subject.
func (a *API) memoryNote(ctx context.Context, call Call, in *memoryNoteInput) (*memoryOutput, error) {
	id, _, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	f, err := a.deps.Memory.Note(ctx, call.Tenant.ID, call.Caller.Actor(), id, memory.Draft{
		Kind: memory.Kind(in.Body.Kind), Subject: in.Body.Subject, Text: in.Body.Text, Sensitive: in.Body.Sensitive,
	})
	return &memoryOutput{factOf(f)}, err
}

type memoryCorrectInput struct {
	ContactPath
	Body struct {
		MemoryID string `json:"memory_id" format:"uuid"`
		Text     string `json:"text" minLength:"1" maxLength:"200"`
	}
}

// memoryCorrect gives something that is remembered another text. The old one is kept as past.
func (a *API) memoryCorrect(ctx context.Context, call Call, in *memoryCorrectInput) (*memoryOutput, error) {
	id, _, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	which, err := flomastr.ParseID[flomastr.MemoryID](in.Body.MemoryID)
	if err != nil {
		return nil, memory.ErrFactNotFound
	}
	f, err := a.deps.Memory.Correct(ctx, call.Tenant.ID, call.Caller.Actor(), id, which, in.Body.Text)
	return &memoryOutput{factOf(f)}, err
}

type memoryEraseInput struct {
	ContactPath
	MemoryID string `query:"memory_id" doc:"Without one, everything that is remembered of the person is erased"`
}

// memoryErase deletes something that is remembered, or everything.
func (a *API) memoryErase(ctx context.Context, call Call, in *memoryEraseInput) (*struct{}, error) {
	id, _, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	if in.MemoryID == "" {
		return &struct{}{}, a.deps.Memory.EraseAll(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	}
	which, err := flomastr.ParseID[flomastr.MemoryID](in.MemoryID)
	if err != nil {
		return nil, memory.ErrFactNotFound
	}
	return &struct{}{}, a.deps.Memory.Erase(ctx, call.Tenant.ID, call.Caller.Actor(), id, which)
}

type memoryConsentInput struct {
	ContactPath
	Body struct {
		Sensitive bool   `json:"sensitive" doc:"What is of health or belief may be kept; false withdraws it and deletes what was"`
		Proof     string `json:"proof,omitempty" maxLength:"200" doc:"How the customer agreed; needed to give it"`
	}
}

type memoryConsentOutput struct {
	Body struct {
		SensitiveSince *time.Time `json:"sensitive_since,omitempty"`
	}
}

// memoryConsent records whether what is sensitive may be remembered of a person.
func (a *API) memoryConsent(ctx context.Context, call Call, in *memoryConsentInput) (*memoryConsentOutput, error) {
	id, _, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	since, err := a.deps.Memory.Consent(ctx, call.Tenant.ID, call.Caller.Actor(), id, in.Body.Sensitive, in.Body.Proof)
	if err != nil {
		return nil, err
	}
	out := &memoryConsentOutput{}
	if in.Body.Sensitive {
		out.Body.SensitiveSince = &since
	}
	return out, nil
}

type recallInput struct {
	ContactPath
	Body struct {
		Query     string `json:"query" minLength:"1" maxLength:"2000"`
		Limit     int    `json:"limit,omitempty" minimum:"1" maximum:"50" default:"8" doc:"Messages"`
		MaxTokens int    `json:"max_tokens,omitempty" minimum:"50" maximum:"20000" default:"800" doc:"What memories and messages may hold together"`
	}
}

type recallOutput struct {
	Body struct {
		Memories []recalledFact    `json:"memories" doc:"That hold; what bears on the query first"`
		Messages []recalledMessage `json:"messages" doc:"Theirs and ours, hot and archived; what bears on the query first"`
	}
}

type recalledFact struct {
	Memory  fact    `json:"memory"`
	Covered float64 `json:"covered" doc:"Share of the query's telling words that stand in it"`
}

type recalledMessage struct {
	MessageID      flomastr.MessageID      `json:"message_id" format:"uuid"`
	ConversationID flomastr.ConversationID `json:"conversation_id" format:"uuid"`
	TS             time.Time               `json:"ts"`
	Dir            string                  `json:"dir" enum:"in,out"`
	Text           string                  `json:"text"`
	Score          float64                 `json:"score" doc:"Comparable within one answer alone"`
	Covered        float64                 `json:"covered" doc:"Share of the query's telling words that stand in it and beside it"`
}

// contactRecall tells what is remembered of a person that bears on a text, and what was said with them.
func (a *API) contactRecall(ctx context.Context, call Call, in *recallInput) (*recallOutput, error) {
	id, reach, err := a.remembered(ctx, call, in.ContactPath)
	if err != nil {
		return nil, err
	}
	got, err := a.deps.Memory.Recall(ctx, call.Tenant.ID, memory.Query{
		Contact: id, Text: in.Body.Query, Business: call.Tenant.Name, Limit: in.Body.Limit, Tokens: in.Body.MaxTokens,
	})
	if err != nil {
		return nil, err
	}
	facts, err := within(ctx, a, call, reach, got.Facts, func(f memory.RecalledFact) flomastr.ConversationID { return f.Conversation })
	if err != nil {
		return nil, err
	}
	messages, err := within(ctx, a, call, reach, got.Messages, func(m memory.Recalled) flomastr.ConversationID { return m.Conversation })
	if err != nil {
		return nil, err
	}
	out := &recallOutput{}
	out.Body.Memories, out.Body.Messages = []recalledFact{}, []recalledMessage{}
	for _, f := range facts {
		out.Body.Memories = append(out.Body.Memories, recalledFact{factOf(f.Fact), f.Covered})
	}
	for _, m := range messages {
		out.Body.Messages = append(out.Body.Messages, recalledMessage{m.Message, m.Conversation, m.At.UTC(), dirOf(m.Said), m.Text, m.Score, m.Covered})
	}
	return out, nil
}

// dirOf is the direction of a message, as the contract calls it.
func dirOf(s memory.Said) string {
	if s.Speaker == flomastr.SpeakerContact {
		return "in"
	}
	return "out"
}
