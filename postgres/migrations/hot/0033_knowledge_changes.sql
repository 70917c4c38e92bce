-- Why: the versions of an item were kept without a word on who made each and why. The row is written in the commit that
-- raises the version, and goes with its item.
--
-- For an operator with a large table: a new empty one. Versions made before have no row, and are shown without a name.

-- +goose Up

CREATE TABLE knowledge_changes (
  tenant_id uuid NOT NULL,
  item_id   uuid NOT NULL,
  version   integer NOT NULL CHECK (version > 0),
  cause     text NOT NULL CHECK (cause IN ('added', 'edited', 'uploaded', 'crawled', 'reindexed', 'restored')),
  actor     text NOT NULL,
  restored  integer NOT NULL DEFAULT 0, -- the version that was put back
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, item_id, version),
  FOREIGN KEY (tenant_id, item_id) REFERENCES knowledge_index (tenant_id, id) ON DELETE CASCADE
);
SELECT guard_tenant_table('knowledge_changes');
