package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const channelColumns = `
	tenant_id, id, provider, name, number, base_url, account_id, sender_id, worker, worker_rules,
	extract(epoch FROM both_wait)::float8 AS both_seconds, extract(epoch FROM outside_wait)::float8 AS outside_seconds, worker_missed_at, status, pause_reason, sealed_credentials, credentials_mark,
	sealed_webhook, webhook_mark, webhook_scheme, webhook_previous, messages_per_second, extract(epoch FROM pair_interval)::float8 AS pair_seconds,
	pair_burst, daily_recipients, told_recipients, held_until, last_inbound_at, last_webhook_at, last_refused_at, last_error, last_error_at, created_at, updated_at,
	failures, outage_since, probe_at, outage_over_at, fallback_template, mode`

type channelRow struct {
	TenantID          flomastr.TenantID
	ID                flomastr.ChannelID
	Provider          string
	Name              string
	Number            string
	BaseURL           string
	AccountID         string
	SenderID          string
	Worker            string
	WorkerRules       []whatsapp.WorkerRule
	BothSeconds       float64
	OutsideSeconds    float64
	WorkerMissedAt    *time.Time
	Status            string
	PauseReason       string
	SealedCredentials []byte
	CredentialsMark   string
	SealedWebhook     []byte
	WebhookMark       string
	WebhookScheme     string
	WebhookPrevious   string
	MessagesPerSecond float64
	PairSeconds       float64
	PairBurst         int
	DailyRecipients   int
	ToldRecipients    int
	HeldUntil         *time.Time
	LastInboundAt     *time.Time
	LastWebhookAt     *time.Time
	LastRefusedAt     *time.Time
	LastError         string
	LastErrorAt       *time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time
	Failures          int
	OutageSince       *time.Time
	ProbeAt           *time.Time
	OutageOverAt      *time.Time
	FallbackTemplate  *provider.Template
	Mode              whatsapp.Mode
}

func (r channelRow) channel() whatsapp.Channel {
	return whatsapp.Channel{
		Tenant: r.TenantID, ID: r.ID, Provider: r.Provider, Name: r.Name, Number: r.Number, BaseURL: r.BaseURL, AccountID: r.AccountID, SenderID: r.SenderID,
		Worker: r.Worker, Rules: r.WorkerRules, BothWait: seconds(r.BothSeconds), OutsideWait: seconds(r.OutsideSeconds),
		WorkerMissedAt: orZero(r.WorkerMissedAt), Status: r.Status, PauseReason: r.PauseReason,
		SealedCredentials: r.SealedCredentials, CredentialsMark: r.CredentialsMark,
		SealedWebhook: r.SealedWebhook, WebhookMark: r.WebhookMark, WebhookScheme: r.WebhookScheme, WebhookPrevious: r.WebhookPrevious,
		Limits: whatsapp.Limits{
			PerSecond: r.MessagesPerSecond, PairBurst: r.PairBurst,
			PairInterval: seconds(r.PairSeconds),
		},
		DailyRecipients: r.DailyRecipients, ToldRecipients: r.ToldRecipients,
		HeldUntil: orZero(r.HeldUntil), LastInboundAt: orZero(r.LastInboundAt), LastWebhookAt: orZero(r.LastWebhookAt), LastRefusedAt: orZero(r.LastRefusedAt),
		LastError: r.LastError, LastErrorAt: orZero(r.LastErrorAt), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		Outage: outageRow{r.Failures, r.OutageSince, r.ProbeAt, r.OutageOverAt}.outage(), Fallback: r.FallbackTemplate, Mode: r.Mode,
	}
}

func collectChannel(rows pgx.Rows, err error) (whatsapp.Channel, error) {
	if err != nil {
		return whatsapp.Channel{}, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[channelRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return whatsapp.Channel{}, whatsapp.ErrChannelNotFound
	}
	return row.channel(), err
}

// FindChannel implements whatsapp.ChannelStore, across tenants.
func (s *WhatsAppStore) FindChannel(ctx context.Context, id flomastr.ChannelID) (ch whatsapp.Channel, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		ch, err = collectChannel(tx.Query(ctx, `SELECT `+channelColumns+` FROM channels WHERE id = $1`, id))
		return err
	})
	return ch, err
}

