package task

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Engine lists, makes and assigns tasks, and has what was approved become knowledge. It is safe for concurrent use.
type Engine struct {
	store     Store
	publisher Publisher
}

// Publisher makes knowledge of a question and its answer. Doing it again with the same words changes nothing.
type Publisher interface {
	PublishAnswer(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, question, answer string) error
}

// New makes an engine.
func New(store Store, publisher Publisher) *Engine { return &Engine{store, publisher} }

// Page is a piece of a list: of the open tasks the oldest first, because they wait; of the others the newest.
type Page struct {
	Limit      int
	Cursor     string
	Status     Status // empty: all that have ended
	AssignedTo string // a member, by the issuer's subject; empty: everybody's
	Reach      Reach
}

// Reach is whose tasks somebody may see and resolve. The zero value is all of them.
type Reach struct {
	Member string // those given to this member, by the issuer's subject, and those of conversations that they have taken
	Free   bool   // and those of conversations that no member has taken
}

// Counts is how many tasks are open: within somebody's reach, and of those given to them.
type Counts struct{ Open, Mine int }

// NewTask is one that an outside system or a member asks for.
type NewTask struct {
	Title        string
	Description  string
	Blocks       []Block
	Conversation flomastr.ConversationID // zero: none; approving then sends nothing
	AssignedTo   string                  // empty: by load
	DueAt        time.Time               // zero: as the tenant's policy says
	By           flomastr.Actor
}

var errInvalid = flomastr.Errorf(flomastr.Invalid, "task_invalid", "The task is not complete.")

// Tasks lists what is within reach.
func (e *Engine) Tasks(ctx context.Context, tenant flomastr.TenantID, page Page) ([]Task, string, error) {
	return e.store.Tasks(ctx, tenant, page)
}

// Task reads one; what is out of reach is ErrNotFound.
func (e *Engine) Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach Reach) (Task, error) {
	return e.store.Task(ctx, tenant, id, reach)
}

// Counts counts what waits.
func (e *Engine) Counts(ctx context.Context, tenant flomastr.TenantID, member string, reach Reach) (Counts, error) {
	return e.store.Counts(ctx, tenant, member, reach)
}

// Create puts a question to a person.
func (e *Engine) Create(ctx context.Context, tenant flomastr.TenantID, n NewTask) (Task, error) {
	t := Task{
		ID: flomastr.NewID[flomastr.TaskID](), Kind: Question, Status: Open, Title: flomastr.VisibleLine(n.Title),
		Description: strings.TrimSpace(n.Description), Conversation: n.Conversation, AssignedTo: n.AssignedTo, DueAt: n.DueAt, CreatedBy: n.By,
	}
	if size := utf8.RuneCountInString(t.Title); size == 0 || size > MaxTitle {
		return Task{}, errInvalid.Field("body.title", "must have 1 to 200 characters")
	}
	if utf8.RuneCountInString(t.Description) > maxText {
		return Task{}, errInvalid.Field("body.description", "must have at most 8,000 characters")
	}
	var err error
	if t.Blocks, t.Draft, err = cleanBlocks(n.Blocks); err != nil {
		return Task{}, err
	}
	return e.store.CreateTask(ctx, tenant, t)
}

// Assign gives an open task to a member, or with "" to nobody.
func (e *Engine) Assign(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TaskID, member string) (Task, error) {
	return e.store.AssignTask(ctx, tenant, by, id, member)
}
