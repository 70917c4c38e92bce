-- Why: a POST that makes a tenant names none, so its Idempotency-Key had nowhere to be kept and was ignored.
--
-- The table has the columns of idempotency_keys, tenant_id among them, so that the same statements serve both; here it is
-- the id of nobody. What an answer tells of a tenant goes with that tenant.

-- +goose Up

CREATE TABLE platform_idempotency_keys (
  tenant_id  uuid NOT NULL CHECK (tenant_id = '00000000-0000-0000-0000-000000000000'),
  caller     text NOT NULL,
  route      text NOT NULL,
  key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  body_hash  bytea NOT NULL,
  response   bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, caller, route, key)
);
CREATE INDEX platform_idempotency_keys_age_idx ON platform_idempotency_keys (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON platform_idempotency_keys TO flomastr_platform;
