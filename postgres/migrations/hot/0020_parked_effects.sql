-- Why: a report may be faster than our own commit of the message that it is about. It waits then, and what it means beyond
-- the message, such as a paused channel, has to wait with it.
--
-- For an operator with a large table: one column with a default; nothing is rewritten.

-- +goose Up

ALTER TABLE parked_reports
  ADD COLUMN effect smallint NOT NULL DEFAULT 0;
