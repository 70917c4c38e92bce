-- Why: an audit log that a superuser can edit unseen proves nothing, and one key for every tenant's secrets can neither be
-- replaced while servers run nor be destroyed for one tenant alone.
--
-- Lines of the log become a chain for each tenant, and one for the platform: a line holds its number, the hash of the
-- line before and its own hash, which is keyed (docs/adr/0010). The head stands in a table of its own, so that a log that
-- was cut short is noticed. Lines from before this migration keep an empty seq; the server writes one line over all of
-- them when it first opens the database, so nothing is rewritten here and a large log costs no time.
--
-- encryption_keys holds the keys that seal a tenant's secrets, each wrapped by the master key; to delete a tenant's rows
-- is to destroy what they sealed.

-- +goose Up

ALTER TABLE audit_log
  ADD COLUMN impersonator text NOT NULL DEFAULT '',
  ADD COLUMN seq bigint,
  ADD COLUMN prev bytea NOT NULL DEFAULT '',
  ADD COLUMN hash bytea NOT NULL DEFAULT '',
  ADD CONSTRAINT audit_log_chained_check CHECK (seq IS NOT NULL) NOT VALID;
CREATE UNIQUE INDEX audit_log_seq_key ON audit_log (tenant_id, seq);

ALTER TABLE platform_audit_log
  ADD COLUMN impersonator text NOT NULL DEFAULT '',
  ADD COLUMN seq bigint,
  ADD COLUMN prev bytea NOT NULL DEFAULT '',
  ADD COLUMN hash bytea NOT NULL DEFAULT '',
  ADD CONSTRAINT platform_audit_log_chained_check CHECK (seq IS NOT NULL) NOT VALID;
CREATE UNIQUE INDEX platform_audit_log_seq_key ON platform_audit_log (seq);
CREATE INDEX platform_audit_log_at_idx ON platform_audit_log (at DESC);

-- Where each chain ends. Its row is also the lock that gives lines their order.
CREATE TABLE audit_heads (
  tenant_id uuid PRIMARY KEY,
  seq       bigint NOT NULL,
  hash      bytea NOT NULL,
  mac       bytea NOT NULL
);
SELECT guard_tenant_table('audit_heads');
REVOKE DELETE ON audit_heads FROM flomastr_app;
SELECT allow_platform('audit_heads', 'SELECT, INSERT, UPDATE');

CREATE TABLE platform_audit_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seq      bigint NOT NULL,
  hash     bytea NOT NULL,
  mac      bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON platform_audit_head TO flomastr_platform;

CREATE TABLE encryption_keys (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  wrapped    bytea NOT NULL, -- the key, sealed with a master key
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,    -- seals nothing new from then on
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX encryption_keys_current_key ON encryption_keys (tenant_id) WHERE retired_at IS NULL;
SELECT guard_tenant_table('encryption_keys');

-- The platform's own: 'data' seals what belongs to no tenant, 'audit' makes the hashes of every chain.
CREATE TABLE platform_encryption_keys (
  id         uuid PRIMARY KEY,
  purpose    text NOT NULL CHECK (purpose IN ('data', 'audit')),
  wrapped    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz
);
CREATE UNIQUE INDEX platform_encryption_keys_current_key ON platform_encryption_keys (purpose) WHERE retired_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform_encryption_keys TO flomastr_platform;
