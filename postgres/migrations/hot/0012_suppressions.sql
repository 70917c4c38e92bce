-- Why: somebody who does not want to be written to must not be, whichever way the message would go; the record is theirs,
-- over all names by which we know them.
--
-- outbox tells what is advertising, and what goes to everybody: the one confirmation of an opt-out is a notice.
--
-- For an operator with a large table: a new small table, a column with a constant default, and a check that is replaced
-- without looking at the rows; nothing is rewritten.

-- +goose Up

CREATE TABLE suppressions (
  tenant_id  uuid NOT NULL,
  contact_id uuid NOT NULL,
  scope      text NOT NULL CHECK (scope IN ('marketing', 'all')),
  source     text NOT NULL CHECK (source IN ('contact', 'provider', 'unreachable')),
  detail     text NOT NULL DEFAULT '', -- what was said, by whom
  since      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, contact_id, scope, source),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('suppressions');

ALTER TABLE outbox
  ADD COLUMN marketing boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox
  ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('answer', 'reply', 'api', 'notice')) NOT VALID;
