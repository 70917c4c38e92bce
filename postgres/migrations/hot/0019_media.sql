-- Why: what customers send lies at the provider for a few minutes or days and can be fetched with the channel's key alone;
-- people must still see it next month.
--
-- media is a file that came with a message, and how far we are with it. media_files is what we have of it, once for each
-- content of a tenant; its bytes are a blob that is named by the row's id, which is never used again, so that deleting the
-- one cannot hit a later copy of the same content.
--
-- A message may lie in the tenant's cold database by the time its file is looked at, so media names it without a foreign key.
--
-- For an operator with a large table: this file only creates.

-- +goose Up

CREATE TABLE media_files (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
  size       bigint NOT NULL CHECK (size > 0),
  type       text NOT NULL, -- as its bytes say
  scan       text NOT NULL CHECK (scan IN ('not_scanned', 'clean')),
  kept       boolean NOT NULL DEFAULT false, -- the blob is there, whole
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT media_files_content_key UNIQUE (tenant_id, sha256)
);
SELECT guard_tenant_table('media_files');

CREATE TABLE media (
  tenant_id       uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id              uuid NOT NULL,
  channel_id      uuid NOT NULL,
  conversation_id uuid NOT NULL,
  message_id      uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('image', 'audio', 'voice', 'video', 'document', 'sticker')),
  source          jsonb NOT NULL, -- how the provider names it; of no use without the channel's key
  declared_type   text NOT NULL DEFAULT '',
  filename        text NOT NULL DEFAULT '',
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'refused', 'failed', 'expired')),
  reason          text NOT NULL DEFAULT '', -- why it is not stored, in a word
  file_id         uuid,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, file_id) REFERENCES media_files (tenant_id, id)
);
CREATE INDEX media_message_idx ON media (tenant_id, message_id);
CREATE INDEX media_conversation_idx ON media (tenant_id, conversation_id);
CREATE INDEX media_file_idx ON media (tenant_id, file_id) WHERE file_id IS NOT NULL;
SELECT guard_tenant_table('media');
