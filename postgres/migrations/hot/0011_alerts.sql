-- Why: what a provider tells of templates, numbers and accounts, and what the engine itself finds wrong, must reach the
-- tenant's people and stay until somebody has seen to it.
--
-- conversations remember that a contact's device or owner has changed: sends may fail until that is confirmed.
--
-- For an operator with a large table: a new small table and a column without a default; nothing is rewritten.

-- +goose Up

CREATE TABLE alerts (
  tenant_id   uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id          uuid NOT NULL,
  kind        text NOT NULL,
  severity    text NOT NULL CHECK (severity IN ('info', 'warning', 'urgent')),
  object      text NOT NULL, -- what it is about, such as "channel <id>"
  detail      text NOT NULL DEFAULT '', -- a sentence for people
  raised_at   timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz, -- NULL: open
  resolved_by text NOT NULL DEFAULT '', -- an actor; '' when it ended by itself
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX alerts_open_key ON alerts (tenant_id, kind, object) WHERE resolved_at IS NULL;
SELECT guard_tenant_table('alerts');

ALTER TABLE conversations
  ADD COLUMN identity_changed_at timestamptz;
