-- Why: what a member or a workflow uploads is sent later, or never, and belongs to no message until it is.
--
-- A file that is sent gets a row of its own with its message, so an upload may be sent many times, and goes a day after it came.
--
-- For an operator with a large table: columns that may be empty and one with a constant default; the check is not held against the
-- rows that are there, which all have a message.

-- +goose Up

ALTER TABLE media
  ALTER COLUMN channel_id DROP NOT NULL,
  ALTER COLUMN conversation_id DROP NOT NULL,
  ALTER COLUMN message_id DROP NOT NULL,
  ADD COLUMN uploaded_by text NOT NULL DEFAULT '', -- who uploaded it; empty for a message's own
  ADD CONSTRAINT media_place_check CHECK (
    num_nulls(channel_id, conversation_id, message_id) IN (0, 3) AND (uploaded_by = '' OR message_id IS NULL)) NOT VALID;
CREATE INDEX media_upload_idx ON media (tenant_id, created_at) WHERE message_id IS NULL;
