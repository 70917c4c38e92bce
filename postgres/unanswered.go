package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// unansweredMost bounds what is kept of a tenant; the oldest go first.
const unansweredMost = 1000

// noteUnanswered keeps the questions of a turn that the knowledge had nothing for. Ids grow with time, so the key finds
// the oldest.
func noteUnanswered(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, questions []string) error {
	ids, kept := []flomastr.QuestionID{}, []string{}
	for _, q := range questions {
		if q = provider.Truncate(flomastr.VisibleLine(q), 300); q != "" {
			ids, kept = append(ids, flomastr.NewID[flomastr.QuestionID]()), append(kept, q)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	var batch pgx.Batch
	batch.Queue(`
		INSERT INTO unanswered_questions (tenant_id, id, job_id, question)
		SELECT $1, q.id, $2, q.question
		FROM unnest($3::uuid[], $4::text[]) AS q(id, question)`, lane.Tenant, lane.Job, ids, kept)
	batch.Queue(`
		DELETE FROM unanswered_questions
		WHERE tenant_id = $1 AND id < (
		  SELECT id
		  FROM unanswered_questions
		  WHERE tenant_id = $1
		  ORDER BY id DESC
		  OFFSET $2 - 1
		  LIMIT 1)`, lane.Tenant, unansweredMost)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("keep unanswered questions: %w", err)
	}
	return nil
}

// forgetUnansweredSQL drops what was asked in a turn: one of its messages was taken back or says something else now.
const forgetUnansweredSQL = `DELETE FROM unanswered_questions WHERE tenant_id = $1 AND job_id = $2`

// forgetUnansweredOf drops what a person asked who does not want to hear of us any more.
func forgetUnansweredOf(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, person flomastr.ContactID) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM unanswered_questions u
		USING jobs j, conversations c, contacts p
		WHERE u.tenant_id = $1
		  AND j.tenant_id = $1 AND j.id = u.job_id
		  AND c.tenant_id = $1 AND c.id = j.conversation_id
		  AND p.tenant_id = $1 AND p.id = c.contact_id AND coalesce(p.merged_into, p.id) = $2`, tenant, person)
	if err != nil {
		return fmt.Errorf("forget unanswered questions: %w", err)
	}
	return nil
}

// Unanswered implements [contextengine.StatusStore].
func (s *KnowledgeStore) Unanswered(ctx context.Context, tenant flomastr.TenantID) (list []contextengine.Unanswered, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, question, asked_at
			FROM unanswered_questions
			WHERE tenant_id = $1 AND dismissed_with IS NULL
			ORDER BY id`, tenant)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[contextengine.Unanswered])
		return err
	})
	return list, err
}

// DismissQuestions implements [contextengine.StatusStore].
func (s *KnowledgeStore) DismissQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID, ids []flomastr.QuestionID) error {
	return s.changeQuestions(ctx, tenant, by, "knowledge.question_dismissed", group, `
		UPDATE unanswered_questions
		SET dismissed_with = $2
		WHERE tenant_id = $1 AND id = ANY ($3) AND dismissed_with IS NULL`, tenant, group, ids)
}

// TakeUpQuestions implements [contextengine.StatusStore].
func (s *KnowledgeStore) TakeUpQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID) error {
	return s.changeQuestions(ctx, tenant, by, "knowledge.question_taken_up", group, `
		UPDATE unanswered_questions
		SET dismissed_with = NULL
		WHERE tenant_id = $1 AND dismissed_with = $2`, tenant, group)
}

// DropQuestions implements [contextengine.StatusStore].
func (s *KnowledgeStore) DropQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID, ids []flomastr.QuestionID) error {
	return s.changeQuestions(ctx, tenant, by, "knowledge.question_answered", group, `
		DELETE FROM unanswered_questions
		WHERE tenant_id = $1 AND id = ANY ($2)`, tenant, ids)
}

func (s *KnowledgeStore) changeQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, action string, group flomastr.QuestionID, sql string, args ...any) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return contextengine.ErrQuestionNotFound
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "question:" + group.String()})
	})
}
