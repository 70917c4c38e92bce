-- Why: servers keep the index of a tenant that is asked often in memory, and have to know when it is no longer the one that
-- serves.
--
-- The stamp is random, not a number that grows: a database that is restored and written again must never come to a stamp
-- that a server has seen with other content.

-- +goose Up

ALTER TABLE corpus ADD COLUMN stamp uuid NOT NULL DEFAULT gen_random_uuid();