// ChannelsAddressed implements whatsapp.ChannelStore, across tenants.
func (s *WhatsAppStore) ChannelsAddressed(ctx context.Context, name string, ids []string) (channels []flomastr.ChannelID, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id
			FROM channels
			WHERE provider = $1 AND (sender_id = ANY ($2) OR account_id = ANY ($2))
			ORDER BY id`, name, ids)
		if err != nil {
			return err
		}
		channels, err = pgx.CollectRows(rows, pgx.RowTo[flomastr.ChannelID])
		return err
	})
	return channels, err
}

// Channel implements whatsapp.ChannelStore.
func (s *WhatsAppStore) Channel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) (ch whatsapp.Channel, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		ch, err = collectChannel(tx.Query(ctx, `
			SELECT `+channelColumns+`
			FROM channels
			WHERE tenant_id = $1 AND id = $2`, tenant, id))
		return err
	})
	return ch, err
}

// Channels implements whatsapp.ChannelStore, oldest first.
func (s *WhatsAppStore) Channels(ctx context.Context, tenant flomastr.TenantID) (channels []whatsapp.Channel, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+channelColumns+`
			FROM channels
			WHERE tenant_id = $1
			ORDER BY id`, tenant)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[channelRow])
		for _, row := range found {
			channels = append(channels, row.channel())
		}
		return err
	})
	return channels, err
}

// CreateChannel implements whatsapp.ChannelStore. It also gives the tenant its place in the round of the workers.
func (s *WhatsAppStore) CreateChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, ch whatsapp.Channel) error {
	ch.Mode = cmp.Or(ch.Mode, whatsapp.ModeAutomatic)
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO channels (tenant_id, id, provider, name, number, base_url, worker, status,
			  sealed_credentials, credentials_mark, sealed_webhook, webhook_mark, webhook_scheme,
			  messages_per_second, pair_interval, pair_burst, account_id, sender_id, webhook_previous, daily_recipients, fallback_template,
			  worker_rules, both_wait, outside_wait, mode)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, make_interval(secs => $15), $16, $17, $18, $19, $20, $21,
			  $22, make_interval(secs => $23), make_interval(secs => $24), $25)`,
			tenant, ch.ID, ch.Provider, ch.Name, ch.Number, ch.BaseURL, ch.Worker, ch.Status,
			ch.SealedCredentials, ch.CredentialsMark, ch.SealedWebhook, ch.WebhookMark, ch.WebhookScheme,
			ch.Limits.PerSecond, ch.Limits.PairInterval.Seconds(), ch.Limits.PairBurst, ch.AccountID, ch.SenderID, ch.WebhookPrevious, ch.DailyRecipients, ch.Fallback,
			ruled(ch.Rules), ch.BothWait.Seconds(), ch.OutsideWait.Seconds(), ch.Mode)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO tenant_turns (tenant_id, kind)
			VALUES ($1, 'turn'), ($1, 'send')
			ON CONFLICT DO NOTHING`, tenant)
		if err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: by, Action: "channel.created", Object: "channel " + ch.ID.String(), Detail: channelDetail(ch),
		})
	})
	if violates(err, "channels_number_key") {
		return whatsapp.ErrNumberTaken
	}
	return err
}

// UpdateChannel implements whatsapp.ChannelStore.
func (s *WhatsAppStore) UpdateChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, ch whatsapp.Channel) error {
	ch.Mode = cmp.Or(ch.Mode, whatsapp.ModeAutomatic)
	err := s.retried(ctx, tenant, func(tx pgx.Tx) error {
		before, err := collectChannel(tx.Query(ctx, `
			SELECT `+channelColumns+`
			FROM channels
			WHERE tenant_id = $1 AND id = $2
			FOR NO KEY UPDATE`, tenant, ch.ID))
		if err != nil {
			return err
		}
		rehired := before.Worker != ch.Worker || before.BothWait != ch.BothWait || before.OutsideWait != ch.OutsideWait || rulesDetail(before.Rules) != rulesDetail(ch.Rules)
		_, err = tx.Exec(ctx, `
			UPDATE channels
			SET name = $3, number = $4, base_url = $5, worker = $6, status = $7, pause_reason = $8,
			    sealed_credentials = $9, credentials_mark = $10, sealed_webhook = $11, webhook_mark = $12,
			    webhook_scheme = $13, messages_per_second = $14, pair_interval = make_interval(secs => $15),
			    pair_burst = $16, account_id = $17, sender_id = $18, webhook_previous = $19, daily_recipients = $20, fallback_template = $21, held_until = NULL,
			    mode = $26, worker_rules = $22, both_wait = make_interval(secs => $23), outside_wait = make_interval(secs => $24),
			    worker_missed_at = CASE WHEN $25 THEN NULL ELSE worker_missed_at END,
			    probe_at = CASE WHEN outage_since IS NOT NULL THEN now() END, updated_at = now()
			WHERE tenant_id = $1 AND id = $2`,
			tenant, ch.ID, ch.Name, ch.Number, ch.BaseURL, ch.Worker, ch.Status, ch.PauseReason,
			ch.SealedCredentials, ch.CredentialsMark, ch.SealedWebhook, ch.WebhookMark,
			ch.WebhookScheme, ch.Limits.PerSecond, ch.Limits.PairInterval.Seconds(), ch.Limits.PairBurst, ch.AccountID, ch.SenderID, ch.WebhookPrevious, ch.DailyRecipients, ch.Fallback,
			ruled(ch.Rules), ch.BothWait.Seconds(), ch.OutsideWait.Seconds(), rehired, ch.Mode)
		if err != nil {
			return err
		}
		if err := appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: by, Action: "channel.updated", Object: "channel " + ch.ID.String(),
			Detail: audit.Changes(channelDetail(before), channelDetail(ch)),
		}); err != nil {
			return err
		}
		if rehired {
			if err := handOver(ctx, tx, ch); err != nil {
				return err
			}
		}
		if ch.Status != whatsapp.ChannelActive {
			return nil
		}
		return wakeChannels(ctx, tx, tenant, []flomastr.ChannelID{ch.ID})
	})
	if violates(err, "channels_number_key") {
		return whatsapp.ErrNumberTaken
	}
	return err
}

// handOver gives a channel's turns that wait to whoever answers them now, but for those that a rule chose.
func handOver(ctx context.Context, tx pgx.Tx, ch whatsapp.Channel) error {
	if _, err := tx.Exec(ctx, `
		UPDATE jobs
		SET hand = c.worker, head_start = `+headStartSQL+`
		FROM channels c
		WHERE jobs.tenant_id = $1 AND jobs.channel_id = $2 AND jobs.state = 'queued' AND NOT jobs.ruled
		  AND c.tenant_id = $1 AND c.id = $2 AND (jobs.hand, jobs.head_start) IS DISTINCT FROM (c.worker, `+headStartSQL+`)`, ch.Tenant, ch.ID); err != nil {
		return fmt.Errorf("hand turns over: %w", err)
	}
	_, err := tx.Exec(ctx, `
		UPDATE lanes l
		SET worker = j.hand, head_start = j.head_start
		FROM (
		  SELECT DISTINCT ON (conversation_id) conversation_id, state, hand, head_start
		  FROM jobs
		  WHERE tenant_id = $1 AND channel_id = $2 AND state IN ('queued', 'processing')
		  ORDER BY conversation_id, state = 'processing' DESC, id
		) j
		WHERE l.tenant_id = $1 AND l.conversation_id = j.conversation_id AND l.kind = 'turn' AND j.state = 'queued'`, ch.Tenant, ch.ID)
	if err != nil {
		return fmt.Errorf("hand lanes over: %w", err)
	}
	return nil
}

// joinedHandSQL is in whose hands a turn is that one more message joins: a rule that fits any of them decides.
const joinedHandSQL = `hand = CASE WHEN excluded.ruled THEN excluded.hand ELSE jobs.hand END,
	head_start = CASE WHEN excluded.ruled THEN excluded.head_start ELSE jobs.head_start END,
	ruled = jobs.ruled OR excluded.ruled`

// headStartSQL is how long an outside worker goes first on channel c.
const headStartSQL = `CASE c.worker WHEN 'both' THEN c.both_wait WHEN 'n8n' THEN c.outside_wait ELSE interval '0' END`

// ruled is a channel's rules as their column has them: never NULL.
func ruled(rules []whatsapp.WorkerRule) []whatsapp.WorkerRule {
	if rules == nil {
		return []whatsapp.WorkerRule{}
	}
	return rules
}

func rulesDetail(rules []whatsapp.WorkerRule) string {
	var lines []string
	for _, rule := range rules {
		lines = append(lines, strings.Join(rule.Words, ", ")+" > "+rule.Worker)
	}
	return strings.Join(lines, "; ")
}

// wakeChannels makes due whatever waits to be sent through channels, each lane in its order.
func wakeChannels(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channels []flomastr.ChannelID) error {
	_, err := tx.Exec(ctx, `
		UPDATE lanes l
		SET ready_at = now()
		WHERE l.tenant_id = $1 AND l.channel_id = ANY ($2) AND l.kind = 'send' AND l.lease_until IS NULL
		  AND EXISTS (SELECT FROM outbox o
		              WHERE o.tenant_id = l.tenant_id AND o.conversation_id = l.conversation_id AND o.phase <> 'settled')`, tenant, channels)
	if err != nil {
		return fmt.Errorf("wake send lanes: %w", err)
	}
	return bringForward(ctx, tx, tenant, whatsapp.LaneSend, 0)
}

// DeleteChannel implements whatsapp.ChannelStore; its conversations go with it.
func (s *WhatsAppStore) DeleteChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM channels WHERE tenant_id = $1 AND id = $2`, tenant, id)
		if err == nil && tag.RowsAffected() == 0 {
			return whatsapp.ErrChannelNotFound
		}
		if err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: "channel.deleted", Object: "channel " + id.String()})
	})
}

