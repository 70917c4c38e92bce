-- Why: a conversation that was handed over was only seen by whoever looked, and an answer that was not sure enough could only be
-- refused. A task is a question put to a person. It is opened in the commit that has the reason, and what a person decides is
-- carried out in the commit that resolves it.
--
-- A task goes with its conversation and with its turn, and so with the contact and their retention. A turn has one open task at most,
-- and a conversation is handed over once at a time.
--
-- For an operator with a large table: channels, jobs and tenant_policies get columns with constant defaults; nothing is rewritten.

-- +goose Up

ALTER TABLE channels
  ADD COLUMN mode text NOT NULL DEFAULT 'automatic' CHECK (mode IN ('off', 'suggest', 'approve', 'automatic')); -- what the assistant may do
ALTER TABLE tenant_policies
  ADD COLUMN task_due_minutes integer NOT NULL DEFAULT 60 CHECK (task_due_minutes BETWEEN 1 AND 10080); -- then people are told that it waits
ALTER TABLE jobs
  ADD COLUMN rework_of uuid; -- the task whose draft was sent back; it goes with the same conversation

CREATE TABLE tasks (
  tenant_id       uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id              uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('draft', 'hand_over', 'question')),
  status          text NOT NULL DEFAULT 'open'
    CHECK (status IN ('open', 'approved', 'rework_requested', 'rejected', 'answered', 'superseded', 'closed')),
  title           text NOT NULL CHECK (length(title) <= 200),
  description     text NOT NULL DEFAULT '',
  asked           text NOT NULL DEFAULT '', -- the customer's words
  known_seq       bigint NOT NULL DEFAULT 0, -- the customer's last message that has been dealt with or is asked about here
  draft           text NOT NULL DEFAULT '',
  decided         jsonb, -- where the draft comes from
  blocks          jsonb NOT NULL DEFAULT '[]', -- what its maker wants shown
  told            boolean NOT NULL DEFAULT false, -- the customer was told that a person will answer
  conversation_id uuid,
  job_id          uuid,
  rework_of       uuid,
  assigned_to     text NOT NULL DEFAULT '',
  due_at          timestamptz,
  overdue_at      timestamptz, -- when people were told
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  resolved_by     text NOT NULL DEFAULT '',
  resolved_at     timestamptz,
  feedback        text NOT NULL DEFAULT '',
  reply           text NOT NULL DEFAULT '',
  message_id      uuid,
  card            text NOT NULL DEFAULT '', -- the question of the knowledge card that the reply becomes
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'open') = (resolved_at IS NULL)),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX tasks_turn_key ON tasks (tenant_id, job_id) WHERE status = 'open' AND job_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_hand_over_key ON tasks (tenant_id, conversation_id) WHERE status = 'open' AND kind = 'hand_over';
CREATE INDEX tasks_conversation_idx ON tasks (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX tasks_job_idx ON tasks (tenant_id, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX tasks_open_idx ON tasks (tenant_id, id) WHERE status = 'open';
CREATE INDEX tasks_assigned_idx ON tasks (tenant_id, assigned_to) WHERE status = 'open';
CREATE INDEX tasks_due_idx ON tasks (due_at) WHERE status = 'open' AND overdue_at IS NULL;
SELECT guard_tenant_table('tasks');
SELECT allow_platform('tasks', 'SELECT');
