-- Why: WhatsApp lets a business begin talks with so many people in 24 hours, counted over all its numbers; each server asked
-- only itself. Whom we began with is counted here, under a lock of the account, so that two servers or two numbers cannot
-- race past the limit.
--
-- contacts remember until when WhatsApp holds back advertising to them. The pace to one contact is WhatsApp's own from now on:
-- one message in six seconds after a burst of 45.
--
-- For an operator with a large table: a new small table, columns without a default or of channels, which are few.

-- +goose Up

CREATE TABLE begun_talks (
  tenant_id  uuid NOT NULL,
  account    text NOT NULL, -- whose limit it is: see accountSQL
  address    text NOT NULL,
  contact_id uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(), -- of the last message that began or went on with it
  PRIMARY KEY (tenant_id, account, address),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX begun_talks_recent_idx ON begun_talks (tenant_id, account, at);
CREATE INDEX begun_talks_contact_idx ON begun_talks (tenant_id, contact_id);
SELECT guard_tenant_table('begun_talks');

ALTER TABLE channels
  ADD COLUMN daily_recipients integer NOT NULL DEFAULT 0 CHECK (daily_recipients >= 0), -- as an administrator says; 0: as WhatsApp does
  ADD COLUMN told_recipients integer NOT NULL DEFAULT 0 CHECK (told_recipients >= 0),   -- as WhatsApp says; 0: not yet
  ALTER COLUMN pair_burst SET DEFAULT 45;
ALTER TABLE channels NO FORCE ROW LEVEL SECURITY;
UPDATE channels SET pair_burst = 45 WHERE pair_burst = 10 AND pair_interval = '6 seconds';
ALTER TABLE channels FORCE ROW LEVEL SECURITY;

ALTER TABLE contacts
  ADD COLUMN marketing_after timestamptz; -- WhatsApp takes no advertising for them before
