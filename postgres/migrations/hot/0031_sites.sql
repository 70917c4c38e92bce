-- Why: a tenant's knowledge follows whole web sites, not only single pages. A site says which pages are wanted and how often
-- they are looked at; each page it knows has a row that says what became of it, so that a crawl can be killed, stopped and
-- watched, and the next one touches only what changed.
--
-- For an operator with a large database: two new tables, nothing is rewritten.

-- +goose Up

CREATE TABLE knowledge_sites (
  tenant_id      uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id             uuid NOT NULL,
  address        text NOT NULL CHECK (length(address) BETWEEN 1 AND 1500),
  scope          text NOT NULL CHECK (scope IN ('page', 'section', 'site')),
  depth          integer NOT NULL CHECK (depth BETWEEN 1 AND 10),
  max_pages      integer NOT NULL CHECK (max_pages BETWEEN 1 AND 5000),
  include        text[] NOT NULL DEFAULT '{}',
  exclude        text[] NOT NULL DEFAULT '{}',
  every          text NOT NULL CHECK (every IN ('never', 'daily', 'weekly', 'monthly')),
  intent         text NOT NULL DEFAULT '',
  tags           text[] NOT NULL DEFAULT '{}',
  status         text NOT NULL CHECK (status IN ('crawling', 'ready', 'stopped', 'failed', 'removing')),
  problem        text NOT NULL DEFAULT '',
  run            integer NOT NULL DEFAULT 1, -- counts the crawls
  sitemapped_run integer NOT NULL DEFAULT 0, -- the last one that has read the site map
  truncated      boolean NOT NULL DEFAULT false,
  added_by       text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  began_at       timestamptz NOT NULL DEFAULT now(),
  ended_at       timestamptz,
  next_at        timestamptz, -- NULL: never by itself
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT knowledge_sites_address_key UNIQUE (tenant_id, address)
);
CREATE INDEX knowledge_sites_due_idx ON knowledge_sites (next_at) WHERE next_at IS NOT NULL;
SELECT guard_tenant_table('knowledge_sites');
SELECT allow_platform('knowledge_sites', 'SELECT');

CREATE TABLE knowledge_site_pages (
  tenant_id  uuid NOT NULL,
  site_id    uuid NOT NULL,
  address    text NOT NULL CHECK (length(address) BETWEEN 1 AND 1500),
  no         bigint GENERATED ALWAYS AS IDENTITY, -- the order in which they were found
  depth      integer NOT NULL,
  run        integer NOT NULL DEFAULT 0, -- the last one that has looked at it
  state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'added', 'duplicate', 'skipped', 'failed', 'gone')),
  problem    text NOT NULL DEFAULT '',
  same_as    text NOT NULL DEFAULT '',
  item_id    uuid,
  hash       bytea, -- of its Markdown
  etag       text NOT NULL DEFAULT '',
  modified   text NOT NULL DEFAULT '',
  checked_at timestamptz,
  PRIMARY KEY (tenant_id, site_id, address),
  FOREIGN KEY (tenant_id, site_id) REFERENCES knowledge_sites (tenant_id, id) ON DELETE CASCADE,
  -- An item that a person removes leaves a page that is added and has none: it is not added again.
  FOREIGN KEY (tenant_id, item_id) REFERENCES knowledge_index (tenant_id, id) ON DELETE SET NULL (item_id)
);
CREATE INDEX knowledge_site_pages_next_idx ON knowledge_site_pages (tenant_id, site_id, run, depth, no);
CREATE INDEX knowledge_site_pages_item_idx ON knowledge_site_pages (tenant_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX knowledge_site_pages_no_idx ON knowledge_site_pages (tenant_id, site_id, no);
SELECT guard_tenant_table('knowledge_site_pages');
