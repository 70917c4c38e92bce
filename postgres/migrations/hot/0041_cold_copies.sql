-- Why: a tenant's cold database can be moved to another PostgreSQL server (tenants.cold_db_ref says which one serves). Where
-- databases of a tenant lie that do not serve, one that is being filled or the one from before a move, stands here, so that each
-- is removed in time, and with the tenant.
--
-- For an operator with a large table: a new empty one.

-- +goose Up

CREATE TABLE cold_copies (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  server     text NOT NULL DEFAULT '' CHECK (server ~ '^([a-z0-9][a-z0-9-]{0,30})?$'), -- '' is the hot server
  made_at    timestamptz NOT NULL DEFAULT now(),
  drop_after timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, server)
);
SELECT guard_tenant_table('cold_copies');
REVOKE INSERT, UPDATE, DELETE ON cold_copies FROM flomastr_app;
SELECT allow_platform('cold_copies', 'SELECT, INSERT, UPDATE, DELETE');
