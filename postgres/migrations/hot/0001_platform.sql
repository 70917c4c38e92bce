-- Why: the ground that every engine stands on. Tenants and who may act in them, the built-in identity provider's
-- accounts, API tokens, the audit log, stored answers of idempotent calls, and the events that feed live pages.
--
-- Roles (made before this file runs, see postgres/roles.go): flomastr_owner owns everything and cannot log in;
-- flomastr_app is the application, held to one tenant by row-level security; flomastr_platform serves provisioning,
-- channel look-up, claiming and sign-in through policies named table by table.
--
-- Every table with a tenant_id calls guard_tenant_table; a test over the catalogue fails for one that does not.

-- +goose Up

-- guard_tenant_table forces row-level security on a table and lets flomastr_app see and write the rows of the tenant
-- that its transaction named, and no others. nullif: after a transaction that set the tenant locally, the setting
-- reads '' instead of NULL on the same connection, and ''::uuid would be an error.
-- +goose StatementBegin
CREATE FUNCTION guard_tenant_table(t regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format(
    'CREATE POLICY tenant_rows ON %s FOR ALL TO flomastr_app
       USING (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
       WITH CHECK (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', t, tenant_column);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO flomastr_app', t);
END
$$;
-- +goose StatementEnd

-- allow_platform opens a guarded table to flomastr_platform for the named commands ('SELECT, UPDATE').
-- +goose StatementBegin
CREATE FUNCTION allow_platform(t regclass, commands text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  command text;
BEGIN
  FOREACH command IN ARRAY string_to_array(replace(upper(commands), ' ', ''), ',') LOOP
    IF command NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') THEN
      RAISE EXCEPTION 'allow_platform: % is not a command', command;
    END IF;
    EXECUTE format('CREATE POLICY platform_%s ON %s FOR %s TO flomastr_platform %s',
      lower(command), t, command,
      CASE command
        WHEN 'INSERT' THEN 'WITH CHECK (true)'
        WHEN 'UPDATE' THEN 'USING (true) WITH CHECK (true)'
        ELSE 'USING (true)'
      END);
    EXECUTE format('GRANT %s ON %s TO flomastr_platform', command, t);
  END LOOP;
END
$$;
-- +goose StatementEnd

REVOKE EXECUTE ON FUNCTION guard_tenant_table(regclass, name) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION allow_platform(regclass, text) FROM PUBLIC;

CREATE TABLE tenants (
  id            uuid PRIMARY KEY,
  slug          text NOT NULL,
  name          text NOT NULL,
  status        text NOT NULL DEFAULT 'provisioning',
  status_since  timestamptz NOT NULL DEFAULT now(),
  status_reason text NOT NULL DEFAULT '',
  changed_by    text NOT NULL DEFAULT '',
  time_zone     text NOT NULL DEFAULT 'UTC',
  brand_primary text NOT NULL DEFAULT '',
  cold_db_ref   text NOT NULL DEFAULT '', -- '' is the hot server
  cold_ready    boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenants_slug_key UNIQUE (slug),
  CONSTRAINT tenants_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$'),
  CONSTRAINT tenants_status_check CHECK (status IN
    ('provisioning', 'active', 'inactive', 'suspended', 'soft_deleted', 'erasing', 'erased'))
);
SELECT guard_tenant_table('tenants', 'id');
REVOKE INSERT, DELETE ON tenants FROM flomastr_app;
SELECT allow_platform('tenants', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE tenant_policies (
  tenant_id              uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  rate_limit_per_minute  integer NOT NULL DEFAULT 600 CHECK (rate_limit_per_minute BETWEEN 1 AND 100000),
  max_context_length     integer NOT NULL DEFAULT 4000 CHECK (max_context_length BETWEEN 200 AND 200000),
  allowed_file_types     text[] NOT NULL DEFAULT '{md,txt,html,pdf,docx}',
  max_file_size_mb       integer NOT NULL DEFAULT 25 CHECK (max_file_size_mb BETWEEN 1 AND 1024),
  message_retention_days integer NOT NULL DEFAULT 730 CHECK (message_retention_days > 0),
  hot_ttl_days           integer NOT NULL DEFAULT 90 CHECK (hot_ttl_days > 0),
  inbox_scope            text NOT NULL DEFAULT 'all' CHECK (inbox_scope IN ('all', 'assigned', 'team')),
  catalog_enabled        boolean NOT NULL DEFAULT true,
  confidence_threshold   double precision NOT NULL DEFAULT 0.5 CHECK (confidence_threshold BETWEEN 0 AND 1),
  updated_at             timestamptz NOT NULL DEFAULT now()
);
SELECT guard_tenant_table('tenant_policies');
SELECT allow_platform('tenant_policies', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE tenant_memberships (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  issuer     text NOT NULL,
  subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  email      text NOT NULL,
  role       text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('pending', 'active', 'inactive')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT tenant_memberships_person_key UNIQUE (tenant_id, issuer, subject)
);
CREATE INDEX tenant_memberships_person_idx ON tenant_memberships (issuer, subject);
SELECT guard_tenant_table('tenant_memberships');
SELECT allow_platform('tenant_memberships', 'SELECT, INSERT, UPDATE, DELETE');

-- The built-in identity provider. No tenant here: one person may belong to several.
CREATE TABLE accounts (
  id               uuid PRIMARY KEY,
  email            text NOT NULL,
  email_verified   boolean NOT NULL DEFAULT false,
  password_hash    text NOT NULL DEFAULT '', -- '' cannot sign in
  password_set_at  timestamptz,
  disabled         boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT accounts_email_check CHECK (email ~ '^[!-~]+@[a-z0-9.-]+$')
);
-- An address is kept as it was given, and is one account in any case. It is ASCII, so lower() folds A to Z only.
CREATE UNIQUE INDEX accounts_email_key ON accounts (lower(email));

-- A session is one sign-in. Its refresh token rotates: the first part names the family and stays, the whole changes.
-- Whoever shows the family with another rest than the current one holds a used token, and ends the session.
CREATE TABLE sessions (
  id                  uuid PRIMARY KEY,
  account_id          uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  family_hash         bytea NOT NULL, -- SHA-256 of the part that all of the session's refresh tokens share
  token_hash          bytea NOT NULL, -- SHA-256 of the current refresh token, whole
  network             text NOT NULL DEFAULT '', -- where the sign-in came from: an address, or its /64
  authenticated_at    timestamptz NOT NULL DEFAULT now(),
  rotated_at          timestamptz NOT NULL DEFAULT now(),
  expires_at          timestamptz NOT NULL,
  ended_at            timestamptz,
  ended_because       text NOT NULL DEFAULT '',
  CONSTRAINT sessions_family_hash_key UNIQUE (family_hash)
);
CREATE INDEX sessions_account_idx ON sessions (account_id, authenticated_at DESC);

-- Wrong passwords by account, by network and by both, counted here so that the limit holds over all servers.
CREATE TABLE sign_in_failures (
  subject    text PRIMARY KEY, -- 'account:<hash>', 'network:<network>' or 'account-from:<hash>'
  failures   integer NOT NULL,
  first_at   timestamptz NOT NULL,
  last_at    timestamptz NOT NULL,
  blocked_until timestamptz
);

-- The built-in issuer's signing keys; the private half is sealed with the master key.
CREATE TABLE signing_keys (
  kid            text PRIMARY KEY,
  algorithm      text NOT NULL,
  public_jwk     jsonb NOT NULL,
  sealed_private bytea NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  retired_at     timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, sessions, sign_in_failures, signing_keys TO flomastr_platform;

CREATE TABLE api_tokens (
  tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id           uuid NOT NULL,
  name         text NOT NULL,
  prefix       text NOT NULL, -- shown in lists: fm_live_ and four characters
  token_hash   bytea NOT NULL, -- SHA-256 of the whole token
  scopes       text[] NOT NULL,
  created_by   text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  -- Random by construction, so a global key tells nobody anything; the look-up has no tenant yet.
  CONSTRAINT api_tokens_hash_key UNIQUE (token_hash)
);
SELECT guard_tenant_table('api_tokens');
SELECT allow_platform('api_tokens', 'SELECT, INSERT, UPDATE');

-- Append-only: nobody but the owner may change or delete a line.
CREATE TABLE audit_log (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  actor      text NOT NULL,
  action     text NOT NULL,
  object     text NOT NULL DEFAULT '',
  outcome    text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'denied', 'failed')),
  request_id text NOT NULL DEFAULT '',
  detail     jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_at_idx ON audit_log (tenant_id, at DESC);
SELECT guard_tenant_table('audit_log');
REVOKE UPDATE, DELETE ON audit_log FROM flomastr_app;
SELECT allow_platform('audit_log', 'SELECT, INSERT');

-- The same for acts that belong to no tenant: sign-ins, platform settings.
CREATE TABLE platform_audit_log (
  id         uuid PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  actor      text NOT NULL,
  action     text NOT NULL,
  object     text NOT NULL DEFAULT '',
  outcome    text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'denied', 'failed')),
  request_id text NOT NULL DEFAULT '',
  detail     jsonb NOT NULL DEFAULT '{}'
);
GRANT SELECT, INSERT ON platform_audit_log TO flomastr_platform;

-- What a call with an Idempotency-Key answered, kept for 24 hours. A row without a status is still running.
CREATE TABLE idempotency_keys (
  tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  caller       text NOT NULL,
  route        text NOT NULL,
  key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  body_hash    bytea NOT NULL,
  status       integer,
  content_type text NOT NULL DEFAULT '',
  response     bytea,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, caller, route, key)
);
CREATE INDEX idempotency_keys_age_idx ON idempotency_keys (created_at);
SELECT guard_tenant_table('idempotency_keys');
SELECT allow_platform('idempotency_keys', 'SELECT, DELETE');

-- What happened, for the live pages; kept for 24 hours. A reader takes rows below the oldest running transaction in
-- the order (xid, id), so that a transaction that commits late is never skipped.
CREATE TABLE events (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id        uuid NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  type      text NOT NULL,
  data      jsonb NOT NULL,
  PRIMARY KEY (tenant_id, xid, id)
);
CREATE INDEX events_age_idx ON events (at);
SELECT guard_tenant_table('events');
SELECT allow_platform('events', 'SELECT, DELETE');

