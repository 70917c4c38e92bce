-- Why: a voice message is what the customer says, and a document is what they mean; an answer must know the words in them.
--
-- For an operator with a large table: columns with constant defaults; nothing is rewritten.

-- +goose Up

ALTER TABLE media
  ADD COLUMN reading text NOT NULL DEFAULT 'none' CHECK (reading IN ('none', 'pending', 'done', 'failed')),
  ADD COLUMN text text NOT NULL DEFAULT ''; -- what is said or written in it, capped
