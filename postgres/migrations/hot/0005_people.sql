-- Why: a team is more than its first owner. People are invited by mail, hold a second factor, forget passwords, look after
-- their sign-ins, and keep preferences; an installation without a mail server keeps its mails where its operator reads them.
--
-- A team is small: nothing here needs attention on a large installation. Adding sessions.device rewrites nothing.

-- +goose Up

-- An invitation is a membership to be. Its id becomes the membership's when it is accepted. The token is kept as its hash;
-- until the mail has been sent, it is also kept sealed with the master key.
CREATE TABLE invitations (
  tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id           uuid NOT NULL,
  email        text NOT NULL,
  role         text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  language     text NOT NULL DEFAULT 'en',
  token_hash   bytea NOT NULL,
  sealed_token bytea, -- NULL once the mail is sent, and where the link was handed out instead
  by_mail      boolean NOT NULL, -- the token went to the address alone, so whoever has it reads that mailbox
  mail_state   text NOT NULL DEFAULT 'none' CHECK (mail_state IN ('none', 'queued', 'sent', 'failed')),
  invited_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  accepted_at  timestamptz,
  accepted_by  text NOT NULL DEFAULT '',
  revoked_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  -- Random by construction, so a global key tells nobody anything; the look-up has no tenant yet.
  CONSTRAINT invitations_token_key UNIQUE (token_hash)
);
CREATE UNIQUE INDEX invitations_open_key ON invitations (tenant_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;
SELECT guard_tenant_table('invitations');
SELECT allow_platform('invitations', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE user_preferences (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  issuer     text NOT NULL,
  subject    text NOT NULL,
  key        text NOT NULL CHECK (key ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
  value      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, issuer, subject, key)
);
SELECT guard_tenant_table('user_preferences');

-- The built-in identity provider. No tenant here, as for accounts.
ALTER TABLE sessions ADD COLUMN device text NOT NULL DEFAULT ''; -- what the browser said of itself at sign-in

-- A link to choose a new password, by its hash. It is good once.
CREATE TABLE password_resets (
  token_hash bytea PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_account_idx ON password_resets (account_id);

-- A second factor (RFC 6238). It counts once it is confirmed; last_step is the newest 30 seconds whose code was used.
CREATE TABLE second_factors (
  account_id    uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  sealed_secret bytea NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  confirmed_at  timestamptz,
  last_step     bigint NOT NULL DEFAULT 0
);

-- What stands in for a lost second factor; each row is deleted when it is used.
CREATE TABLE recovery_codes (
  account_id uuid NOT NULL REFERENCES second_factors (account_id) ON DELETE CASCADE,
  code_hash  bytea NOT NULL,
  PRIMARY KEY (account_id, code_hash)
);

-- Mails of an installation without a mail server, for its operator to read, for a week.
CREATE TABLE kept_mails (
  id        uuid PRIMARY KEY,
  about     uuid REFERENCES tenants (id) ON DELETE CASCADE, -- the business whose look it has
  kind      text NOT NULL,
  recipient text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  sealed    bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets, second_factors, recovery_codes, kept_mails TO flomastr_platform;
