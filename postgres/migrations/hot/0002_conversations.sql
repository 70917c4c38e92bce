-- Why: a customer's message must be stored before its provider hears 200, answered once, and its answer followed to the
-- customer's phone. These are the tables that the WhatsApp engine stands on.
--
-- What is claimed by a worker is a lane: one conversation's turns, or one conversation's sends. A lane is leased under
-- a term that only rises, so that a worker that slept through its lease can change nothing. Jobs (turns) and the outbox
-- (sends) hang off their lane, one at a time, in order.
--
-- messages is partitioned by the month of its id (a UUID of version 7 tells its own time), so its key holds the time
-- and cannot find duplicates: inbound_receipts does, unpartitioned, for ever.
--
-- For an operator with a large table: this file only creates; nothing is rewritten or locked.

-- +goose Up

CREATE TABLE channels (
  tenant_id          uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id                 uuid NOT NULL,
  provider           text NOT NULL CHECK (provider IN ('infobip', 'meta', 'twilio')),
  name               text NOT NULL DEFAULT '',
  number             text NOT NULL CHECK (number ~ '^[0-9]{5,20}$'), -- digits, as the provider names the sender
  base_url           text NOT NULL DEFAULT '',
  worker             text NOT NULL DEFAULT 'assistant' CHECK (worker IN ('assistant', 'n8n')),
  status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  pause_reason       text NOT NULL DEFAULT '',
  sealed_credentials bytea, -- sealed JSON; NULL is unset
  credentials_mark   text NOT NULL DEFAULT '', -- a fingerprint to recognise them by
  sealed_webhook     bytea, -- what the provider must show us; NULL refuses every webhook
  webhook_mark       text NOT NULL DEFAULT '',
  webhook_scheme     text NOT NULL DEFAULT '', -- header or basic
  held_until         timestamptz, -- the provider asked us to slow down until then
  messages_per_second double precision NOT NULL DEFAULT 80 CHECK (messages_per_second > 0),
  pair_interval      interval NOT NULL DEFAULT '6 seconds', -- sustained pace to one contact; 0 lifts it
  pair_burst         integer NOT NULL DEFAULT 10 CHECK (pair_burst > 0),
  last_inbound_at    timestamptz,
  last_error         text NOT NULL DEFAULT '',
  last_error_at      timestamptz,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT channels_number_key UNIQUE (tenant_id, provider, number)
);
-- The webhook's address names the channel alone; the look-up has no tenant yet.
CREATE INDEX channels_id_idx ON channels (id);
SELECT guard_tenant_table('channels');
SELECT allow_platform('channels', 'SELECT');

CREATE TABLE contacts (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  name       text NOT NULL DEFAULT '', -- the profile name: untrusted, cleaned, capped
  phone      text NOT NULL DEFAULT '', -- E.164; '' for somebody who hides it behind a user name
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
SELECT guard_tenant_table('contacts');

-- How a provider names a contact on a channel: its user id where there is one, else the phone's digits.
CREATE TABLE contact_identities (
  tenant_id  uuid NOT NULL,
  channel_id uuid NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('user_id', 'phone')),
  value      text NOT NULL CHECK (length(value) BETWEEN 1 AND 200),
  contact_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, channel_id, kind, value),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_identities_contact_idx ON contact_identities (tenant_id, contact_id);
SELECT guard_tenant_table('contact_identities');

