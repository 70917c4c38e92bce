-- Why: a tenant's knowledge itself: the Markdown of every version, its passages, and what retrieval reads.
--
-- Passages have a small number beside their id, because postings are many and a number is a quarter of an id. The
-- postings of a term lie together in the primary key's index with all that scoring them needs, so that a question reads
-- index pages only. What is scored afterwards lies apart from the text: a packed bag of terms, and the vector, each
-- stored in line (PLAIN, MAIN) because a question reads hundreds of them and an out-of-line value costs a look-up each.

-- +goose Up

CREATE TABLE knowledge_items (
  id         uuid PRIMARY KEY,
  title      text NOT NULL,
  source     text NOT NULL,
  type       text NOT NULL DEFAULT '',
  url        text NOT NULL DEFAULT '',
  intent     text NOT NULL DEFAULT '',
  tags       text[] NOT NULL DEFAULT '{}',
  language   text NOT NULL DEFAULT '',
  version    integer NOT NULL,
  hash       bytea NOT NULL, -- of the Markdown
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE knowledge_versions (
  item_id    uuid NOT NULL REFERENCES knowledge_items (id) ON DELETE CASCADE,
  version    integer NOT NULL,
  markdown   text NOT NULL,
  chunks     integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (item_id, version)
);

CREATE TABLE passages (
  no       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id       uuid NOT NULL,
  item_id  uuid NOT NULL REFERENCES knowledge_items (id) ON DELETE CASCADE,
  key      bytea NOT NULL, -- hash of what the vector and the terms are made from
  ordinal  integer NOT NULL,
  text     text NOT NULL,
  headings text[] NOT NULL DEFAULT '{}',
  page     integer NOT NULL DEFAULT 0,
  terms    bigint[] NOT NULL, -- those with a posting, to remove them by
  words    integer NOT NULL,
  titles   integer NOT NULL,
  grams    integer NOT NULL,
  CONSTRAINT passages_id_key UNIQUE (id),
  CONSTRAINT passages_item_key UNIQUE (item_id, key)
);
CREATE INDEX passages_ordinal_idx ON passages (item_id, ordinal);

CREATE TABLE passage_bags (
  no  integer PRIMARY KEY REFERENCES passages (no) ON DELETE CASCADE,
  bag bytea NOT NULL
);
ALTER TABLE passage_bags ALTER COLUMN bag SET STORAGE MAIN;
ALTER TABLE passage_bags SET (toast_tuple_target = 8160);

-- No fixed dimension: an installation may change its embedder, and vectors of two models stand side by side until the
-- items are indexed again. Only those of the model in use are compared.
CREATE TABLE passage_vectors (
  no        integer PRIMARY KEY REFERENCES passages (no) ON DELETE CASCADE,
  model     text NOT NULL,
  embedding halfvec NOT NULL
);
ALTER TABLE passage_vectors ALTER COLUMN embedding SET STORAGE MAIN;
ALTER TABLE passage_vectors SET (toast_tuple_target = 8160);

CREATE TABLE postings (
  term     bigint NOT NULL,
  no       integer NOT NULL,
  quarters smallint NOT NULL, -- occurrences, the title's counted three times, in quarters
  length   smallint NOT NULL, -- of the passage, weighted alike
  PRIMARY KEY (term, no) INCLUDE (quarters, length)
);

CREATE TABLE terms (
  term     bigint PRIMARY KEY,
  passages integer NOT NULL
);

-- The vocabulary, for spelling: surface forms, folded, with the term each counts for.
CREATE TABLE words (
  word     text COLLATE "C" NOT NULL,
  term     bigint NOT NULL,
  passages integer NOT NULL,
  PRIMARY KEY (word, term)
);
CREATE INDEX words_reversed_idx ON words (reverse(word) COLLATE "C");

CREATE TABLE grams (
  gram     integer PRIMARY KEY,
  passages integer NOT NULL
);

-- The sums that averages are taken from; one row.
CREATE TABLE corpus (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  passages bigint NOT NULL DEFAULT 0,
  words    bigint NOT NULL DEFAULT 0,
  titles   bigint NOT NULL DEFAULT 0,
  grams    bigint NOT NULL DEFAULT 0
);
INSERT INTO corpus DEFAULT VALUES;

CREATE TABLE languages (
  language text PRIMARY KEY,
  passages integer NOT NULL
);
