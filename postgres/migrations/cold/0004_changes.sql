-- Why: what came with a message and what happened to it since goes with it into the archive.

-- +goose Up

ALTER TABLE archived_messages
  ADD COLUMN target text NOT NULL DEFAULT '',
  ADD COLUMN details jsonb;
