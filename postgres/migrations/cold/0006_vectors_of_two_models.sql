-- Why: when a tenant changes its embedder, the vectors of the new model are made while those of the old one go on serving,
-- so a passage has one of each for a while. The corpus names the model whose vectors serve; '' is none yet. Where an
-- installation has changed its embedder before this, the model of most passages does.
--
-- For an operator with a large database: the key of passage_vectors is built again, about a second for 100,000 passages.
-- While servers of both versions run, the older ones cannot store vectors; their jobs try again until they are replaced.

-- +goose Up

ALTER TABLE passage_vectors
  DROP CONSTRAINT passage_vectors_pkey,
  ADD CONSTRAINT passage_vectors_pkey PRIMARY KEY (no, model);

ALTER TABLE corpus ADD COLUMN model text NOT NULL DEFAULT '';
UPDATE corpus
SET model = coalesce((SELECT model FROM passage_vectors GROUP BY model ORDER BY count(*) DESC, model LIMIT 1), '');
