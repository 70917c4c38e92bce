package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// TaskStore keeps tasks as people see them. What happens to conversations with them is [WhatsAppStore]'s.
type TaskStore struct{ db *DB }

var _ task.Store = (*TaskStore)(nil)

// NewTaskStore makes the store.
func NewTaskStore(db *DB) *TaskStore { return &TaskStore{db} }

const taskColumnsSQL = `
	k.id, k.kind, k.status, k.title, k.description, k.asked, k.draft, k.decided, k.blocks, k.conversation_id, coalesce(nullif(p.name, ''), p.phone, '') AS contact,
	k.job_id, k.rework_of, k.assigned_to, k.due_at, k.overdue_at, k.created_by, k.created_at, k.resolved_by, k.resolved_at, k.feedback, k.reply, k.message_id, k.card`

// taskJoinsSQL brings conversation and contact of tasks k.
const taskJoinsSQL = `
	LEFT JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.conversation_id
	LEFT JOIN contacts p ON p.tenant_id = k.tenant_id AND p.id = c.contact_id`

type taskRow struct {
	ID             flomastr.TaskID
	Kind           task.Kind
	Status         task.Status
	Title          string
	Description    string
	Asked          string
	Draft          string
	Decided        json.RawMessage
	Blocks         []task.Block
	ConversationID flomastr.ConversationID
	Contact        string
	JobID          flomastr.JobID
	ReworkOf       flomastr.TaskID
	AssignedTo     string
	DueAt          *time.Time
	OverdueAt      *time.Time
	CreatedBy      flomastr.Actor
	CreatedAt      time.Time
	ResolvedBy     flomastr.Actor
	ResolvedAt     *time.Time
	Feedback       string
	Reply          string
	MessageID      flomastr.MessageID
	Card           string
}

func (r taskRow) task() (t task.Task, err error) {
	t = task.Task{
		ID: r.ID, Kind: r.Kind, Status: r.Status, Title: r.Title, Description: r.Description, Asked: r.Asked, Draft: r.Draft, Blocks: r.Blocks,
		Conversation: r.ConversationID, Contact: r.Contact, Job: r.JobID, ReworkOf: r.ReworkOf, AssignedTo: r.AssignedTo, DueAt: orZero(r.DueAt),
		Overdue: r.OverdueAt != nil, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.Decided != nil {
		err = json.Unmarshal(r.Decided, &t.Decided)
	}
	if r.ResolvedAt != nil {
		t.Resolved = &task.Resolved{By: r.ResolvedBy, At: r.ResolvedAt.UTC(), Feedback: r.Feedback, Reply: r.Reply, Message: r.MessageID, Card: r.Card}
	}
	return t, err
}

func collectTasks(rows pgx.Rows, err error) ([]task.Task, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (task.Task, error) {
		r, err := pgx.RowToStructByName[taskRow](row)
		if err != nil {
			return task.Task{}, err
		}
		return r.task()
	})
}

// reachedTasksSQL is [task.Reach] as a condition on tasks k of conversations c.
func reachedTasksSQL(member, free string) string {
	return `(` + member + ` = '' OR k.assigned_to = ` + member + `
		OR k.conversation_id IS NULL AND ` + free + `::boolean
		OR k.conversation_id IS NOT NULL AND ` + withinReachSQL(member, free) + `)`
}

// readTask reads one task; what is out of reach is not there.
func readTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.TaskID, reach task.Reach) (task.Task, error) {
	found, err := collectTasks(tx.Query(ctx, `
		SELECT `+taskColumnsSQL+`
		FROM tasks k`+taskJoinsSQL+`
		WHERE k.tenant_id = $1 AND k.id = $2 AND `+reachedTasksSQL("$3", "$4"), tenant, id, reach.Member, reach.Free))
	if err != nil {
		return task.Task{}, fmt.Errorf("read task: %w", err)
	}
	if len(found) == 0 {
		return task.Task{}, task.ErrNotFound
	}
	return found[0], nil
}

// Task implements task.Store.
func (s *TaskStore) Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach task.Reach) (t task.Task, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		t, err = readTask(ctx, tx, tenant, id, reach)
		return err
	})
	return t, err
}

