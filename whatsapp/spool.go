package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Spool keeps webhooks on this machine's disk that were acknowledged while they could not be stored. It is safe for
// concurrent use.
type Spool interface {
	// Put returns once the webhook would outlive a loss of power. It refuses what there is no room for.
	Put(w Spooled) error
	// Holds tells whether something of a channel waits there, or is being put.
	Holds(channel flomastr.ChannelID) bool
	// Channels are those of which something waits there, the one that has waited longest first.
	Channels() []flomastr.ChannelID
	// Oldest gives webhooks of a channel in the order in which they were put: up to n, and no more bytes than size unless the
	// first alone has more. One that cannot be read is Broken.
	Oldest(channel flomastr.ChannelID, n int, size int64) ([]Spooled, error)
	// Remove forgets webhooks that are stored now.
	Remove(stored []Spooled) error
	// SetAside keeps a webhook, and gives it no more before the server starts again.
	SetAside(w Spooled) error
}

// Spooled is a webhook that waits to be stored.
type Spooled struct {
	ID       string `json:"-"` // the spool's own
	Broken   error  `json:"-"` // why nothing but ID and Channel is known
	Provider string
	Channel  flomastr.ChannelID
	Request  WebhookRequest
}

// AlertSetAside is what was acknowledged and cannot be stored.
const AlertSetAside AlertKind = "set_aside"

const (
	spoolBatch   = 100             // webhooks of a channel that share a commit when they are stored at last
	spoolBytes   = 8 << 20         // and what they take on disk, unless one alone takes more
	spoolHands   = 4               // batches at once
	spoolTries   = 3               // of a webhook that cannot be stored although the database answers, before it is set aside
	spoolTimeout = time.Minute     // for a batch
	spoolRest    = 5 * time.Second // at most, between tries of a channel
)

