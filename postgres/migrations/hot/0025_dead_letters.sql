-- Why: what could not be sent or answered for good stood in its conversation alone, where nobody looks for it. People list it,
-- try it again or put it aside; the row remembers which. The lists' indexes are made by a later migration, which locks less.
--
-- For an operator with a large table: columns without a default, so nothing is rewritten.

-- +goose Up

ALTER TABLE outbox
  ADD COLUMN dealt_at timestamptz, -- when a person dealt with its failure
  ADD COLUMN dealt_how text CHECK (dealt_how IN ('resent', 'discarded'));
ALTER TABLE jobs
  ADD COLUMN dealt_at timestamptz;
