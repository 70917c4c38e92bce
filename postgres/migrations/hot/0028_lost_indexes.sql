-- Why: the list of what could not be sent or answered reads the few rows that failed by these indexes. They were made together
-- with other changes in one transaction, which kept everybody from three tables for as long as it read them. Here each step is
-- a transaction of its own and keeps writers, never readers, from one partition while that is read once.
--
-- For an operator with a large table: to keep no writer waiting either, make the indexes beforehand, with CONCURRENTLY and these
-- names: jobs_lost_idx, and for each partition of messages its name followed by _lost_idx. What is there is not made again.
--
-- Killed half-way it can be taken again: every step looks whether it is done.

-- +goose NO TRANSACTION
-- +goose Up

CREATE INDEX IF NOT EXISTS jobs_lost_idx ON jobs (tenant_id, id) WHERE state IN ('failed', 'expired');

-- +goose StatementBegin
DO $$
DECLARE
  part regclass;
BEGIN
  -- Where the whole is there, its parts are, by names of the database's choice.
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'messages'::regclass AND to_regclass('messages_lost_idx') IS NULL LOOP
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (tenant_id, id) WHERE direction = ''out'' AND state IN (''failed'', ''unknown'')',
      part::text || '_lost_idx', part);
    COMMIT;
  END LOOP;
END
$$;
-- +goose StatementEnd

-- Takes the partitions' indexes as its parts; reads nothing.
CREATE INDEX IF NOT EXISTS messages_lost_idx ON messages (tenant_id, id) WHERE direction = 'out' AND state IN ('failed', 'unknown');
