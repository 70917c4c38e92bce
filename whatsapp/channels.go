package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// ChannelDraft is what a tenant's admin says about a channel. A nil field leaves what is there.
type ChannelDraft struct {
	Provider    string // on creation only
	Name        *string
	Number      *string
	BaseURL     *string
	AccountID   *string
	SenderID    *string
	Worker      *string
	Rules       *[]WorkerRule
	BothWait    *time.Duration
	OutsideWait *time.Duration
	Mode        *Mode
	Status      *string
	Credentials *provider.Credentials
	Webhook     *provider.WebhookSecret
	Limits      *Limits
	// DailyRecipients is how many people the number may begin talks with in 24 hours; 0 leaves it to WhatsApp.
	DailyRecipients *int
	// Fallback is what goes in the place of an answer that the 24-hour window keeps back; one without a name takes it away.
	Fallback *provider.Template
	By       flomastr.Actor // zero: the system
}

func (d ChannelDraft) by() flomastr.Actor {
	if d.By == "" {
		return flomastr.ActorSystem
	}
	return d.By
}

var (
	number = regexp.MustCompile(`^[0-9]{5,20}$`)
	// providerID is an id of an account or a number; it becomes part of the path of a call.
	providerID = regexp.MustCompile(`^[A-Za-z0-9]{0,64}$`)
)

// CreateChannel connects a number. What the draft's webhook secret leaves open and we may choose is made up; the secret is
// returned this once and can only be replaced afterwards.
func (e *Engine) CreateChannel(ctx context.Context, tenant flomastr.TenantID, d ChannelDraft) (Channel, provider.WebhookSecret, error) {
	ch := Channel{
		Tenant: tenant, ID: flomastr.NewID[flomastr.ChannelID](), Provider: d.Provider,
		Worker: WorkerAssistant, BothWait: DefaultBothWait, OutsideWait: DefaultOutsideWait, Mode: ModeAutomatic, Status: ChannelActive, Limits: DefaultLimits,
	}
	if d.Webhook == nil {
		d.Webhook = &provider.WebhookSecret{}
	}
	if d.Number == nil {
		d.Number = new(string)
	}
	if p, ok := e.providers[d.Provider]; ok && ch.BaseURL == "" && (d.BaseURL == nil || *d.BaseURL == "") {
		ch.BaseURL, d.BaseURL = p.Setup().Address, nil
	}
	if d.Fallback != nil && d.Fallback.Name != "" {
		return Channel{}, provider.WebhookSecret{}, errInvalidChannel.Field("body.fallback_template", "can be chosen once the number is connected, from its templates")
	}
	secret, err := e.apply(&ch, d)
	if err != nil {
		return Channel{}, provider.WebhookSecret{}, err
	}
	if err := e.store.CreateChannel(ctx, tenant, d.by(), ch); err != nil {
		return Channel{}, provider.WebhookSecret{}, fmt.Errorf("create channel: %w", err)
	}
	created, err := e.store.Channel(ctx, tenant, ch.ID)
	return created, secret, err
}

// UpdateChannel changes what the draft names.
func (e *Engine) UpdateChannel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID, d ChannelDraft) (Channel, error) {
	ch, err := e.store.Channel(ctx, tenant, id)
	if err != nil {
		return Channel{}, err
	}
	if d.Provider != "" && d.Provider != ch.Provider {
		return Channel{}, ErrProviderFixed
	}
	if _, err := e.apply(&ch, d); err != nil {
		return Channel{}, err
	}
	if d.Fallback != nil {
		if ch.Fallback, err = e.checkFallback(ctx, ch, *d.Fallback); err != nil {
			return Channel{}, err
		}
	}
	return e.saveChannel(ctx, d.by(), ch)
}

// checkFallback refuses a template that could not be sent as it stands.
func (e *Engine) checkFallback(ctx context.Context, ch Channel, t provider.Template) (*provider.Template, error) {
	if t.Name == "" {
		return nil, nil //nolint:nilnil // none is what was asked for
	}
	_, err := e.useTemplate(ctx, ch.Tenant, ch.ID, &t)
	if known, ok := errors.AsType[*flomastr.Error](err); ok && (known.Kind == flomastr.Conflict || known.Kind == flomastr.Invalid) {
		return nil, errInvalidChannel.Field("body.fallback_template", known.Message).Because(err)
	}
	return &t, err
}