// Tasks implements task.Store. The ids sort as the tasks were opened.
func (s *TaskStore) Tasks(ctx context.Context, tenant flomastr.TenantID, page task.Page) (list []task.Task, next string, err error) {
	statuses, order, from := []task.Status{page.Status}, "k.id > $2 ORDER BY k.id", flomastr.TaskID{}
	if page.Status == "" {
		statuses = slices.DeleteFunc(task.Statuses(), func(s task.Status) bool { return s == task.Open })
	}
	if page.Status != task.Open {
		order, from = "k.id < $2 ORDER BY k.id DESC", flomastr.TaskID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	if page.Cursor != "" {
		if from, err = flomastr.ParseID[flomastr.TaskID](page.Cursor); err != nil {
			return nil, "", ErrBadCursor.Because(err)
		}
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		list, err = collectTasks(tx.Query(ctx, `
			SELECT `+taskColumnsSQL+`
			FROM tasks k`+taskJoinsSQL+`
			WHERE k.tenant_id = $1 AND k.status = ANY ($3) AND ($4 = '' OR k.assigned_to = $4) AND `+reachedTasksSQL("$6", "$7")+`
			  AND `+order+`
			LIMIT $5 + 1`, tenant, from.String(), statuses, page.AssignedTo, page.Limit, page.Reach.Member, page.Reach.Free))
		return err
	})
	if len(list) > page.Limit {
		list = list[:page.Limit]
		next = list[len(list)-1].ID.String()
	}
	return list, next, err
}

// Counts implements task.Store.
func (s *TaskStore) Counts(ctx context.Context, tenant flomastr.TenantID, member string, reach task.Reach) (n task.Counts, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE $2 <> '' AND k.assigned_to = $2)
			FROM tasks k
			LEFT JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.conversation_id
			WHERE k.tenant_id = $1 AND k.status = 'open' AND `+reachedTasksSQL("$3", "$4"), tenant, member, reach.Member, reach.Free).Scan(&n.Open, &n.Mine)
	})
	return n, err
}

// CreateTask implements task.Store.
func (s *TaskStore) CreateTask(ctx context.Context, tenant flomastr.TenantID, t task.Task) (made task.Task, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := mustBeTheirs(ctx, tx, tenant, t.AssignedTo); err != nil {
			return err
		}
		var known *int64
		if err := tx.QueryRow(ctx, `
			SELECT max(seq)
			FROM messages
			WHERE tenant_id = $1 AND conversation_id = $2`, tenant, t.Conversation).Scan(&known); err != nil {
			return fmt.Errorf("read how far a conversation is: %w", err)
		}
		var in insertion
		if known != nil {
			in.seq = *known
		}
		if err := insertTask(ctx, tx, tenant, t, in); err != nil {
			return err
		}
		if made, err = readTask(ctx, tx, tenant, t.ID, task.Reach{}); err != nil {
			return err
		}
		return auditTask(ctx, tx, tenant, t.CreatedBy, "task.created", made, nil)
	})
	return made, err
}

// mustBeTheirs lets a task be given to the tenant's own people alone.
func mustBeTheirs(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, subject string) error {
	if subject == "" {
		return nil
	}
	member, err := isMember(ctx, tx, tenant, subject)
	if err == nil && !member {
		err = task.ErrNoMember
	}
	return err
}

// AssignTask implements task.Store.
func (s *TaskStore) AssignTask(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TaskID, member string) (t task.Task, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := mustBeTheirs(ctx, tx, tenant, member); err != nil {
			return err
		}
		var open bool
		err := tx.QueryRow(ctx, `
			UPDATE tasks
			SET assigned_to = CASE WHEN status = 'open' THEN $3 ELSE assigned_to END
			WHERE tenant_id = $1 AND id = $2
			RETURNING status = 'open'`, tenant, id, member).Scan(&open)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return task.ErrNotFound
		case err != nil:
			return fmt.Errorf("assign task: %w", err)
		case !open:
			return task.ErrEnded
		}
		if t, err = readTask(ctx, tx, tenant, id, task.Reach{}); err != nil {
			return err
		}
		if err := tellTask(ctx, tx, tenant, "task.updated", t); err != nil {
			return err
		}
		return auditTask(ctx, tx, tenant, by, "task.assigned", t, map[string]string{"assigned_to": member})
	})
	return t, err
}

// NoteUnpublished implements task.Store.
func (s *TaskStore) NoteUnpublished(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, sentence string) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return raiseAlert(ctx, tx, tenant, whatsapp.Alert{
			Kind: whatsapp.AlertTask, Severity: provider.Warning, Object: taskObject(id),
			Detail: "An approved answer did not become knowledge: " + sentence,
		})
	})
}

func auditTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, t task.Task, detail map[string]string) error {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["kind"] = string(t.Kind)
	if !t.Conversation.IsZero() {
		detail["conversation"] = t.Conversation.String()
	}
	return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "task " + t.ID.String(), Detail: detail})
}
