-- Why: a tenant may have its knowledge embedded by a service of its choice. A row is such a service, or, without an address,
-- the installation's own while a tenant goes back to it. One of a tenant's rows is the wanted one; another stays while its
-- vectors still serve. A tenant without a row has the installation's own. A run is one making of all vectors; its state is
-- what people see of it.
--
-- For an operator with a large table: a new empty one.

-- +goose Up

CREATE TABLE embedders (
  tenant_id      uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id             uuid NOT NULL,
  name           text NOT NULL CHECK (length(name) BETWEEN 0 AND 300), -- under which its vectors are kept; '' of the installation's own
  url            text NOT NULL CHECK (length(url) BETWEEN 0 AND 1000),
  model          text NOT NULL CHECK (length(model) BETWEEN 0 AND 200),
  key_header     text NOT NULL CHECK (key_header IN ('', 'api-key')),
  sealed_key     bytea,
  dimensions     integer NOT NULL CHECK (dimensions BETWEEN 0 AND 4000),
  shorten        boolean NOT NULL,
  monthly_tokens bigint NOT NULL CHECK (monthly_tokens >= 0), -- 0: no bound
  used_tokens    bigint NOT NULL DEFAULT 0,
  used_month     date NOT NULL DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC'),
  wanted         boolean NOT NULL,
  run            integer NOT NULL DEFAULT 1,
  state          text NOT NULL CHECK (state IN ('embedding', 'waiting', 'budget', 'failed', 'serving')),
  problem        text NOT NULL DEFAULT '' CHECK (length(problem) BETWEEN 0 AND 500),
  done           integer NOT NULL DEFAULT 0,
  total          integer NOT NULL DEFAULT 0,
  failure        text NOT NULL DEFAULT '' CHECK (length(failure) BETWEEN 0 AND 500), -- of the last question that it left without a vector
  failed_at      timestamptz,
  saved_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT embedders_name_key UNIQUE (tenant_id, name)
);
CREATE UNIQUE INDEX embedders_wanted_key ON embedders (tenant_id) WHERE wanted;
SELECT guard_tenant_table('embedders');
