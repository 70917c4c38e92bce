package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// accountSQL names whose limit of recipients a channel shares: its account's, at the address of the provider where no account
// is named.
func accountSQL(channel string) string {
	return channel + `.provider || ' ' || coalesce(nullif(` + channel + `.account_id, ''), nullif(` + channel + `.base_url, ''), ` + channel + `.id::text)`
}

// firstRecipients is what WhatsApp lets a new business have, and so what one of which we know nothing may have.
const firstRecipients = "250"

// beginTalk counts a message that goes to somebody outside of their window, which WhatsApp limits: so many different people
// in 24 hours over all numbers of an account. It says how long to wait where the limit is reached. The account's lock is kept
// until the commit, so that of two servers one counts what the other has counted.
func beginTalk(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (wait time.Duration, err error) {
	var account, address string
	var contact flomastr.ContactID
	var limit int
	err = tx.QueryRow(ctx, `
		SELECT `+accountSQL("ch")+`, c.address, c.contact_id,
		       coalesce(nullif(ch.daily_recipients, 0),
		                (SELECT min(s.told_recipients) FROM channels s
		                 WHERE s.tenant_id = $1 AND s.told_recipients > 0 AND `+accountSQL("s")+` = `+accountSQL("ch")+`),
		                `+firstRecipients+`)
		FROM conversations c
		JOIN channels ch ON ch.tenant_id = $1 AND ch.id = c.channel_id
		WHERE c.tenant_id = $1 AND c.id = $2`, lane.Tenant, lane.Conversation).Scan(&account, &address, &contact, &limit)
	if err != nil {
		return 0, fmt.Errorf("read the limit of recipients: %w", err)
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('recipients ' || $1::text || ' ' || $2::text, 0))`, lane.Tenant.String(), account); err != nil {
		return 0, fmt.Errorf("lock the account: %w", err)
	}
	// A statement of its own, so that it sees what was committed before the lock was had. Where the limit is reached it finds
	// when enough of those who were begun with are a day old.
	var seconds float64
	err = tx.QueryRow(ctx, `
		SELECT extract(epoch FROM at + interval '24 hours' - now())::float8
		FROM begun_talks
		WHERE tenant_id = $1 AND account = $2 AND at > now() - interval '24 hours'
		  AND NOT EXISTS (SELECT FROM begun_talks WHERE tenant_id = $1 AND account = $2 AND address = $3 AND at > now() - interval '24 hours')
		ORDER BY at DESC
		OFFSET $4 - 1
		LIMIT 1`, lane.Tenant, account, address, limit).Scan(&seconds)
	object := "channel " + lane.Channel.String()
	switch {
	case err == nil:
		return max(time.Duration(seconds*float64(time.Second)), time.Second), raiseAlert(ctx, tx, lane.Tenant, whatsapp.Alert{
			Kind: whatsapp.AlertReach, Severity: provider.Warning, Object: object,
			Detail: fmt.Sprintf("%d people were written to in 24 hours, as many as WhatsApp allows; the others wait.", limit),
		})
	case !errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("count recipients: %w", err)
	}
	if _, err := tx.Exec(ctx, `
		DELETE FROM begun_talks
		WHERE tenant_id = $1 AND account = $2 AND at <= now() - interval '24 hours'`, lane.Tenant, account); err != nil {
		return 0, fmt.Errorf("forget recipients: %w", err)
	}
	var another bool
	if err := tx.QueryRow(ctx, `
		INSERT INTO begun_talks (tenant_id, account, address, contact_id)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, account, address) DO UPDATE
		SET at = now(), contact_id = excluded.contact_id
		RETURNING xmax = 0`, lane.Tenant, account, address, contact).Scan(&another); err != nil {
		return 0, fmt.Errorf("count a recipient: %w", err)
	}
	if !another {
		return 0, nil // it says nothing of how many more may follow
	}
	return 0, clearAlert(ctx, tx, lane.Tenant, whatsapp.AlertReach, object)
}

// tellRecipients keeps what WhatsApp says of the limit of a channel's account.
func tellRecipients(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, recipients int) error {
	if recipients == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		UPDATE channels s
		SET told_recipients = $3
		FROM channels self
		WHERE s.tenant_id = $1 AND self.tenant_id = $1 AND self.id = $2 AND `+accountSQL("s")+` = `+accountSQL("self")+`
		RETURNING s.id`, tenant, channel, recipients)
	if err != nil {
		return fmt.Errorf("keep the limit of recipients: %w", err)
	}
	channels, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.ChannelID])
	if err != nil {
		return fmt.Errorf("keep the limit of recipients: %w", err)
	}
	return wakeChannels(ctx, tx, tenant, channels) // more may be allowed now
}

// marketingHeldSQL tells whether WhatsApp takes no advertising for the person whom conversation c is with, for now.
const marketingHeldSQL = `coalesce((
	SELECT q.marketing_after > now()
	FROM contacts q
	WHERE q.tenant_id = c.tenant_id AND q.id = ` + personSQL + `), false)`

// holdMarketing notes that a person has had enough advertising for a day: WhatsApp wants nobody to try before.
func holdMarketing(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID) error {
	_, err := tx.Exec(ctx, `
		UPDATE contacts q
		SET marketing_after = now() + interval '24 hours'
		WHERE q.tenant_id = $1 AND q.id = (SELECT `+personSQL+` FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2)`, tenant, conversation)
	if err != nil {
		return fmt.Errorf("hold advertising back: %w", err)
	}
	return nil
}
