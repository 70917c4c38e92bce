-- Why: a tenant may have an n8n of its own; where it answers is said when the tenant is set up, and can be changed.
--
-- For an operator with a large table: a column with a constant default; nothing is rewritten.

-- +goose Up

ALTER TABLE tenants
  ADD COLUMN n8n_url text NOT NULL DEFAULT '' CHECK (length(n8n_url) <= 500);
