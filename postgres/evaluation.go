package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine/evaluation"
)

// EvaluationStore keeps question sets and what came of asking them, in the hot database.
type EvaluationStore struct{ db *DB }

// NewEvaluationStore makes one.
func NewEvaluationStore(db *DB) *EvaluationStore { return &EvaluationStore{db} }

var _ evaluation.Store = (*EvaluationStore)(nil)

const (
	questionSetNameKey = "question_sets_name_key"
	runningKey         = "evaluation_runs_running_key"
)

// ItemsNamed implements [evaluation.Store]. A name that is an id and a title too is the id.
func (s *EvaluationStore) ItemsNamed(ctx context.Context, tenant flomastr.TenantID, names []string) (map[string]flomastr.ItemID, error) {
	known := map[string]flomastr.ItemID{}
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT title, id
			FROM knowledge_index
			WHERE tenant_id = $1 AND title = ANY ($2)
			UNION ALL
			SELECT id::text, id
			FROM knowledge_index
			WHERE tenant_id = $1 AND id = ANY ($3::uuid[])`, tenant, names, uuids(idsAmong(names)))
		if err != nil {
			return err
		}
		var name string
		var id flomastr.ItemID
		_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error {
			known[name] = id
			return nil
		})
		return err
	})
	return known, err
}

func idsAmong(names []string) (ids []flomastr.ItemID) {
	for _, name := range names {
		if id, err := flomastr.ParseID[flomastr.ItemID](name); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// Titles implements [evaluation.Store].
func (s *EvaluationStore) Titles(ctx context.Context, tenant flomastr.TenantID, items []flomastr.ItemID) (map[flomastr.ItemID]string, error) {
	titles := map[flomastr.ItemID]string{}
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, title FROM knowledge_index WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`, tenant, uuids(items))
		if err != nil {
			return err
		}
		var id flomastr.ItemID
		var title string
		_, err = pgx.ForEachRow(rows, []any{&id, &title}, func() error {
			titles[id] = title
			return nil
		})
		return err
	})
	return titles, err
}

// SaveSet implements [evaluation.Store].
func (s *EvaluationStore) SaveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, list []evaluation.Question) (set evaluation.Set, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if id.IsZero() {
			set, err = insertSet(ctx, tx, tenant, by, name)
		} else {
			set, err = replaceSet(ctx, tx, tenant, by, id, name)
		}
		if violates(err, questionSetNameKey) {
			return evaluation.ErrSetExists
		}
		if err != nil {
			return err
		}
		if err := insertQuestions(ctx, tx, tenant, set.ID, list); err != nil {
			return err
		}
		set.Questions, set.Count = list, len(list)
		action := "knowledge.question_set_added"
		if !id.IsZero() {
			action = "knowledge.question_set_changed"
			if set.Last, err = lastRun(ctx, tx, tenant, id); err != nil {
				return err
			}
		}
		return noteSet(ctx, tx, tenant, by, action, set)
	})
	return set, err
}

func insertSet(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, name string) (evaluation.Set, error) {
	var full bool
	if err := tx.QueryRow(ctx, `SELECT count(*) >= $2 FROM question_sets WHERE tenant_id = $1`, tenant, evaluation.MaxSets).Scan(&full); err != nil {
		return evaluation.Set{}, err
	}
	if full {
		return evaluation.Set{}, evaluation.ErrTooManySets
	}
	return oneSet(tx.Query(ctx, `
		INSERT INTO question_sets (tenant_id, id, name, changed_by)
		VALUES ($1, $2, $3, $4)
		RETURNING id, name, 0, changed_by, created_at, updated_at`, tenant, flomastr.NewID[flomastr.QuestionSetID](), name, by))
}

func replaceSet(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string) (evaluation.Set, error) {
	set, err := oneSet(tx.Query(ctx, `
		UPDATE question_sets
		SET name = $3, changed_by = $4, updated_at = now()
		WHERE tenant_id = $1 AND id = $2
		RETURNING id, name, 0, changed_by, created_at, updated_at`, tenant, id, name, by))
	if err != nil {
		return set, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM questions WHERE tenant_id = $1 AND set_id = $2`, tenant, id)
	return set, err
}

func insertQuestions(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, set flomastr.QuestionSetID, list []evaluation.Question) error {
	texts, expected := make([]string, len(list)), make([]string, len(list))
	for i, q := range list {
		texts[i], expected[i] = q.Text, "{"+strings.Join(idTexts(q.Expected), ",")+"}" // arrays within an array have one length
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO questions (tenant_id, set_id, no, text, expected)
		SELECT $1, $2, q.no, q.text, q.expected::uuid[]
		FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS q (text, expected, no)`, tenant, set, texts, expected)
	return err
}

