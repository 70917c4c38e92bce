-- Why: what a tenant looks like, who it is, and the domain that it has proven to own.
--
-- The colour moves out of tenants into a table of its own, so that one who paints need not read the tenant, and the
-- tenant's row stays what provisioning and lifecycle lock. tenants is small; nothing here rewrites a large table.

-- +goose Up

CREATE TABLE tenant_branding (
  tenant_id       uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  company_name    text NOT NULL DEFAULT '' CHECK (length(company_name) <= 120),
  brand_primary   text NOT NULL DEFAULT '' CHECK (brand_primary ~ '^(#[0-9A-Fa-f]{6})?$'),
  brand_secondary text NOT NULL DEFAULT '' CHECK (brand_secondary ~ '^(#[0-9A-Fa-f]{6})?$'),
  asset           text NOT NULL DEFAULT '' CHECK (asset ~ '^[a-z0-9]*$'), -- names the logo's files; '' has none
  has_svg         boolean NOT NULL DEFAULT false,
  updated_at      timestamptz NOT NULL DEFAULT now()
);
-- The owner is held by the guard as well, so the rows are copied while it is open; nobody else sees the table meanwhile.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
INSERT INTO tenant_branding (tenant_id, brand_primary) SELECT id, brand_primary FROM tenants;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE tenants DROP COLUMN brand_primary;
SELECT guard_tenant_table('tenant_branding');
-- Provisioning writes the first colour, listing reads it.
SELECT allow_platform('tenant_branding', 'SELECT, INSERT, UPDATE');

CREATE TABLE tenant_profiles (
  tenant_id  uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  company    text NOT NULL DEFAULT '' CHECK (length(company) <= 200),
  industry   text NOT NULL DEFAULT '' CHECK (length(industry) <= 100),
  size       text NOT NULL DEFAULT '' CHECK (size IN ('', '1-10', '11-50', '51-200', '201-1000', '1000+')),
  updated_at timestamptz NOT NULL DEFAULT now()
);
SELECT guard_tenant_table('tenant_profiles');
SELECT allow_platform('tenant_profiles', 'SELECT, INSERT, UPDATE');

CREATE TABLE tenant_contacts (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  purpose   text NOT NULL CHECK (purpose IN ('primary', 'billing', 'technical')),
  name      text NOT NULL DEFAULT '' CHECK (length(name) <= 120),
  email     text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
  phone     text NOT NULL DEFAULT '' CHECK (phone ~ '^(\+[1-9][0-9]{6,14})?$'),
  PRIMARY KEY (tenant_id, purpose)
);
SELECT guard_tenant_table('tenant_contacts');
SELECT allow_platform('tenant_contacts', 'SELECT, INSERT, UPDATE');

-- One row is one claim. Several tenants may claim a domain; one at most has proven it, and that one is served.
CREATE TABLE domains (
  tenant_id   uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  domain      text NOT NULL CHECK (length(domain) BETWEEN 1 AND 253),
  token       text NOT NULL CHECK (token <> ''),
  verified_at timestamptz, -- since when it is proven; NULL is not
  checked_at  timestamptz, -- when DNS last gave a definite answer
  tried_at    timestamptz, -- when it was last asked
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX domains_proven_key ON domains (domain) WHERE verified_at IS NOT NULL;
SELECT guard_tenant_table('domains');
-- A host is looked up before its tenant is known, and what is due for another check is listed across tenants.
SELECT allow_platform('domains', 'SELECT');
