-- Why: people come from any number of issuers now, and some of them act for the platform. What an issuer tells us of its
-- people by webhook, who may read the platform's pages, and the visits that super admins pay to tenants.
--
-- Nothing here changes a table that has rows; there is nothing to do beforehand on a large installation.

-- +goose Up

-- What an issuer's webhooks said of a person. No row: nothing was said, and the token speaks for itself.
CREATE TABLE issuer_people (
  issuer      text NOT NULL,
  subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  disabled    boolean NOT NULL,
  deleted     boolean NOT NULL DEFAULT false,
  -- The issuer's own time of what it said: an older message that comes later changes nothing.
  said_at     timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject)
);

-- Sessions that an issuer ended before their tokens did. Kept for longer than any token lives.
CREATE TABLE issuer_ended_sessions (
  issuer   text NOT NULL,
  session  text NOT NULL CHECK (length(session) BETWEEN 1 AND 255),
  ended_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, session)
);

-- The messages that were acted on, by their own id, so that each is acted on once.
CREATE TABLE issuer_messages (
  issuer      text NOT NULL,
  id          text NOT NULL CHECK (length(id) BETWEEN 1 AND 255),
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, id)
);

-- Roles on the platform, by verified address. Super admins are not here: they come from the operator's settings alone.
CREATE TABLE platform_users (
  id          uuid PRIMARY KEY,
  email       text NOT NULL,
  role        text NOT NULL CHECK (role IN ('user', 'admin')),
  assigned_by text NOT NULL,
  assigned_at timestamptz NOT NULL DEFAULT now(),
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT platform_users_email_check CHECK (email ~ '^[!-~]+@[a-z0-9.-]+$')
);
CREATE UNIQUE INDEX platform_users_email_key ON platform_users (lower(email));

GRANT SELECT, INSERT, UPDATE, DELETE ON issuer_people, issuer_ended_sessions, issuer_messages, platform_users TO flomastr_platform;

-- A super admin's stays in tenants. The tenant reads them; only the platform's login writes them, and nobody deletes one.
-- That a person has one running visit at most is held by a lock on the person, because a unique key would have to lie
-- across tenants.
CREATE TABLE visits (
  tenant_id     uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id            uuid NOT NULL,
  issuer        text NOT NULL,
  subject       text NOT NULL,
  email         text NOT NULL,
  session       text NOT NULL CHECK (session <> ''),
  reason        text NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
  started_at    timestamptz NOT NULL DEFAULT now(),
  ends_at       timestamptz NOT NULL,
  ended_at      timestamptz,
  ended_because text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT visits_length_check CHECK (ends_at >= started_at AND ends_at <= started_at + interval '1 hour')
);
CREATE INDEX visits_person_idx ON visits (issuer, subject, started_at DESC);
CREATE INDEX visits_tenant_idx ON visits (tenant_id, started_at DESC);
SELECT guard_tenant_table('visits');
REVOKE INSERT, UPDATE, DELETE ON visits FROM flomastr_app;
SELECT allow_platform('visits', 'SELECT, INSERT, UPDATE');
