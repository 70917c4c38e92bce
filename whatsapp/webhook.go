package whatsapp

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// ErrBusy is a webhook that cannot be taken right now; the provider will bring it again.
var ErrBusy = flomastr.Errorf(flomastr.Unavailable, "too_busy", "Too much is waiting to be stored; deliver it again in a moment.")

// Receive takes a provider's webhook in. It returns nil once everything in the body is durably stored, and then the
// provider may forget it. Nothing of the body is believed before the channel's secret was seen.
func (e *Engine) Receive(ctx context.Context, providerName string, channel flomastr.ChannelID, request WebhookRequest) error {
	ctx, cancel := context.WithTimeout(ctx, e.set.StoreTimeout)
	defer cancel()
	ch, err := e.channels.get(ctx, channel)
	if err != nil {
		return unavailableAfter(ctx, fmt.Errorf("find channel: %w", err))
	}
	p, ok := e.providers[ch.row.Provider]
	if !ok || ch.row.Provider != providerName {
		return ErrChannelNotFound
	}
	request.ReceivedAt = e.clock()
	if err := p.Authenticate(ch.opened, request); err != nil {
		return err
	}
	batch, err := p.Parse(ch.opened, request)
	if err != nil {
		if errors.Is(err, provider.ErrNotJSON) {
			e.keep(ctx, ch.row, []provider.Unusable{{Reason: "not_json", Body: provider.CleanRaw(request.Body, maxKeptBody)}})
		}
		return err
	}
	return unavailableAfter(ctx, e.take(ctx, ch.row, batch, len(request.Body)))
}

// maxKeptBody caps what the error list keeps of a body.
const maxKeptBody = 64 << 10

// take stores a batch; what the engine cannot use goes to the error list beside it.
func (e *Engine) take(ctx context.Context, ch Channel, batch provider.Batch, size int) error {
	intake, unusable := e.normalise(ch, batch)
	if len(unusable) > 0 {
		if err := e.store.KeepUnusable(ctx, ch.Tenant, ch.ID, unusable); err != nil {
			return fmt.Errorf("keep unusable elements: %w", err)
		}
	}
	_, err := e.intake.store(ctx, ch.Tenant, intake, size)
	return err
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
