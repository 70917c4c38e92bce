-- Why: a business measures its knowledge with questions of its own. A set says what should be found for each question; a run
-- holds a copy of the set's questions, so that it can be killed and go on, and means the same when the set is changed later.
--
-- Expected items have no foreign key: that an expected document was removed is what a run is there to show.
--
-- For an operator with a large database: four new tables, nothing is rewritten.

-- +goose Up

CREATE TABLE question_sets (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  changed_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT question_sets_name_key UNIQUE (tenant_id, name)
);
SELECT guard_tenant_table('question_sets');

CREATE TABLE questions (
  tenant_id uuid NOT NULL,
  set_id    uuid NOT NULL,
  no        integer NOT NULL,
  text      text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
  expected  uuid[] NOT NULL DEFAULT '{}', -- none: must not be answered
  PRIMARY KEY (tenant_id, set_id, no),
  FOREIGN KEY (tenant_id, set_id) REFERENCES question_sets (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('questions');

CREATE TABLE evaluation_runs (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL,
  set_id     uuid NOT NULL,
  status     text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'finished', 'cancelled', 'failed')),
  problem    text NOT NULL DEFAULT '',
  total      integer NOT NULL,
  done       integer NOT NULL DEFAULT 0,
  totals     jsonb, -- once it is finished
  begun_by   text NOT NULL,
  began_at   timestamptz NOT NULL DEFAULT now(),
  touched_at timestamptz NOT NULL DEFAULT now(), -- when a question was asked, or the job was made
  ended_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, set_id) REFERENCES question_sets (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX evaluation_runs_running_key ON evaluation_runs (tenant_id, set_id) WHERE status = 'running';
CREATE INDEX evaluation_runs_set_idx ON evaluation_runs (tenant_id, set_id, began_at DESC);
CREATE INDEX evaluation_runs_still_idx ON evaluation_runs (touched_at) WHERE status = 'running';
SELECT guard_tenant_table('evaluation_runs');
SELECT allow_platform('evaluation_runs', 'SELECT');

CREATE TABLE evaluation_results (
  tenant_id  uuid NOT NULL,
  run_id     uuid NOT NULL,
  no         integer NOT NULL,
  text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
  expected   uuid[] NOT NULL DEFAULT '{}',
  verdict    text NOT NULL DEFAULT 'waiting' CHECK (verdict IN ('waiting', 'right', 'not_found', 'refused', 'other_source', 'answered')),
  found      uuid[] NOT NULL DEFAULT '{}', -- the first ten items, best first
  answered   boolean NOT NULL DEFAULT false,
  confidence double precision NOT NULL DEFAULT 0,
  reason     text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, run_id, no),
  FOREIGN KEY (tenant_id, run_id) REFERENCES evaluation_runs (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('evaluation_results');
