package whatsapp

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// AlertTask is a task that nobody has dealt with in time.
const AlertTask AlertKind = "task"

// TaskStore keeps what is put to people about conversations. Tasks are opened by SaveDecision and by a hand-over (SetOwner), and
// end in the commit in which they need nobody any more: a person writes by hand, the conversation is handed back or closed, the
// customer opts out or takes back what they asked.
type TaskStore interface {
	Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach task.Reach) (task.Task, error)
	// ResolveTask carries a resolution out in one commit, under the conversation's lock: the task ends, what is to be said is
	// queued, or the turn goes back to the assistant. It fails for what [task.Task.Check] says, for everything that forbids a
	// message (see Outgoing), and with [task.ErrOutdated] when the customer has written since.
	ResolveTask(ctx context.Context, tenant flomastr.TenantID, r TaskResolution) (task.Task, error)
	// NoteOverdue raises an alert for tasks of active tenants that are due and of which it was not done yet, at most limit.
	NoteOverdue(ctx context.Context, limit int) (n int, err error)
}

// TaskResolution is what somebody makes of a task.
type TaskResolution struct {
	task.Resolution
	ID       flomastr.TaskID
	By       Author
	Speaker  flomastr.Speaker // who speaks where the resolver wrote the reply
	Reach    task.Reach
	Messages []provider.Message // what is to be sent, in order
	Useful   time.Duration      // how long it is worth sending
	Publish  bool               // what is approved becomes knowledge
	Question string             // of the knowledge; empty: the customer's words
}

var errNoCard = flomastr.Errorf(flomastr.Invalid, "card_incomplete", "Knowledge needs a question and an answer.").Field("body.question", "is needed, because the task has none")

// ResolveTask ends a task as a person wants it. Whoever comes second gets an error and nothing happens.
func (e *Engine) ResolveTask(ctx context.Context, tenant flomastr.TenantID, r TaskResolution) (task.Task, error) {
	t, err := e.store.Task(ctx, tenant, r.ID, r.Reach)
	if err != nil {
		return t, err
	}
	if err := t.Check(r.Resolution); err != nil {
		return t, err
	}
	if r.Publish {
		if r.Question = task.Line(cmp.Or(r.Question, t.Asked, t.Title)); r.Question == "" || r.Says(t) == "" {
			return t, errNoCard
		}
	}
	if says := r.Says(t); says != "" && !t.Conversation.IsZero() {
		c, err := e.store.Conversation(ctx, tenant, t.Conversation)
		if err != nil {
			return t, err
		}
		message, err := checkContent(provider.Message{Text: says})
		if err != nil {
			return t, err
		}
		r.Messages, r.Useful = e.parts(ctx, c.Channel, message), e.set.MessageUseful
	}
	if t, err = e.store.ResolveTask(ctx, tenant, r); err != nil {
		return t, err
	}
	switch {
	case len(r.Messages) > 0:
		e.wake(LaneSend)
	case r.Action == task.ReworkRequested:
		e.wake(LaneTurn)
	}
	return t, nil
}

// overdueBatch is how many tasks become overdue in one commit.
const overdueBatch = 100

// CheckOverdue tells people of the tasks that nobody has dealt with in time, each once.
func (e *Engine) CheckOverdue(ctx context.Context) error {
	for {
		n, err := e.store.NoteOverdue(ctx, overdueBatch)
		if err != nil {
			return fmt.Errorf("look for overdue tasks: %w", err)
		}
		if n < overdueBatch {
			return nil
		}
	}
}
