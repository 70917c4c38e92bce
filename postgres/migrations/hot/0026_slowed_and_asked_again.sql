-- Why: a message that the provider only slowed down used up the tries that are meant for failures; how often it was slowed down
-- is counted apart, since the wait grows with it. What is called off because something else goes in its place is no dead letter.
--
-- For an operator with a large table: a column with a constant default and a check that is looked at for new rows alone.

-- +goose Up

ALTER TABLE outbox
  ADD COLUMN slowed integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT outbox_dealt_how_check,
  ADD CONSTRAINT outbox_dealt_how_check CHECK (dealt_how IN ('resent', 'discarded', 'asked_again', 'replaced')) NOT VALID;