func (e *Engine) saveChannel(ctx context.Context, by flomastr.Actor, ch Channel) (Channel, error) {
	if err := e.store.UpdateChannel(ctx, ch.Tenant, by, ch); err != nil {
		return Channel{}, fmt.Errorf("update channel: %w", err)
	}
	e.channels.forget(ch.ID)
	e.wake(LaneSend)
	return e.store.Channel(ctx, ch.Tenant, ch.ID)
}

// RenewSecret makes up a webhook secret anew and returns it this once. The one before stays believed until
// ForgetPreviousSecret, so that no message is lost while the provider still shows it.
func (e *Engine) RenewSecret(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) (Channel, provider.WebhookSecret, error) {
	return e.changeSecret(ctx, tenant, by, id, func(p provider.Provider, before provider.WebhookSecret) (provider.WebhookSecret, error) {
		if before.IsZero() {
			return p.CompleteSecret(before, before), nil
		}
		after, ours := p.Setup().Renew(before)
		if !ours {
			return before, ErrSecretIsTheirs
		}
		return after, nil
	})
}

// ForgetPreviousSecret refuses from now on what shows the webhook secret before the present one.
func (e *Engine) ForgetPreviousSecret(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) (Channel, error) {
	ch, _, err := e.changeSecret(ctx, tenant, by, id, func(_ provider.Provider, before provider.WebhookSecret) (provider.WebhookSecret, error) {
		before.PreviousKey = ""
		return before, nil
	})
	return ch, err
}

func (e *Engine) changeSecret(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID,
	change func(provider.Provider, provider.WebhookSecret) (provider.WebhookSecret, error),
) (Channel, provider.WebhookSecret, error) {
	ch, err := e.store.Channel(ctx, tenant, id)
	if err != nil {
		return Channel{}, provider.WebhookSecret{}, err
	}
	p, ok := e.providers[ch.Provider]
	if !ok {
		return Channel{}, provider.WebhookSecret{}, errNotSpoken
	}
	opened, err := e.open(ch)
	if err != nil {
		return Channel{}, provider.WebhookSecret{}, err
	}
	secret, err := change(p, opened.Webhook)
	if err != nil {
		return Channel{}, provider.WebhookSecret{}, err
	}
	if err := e.keepSecret(&ch, p, secret); err != nil {
		return Channel{}, provider.WebhookSecret{}, err
	}
	ch, err = e.saveChannel(ctx, by, ch)
	return ch, secret, err
}

// ProviderSetup is a provider that this server speaks, with what it takes to connect a number there.
type ProviderSetup struct {
	Name string
	provider.Setup
}

// Providers lists what this server speaks, in the order of their names.
func (e *Engine) Providers() []ProviderSetup {
	list := make([]ProviderSetup, 0, len(e.providers))
	for _, name := range slices.Sorted(maps.Keys(e.providers)) {
		list = append(list, ProviderSetup{name, e.providers[name].Setup()})
	}
	return list
}

// DeleteChannel removes a channel with its conversations.
func (e *Engine) DeleteChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) error {
	defer e.channels.forget(id)
	return e.store.DeleteChannel(ctx, tenant, by, id)
}

// Channel reads one channel.
func (e *Engine) Channel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) (Channel, error) {
	return e.store.Channel(ctx, tenant, id)
}

// Channels lists the tenant's channels, oldest first.
func (e *Engine) Channels(ctx context.Context, tenant flomastr.TenantID) ([]Channel, error) {
	return e.store.Channels(ctx, tenant)
}

// InboundErrors lists what providers sent to a channel and we could not use, newest first.
func (e *Engine) InboundErrors(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID, limit int) ([]InboundError, error) {
	if _, err := e.store.Channel(ctx, tenant, id); err != nil {
		return nil, err
	}
	return e.store.InboundErrors(ctx, tenant, id, limit)
}

// TestChannel really calls the provider.
func (e *Engine) TestChannel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) error {
	ch, err := e.store.Channel(ctx, tenant, id)
	if err != nil {
		return err
	}
	p, ok := e.providers[ch.Provider]
	if !ok {
		return errNotSpoken
	}
	opened, err := e.open(ch)
	if err != nil {
		return err
	}
	return p.Test(ctx, opened)
}

// errNotSpoken is a channel of a provider that this server no longer speaks.
var errNotSpoken = flomastr.Errorf(flomastr.Invalid, "provider_missing", "This server does not speak the channel's provider.")

// errInvalidChannel names the field that is wrong.
var errInvalidChannel = flomastr.Errorf(flomastr.Invalid, "invalid_channel", "The channel's settings are not valid.")

