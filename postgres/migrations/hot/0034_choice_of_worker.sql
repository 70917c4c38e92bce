-- Why: a number's turns were the assistant's or an outside worker's, all of them, and one that no outside worker fetched was
-- never answered. A turn now says whose it is, by the channel's rules; the lane says from when on our own workers may take it.
--
-- For an operator with a large table: lanes is written anew for the generated column, which takes seconds for a million
-- conversations; jobs gets columns with constant defaults.

-- +goose Up

ALTER TABLE channels
  DROP CONSTRAINT channels_worker_check,
  ADD CONSTRAINT channels_worker_check CHECK (worker IN ('assistant', 'n8n', 'both')),
  ADD COLUMN worker_rules jsonb NOT NULL DEFAULT '[]', -- words and worker, in order
  ADD COLUMN both_wait interval NOT NULL DEFAULT '5 seconds',
  ADD COLUMN outside_wait interval NOT NULL DEFAULT '1 minute',
  ADD COLUMN worker_missed_at timestamptz; -- since when no outside worker comes
ALTER TABLE jobs
  ADD COLUMN hand text NOT NULL DEFAULT 'assistant' CHECK (hand IN ('assistant', 'n8n', 'both')), -- whose it is
  ADD COLUMN head_start interval NOT NULL DEFAULT '0', -- how long before our own workers may take it
  ADD COLUMN ruled boolean NOT NULL DEFAULT false, -- a rule chose
  ADD COLUMN missed boolean NOT NULL DEFAULT false; -- no outside worker came for it in time
ALTER TABLE lanes
  ADD COLUMN head_start interval NOT NULL DEFAULT '0';

-- What waits for an outside worker already.
ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lanes NO FORCE ROW LEVEL SECURITY;
UPDATE jobs
SET hand = 'n8n', head_start = '1 minute'
FROM lanes
WHERE lanes.tenant_id = jobs.tenant_id AND lanes.conversation_id = jobs.conversation_id AND lanes.kind = 'turn' AND lanes.worker = 'n8n'
  AND jobs.state IN ('queued', 'processing');
UPDATE lanes
SET head_start = '1 minute'
WHERE worker = 'n8n';
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE lanes FORCE ROW LEVEL SECURITY;

-- By way of UTC, because only that addition is the same whatever a session's time zone.
ALTER TABLE lanes
  ADD COLUMN ours_at timestamptz GENERATED ALWAYS AS (((ready_at AT TIME ZONE 'UTC') + head_start) AT TIME ZONE 'UTC') STORED;
DROP INDEX lanes_ready_idx;
CREATE INDEX lanes_ours_idx ON lanes (tenant_id, kind, ours_at) WHERE ours_at IS NOT NULL;
CREATE INDEX lanes_outside_idx ON lanes (tenant_id, ready_at) WHERE kind = 'turn' AND worker <> 'assistant' AND ready_at IS NOT NULL;
