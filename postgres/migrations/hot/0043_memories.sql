-- Why: what a customer says of themselves ("I'm vegetarian", "my size is L", "I'll pay on Friday") was only in their messages, so
-- that every conversation began anew. A row is one such thing, with the message that it was said in and the time for which it held. It
-- stays at the contact whose words it came from, so that a merge can be taken back, and goes with the contact.
--
-- A message may lie in the tenant's cold database, or be past its retention, so a memory names it without a foreign key; whoever edits
-- or takes back a message drops what came from it.
--
-- What is sensitive is kept with the contact's consent alone: sensitive_memory_since says since when there is one.
--
-- For an operator with a large table: a new empty one, and a column of contacts without a default.

-- +goose Up

ALTER TABLE contacts
  ADD COLUMN sensitive_memory_since timestamptz;

CREATE TABLE memories (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  contact_id      uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('fact', 'preference', 'promise')),
  subject         text NOT NULL CHECK (length(subject) BETWEEN 1 AND 80),
  text            text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
  sensitive       boolean NOT NULL,
  confidence      real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  source          text NOT NULL CHECK (source IN ('customer', 'member')),
  conversation_id uuid,
  message_id      uuid, -- where it was said first
  valid_from      timestamptz NOT NULL,
  valid_until     timestamptz, -- NULL: it holds
  confirmed_at    timestamptz NOT NULL, -- when it was said last
  superseded_by   uuid,
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, superseded_by) REFERENCES memories (tenant_id, id) ON DELETE SET NULL (superseded_by)
);
-- One thing holds of a subject at a time. Recall reads a contact's rows by it.
CREATE UNIQUE INDEX memories_current_key ON memories (tenant_id, contact_id, subject) WHERE valid_until IS NULL;
CREATE INDEX memories_contact_idx ON memories (tenant_id, contact_id, confirmed_at);
CREATE INDEX memories_message_idx ON memories (tenant_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX memories_conversation_idx ON memories (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX memories_superseded_idx ON memories (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
SELECT guard_tenant_table('memories');
