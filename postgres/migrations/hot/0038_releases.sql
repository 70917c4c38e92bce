-- Why: changes to a business's knowledge are staged as a release, asked and measured, and begin to serve together. The release
-- and what is known of each change stand here; what the changes bring lies in the tenant's cold database.
--
-- A change's columns from title on are the side that does not serve, in the words of knowledge_index: what the change brings,
-- and once it is promoted what it took away.
--
-- For an operator with a large database: two new tables, one new column, and a check of knowledge_changes that is read through
-- once.

-- +goose Up

CREATE TABLE knowledge_releases (
  tenant_id  uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         uuid NOT NULL,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'promoting', 'promoted', 'rolling_back', 'rolled_back', 'discarded')),
  held       boolean NOT NULL DEFAULT true, -- its changes are still there
  staged_by  text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX knowledge_releases_open_key ON knowledge_releases (tenant_id) WHERE state IN ('open', 'promoting');
CREATE INDEX knowledge_releases_latest_idx ON knowledge_releases (tenant_id, created_at DESC);
SELECT guard_tenant_table('knowledge_releases');

CREATE TABLE release_changes (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL,
  release_id   uuid NOT NULL,
  item_id      uuid NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('add', 'replace', 'remove')),
  status       text NOT NULL DEFAULT 'processing' CHECK (status IN ('processing', 'embedded', 'failed')),
  error        text NOT NULL DEFAULT '',
  base         integer NOT NULL DEFAULT 0, -- the version of the item beside which it holds; 0: there is none
  reserved     integer NOT NULL DEFAULT 0, -- the one that the item gets from the exchange that goes on
  changed_by   text NOT NULL,
  changed_at   timestamptz NOT NULL DEFAULT now(),
  present      boolean NOT NULL, -- there is something on the side that does not serve
  title        text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
  source       text NOT NULL,
  type         text NOT NULL,
  filename     text NOT NULL,
  url          text NOT NULL,
  intent       text NOT NULL,
  tags         text[] NOT NULL,
  size         bigint NOT NULL,
  content_hash bytea,
  blob_key     text NOT NULL,
  chunks       integer NOT NULL DEFAULT 0,
  version      integer NOT NULL DEFAULT 0, -- that the item had when it served
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT release_changes_item_key UNIQUE (tenant_id, release_id, item_id),
  FOREIGN KEY (tenant_id, release_id) REFERENCES knowledge_releases (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX release_changes_of_idx ON release_changes (tenant_id, item_id);
SELECT guard_tenant_table('release_changes');

-- What a run was asked of; no foreign key, because a run tells that long after.
ALTER TABLE evaluation_runs ADD COLUMN release_id uuid;

ALTER TABLE knowledge_changes DROP CONSTRAINT knowledge_changes_cause_check;
ALTER TABLE knowledge_changes ADD CONSTRAINT knowledge_changes_cause_check
  CHECK (cause IN ('added', 'edited', 'uploaded', 'crawled', 'reindexed', 'restored', 'promoted', 'rolled_back'));
