package whatsapp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

// Spool keeps webhooks on this machine's disk that were acknowledged while they could not be stored. It is safe for
// concurrent use.
type Spool interface {
	// Put returns once the webhook would outlive a loss of power. It refuses what there is no room for.
	Put(w Spooled) error
	// Holds tells whether something of a channel is there, or is being put.
	Holds(channel flomastr.ChannelID) bool
	// Channels are those of which something is there, the one that has waited longest first.
	Channels() []flomastr.ChannelID
	// Oldest gives up to n webhooks of a channel in the order in which they were put.
	Oldest(channel flomastr.ChannelID, n int) ([]Spooled, error)
	// Remove forgets webhooks that are stored now.
	Remove(stored []Spooled) error
}

// Spooled is a webhook that waits to be stored.
type Spooled struct {
	ID       string `json:"-"` // the spool's own
	Provider string
	Channel  flomastr.ChannelID
	Request  WebhookRequest
}

const (
	spoolBatch    = 100         // webhooks of a channel that share a commit when they are stored at last
	spoolChannels = 4           // channels at once
	spoolTimeout  = time.Minute // for one of them, before another has its turn
)

// receiveOrSpool stores a webhook, or keeps it on disk when it cannot be stored now, so that also a provider that does not try
// again loses nothing. While something of a channel is on disk the rest of it follows, so that it keeps its order.
func (e *Engine) receiveOrSpool(ctx context.Context, w Spooled) error {
	failed := error(ErrBusy)
	if !e.spool.Holds(w.Channel) {
		failed = e.receive(ctx, w.Provider, w.Channel, w.Request)
		if flomastr.KindOf(failed) != flomastr.Unavailable {
			return failed
		}
	}
	// The channel as it was last seen has to do: the secret is looked at again before anything is stored.
	ch, ok := e.channels.lastSeen(w.Channel)
	if !ok || ch.row.Provider != w.Provider {
		return failed
	}
	if err := e.providers[w.Provider].Authenticate(ch.opened, w.Request); err != nil {
		return err
	}
	if err := e.spool.Put(w); err != nil {
		e.log.ErrorContext(ctx, "a webhook could be kept neither in the database nor on disk", "tenant", ch.row.Tenant, "channel", w.Channel, "err", errors.Join(failed, err))
		return failed
	}
	return nil
}

// catchUp stores what is on disk, as soon as that is possible.
func (e *Engine) catchUp(ctx context.Context) {
	if e.spool == nil {
		return
	}
	for failures := 0; ctx.Err() == nil; {
		var hands sync.WaitGroup
		var mu sync.Mutex
		failed := false
		free := make(chan struct{}, spoolChannels)
		for _, channel := range e.spool.Channels() {
			free <- struct{}{}
			hands.Go(func() {
				defer func() { <-free }()
				if err := e.storeSpooled(ctx, channel); err != nil {
					e.log.WarnContext(ctx, "webhooks stay on disk for now", "channel", channel, "err", err)
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			})
		}
		hands.Wait()
		if failures++; !failed {
			failures = 0
		}
		sleep(ctx, backoff(e.set.Poll, failures, 5*time.Second))
	}
}

// storeSpooled stores what is on disk of a channel, in its order. What is stored and not yet removed when the process ends is
// recognised the next time.
func (e *Engine) storeSpooled(ctx context.Context, channel flomastr.ChannelID) error {
	ctx, cancel := context.WithTimeout(ctx, spoolTimeout)
	defer cancel()
	for ctx.Err() == nil {
		list, err := e.spool.Oldest(channel, spoolBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		var parts []part
		for _, w := range list {
			its, err := e.unpack(ctx, w.Provider, channel, w.Request)
			switch kind := flomastr.KindOf(err); {
			case err == nil:
			case kind == flomastr.Unavailable || kind == flomastr.Internal:
				return err
			default: // the channel is gone or has another secret, or the body is none
				e.log.WarnContext(ctx, "a webhook from the disk is not stored", "channel", channel, "err", err)
			}
			parts = merge(parts, its)
		}
		for _, p := range parts {
			if err := e.take(ctx, p.channel, p.batch, p.size); err != nil {
				return err
			}
		}
		if err := e.spool.Remove(list); err != nil {
			return err
		}
	}
	return nil
}

// merge puts what further webhooks hold behind what is there, channel by channel.
func merge(parts, more []part) []part {
next:
	for _, p := range more {
		for i := range parts {
			if all := &parts[i]; all.channel.ID == p.channel.ID {
				all.channel, all.size = p.channel, all.size+p.size
				all.batch.Messages = append(all.batch.Messages, p.batch.Messages...)
				all.batch.Reports = append(all.batch.Reports, p.batch.Reports...)
				all.batch.Events = append(all.batch.Events, p.batch.Events...)
				all.batch.Unusable = append(all.batch.Unusable, p.batch.Unusable...)
				continue next
			}
		}
		parts = append(parts, p)
	}
	return parts
}
