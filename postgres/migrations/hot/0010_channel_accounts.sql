-- Why: Meta's and Twilio's calls name the account and the sender by ids of their own, not by the phone number.
--
-- For an operator: two columns with a constant default; nothing is rewritten.

-- +goose Up

ALTER TABLE channels
  ADD COLUMN account_id text NOT NULL DEFAULT '' CHECK (account_id ~ '^[A-Za-z0-9]{0,64}$'),
  ADD COLUMN sender_id text NOT NULL DEFAULT '' CHECK (sender_id ~ '^[A-Za-z0-9]{0,64}$');
