package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// heldSQL tells whether a draft of conversation c waits to be let go of which the customer knows nothing.
const heldSQL = `EXISTS (SELECT FROM tasks k
	WHERE k.tenant_id = c.tenant_id AND k.conversation_id = c.id AND k.status = 'open' AND k.kind = 'draft' AND NOT k.told AND k.job_id <> j.id)`

// maxAsked bounds the customer's words in a task, in characters.
const maxAsked = 8000

// asked is what a turn's messages say.
type asked struct {
	seq   int64 // of the last
	words string
	files []task.Block
}

// readAsked reads what a turn asks, as a person is shown it; without a turn, the customer's last words.
func readAsked(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (a asked, err error) {
	rows, err := tx.Query(ctx, `
		SELECT q.seq, q.text, coalesce(x.id::text, ''), coalesce(x.kind, ''), coalesce(x.filename, ''), coalesce(CASE WHEN x.reading = 'done' THEN x.text END, '')
		FROM (SELECT id, seq, type, text, job_id, direction, details
		      FROM messages
		      WHERE tenant_id = $1 AND conversation_id = $2
		      ORDER BY seq DESC
		      LIMIT 200) q
		LEFT JOIN LATERAL (
		  SELECT m.id, m.kind, m.filename, m.reading, m.text FROM media m WHERE m.tenant_id = $1 AND m.message_id = q.id LIMIT 1
		) x ON q.type <> 'text'
		WHERE q.direction = 'in' AND NOT coalesce(q.details ? 'revoked_at', false)
		  AND (q.job_id = $3 OR $3 IS NULL AND q.seq = (
		    SELECT max(seq) FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND direction = 'in' AND target = ''))
		ORDER BY q.seq`, lane.Tenant, lane.Conversation, lane.Job)
	if err != nil {
		return a, fmt.Errorf("read what a turn asks: %w", err)
	}
	var words []string
	var text, file, name, heard string
	var kind whatsapp.MediaKind
	if _, err := pgx.ForEachRow(rows, []any{&a.seq, &text, &file, &kind, &name, &heard}, func() error {
		words = append(words, whatsapp.Hear(flomastr.TurnMessage{Text: text}, kind, heard).Text)
		switch block := (task.Block{ID: "file-" + file, Data: task.Data{MediaID: file}}); {
		case file == "":
		case kind == whatsapp.MediaImage || kind == whatsapp.MediaSticker:
			block.Type, block.Data.Alt = task.ImagePreview, text
			a.files = append(a.files, block)
		default:
			block.Type, block.Data.Title = task.DocumentLink, name
			a.files = append(a.files, block)
		}
		return nil
	}); err != nil {
		return a, fmt.Errorf("read what a turn asks: %w", err)
	}
	a.words = provider.Truncate(strings.Join(words, "\n"), maxAsked)
	a.files = a.files[:min(len(a.files), task.MaxBlocks)]
	return a, nil
}

// noteTask opens what a turn puts to a person, and tells the tasks that are open how far the conversation has been dealt with.
func noteTask(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, opening *whatsapp.Opening) error {
	// A turn that is answered once more, because it had failed, has a task already.
	if err := endTasksOf(ctx, tx, lane.Tenant, task.Superseded, task.Ends(task.Superseded), whoseTasks{`k.job_id = $4`, lane.Job}); err != nil {
		return err
	}
	if opening != nil {
		if err := openTask(ctx, tx, lane, *opening); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `
		UPDATE tasks
		SET known_seq = greatest(known_seq, (
		  SELECT max(q.seq)
		  FROM (SELECT seq, job_id, direction FROM messages WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT 200) q
		  WHERE q.job_id = $3 AND q.direction = 'in'))
		WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'open'`, lane.Tenant, lane.Conversation, lane.Job); err != nil {
		return fmt.Errorf("tell tasks what is known: %w", err)
	}
	return nil
}

// openTask puts a question about a conversation to a person, in the transaction that has the reason. A conversation that is handed
// over keeps the task that it has.
func openTask(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, o whatsapp.Opening) error {
	a, err := readAsked(ctx, tx, lane)
	if err != nil {
		return err
	}
	title := task.Line(a.words)
	if title == "" {
		title = task.Line(o.Reason)
	}
	t := task.Task{
		ID: flomastr.NewID[flomastr.TaskID](), Kind: o.Kind, Title: title, Description: o.Reason, Asked: a.words, Draft: o.Draft, Decided: o.Decided,
		Blocks: a.files, Conversation: lane.Conversation, Job: lane.Job, CreatedBy: flomastr.ActorSystem,
	}
	return insertTask(ctx, tx, lane.Tenant, t, insertion{seq: a.seq, told: o.Told, quiet: o.Quiet})
}

// insertion is what of a new task only the database knows.
type insertion struct {
	seq   int64
	told  bool
	quiet bool // no assignee, no due time
}

// insertTask writes a task and tells the pages. It goes to the member who has the conversation, else to the one with the fewest open
// ones, members before administrators. A task of a turn that was sent back remembers of which task, and what was said of it.
func insertTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, t task.Task, in insertion) error {
	decided, err := json.Marshal(t.Decided)
	if err != nil {
		return fmt.Errorf("encode decision: %w", err)
	}
	if t.Blocks == nil {
		t.Blocks = []task.Block{}
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO tasks (tenant_id, id, kind, title, description, asked, known_seq, draft, decided, blocks, told, conversation_id, job_id, rework_of,
		  assigned_to, due_at, created_by)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 OR coalesce(before.told, false), $12, $13, before.id,
		       CASE WHEN $14 <> '' OR $16 THEN $14 ELSE coalesce((
		         SELECT m.subject
		         FROM tenant_memberships m
		         LEFT JOIN conversations c ON c.tenant_id = $1 AND c.id = $12 AND c.owner_kind = 'member' AND c.owner_id = m.subject
		         WHERE m.tenant_id = $1 AND m.status = 'active'
		         ORDER BY c.id IS NULL, m.subject IS DISTINCT FROM before.assigned_to, m.role <> 'member',
		                  (SELECT count(*) FROM tasks k WHERE k.tenant_id = $1 AND k.status = 'open' AND k.assigned_to = m.subject), m.subject
		         LIMIT 1), '') END,
		       CASE WHEN NOT $16 THEN coalesce($15, now() + make_interval(mins => p.task_due_minutes)) END,
		       $17
		FROM (SELECT) one
		LEFT JOIN tenant_policies p ON p.tenant_id = $1
		LEFT JOIN jobs j ON j.tenant_id = $1 AND j.id = $13
		LEFT JOIN tasks before ON before.tenant_id = $1 AND before.id = j.rework_of
		ON CONFLICT DO NOTHING
		RETURNING assigned_to`,
		tenant, t.ID, t.Kind, t.Title, t.Description, t.Asked, in.seq, t.Draft, decided, t.Blocks, in.told, t.Conversation, t.Job,
		t.AssignedTo, orNil(t.DueAt), in.quiet, t.CreatedBy).Scan(&t.AssignedTo)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if violates(err, "tasks_tenant_id_conversation_id_fkey") {
		return whatsapp.ErrConversationNotFound
	}
	if err != nil {
		return fmt.Errorf("open a task: %w", err)
	}
	t.Status = task.Open
	return tellTask(ctx, tx, tenant, "task.created", t)
}

func tellTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, event string, t task.Task) error {
	data := map[string]string{"task_id": t.ID.String(), "kind": string(t.Kind), "status": string(t.Status), "assigned_to": t.AssignedTo}
	if !t.Conversation.IsZero() {
		data["conversation_id"] = t.Conversation.String()
	}
	return appendEvent(ctx, tx, tenant, event, data)
}

// whoseTasks chooses tasks k by what they are about.
type whoseTasks struct {
	sql string // a condition; $4 is of
	of  any
}

func inConversations(ids ...flomastr.ConversationID) whoseTasks {
	return whoseTasks{`k.conversation_id = ANY ($4)`, uuids(ids)}
}

// ofPerson are the tasks about anybody who is this person.
func ofPerson(person flomastr.ContactID) whoseTasks {
	return whoseTasks{`k.conversation_id = ANY (ARRAY(
		SELECT c.id
		FROM conversations c
		JOIN contacts p ON p.tenant_id = $1 AND p.id = c.contact_id
		WHERE c.tenant_id = $1 AND (p.id = $4 OR p.merged_into = $4)))`, person}
}

// endTasks ends open tasks that need nobody any more, in the transaction that makes them so. What has ended does nothing later.
func endTasks(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, how task.Status, whose whoseTasks) error {
	return endTasksOf(ctx, tx, tenant, how, task.Ends(how), whose)
}

func endTasksOf(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, how task.Status, kinds []task.Kind, whose whoseTasks) error {
	rows, err := tx.Query(ctx, `
		UPDATE tasks k
		SET status = $2, resolved_at = now(), resolved_by = 'system'
		WHERE k.tenant_id = $1 AND k.status = 'open' AND k.kind = ANY ($3) AND `+whose.sql+`
		RETURNING k.id, k.kind, k.conversation_id, k.assigned_to`, tenant, how, kinds, whose.of)
	if err != nil {
		return fmt.Errorf("end tasks: %w", err)
	}
	ended, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t task.Task, err error) {
		err = row.Scan(&t.ID, &t.Kind, &t.Conversation, &t.AssignedTo)
		t.Status = how
		return t, err
	})
	if err != nil {
		return fmt.Errorf("end tasks: %w", err)
	}
	for _, t := range ended {
		if err := taskEnded(ctx, tx, tenant, t); err != nil {
			return err
		}
	}
	return nil
}

func taskEnded(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, t task.Task) error {
	if err := clearAlert(ctx, tx, tenant, whatsapp.AlertTask, taskObject(t.ID)); err != nil {
		return err
	}
	return tellTask(ctx, tx, tenant, "task.updated", t)
}

func taskObject(id flomastr.TaskID) string { return "task " + id.String() }

// followOwner does with a conversation's tasks what a change of its owner means for them.
func followOwner(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ConversationID, change whatsapp.OwnerChange) error {
	switch {
	case change.By == "": // the engine's own, which opens what it wants itself
		return nil
	case change.Status == "closed":
		return endTasks(ctx, tx, tenant, task.Closed, inConversations(id))
	case change.Kind == whatsapp.OwnerAssistant:
		return endTasksOf(ctx, tx, tenant, task.Closed, []task.Kind{task.HandOver}, inConversations(id))
	case change.Kind == whatsapp.OwnerMember && change.ID == "":
		return openTask(ctx, tx, whatsapp.Lane{Tenant: tenant, Conversation: id}, whatsapp.Opening{Kind: task.HandOver, Reason: change.Reason})
	case change.Kind != whatsapp.OwnerMember:
		return nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE tasks
		SET assigned_to = $3
		WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'open' AND kind <> 'question'`, tenant, id, change.ID); err != nil {
		return fmt.Errorf("give tasks to whoever has the conversation: %w", err)
	}
	return nil
}