// receiveOrSpool stores a webhook, or keeps it on disk when it cannot be stored now, so that also a provider that does not try
// again loses nothing. While something of a channel is on disk the rest of it follows, so that it keeps its order.
func (e *Engine) receiveOrSpool(ctx context.Context, w Spooled) error {
	failed := error(ErrBusy)
	if !e.spool.Holds(w.Channel) {
		failed = e.receive(ctx, w.Provider, w.Channel, w.Request)
		if failed == nil || !ours(failed) {
			return failed
		}
	}
	ch, err := e.lastKnown(ctx, w.Channel)
	if err != nil {
		if ours(err) {
			return failed // a channel that this server has not seen
		}
		return err
	}
	if ch.row.Provider != w.Provider {
		return ErrChannelNotFound
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

// ours tells whether a failure is our own and not the caller's.
func ours(err error) bool {
	kind := flomastr.KindOf(err)
	return kind == flomastr.Unavailable || kind == flomastr.Internal
}

// lastKnown is a channel as it is or, where it cannot be looked up, as it was last seen: the secret is looked at again before
// anything is stored.
func (e *Engine) lastKnown(ctx context.Context, id flomastr.ChannelID) (cachedChannel, error) {
	ctx, cancel := context.WithTimeout(ctx, e.set.StoreTimeout)
	defer cancel()
	ch, err := e.channels.get(ctx, id)
	if err != nil && ours(err) {
		if seen, ok := e.channels.lastSeen(id); ok {
			return seen, nil
		}
	}
	return ch, err
}

// catchUp stores what is on disk, as soon as that is possible. Each channel has a turn of its own, batch by batch, and rests
// after a failure, so that none waits for another that cannot be stored.
func (e *Engine) catchUp(ctx context.Context) {
	if e.spool == nil {
		return
	}
	var channels sync.WaitGroup
	defer channels.Wait()
	var busy sync.Map
	hands := make(chan struct{}, spoolHands)
	for ok := true; ok; ok = sleep(ctx, e.set.Poll) {
		for _, channel := range e.spool.Channels() {
			if _, is := busy.LoadOrStore(channel, true); is {
				continue
			}
			channels.Go(func() {
				defer busy.Delete(channel)
				e.storeAll(ctx, channel, hands)
			})
		}
	}
}

// storeAll stores what is on disk of a channel until nothing is.
func (e *Engine) storeAll(ctx context.Context, channel flomastr.ChannelID, hands chan struct{}) {
	for failures := 0; e.spool.Holds(channel) && ctx.Err() == nil; {
		hands <- struct{}{} // at most spoolTimeout away
		err := e.storeSpooled(ctx, channel)
		<-hands
		if err == nil {
			failures = 0
			continue
		}
		if failures++; ctx.Err() == nil {
			e.log.WarnContext(ctx, "webhooks stay on disk for now", "channel", channel, "err", err)
		}
		sleep(ctx, backoff(e.set.Poll, failures, spoolRest))
	}
}

// storeSpooled stores the oldest webhooks that are on disk of a channel, in their order. What is stored and not yet removed when
// the process ends is recognised the next time.
func (e *Engine) storeSpooled(ctx context.Context, channel flomastr.ChannelID) error {
	ctx, cancel := context.WithTimeout(ctx, spoolTimeout)
	defer cancel()
	list, err := e.spool.Oldest(channel, spoolBatch, spoolBytes)
	if err != nil {
		return err
	}
	if _, err := e.channels.get(ctx, channel); err != nil && ours(err) {
		return err // such as a secret that cannot be opened: it is no webhook's fault
	}
	if err := e.storeTogether(ctx, list); err == nil || flomastr.KindOf(err) == flomastr.Unavailable {
		return err
	}
	for _, w := range list {
		if err := e.storeAlone(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// storeTogether stores webhooks of a channel in one commit, or none of them.
func (e *Engine) storeTogether(ctx context.Context, list []Spooled) (err error) {
	defer func() {
		if r := recover(); r != nil { // in the ordinary way a request dies of it; here the server would, whenever it starts
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	var parts []part
	for _, w := range list {
		if w.Broken != nil {
			return w.Broken
		}
		its, err := e.unpack(ctx, w.Provider, w.Channel, w.Request)
		switch {
		case errors.Is(err, ErrChannelNotFound): // deleted meanwhile, with all that was said on it
			e.log.WarnContext(ctx, "a webhook on disk goes with its channel", "channel", w.Channel)
		case err != nil && !errors.Is(err, provider.ErrNotJSON):
			return unavailableAfter(ctx, err)
		}
		parts = merge(parts, its)
	}
	for _, p := range parts {
		if err := e.take(ctx, p.channel, p.batch, p.size); err != nil && !errors.Is(err, ErrChannelNotFound) {
			return unavailableAfter(ctx, err)
		}
	}
	return e.spool.Remove(list)
}

// storeAlone stores a webhook that could not be stored together with others, or sets it aside, where people see it: one of them
// must not stop a channel. A failure may be one of the moment, so it is tried a few times.
func (e *Engine) storeAlone(ctx context.Context, w Spooled) (err error) {
	for try := 1; try <= spoolTries; try++ {
		err = e.storeTogether(ctx, []Spooled{w})
		if err == nil || flomastr.KindOf(err) == flomastr.Unavailable {
			return err
		}
		if w.Broken != nil || errors.Is(err, provider.ErrUnauthenticated) {
			break
		}
		if try < spoolTries && !sleep(ctx, backoff(e.set.BackoffUnit, try, spoolRest)) {
			return ErrBusy.Because(ctx.Err())
		}
	}
	ch, missing := e.channels.get(ctx, w.Channel)
	switch {
	case errors.Is(missing, ErrChannelNotFound):
		return e.spool.Remove([]Spooled{w})
	case missing != nil:
		return missing
	}
	e.log.ErrorContext(ctx, "a webhook that was acknowledged cannot be stored and is set aside on disk", "tenant", ch.row.Tenant, "channel", w.Channel, "file", w.ID, "err", err)
	// People are told before it is done, so that a crash in between cannot keep it from them.
	if err := e.store.RaiseAlert(ctx, ch.row.Tenant, setAside(w.Channel, err)); err != nil {
		return fmt.Errorf("raise alert: %w", err)
	}
	return e.spool.SetAside(w)
}

// setAside tells the people of a channel what only those who run the server can look at.
func setAside(channel flomastr.ChannelID, because error) Alert {
	detail := "The server took something from the provider while its database was away, and cannot store it: it is kept on the server's disk. Whoever runs the server finds the reason in its log."
	if errors.Is(because, provider.ErrUnauthenticated) {
		detail = "The server took something from the provider while its database was away. The number's webhook secret was changed before it could be stored, so it is kept on the server's disk and not believed."
	}
	return Alert{Kind: AlertSetAside, Severity: provider.Urgent, Object: "channel " + channel.String(), Detail: detail}
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