// channelDetail is what the audit log tells of a channel. Secrets are named by their fingerprints.
func channelDetail(ch whatsapp.Channel) map[string]string {
	return map[string]string{
		"name": ch.Name, "number": ch.Number, "provider": ch.Provider, "base_url": ch.BaseURL, "account_id": ch.AccountID, "sender_id": ch.SenderID,
		"worker": ch.Worker, "worker_rules": rulesDetail(ch.Rules), "both_wait": ch.BothWait.String(), "outside_wait": ch.OutsideWait.String(), "mode": string(ch.Mode), "status": ch.Status, "credentials_fingerprint": ch.CredentialsMark, "webhook_fingerprint": ch.WebhookMark,
		"messages_per_second": strconv.FormatFloat(float64(ch.Limits.PerSecond), 'g', -1, 64),
		"pair_interval":       ch.Limits.PairInterval.String(), "pair_burst": strconv.Itoa(ch.Limits.PairBurst),
		"daily_recipients": strconv.Itoa(ch.DailyRecipients), "fallback_template": templateName(ch.Fallback),
	}
}

func templateName(t *provider.Template) string {
	if t == nil {
		return ""
	}
	return t.Name + " " + t.Language
}

// InboundErrors implements whatsapp.ChannelStore, newest first.
func (s *WhatsAppStore) InboundErrors(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, limit int) (list []whatsapp.InboundError, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT reason, body, at
			FROM inbound_errors
			WHERE tenant_id = $1 AND channel_id = $2
			ORDER BY at DESC
			LIMIT $3`, tenant, channel, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[whatsapp.InboundError])
		return err
	})
	return list, err
}

// NoteWebhook implements whatsapp.ChannelStore. Pages hear of the first webhook, of one that is refused, and of the first
// that is believed after that; of the others only the time is of interest.
func (s *WhatsAppStore) NoteWebhook(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, refused bool) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var news bool
		err := tx.QueryRow(ctx, `
			UPDATE channels c
			SET last_refused_at = CASE WHEN $3 THEN now() ELSE c.last_refused_at END,
			    last_webhook_at = CASE WHEN $3 THEN c.last_webhook_at ELSE now() END
			FROM (SELECT last_webhook_at, last_refused_at,
			             coalesce(last_refused_at > last_webhook_at, last_refused_at IS NOT NULL) AS refusing
			      FROM channels WHERE tenant_id = $1 AND id = $2 FOR UPDATE) before
			WHERE c.tenant_id = $1 AND c.id = $2
			  AND (coalesce(CASE WHEN $3 THEN before.last_refused_at ELSE before.last_webhook_at END, '-infinity') < now() - interval '1 minute'
			       OR (NOT $3 AND before.refusing))
			RETURNING $3 OR before.last_webhook_at IS NULL OR before.refusing`, tenant, channel, refused).Scan(&news)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !news {
			return nil
		}
		if err != nil {
			return err
		}
		return appendEvent(ctx, tx, tenant, "channel.heard", map[string]any{"channel_id": channel.String(), "refused": refused})
	})
}

// pauseChannel stops a number's sends until a person has mended what is wrong.
func pauseChannel(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, because string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE channels
		SET status = 'paused', pause_reason = $3, last_error = $3, last_error_at = now(), updated_at = now()
		WHERE tenant_id = $1 AND id = $2 AND status = 'active'`, tenant, channel, because)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	return appendEvent(ctx, tx, tenant, "channel.paused", map[string]string{"channel_id": channel.String(), "reason": because})
}
