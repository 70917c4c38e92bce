-- Why: whoever connects a number must see that its webhooks arrive, or that they come without the secret; and a secret that
-- is replaced stays believed until the provider shows the new one.
--
-- For an operator: three columns, nothing is rewritten but one value of each channel.

-- +goose Up

ALTER TABLE channels
  ADD COLUMN last_webhook_at timestamptz, -- one that showed the secret, to the minute
  ADD COLUMN last_refused_at timestamptz, -- one that did not, to the minute
  ADD COLUMN webhook_previous text NOT NULL DEFAULT ''; -- the fingerprint of the secret before, while it is believed

ALTER TABLE channels NO FORCE ROW LEVEL SECURITY;
UPDATE channels SET last_webhook_at = last_inbound_at;
ALTER TABLE channels FORCE ROW LEVEL SECURITY;
