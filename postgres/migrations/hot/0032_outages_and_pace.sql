-- Why: each server found out by itself that a provider does not answer, each kept its own share of a number's throughput, and an
-- answer that had waited for an hour was sent as if it were new. The outage is kept with the number and the throughput in a row of
-- its own, which changes a few times a second; an answer knows from when on it is stale, and a number what goes instead of one
-- that the 24-hour window keeps back.
--
-- For an operator with a large table: columns without a default of outbox, two of channels, which are few, and a new small table.

-- +goose Up

ALTER TABLE channels
  ADD COLUMN failures integer NOT NULL DEFAULT 0, -- calls in a row that the provider did not answer
  ADD COLUMN outage_since timestamptz,
  ADD COLUMN probe_at timestamptz, -- when the next message may try whether it is over
  ADD COLUMN outage_over_at timestamptz, -- when the last one ended
  ADD COLUMN fallback_template jsonb; -- name, language and values
ALTER TABLE outbox
  ADD COLUMN stale_at timestamptz;

CREATE TABLE channel_pace (
  tenant_id    uuid NOT NULL,
  channel_id   uuid NOT NULL,
  booked_until timestamptz NOT NULL, -- until when the number's throughput is given out
  PRIMARY KEY (tenant_id, channel_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT guard_tenant_table('channel_pace');
