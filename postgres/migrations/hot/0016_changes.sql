-- Why: customers change and take back what they wrote, and react to what we wrote; people must see the message as it is
-- now, and the assistant must answer what is said, not what was.
--
-- messages carry what came with them and what happened to them since. A reaction, an edit and a revocation are messages of
-- their own, which name their target by the provider's id; one whose target we do not have stands alone.
--
-- jobs: a turn whose messages changed while it was answered is answered again.
--
-- For an operator with a large table: columns without a default or with a constant one, and a partial index that is empty;
-- nothing is rewritten.

-- +goose Up

ALTER TABLE messages
  ADD COLUMN target text NOT NULL DEFAULT '',
  ADD COLUMN details jsonb;
CREATE INDEX messages_target_idx ON messages (tenant_id, conversation_id, target) WHERE target <> '';

ALTER TABLE conversations
  ADD COLUMN loose boolean NOT NULL DEFAULT false, -- some message waits for its target
  ADD COLUMN referral text NOT NULL DEFAULT ''; -- the advertisement by which the contact first came, as the provider's JSON

ALTER TABLE jobs
  ADD COLUMN stale boolean NOT NULL DEFAULT false;
