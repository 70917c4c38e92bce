-- Why: what could not be sent or answered for good stood in its conversation alone, where nobody looks for it. People list it,
-- try it again or put it aside; the row remembers which.
--
-- For an operator with a large table: columns without a default; two partial indexes over the few rows that failed, whose
-- making reads their tables once; nothing else can use these three tables meanwhile, so take a quiet hour.

-- +goose Up

ALTER TABLE outbox
  ADD COLUMN dealt_at timestamptz, -- when a person dealt with its failure
  ADD COLUMN dealt_how text CHECK (dealt_how IN ('resent', 'discarded'));
ALTER TABLE jobs
  ADD COLUMN dealt_at timestamptz;
CREATE INDEX IF NOT EXISTS messages_lost_idx ON messages (tenant_id, id) WHERE direction = 'out' AND state IN ('failed', 'unknown');
CREATE INDEX IF NOT EXISTS jobs_lost_idx ON jobs (tenant_id, id) WHERE state IN ('failed', 'expired');
