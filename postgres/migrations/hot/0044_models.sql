-- Why: a tenant may have its answers written by a language model of its choice, with a second one for when the first fails. What that
-- may cost in a month is bounded before a question is asked, and every question is on record by what it was, never by its words.
--
-- A question names its conversation and turn without a foreign key: it stays as a record of cost when they are gone.
--
-- For an operator with a large table: new empty ones.

-- +goose Up

CREATE TABLE models (
  tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id           uuid NOT NULL,
  purpose      text NOT NULL CHECK (purpose IN ('reply', 'fallback')),
  provider     text NOT NULL CHECK (provider IN ('openai', 'anthropic')),
  url          text NOT NULL CHECK (length(url) BETWEEN 1 AND 1000),
  model        text NOT NULL CHECK (length(model) BETWEEN 1 AND 200),
  key_header   text NOT NULL CHECK (key_header IN ('', 'api-key')),
  sealed_key   bytea,
  input_price  bigint NOT NULL CHECK (input_price >= 0), -- millionths of the tenant's currency, for a million tokens
  output_price bigint NOT NULL CHECK (output_price >= 0),
  saved_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT models_purpose_key UNIQUE (tenant_id, purpose)
);
SELECT guard_tenant_table('models');

CREATE TABLE model_limits (
  tenant_id      uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  monthly_tokens bigint NOT NULL CHECK (monthly_tokens >= 0), -- 0: no bound
  monthly_cost   bigint NOT NULL CHECK (monthly_cost >= 0), -- millionths of the currency; 0: no bound
  seconds        integer NOT NULL CHECK (seconds BETWEEN 1 AND 300) -- for one answer, with both models
);
SELECT guard_tenant_table('model_limits');

CREATE TABLE model_usage (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  month     date NOT NULL, -- by UTC
  own       boolean NOT NULL, -- of the tenant's own models, not of the installation's
  tokens    bigint NOT NULL,
  cost      bigint NOT NULL,
  PRIMARY KEY (tenant_id, month, own)
);
SELECT guard_tenant_table('model_usage');

CREATE TABLE model_calls (
  tenant_id         uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id                uuid NOT NULL,
  purpose           text NOT NULL CHECK (purpose IN ('reply', 'fallback')),
  own               boolean NOT NULL,
  model             text NOT NULL,
  prompt_version    text NOT NULL,
  prompt_tokens     integer NOT NULL,
  completion_tokens integer NOT NULL,
  cost              bigint NOT NULL,
  milliseconds      integer NOT NULL,
  tools             text[] NOT NULL, -- that it asked for, of those that it was offered
  outcome           text NOT NULL, -- answered, or the code of what went wrong
  conversation_id   uuid,
  job_id            uuid,
  at                timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX model_calls_at_idx ON model_calls (at); -- for their end
SELECT guard_tenant_table('model_calls');
SELECT allow_platform('model_calls', 'SELECT, DELETE');
