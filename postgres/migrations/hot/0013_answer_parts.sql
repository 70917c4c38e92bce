-- Why: an answer that is longer than one message leaves in several. That a turn has one answer is held here: a second
-- one's first part would be the first's.
--
-- For an operator: two columns without a default; the index covers new rows only, so building it is quick.

-- +goose Up

ALTER TABLE outbox
  ADD COLUMN job_id uuid, -- the turn that is answered
  ADD COLUMN part smallint CHECK (part > 0); -- of the answer, from 1
CREATE UNIQUE INDEX outbox_answer_key ON outbox (tenant_id, job_id, part) WHERE job_id IS NOT NULL;