// apply checks a draft and writes it into the channel, secrets sealed. It gives the webhook secret where it has changed.
func (e *Engine) apply(ch *Channel, d ChannelDraft) (provider.WebhookSecret, error) {
	var none provider.WebhookSecret
	p, ok := e.providers[ch.Provider]
	if !ok {
		return none, errInvalidChannel.Field("body.provider", "is not a provider that this server speaks")
	}
	if d.Number != nil {
		ch.Number = strings.TrimPrefix(strings.TrimSpace(*d.Number), "+")
		if !number.MatchString(ch.Number) {
			return none, errInvalidChannel.Field("body.number", "must be a phone number in international form")
		}
	}
	if d.Name != nil {
		ch.Name = provider.CleanName(*d.Name)
	}
	if d.BaseURL != nil {
		ch.BaseURL = strings.TrimRight(strings.TrimSpace(*d.BaseURL), "/")
		if err := p.CheckAddress(ch.BaseURL); err != nil {
			return none, errInvalidChannel.Field("body.base_url", "must be the provider's own address").Because(err)
		}
	}
	if d.AccountID != nil {
		if ch.AccountID = strings.TrimSpace(*d.AccountID); !providerID.MatchString(ch.AccountID) {
			return none, errInvalidChannel.Field("body.account_id", "must be the account's id as the provider shows it")
		}
	}
	if d.SenderID != nil {
		if ch.SenderID = strings.TrimSpace(*d.SenderID); !providerID.MatchString(ch.SenderID) {
			return none, errInvalidChannel.Field("body.sender_id", "must be the number's id as the provider shows it")
		}
	}
	if err := applyHands(ch, d); err != nil {
		return none, err
	}
	if d.Status != nil {
		switch ch.Status = *d.Status; ch.Status {
		case ChannelActive:
			ch.PauseReason = ""
		case ChannelPaused:
			ch.PauseReason = "Paused by an administrator."
		default:
			return none, errInvalidChannel.Field("body.status", "must be active or paused")
		}
	}
	if d.Limits != nil {
		if ch.Limits = *d.Limits; ch.Limits.PerSecond <= 0 || ch.Limits.PairInterval < 0 || ch.Limits.PairBurst < 1 {
			return none, errInvalidChannel.Field("body.limits", "must be positive")
		}
	}
	if d.DailyRecipients != nil {
		if ch.DailyRecipients = *d.DailyRecipients; ch.DailyRecipients < 0 {
			return none, errInvalidChannel.Field("body.daily_recipients", "must not be negative")
		}
	}
	return e.sealSecrets(ch, p, d)
}

// sealSecrets changes a channel's secrets as the draft says, and gives the webhook secret where the draft is about it.
func (e *Engine) sealSecrets(ch *Channel, p provider.Provider, d ChannelDraft) (secret provider.WebhookSecret, err error) {
	opened, _ := e.open(*ch) // what cannot be opened any more is replaced
	before := opened.Webhook
	if d.Webhook != nil {
		secret = *d.Webhook
	}
	follows := false
	if c := d.Credentials; c != nil {
		if ch.SealedCredentials, ch.CredentialsMark, err = e.seal(ch.Tenant, "sealed_credentials/"+ch.ID.String(), *c); err != nil {
			return secret, err
		}
		if follows = p.Setup().SignsWithAPIKey && secret.SigningKey == "" && c.KeyID == ""; follows {
			secret.SigningKey = c.APIKey
		}
	}
	if d.Webhook == nil && !follows {
		return secret, nil
	}
	secret = p.CompleteSecret(secret, before)
	// The provider changes over to another key when it likes: the one before stays believed.
	if secret.PreviousKey == "" && before.SigningKey != "" {
		if secret.PreviousKey = before.SigningKey; secret.SigningKey == before.SigningKey {
			secret.PreviousKey = before.PreviousKey
		}
	}
	return secret, e.keepSecret(ch, p, secret)
}

// keepSecret seals a webhook secret that the provider can show us.
func (e *Engine) keepSecret(ch *Channel, p provider.Provider, secret provider.WebhookSecret) (err error) {
	if ch.WebhookScheme, err = p.CheckSecret(secret); err != nil {
		return errInvalidChannel.Field("body.webhook_secret", err.Error())
	}
	ch.WebhookPrevious = ""
	if secret.PreviousKey != "" {
		ch.WebhookPrevious = markOf(ch.Tenant, []byte(secret.PreviousKey))
	}
	ch.SealedWebhook, ch.WebhookMark, err = e.seal(ch.Tenant, "sealed_webhook/"+ch.ID.String(), secret)
	return err
}

