package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const outageColumnsSQL = `ch.failures, ch.outage_since, ch.probe_at, ch.outage_over_at`

// outageRow is a whatsapp.Outage as it is read.
type outageRow struct {
	failures               int
	since, probeAt, overAt *time.Time
}

func (r outageRow) outage() whatsapp.Outage {
	return whatsapp.Outage{Failures: r.failures, Since: orZero(r.since), ProbeAt: orZero(r.probeAt), OverAt: orZero(r.overAt)}
}

// changeOutage has one at a time change how a channel's provider answers; change is asked with the database's time.
func changeOutage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, change func(o whatsapp.Outage, now time.Time) whatsapp.Outage) (before, after whatsapp.Outage, err error) {
	var r outageRow
	if err := tx.QueryRow(ctx, `
		SELECT `+outageColumnsSQL+`
		FROM channels ch
		WHERE ch.tenant_id = $1 AND ch.id = $2
		FOR NO KEY UPDATE`, tenant, channel).Scan(&r.failures, &r.since, &r.probeAt, &r.overAt); err != nil {
		return before, after, fmt.Errorf("read an outage: %w", err)
	}
	var now time.Time // a statement of its own: the row may have been waited for
	if err := tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return before, after, fmt.Errorf("read the clock: %w", err)
	}
	before = r.outage()
	if after = change(before, now.UTC()); after == before {
		return before, after, nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE channels
		SET failures = $3, outage_since = $4, probe_at = $5, outage_over_at = $6
		WHERE tenant_id = $1 AND id = $2`,
		tenant, channel, after.Failures, orNil(after.Since), orNil(after.ProbeAt), orNil(after.OverAt)); err != nil {
		return before, after, fmt.Errorf("write an outage: %w", err)
	}
	return before, after, nil
}

// apart spreads out those who wait for the end of one wait, each a bit later.
func apart(wait time.Duration) time.Duration { return wait + rand.N(wait/2+1) }

// takeProbe tells whether the lane's message is the one that tries whether an outage is over.
func takeProbe(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (taken bool, wait time.Duration, err error) {
	_, _, err = changeOutage(ctx, tx, lane.Tenant, lane.Channel, func(o whatsapp.Outage, now time.Time) whatsapp.Outage {
		if wait = apart(o.Wait(now)); wait > 0 || !o.Open() {
			return o
		}
		taken = true
		return o.Probing(now)
	})
	return taken, wait, err
}

// noteCall keeps what a call says of its number's provider, and tells people when an outage begins or ends.
func noteCall(ctx context.Context, tx pgx.Tx, sending whatsapp.Sending, r whatsapp.Result) error {
	if !r.Away && (!r.Answered || sending.Failures == 0) {
		return nil
	}
	tenant, channel := sending.Lane.Tenant, sending.Lane.Channel
	before, after, err := changeOutage(ctx, tx, tenant, channel, func(o whatsapp.Outage, now time.Time) whatsapp.Outage {
		if r.Away {
			return o.Failed(now, r.Unit, sending.Probe)
		}
		return o.Answered(now)
	})
	if err != nil || before.Open() == after.Open() {
		return err
	}
	object := "channel " + channel.String()
	if after.Open() {
		err = raiseAlert(ctx, tx, tenant, whatsapp.Alert{
			Kind: whatsapp.AlertOutage, Severity: provider.Urgent, Object: object,
			Detail: "The provider does not answer. Messages wait and go out, slowly at first, once it is back.",
		})
	} else if err = clearAlert(ctx, tx, tenant, whatsapp.AlertOutage, object); err == nil {
		err = wakeChannels(ctx, tx, tenant, []flomastr.ChannelID{channel}) // the number's pace keeps them from coming all at once
	}
	if err != nil {
		return err
	}
	return appendEvent(ctx, tx, tenant, "channel.heard", map[string]any{"channel_id": channel.String(), "away": after.Open()})
}
