-- Why: the list of a tenant's knowledge and how far each item is. Content and everything derived from it lie in the
-- tenant's cold database; this row is the truth for status alone.

-- +goose Up

CREATE TABLE knowledge_index (
  tenant_id       uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id              uuid NOT NULL,
  title           text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
  source          text NOT NULL CHECK (source IN ('file', 'url', 'paste', 'hitl')),
  type            text NOT NULL DEFAULT '',
  filename        text NOT NULL DEFAULT '',
  url             text NOT NULL DEFAULT '',
  intent          text NOT NULL DEFAULT '',
  tags            text[] NOT NULL DEFAULT '{}',
  status          text NOT NULL DEFAULT 'processing' CHECK (status IN ('processing', 'embedded', 'failed')),
  error           text NOT NULL DEFAULT '',
  warnings        text[] NOT NULL DEFAULT '{}',
  version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
  indexed_version integer NOT NULL DEFAULT 0,
  chunks          integer NOT NULL DEFAULT 0,
  stage           text NOT NULL DEFAULT 'queued',
  progress_done   integer NOT NULL DEFAULT 0,
  progress_total  integer NOT NULL DEFAULT 0,
  size            bigint NOT NULL DEFAULT 0,
  content_hash    bytea, -- of what was given; NULL for a page, which is only known once fetched
  blob_key        text NOT NULL DEFAULT '',
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT knowledge_index_title_key UNIQUE (tenant_id, title)
);
-- The same page added twice is one item, whatever it is called. Addresses may be long, so their hash is the key.
CREATE UNIQUE INDEX knowledge_index_page_key ON knowledge_index (tenant_id, md5(url)) WHERE source = 'url';
CREATE INDEX knowledge_index_updated_idx ON knowledge_index (tenant_id, updated_at DESC, id);
SELECT guard_tenant_table('knowledge_index');
