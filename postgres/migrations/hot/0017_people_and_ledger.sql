-- Why: one person may be several contacts, on two channels or after a new number. An administrator says so and may take it
-- back, so nothing is moved: a contact names the one that it belongs to.
--
-- conversations remember up to which of the customer's messages they have been answered: an older one that arrives late
-- gets no second answer.
--
-- For an operator with a large table: columns without a default and an index that is empty; nothing is rewritten.

-- +goose Up

ALTER TABLE contacts
  ADD COLUMN merged_into uuid,
  ADD FOREIGN KEY (tenant_id, merged_into) REFERENCES contacts (tenant_id, id);
CREATE INDEX contacts_merged_idx ON contacts (tenant_id, merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE conversations
  ADD COLUMN answered_to timestamptz;

-- The watch over turns that nobody deals with looks over all tenants.
SELECT allow_platform('alerts', 'SELECT');