func scanSet(row pgx.CollectableRow) (s evaluation.Set, err error) {
	err = row.Scan(&s.ID, &s.Name, &s.Count, &s.ChangedBy, &s.CreatedAt, &s.UpdatedAt)
	s.CreatedAt, s.UpdatedAt = s.CreatedAt.UTC(), s.UpdatedAt.UTC()
	return s, err
}

func oneSet(rows pgx.Rows, err error) (evaluation.Set, error) {
	if err != nil {
		return evaluation.Set{}, err
	}
	set, err := pgx.CollectExactlyOneRow(rows, scanSet)
	if errors.Is(err, pgx.ErrNoRows) {
		return set, evaluation.ErrSetNotFound
	}
	return set, err
}

const setColumns = `s.id, s.name, (SELECT count(*) FROM questions q WHERE q.tenant_id = s.tenant_id AND q.set_id = s.id), s.changed_by, s.created_at, s.updated_at`

// Sets implements [evaluation.Store].
func (s *EvaluationStore) Sets(ctx context.Context, tenant flomastr.TenantID) (list []evaluation.Set, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+setColumns+` FROM question_sets s WHERE s.tenant_id = $1 ORDER BY s.name`, tenant)
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, scanSet); err != nil {
			return err
		}
		for i := range list { // at most fifty, each from an index
			if list[i].Last, err = lastRun(ctx, tx, tenant, list[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// Set implements [evaluation.Store].
func (s *EvaluationStore) Set(ctx context.Context, tenant flomastr.TenantID, id flomastr.QuestionSetID) (set evaluation.Set, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if set, err = readSet(ctx, tx, tenant, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT text, expected FROM questions WHERE tenant_id = $1 AND set_id = $2 ORDER BY no`, tenant, id)
		if err != nil {
			return err
		}
		set.Questions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[evaluation.Question])
		if err != nil {
			return err
		}
		set.Last, err = lastRun(ctx, tx, tenant, id)
		return err
	})
	return set, err
}

func readSet(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.QuestionSetID) (evaluation.Set, error) {
	return oneSet(tx.Query(ctx, `SELECT `+setColumns+` FROM question_sets s WHERE s.tenant_id = $1 AND s.id = $2`, tenant, id))
}

// RemoveSet implements [evaluation.Store].
func (s *EvaluationStore) RemoveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		set, err := oneSet(tx.Query(ctx, `
			DELETE FROM question_sets
			WHERE tenant_id = $1 AND id = $2
			RETURNING id, name, 0, changed_by, created_at, updated_at`, tenant, id))
		if err != nil {
			return err
		}
		return noteSet(ctx, tx, tenant, by, "knowledge.question_set_removed", set)
	})
}

// noteSet adds the audit line and the event of a set that changed.
func noteSet(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, set evaluation.Set) error {
	err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "question_set:" + set.ID.String(), Detail: map[string]string{
		"name": set.Name, "questions": strconv.Itoa(set.Count),
	}})
	if err != nil {
		return err
	}
	return appendEvent(ctx, tx, tenant, "knowledge.question_set", map[string]any{"id": set.ID})
}

// EvaluationQueue is the job queue of runs: they ask much, and must not hold up what is being read.
const EvaluationQueue = "evaluation"

const (
	evaluationAttempts = 8
	keptRuns           = 50               // of a set
	stillAfter         = 30 * time.Second // a run on which nobody works; a question takes milliseconds
)

// enqueueRun makes a run's job. The more of a tenant's runs there are, the later comes the next: see inTurn.
func (s *EvaluationStore) enqueueRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.EvaluationID) error {
	var priority int
	err := tx.QueryRow(ctx, `
		SELECT least(4, greatest(1, count(*)))
		FROM evaluation_runs
		WHERE tenant_id = $1 AND status = 'running'`, tenant).Scan(&priority)
	if err != nil {
		return fmt.Errorf("count running evaluations: %w", err)
	}
	return s.db.Enqueue(ctx, tx, evaluation.RunArgs{Tenant: tenant, Run: id}, &river.InsertOpts{Queue: EvaluationQueue, MaxAttempts: evaluationAttempts, Priority: priority})
}