CREATE TABLE conversations (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL,
  channel_id      uuid NOT NULL,
  contact_id      uuid NOT NULL,
  address         text NOT NULL, -- where answers go: the provider's own name for the contact
  status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  owner_kind      text NOT NULL DEFAULT 'assistant' CHECK (owner_kind IN ('assistant', 'member', 'external')),
  owner_id        text NOT NULL DEFAULT '', -- the member's subject
  handover_reason text NOT NULL DEFAULT '',
  window_until    timestamptz, -- free-form messages may be sent until then
  received_at     timestamptz, -- when we last heard from the contact, by our clock
  last_message_at timestamptz NOT NULL DEFAULT now(),
  last_text       text NOT NULL DEFAULT '',
  last_direction  text NOT NULL DEFAULT 'in',
  unread          integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversations_contact_key UNIQUE (tenant_id, channel_id, contact_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
)
-- Updated with each message: room on the page keeps the new version beside the old one.
WITH (fillfactor = 70);
CREATE INDEX conversations_recent_idx ON conversations (tenant_id, last_message_at DESC, id DESC);
SELECT guard_tenant_table('conversations');

-- No cache: connections would hand out numbers out of turn.
CREATE SEQUENCE messages_seq;
GRANT USAGE ON SEQUENCE messages_seq TO flomastr_app;

CREATE TABLE messages (
  tenant_id           uuid NOT NULL,
  id                  uuid NOT NULL,
  created_at          timestamptz NOT NULL, -- the time in the id
  seq                 bigint NOT NULL DEFAULT nextval('messages_seq'),
  conversation_id     uuid NOT NULL,
  direction           text NOT NULL CHECK (direction IN ('in', 'out')),
  speaker             text NOT NULL CHECK (speaker IN ('contact', 'assistant', 'member', 'external')),
  type                text NOT NULL,
  text                text NOT NULL DEFAULT '', -- the text, or the text form of what was sent
  media_url           text NOT NULL DEFAULT '',
  provider_message_id text NOT NULL DEFAULT '',
  provider_at         timestamptz NOT NULL, -- the provider's time, clamped
  job_id              uuid, -- the turn that an inbound message belongs to, or that an answer answers
  author              text NOT NULL DEFAULT '', -- the member's subject
  state               text NOT NULL CHECK (state IN
    ('received', 'queued', 'intent', 'unknown', 'accepted', 'sent', 'delivered', 'read', 'failed')),
  problem             text NOT NULL DEFAULT '', -- why it failed or is unknown, a sentence for people
  decision            jsonb, -- of an answer: what was decided, why, and what it stands on
  raw                 text NOT NULL DEFAULT '', -- the provider's own JSON of this message
  PRIMARY KEY (tenant_id, id, created_at),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (created_at);
CREATE INDEX messages_thread_idx ON messages (tenant_id, conversation_id, seq);
SELECT guard_tenant_table('messages');

-- A server whose clock is far off must not lose messages for want of a partition.
CREATE TABLE messages_default PARTITION OF messages DEFAULT;
SELECT guard_tenant_table('messages_default');

-- ensure_message_partitions makes the partitions of the running month and of the months ahead. The platform's login
-- may call it; it may create nothing else.
-- +goose StatementBegin
CREATE FUNCTION ensure_message_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  first date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  month date;
  part  text;
  made  integer := 0;
BEGIN
  IF months_ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 24';
  END IF;
  -- Several servers may call at once.
  PERFORM pg_advisory_xact_lock(hashtextextended('ensure_message_partitions', 0));
  FOR i IN -1 .. months_ahead LOOP
    month := (first + make_interval(months => i))::date;
    part := 'messages_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.messages FOR VALUES FROM (%L) TO (%L)',
      part, month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
    PERFORM public.guard_tenant_table(format('public.%I', part)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION ensure_message_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_message_partitions(integer) TO flomastr_platform;
SELECT ensure_message_partitions(3);

-- What happened to a message of ours, in the provider's words, once each.
CREATE TABLE message_events (
  tenant_id       uuid NOT NULL,
  message_id      uuid NOT NULL,
  mark            text NOT NULL, -- what makes a repeated report the same report, such as delivery:5 or seen
  conversation_id uuid NOT NULL,
  state           text NOT NULL,
  at              timestamptz NOT NULL,
  detail          text NOT NULL DEFAULT '',
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, message_id, mark),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('message_events');

CREATE TABLE inbound_receipts (
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  provider_message_id text NOT NULL CHECK (length(provider_message_id) BETWEEN 1 AND 512),
  message_id          uuid NOT NULL,
  received_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, channel_id, provider_message_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('inbound_receipts');

-- One row for each turn to be answered, by our assistant or by an outside worker.
CREATE TABLE jobs (
  tenant_id             uuid NOT NULL,
  id                    uuid NOT NULL,
  conversation_id       uuid NOT NULL,
  channel_id            uuid NOT NULL,
  state                 text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'processing', 'completed', 'failed', 'expired')),
  job_type              text NOT NULL DEFAULT 'conversation' CHECK (job_type IN ('conversation', 'data_lookup')),
  ready_at              timestamptz NOT NULL,
  message_count         integer NOT NULL DEFAULT 1,
  attempts              integer NOT NULL DEFAULT 0, -- counted before each run
  worker                text NOT NULL DEFAULT '',
  lease_token           uuid,
  term                  bigint,
  created_at            timestamptz NOT NULL DEFAULT now(),
  processing_started_at timestamptz,
  completed_at          timestamptz,
  result                jsonb,
  error                 text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
)
WITH (fillfactor = 70);
-- A message joins the one turn of its conversation that nobody has begun.
CREATE UNIQUE INDEX jobs_joinable_key ON jobs (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0;
CREATE UNIQUE INDEX jobs_processing_key ON jobs (tenant_id, conversation_id) WHERE state = 'processing';
CREATE INDEX jobs_open_idx ON jobs (tenant_id, conversation_id, id) WHERE state IN ('queued', 'processing');
SELECT guard_tenant_table('jobs');
SELECT allow_platform('jobs', 'SELECT, UPDATE');

-- What may be claimed: the turns of a conversation, or its sends. ready_at says when to look next; while somebody holds
-- the lease it is the lease's end, so that a dead worker's lane comes up by itself.
CREATE TABLE lanes (
  tenant_id       uuid NOT NULL,
  conversation_id uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('turn', 'send')),
  channel_id      uuid NOT NULL,
  worker          text NOT NULL DEFAULT 'assistant', -- who may claim it: the channel's worker
  ready_at        timestamptz, -- NULL: nothing to do
  lease_until     timestamptz, -- NULL: free
  term            bigint NOT NULL DEFAULT 0,
  paced_until     timestamptz NOT NULL DEFAULT '-infinity', -- when the pace to this contact is used up to
  PRIMARY KEY (tenant_id, conversation_id, kind),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
)
WITH (fillfactor = 50);
CREATE INDEX lanes_ready_idx ON lanes (tenant_id, kind, worker, ready_at) WHERE ready_at IS NOT NULL;
SELECT guard_tenant_table('lanes');
SELECT allow_platform('lanes', 'SELECT, UPDATE');

-- Whose turn it is: workers go round the tenants, whoever was served longest ago first. next_at may be early, never
-- late for long: a sweep finds lanes that it forgot.
CREATE TABLE tenant_turns (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kind      text NOT NULL CHECK (kind IN ('turn', 'send')),
  next_at   timestamptz NOT NULL DEFAULT now(),
  served_at timestamptz NOT NULL DEFAULT now(),
  idle      integer NOT NULL DEFAULT 0, -- how often in a row nothing was found
  PRIMARY KEY (tenant_id, kind)
)
WITH (fillfactor = 50);
CREATE INDEX tenant_turns_next_idx ON tenant_turns (kind, next_at);
SELECT guard_tenant_table('tenant_turns');
SELECT allow_platform('tenant_turns', 'SELECT, UPDATE');

-- What is to be sent. The message itself is in messages; the public state is kept there.
CREATE TABLE outbox (
  tenant_id           uuid NOT NULL,
  message_id          uuid NOT NULL,
  seq                 bigint NOT NULL,
  conversation_id     uuid NOT NULL,
  channel_id          uuid NOT NULL,
  phase               text NOT NULL CHECK (phase IN ('queued', 'intent', 'settled')),
  kind                text NOT NULL CHECK (kind IN ('answer', 'reply', 'api')), -- an answer yields to a person
  content             jsonb NOT NULL,
  term                bigint, -- the lease under which the call was begun
  attempts            integer NOT NULL DEFAULT 0,
  ready_at            timestamptz NOT NULL DEFAULT now(),
  expires_at          timestamptz NOT NULL, -- an answer that comes too late is worse than none
  provider_message_id text NOT NULL DEFAULT '',
  created_at          timestamptz NOT NULL DEFAULT now(),
  settled_at          timestamptz,
  PRIMARY KEY (tenant_id, message_id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX outbox_open_idx ON outbox (tenant_id, conversation_id, seq) WHERE phase <> 'settled';
CREATE INDEX outbox_provider_idx ON outbox (tenant_id, channel_id, provider_message_id) WHERE provider_message_id <> '';
SELECT guard_tenant_table('outbox');

-- Reports whose message we do not know yet: they may be faster than our own commit.
CREATE TABLE parked_reports (
  tenant_id           uuid NOT NULL,
  channel_id          uuid NOT NULL,
  provider_message_id text NOT NULL CHECK (length(provider_message_id) BETWEEN 1 AND 512),
  mark                text NOT NULL,
  state               text NOT NULL,
  at                  timestamptz NOT NULL,
  detail              text NOT NULL DEFAULT '',
  parked_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, channel_id, provider_message_id, mark),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX parked_reports_age_idx ON parked_reports (parked_at);
SELECT guard_tenant_table('parked_reports');
SELECT allow_platform('parked_reports', 'SELECT, DELETE');

-- What a provider sent and we could not use, kept for people to look at.
CREATE TABLE inbound_errors (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  channel_id uuid NOT NULL,
  reason     text NOT NULL,
  body       text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX inbound_errors_recent_idx ON inbound_errors (tenant_id, channel_id, at DESC);
SELECT guard_tenant_table('inbound_errors');
