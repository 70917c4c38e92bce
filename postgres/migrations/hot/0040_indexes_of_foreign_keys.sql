-- Why: when a person is erased, PostgreSQL looks for the rows that refer to them, and to what goes with them. Where no index leads
-- there it reads all the tenant's conversations, turns and messages, once for each row that goes.
--
-- For an operator with a large table: to keep no writer waiting, make the indexes beforehand, with CONCURRENTLY and these names.
--
-- Killed half-way it can be taken again: what is there is not made again.

-- +goose NO TRANSACTION
-- +goose Up

CREATE INDEX IF NOT EXISTS conversations_person_idx ON conversations (tenant_id, contact_id);
CREATE INDEX IF NOT EXISTS jobs_conversation_idx ON jobs (tenant_id, conversation_id);
CREATE INDEX IF NOT EXISTS outbox_conversation_idx ON outbox (tenant_id, conversation_id);
CREATE INDEX IF NOT EXISTS message_events_conversation_idx ON message_events (tenant_id, conversation_id);
CREATE INDEX IF NOT EXISTS media_channel_idx ON media (tenant_id, channel_id);
CREATE INDEX IF NOT EXISTS media_file_idx ON media (tenant_id, file_id) WHERE file_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS knowledge_site_pages_item_idx ON knowledge_site_pages (tenant_id, item_id) WHERE item_id IS NOT NULL;
