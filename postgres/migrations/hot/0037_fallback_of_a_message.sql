-- Why: a caller's fallback template counted only when the message was queued, not when the 24-hour window closed while it
-- waited for its turn.
--
-- For an operator with a large table: a column without a default of outbox.

-- +goose Up

ALTER TABLE outbox
  ADD COLUMN fallback_template jsonb; -- name, language and values
