-- Why: messages of conversations that nobody writes in any more move here, where they stay readable until the tenant's
-- retention ends. A row is a message as the hot database had it, with what happened to it on the way to the customer.

-- +goose Up

CREATE TABLE archived_messages (
  id                  uuid PRIMARY KEY, -- of version 7: it tells when we received the message
  seq                 bigint NOT NULL,
  conversation_id     uuid NOT NULL,
  direction           text NOT NULL,
  speaker             text NOT NULL,
  type                text NOT NULL,
  text                text NOT NULL,
  media_url           text NOT NULL,
  provider_message_id text NOT NULL,
  provider_at         timestamptz NOT NULL,
  job_id              uuid,
  author              text NOT NULL,
  state               text NOT NULL,
  problem             text NOT NULL,
  decision            jsonb,
  raw                 text NOT NULL,
  events              jsonb NOT NULL, -- the provider's reports, oldest first
  archived_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX archived_messages_thread_idx ON archived_messages (conversation_id, seq);
