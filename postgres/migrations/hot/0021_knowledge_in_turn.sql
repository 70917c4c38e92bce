-- Why: the job of a new or changed item is queued the later, the more of its tenant's items are waiting; they are counted with
-- each one.
--
-- For an operator with a large table: the index holds only the rows that wait, few or none when this runs.

-- +goose Up

CREATE INDEX knowledge_index_processing_idx ON knowledge_index (tenant_id) WHERE status = 'processing';