// takeUpHeld makes what a draft waits to answer a part of the turn that the customer's next words have opened: the draft ends, and
// a new one answers all of it. An edit's target is left out, because the edit says it.
func takeUpHeld(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	rows, err := tx.Query(ctx, `
		SELECT k.id, k.job_id
		FROM tasks k
		WHERE k.tenant_id = $1 AND k.conversation_id = $2 AND k.status = 'open' AND k.kind = 'draft' AND NOT k.told AND k.job_id <> $3
		FOR UPDATE`, lane.Tenant, lane.Conversation, lane.Job)
	if err != nil {
		return fmt.Errorf("find held drafts: %w", err)
	}
	var ids []flomastr.TaskID
	var jobs []flomastr.JobID
	var id flomastr.TaskID
	var job flomastr.JobID
	if _, err := pgx.ForEachRow(rows, []any{&id, &job}, func() error {
		ids, jobs = append(ids, id), append(jobs, job)
		return nil
	}); err != nil {
		return fmt.Errorf("find held drafts: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		WITH moved AS (
		  UPDATE messages m
		  SET job_id = $4
		  WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.job_id = ANY ($3) AND m.direction = 'in'
		    AND NOT EXISTS (SELECT FROM messages e
		                    WHERE e.tenant_id = $1 AND e.conversation_id = $2 AND e.job_id = $4 AND e.target = m.provider_message_id AND e.target <> '')
		  RETURNING 1
		)
		UPDATE jobs
		SET message_count = message_count + (SELECT count(*) FROM moved)
		WHERE tenant_id = $1 AND id = $4`, lane.Tenant, lane.Conversation, jobs, lane.Job); err != nil {
		return fmt.Errorf("take up held drafts: %w", err)
	}
	return endTasksOf(ctx, tx, lane.Tenant, task.Superseded, []task.Kind{task.Draft}, whoseTasks{`k.id = ANY ($4)`, ids})
}

// readRework reads what was sent back, and why.
func readRework(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.TaskID) (*flomastr.Rework, error) {
	var r flomastr.Rework
	err := tx.QueryRow(ctx, `
		SELECT draft, feedback
		FROM tasks
		WHERE tenant_id = $1 AND id = $2`, tenant, id).Scan(&r.Draft, &r.Feedback)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // one that is past its retention is answered like any other
		return nil, fmt.Errorf("read what was sent back: %w", err)
	}
	return &r, nil
}

// forgetAsked takes words that the customer has taken back out of the tasks that show them. A draft that answers nothing any more
// ends.
func forgetAsked(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, job flomastr.JobID, words string) error {
	if utf8.RuneCountInString(words) > maxAsked {
		words = "" // it is not there as a whole; what is there goes
	}
	if _, err := tx.Exec(ctx, `
		UPDATE tasks
		SET asked = gone.left_over, title = left(split_part(gone.left_over, E'\n', 1), 200)
		FROM (
		  SELECT id, CASE WHEN $4 <> '' AND position($4 IN asked) > 0 THEN btrim(replace(asked, $4, ''), E' \n') ELSE '' END AS left_over
		  FROM tasks
		  WHERE tenant_id = $1 AND conversation_id = $2 AND kind <> 'question' AND (job_id = $3 OR $4 <> '' AND position($4 IN asked) > 0)
		) gone
		WHERE tasks.tenant_id = $1 AND tasks.id = gone.id`, tenant, conversation, job, words); err != nil {
		return fmt.Errorf("forget what was asked: %w", err)
	}
	return endTasksOf(ctx, tx, tenant, task.Closed, []task.Kind{task.Draft}, whoseTasks{`k.conversation_id = $4 AND k.asked = ''`, conversation})
}
