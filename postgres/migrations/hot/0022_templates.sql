-- Why: whether a template may be sent, to whom, and with how many values is the provider's word. It is kept here, so that a
-- send is judged by it without a call: a template that nobody knows, or that is not approved, goes to nobody, and one of
-- the category marketing does not go to somebody who takes none, whatever its sender says of it.
--
-- channels remember when their templates are to be read again; what a webhook or a refused send tells makes that now.
--
-- For an operator with a large table: a new small table and columns of channels, which are few; nothing is rewritten.

-- +goose Up

CREATE TABLE whatsapp_templates (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL,
  channel_id  uuid NOT NULL,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
  language    text NOT NULL CHECK (length(language) BETWEEN 1 AND 20),
  provider_id text NOT NULL DEFAULT '',
  category    text NOT NULL DEFAULT '', -- marketing, utility, authentication, or what the provider says
  status      text NOT NULL,            -- draft: ours alone; else the provider's word: approved, pending, rejected, paused, …
  quality     text NOT NULL DEFAULT '',
  reason      text NOT NULL DEFAULT '', -- why it was rejected or paused
  content     jsonb NOT NULL,           -- header, body, footer, buttons, examples
  created_at  timestamptz NOT NULL DEFAULT now(),
  changed_at  timestamptz NOT NULL DEFAULT now(), -- when we last heard of it: a list that was begun earlier is older news
  told_at     timestamptz NOT NULL DEFAULT '-infinity', -- the provider's time of the newest webhook about it
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT whatsapp_templates_name_key UNIQUE (tenant_id, channel_id, name, language),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('whatsapp_templates');

ALTER TABLE channels
  ADD COLUMN templates_due_at timestamptz NOT NULL DEFAULT now(), -- when to read them again
  ADD COLUMN templates_began_at timestamptz,                      -- when somebody last began to
  ADD COLUMN templates_read_at timestamptz,                       -- when that last succeeded
  ADD COLUMN templates_error text NOT NULL DEFAULT '';            -- why the last try failed
