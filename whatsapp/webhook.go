package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/chaos"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// WebhookURL is where a channel's provider delivers, under the address by which the world reaches this server.
func WebhookURL(public string, ch Channel) string {
	return strings.TrimSuffix(public, "/") + "/webhook/" + ch.Provider + "/" + ch.ID.String()
}

// ErrBusy is a webhook that cannot be taken right now; the provider will bring it again.
var ErrBusy = flomastr.Errorf(flomastr.Unavailable, "too_busy", "Too much is waiting to be stored; deliver it again in a moment.")

// Receive takes a provider's webhook in. It returns nil once everything in the body is durably stored, and then the
// provider may forget it. Nothing of the body is believed before the channel's secret was seen.
func (e *Engine) Receive(ctx context.Context, providerName string, channel flomastr.ChannelID, request WebhookRequest) error {
	request.ReceivedAt = e.clock()
	if e.spool != nil {
		return e.receiveOrSpool(ctx, Spooled{Provider: providerName, Channel: channel, Request: request})
	}
	return e.receive(ctx, providerName, channel, request)
}

func (e *Engine) receive(ctx context.Context, providerName string, channel flomastr.ChannelID, request WebhookRequest) error {
	ctx, cancel := context.WithTimeout(ctx, e.set.StoreTimeout)
	defer cancel()
	parts, err := e.unpack(ctx, providerName, channel, request)
	if err != nil {
		for _, part := range parts {
			e.keep(ctx, part.channel, part.batch.Unusable)
		}
		return err
	}
	for _, part := range parts {
		// Each part is stored whatever became of the others. When one was not, all of it comes again and is recognised.
		if failed := e.take(ctx, part.channel, part.batch, part.size); failed != nil {
			err = failed
			continue
		}
		e.noteWebhook(ctx, part.channel, false)
	}
	chaos.Point("after-commit-before-200")
	return unavailableAfter(ctx, err)
}

// unpack judges a webhook by the channel's secret, reads it, and finds the channels that it is for. What is for the error list
// alone it gives together with provider.ErrNotJSON.
func (e *Engine) unpack(ctx context.Context, providerName string, channel flomastr.ChannelID, request WebhookRequest) ([]part, error) {
	ch, err := e.channels.get(ctx, channel)
	if err != nil {
		return nil, unavailableAfter(ctx, fmt.Errorf("find channel: %w", err))
	}
	p, ok := e.providers[ch.row.Provider]
	if !ok || ch.row.Provider != providerName {
		return nil, ErrChannelNotFound
	}
	if err := p.Authenticate(ch.opened, request); err != nil {
		e.noteWebhook(ctx, ch.row, true)
		return nil, err
	}
	chaos.Point("after-verify")
	batch, err := p.Parse(ch.opened, request)
	if err != nil {
		if errors.Is(err, provider.ErrNotJSON) {
			batch.Unusable = []provider.Unusable{{Reason: "not_json", Body: provider.CleanRaw(request.Body, maxKeptBody)}}
			return []part{{ch.row, batch, len(request.Body)}}, err
		}
		return nil, err
	}
	elsewhere, err := e.share(ctx, p, ch, &batch, request)
	if err != nil {
		return nil, unavailableAfter(ctx, err)
	}
	return append([]part{{ch.row, batch, len(request.Body)}}, elsewhere...), nil
}

// part is what a webhook held for a channel.
type part struct {
	channel Channel
	batch   provider.Batch
	size    int // of the webhook's body, in bytes
}

// share finds the other channels that a webhook is for: a provider may deliver for all numbers of an application by one
// address. An element goes to the channel that it names only when that channel's own secret authenticates the request,
// so that it could have been delivered there as well; whoever shares no secret can reach nobody else's channel, and
// nothing falls to a channel that was not named. What found its channel is taken out of the batch; the rest stays on the
// error list of the channel that it came by.
func (e *Engine) share(ctx context.Context, p provider.Provider, ch cachedChannel, batch *provider.Batch, r WebhookRequest) ([]part, error) {
	foreign := map[string]bool{}
	for _, u := range batch.Unusable {
		if u.Addressee != "" {
			foreign[u.Addressee] = true
		}
	}
	if len(foreign) == 0 {
		return nil, nil
	}
	ids, err := e.store.ChannelsAddressed(ctx, p.Name(), slices.Sorted(maps.Keys(foreign)))
	if err != nil {
		return nil, fmt.Errorf("find the channels that a webhook names: %w", err)
	}
	var parts []part
	for _, id := range ids {
		other, err := e.channels.get(ctx, id)
		if err != nil {
			if flomastr.KindOf(err) == flomastr.Unavailable {
				return nil, err
			}
			continue // it was deleted a moment ago, or cannot be opened
		}
		if id == ch.row.ID || p.Authenticate(other.opened, r) != nil {
			continue
		}
		its, err := p.Parse(other.opened, r)
		if err != nil {
			return nil, err
		}
		its.Unusable = slices.DeleteFunc(its.Unusable, func(u provider.Unusable) bool { return u.Addressee != "" })
		parts = append(parts, part{other.row, its, len(r.Body)})
		delete(foreign, other.row.SenderID)
		delete(foreign, other.row.AccountID)
	}
	batch.Unusable = slices.DeleteFunc(batch.Unusable, func(u provider.Unusable) bool {
		return u.Addressee != "" && !foreign[u.Addressee]
	})
	return parts, nil
}

