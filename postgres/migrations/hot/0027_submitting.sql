-- Why: two clicks on Submit could hand a template to its provider twice; a draft that somebody submits is taken for a time. And
-- what waits for a template that a list was without, once, was given up at once; it remembers since when it waits.
--
-- For an operator with a large table: columns whose default is kept in the catalogue; nothing is rewritten.

-- +goose Up

ALTER TABLE whatsapp_templates
  ADD COLUMN submitting_until timestamptz NOT NULL DEFAULT '-infinity'; -- until when nobody else may submit it
ALTER TABLE outbox
  ADD COLUMN template_missed_at timestamptz; -- since when its turn has come and its template is not known
