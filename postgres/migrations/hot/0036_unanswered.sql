-- Why: what customers asked and the knowledge had nothing for was only told in each conversation; nobody saw what to write
-- an answer to. A row is one such question of one turn, and goes with it: with the conversation, its retention and the
-- contact. dismissed_with names the group of alike questions that somebody put aside, so that it can be taken up again.
--
-- For an operator with a large table: a new empty one.

-- +goose Up

CREATE TABLE unanswered_questions (
  tenant_id      uuid NOT NULL,
  id             uuid NOT NULL,
  job_id         uuid NOT NULL,
  question       text NOT NULL CHECK (length(question) BETWEEN 1 AND 300),
  asked_at       timestamptz NOT NULL DEFAULT now(),
  dismissed_with uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX unanswered_questions_job_idx ON unanswered_questions (tenant_id, job_id);
SELECT guard_tenant_table('unanswered_questions');