// Challenge answers a provider's test of a channel's webhook address.
func (e *Engine) Challenge(ctx context.Context, providerName string, channel flomastr.ChannelID, query url.Values) (string, error) {
	ch, err := e.channels.get(ctx, channel)
	if err != nil {
		return "", fmt.Errorf("find channel: %w", err)
	}
	p, ok := e.providers[ch.row.Provider].(provider.Challenger)
	if !ok || ch.row.Provider != providerName {
		return "", ErrChannelNotFound
	}
	answer, err := p.Challenge(ch.opened, query)
	if err != nil {
		e.noteWebhook(ctx, ch.row, true)
	}
	return answer, err
}

// noteWebhook keeps when a channel last heard from its provider, or from somebody without the secret: to the minute, so
// that neither a busy number nor a stranger makes us write more often. That a channel is believed again is news at once.
func (e *Engine) noteWebhook(ctx context.Context, ch Channel, refused bool) {
	if !e.channels.note(ch.ID, refused) {
		return
	}
	if err := e.store.NoteWebhook(ctx, ch.Tenant, ch.ID, refused); err != nil {
		e.log.WarnContext(ctx, "note webhook", "tenant", ch.Tenant, "channel", ch.ID, "err", err)
	}
}

// maxKeptBody caps what the error list keeps of a body.
const maxKeptBody = 64 << 10

// take stores a batch; what the engine cannot use goes to the error list beside it.
func (e *Engine) take(ctx context.Context, ch Channel, batch provider.Batch, size int) error {
	intake, unusable := e.normalise(ch, batch)
	events, err := e.events(ctx, ch, batch.Events)
	if err != nil {
		return err
	}
	if _, err = e.intake.store(ctx, ch.Tenant, append(intake, events...), size); err != nil || len(unusable) == 0 {
		return err
	}
	if err := e.store.KeepUnusable(ctx, ch.Tenant, ch.ID, unusable); err != nil {
		return fmt.Errorf("keep unusable elements: %w", err)
	}
	return nil
}

// events gives each event to the channel that it came by, and that of an account to those of the tenant's channels that it
// concerns: all of the account, or the one with the number that it names.
func (e *Engine) events(ctx context.Context, ch Channel, events []provider.Event) (intake []Intake, err error) {
	ours := []Channel{ch}
	if ch.AccountID != "" && slices.ContainsFunc(events, func(event provider.Event) bool { return event.Account }) {
		if ours, err = e.store.Channels(ctx, ch.Tenant); err != nil {
			return nil, fmt.Errorf("find the account's channels: %w", err)
		}
		ours = slices.DeleteFunc(ours, func(c Channel) bool { return c.Provider != ch.Provider || c.AccountID != ch.AccountID })
	}
	for i := range events {
		concerned := []Channel{ch}
		if events[i].Account {
			concerned = ours
			named := slices.IndexFunc(ours, func(c Channel) bool { return c.Number == events[i].Number })
			switch {
			case named >= 0:
				concerned = ours[named : named+1]
			case events[i].Number != "": // a number of the account that is not connected here
				concerned = []Channel{ch}
			}
		}
		for _, c := range concerned {
			intake = append(intake, Intake{Channel: c.ID, Event: &events[i]})
		}
	}
	return intake, nil
}

// keep puts something on the error list without letting the request depend on it.
func (e *Engine) keep(ctx context.Context, ch Channel, list []provider.Unusable) {
	if err := e.store.KeepUnusable(ctx, ch.Tenant, ch.ID, list); err != nil {
		e.log.ErrorContext(ctx, "keep unusable webhook", "tenant", ch.Tenant, "channel", ch.ID, "err", err)
	}
}

// unavailableAfter says 503 where our own deadline cut something off.
func unavailableAfter(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && flomastr.KindOf(err) == flomastr.Internal {
		return ErrBusy.Because(err)
	}
	return err
}
