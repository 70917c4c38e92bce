-- Why: a tenant's policies must hold whichever server is asked, and a conversation that nobody writes in any more must
-- not fill the hot database.
--
-- tenant_quotas is the bucket that the servers lease requests from, a few at a time: one row for each tenant, written
-- every few seconds of its busiest minute, never once a request.
--
-- conversations say how much of them lies in the tenant's cold database: every message up to archived_seq. The row itself
-- stays, so that the inbox lists it and a new message finds it.
--
-- For an operator with a large table: the new columns have constant defaults; nothing is rewritten.

-- +goose Up

CREATE TABLE tenant_quotas (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  tokens    double precision NOT NULL, -- requests that may still be leased
  granted   integer NOT NULL, -- how many the last lease got
  filled_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
WITH (fillfactor = 50);
SELECT guard_tenant_table('tenant_quotas');

ALTER TABLE conversations
  ADD COLUMN archived_seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN archived_at timestamptz; -- when the last hot message moved; a later last_message_at: there are new ones

-- A page and a chat's work ask for dozens of things at once; the first default was one that a small team would meet.
ALTER TABLE tenant_policies ALTER COLUMN rate_limit_per_minute SET DEFAULT 3000;