// seal also gives a mark by which people recognise a secret without seeing it.
func (e *Engine) seal(tenant flomastr.TenantID, column string, secret any) (sealed []byte, mark string, err error) {
	plain, err := json.Marshal(secret)
	if err != nil {
		return nil, "", fmt.Errorf("encode secret: %w", err)
	}
	if sealed, err = e.sealer.Seal(tenant.String(), "channels", column, plain); err != nil {
		return nil, "", fmt.Errorf("seal secret: %w", err)
	}
	return sealed, markOf(tenant, plain), nil
}

func markOf(tenant flomastr.TenantID, plain []byte) string {
	sum := sha256.Sum256(append([]byte(tenant.String()), plain...))
	return hex.EncodeToString(sum[:4])
}

// open makes a channel fit for its provider.
func (e *Engine) open(ch Channel) (provider.Channel, error) {
	out := provider.Channel{Tenant: ch.Tenant, ID: ch.ID, Number: ch.Number, BaseURL: ch.BaseURL, AccountID: ch.AccountID, SenderID: ch.SenderID}
	for _, secret := range []struct {
		column string
		sealed []byte
		into   any
	}{
		{"sealed_credentials", ch.SealedCredentials, &out.Credentials},
		{"sealed_webhook", ch.SealedWebhook, &out.Webhook},
	} {
		if secret.sealed == nil {
			continue
		}
		plain, err := e.sealer.Open(ch.Tenant.String(), "channels", secret.column+"/"+ch.ID.String(), secret.sealed)
		if err != nil {
			return out, fmt.Errorf("open secret of channel %s: %w", ch.ID, err)
		}
		if err := json.Unmarshal(plain, secret.into); err != nil {
			return out, fmt.Errorf("decode secret of channel %s: %w", ch.ID, err)
		}
	}
	return out, nil
}

// channelCache keeps opened channels for a few seconds, so that a webhook costs no look-up of its own.
type channelCache struct {
	engine  *Engine
	mu      sync.Mutex
	entries map[flomastr.ChannelID]cachedChannel
}

type cachedChannel struct {
	row    Channel
	opened provider.Channel
	until  time.Time
}

func (c *channelCache) get(ctx context.Context, id flomastr.ChannelID) (cachedChannel, error) {
	now := c.engine.clock()
	c.mu.Lock()
	entry, ok := c.entries[id]
	fresh := ok && now.Before(entry.until)
	if ok && !fresh {
		// One looks again; the others believe the old row a moment longer, so that a busy channel does not ask for it a
		// thousand times at once.
		stale := entry
		stale.until = now.Add(c.engine.set.ChannelRefresh / 3)
		c.entries[id] = stale
	}
	c.mu.Unlock()
	if fresh {
		return entry, nil
	}
	row, err := c.engine.store.FindChannel(ctx, id)
	if err != nil {
		if flomastr.KindOf(err) != flomastr.Unavailable {
			c.forget(id)
		}
		return cachedChannel{}, err
	}
	opened, err := c.engine.open(row)
	if err != nil {
		return cachedChannel{}, err
	}
	entry = cachedChannel{row: row, opened: opened, until: now.Add(c.engine.set.ChannelRefresh)}
	c.mu.Lock()
	c.entries[id] = entry
	c.mu.Unlock()
	return entry, nil
}

// lastSeen is a channel as it was when it was last looked up, however long ago.
func (c *channelCache) lastSeen(id flomastr.ChannelID) (cachedChannel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[id]
	return entry, ok
}

// note tells whether it is time to write down that a channel was called, and takes it as written: of many calls at once
// one writes.
func (c *channelCache) note(id flomastr.ChannelID, refused bool) bool {
	now := c.engine.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[id]
	if !ok {
		return true
	}
	mended := !refused && entry.row.LastRefusedAt.After(entry.row.LastWebhookAt)
	last := &entry.row.LastWebhookAt
	if refused {
		last = &entry.row.LastRefusedAt
	}
	if now.Sub(*last) < time.Minute && !mended {
		return false
	}
	*last = now
	c.entries[id] = entry
	return true
}

func (c *channelCache) forget(id flomastr.ChannelID) {
	c.mu.Lock()
	delete(c.entries, id)
	c.mu.Unlock()
}
