package whatsapp

import (
	"context"
	"errors"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/chaos"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// workSends sends what is due in one claimed lane, one message after the other.
func (e *Engine) workSends(ctx context.Context, lane Lane) {
	// The number's throughput is waited for before the intent: an intent is to be short.
	waiting, cancel := context.WithTimeout(ctx, e.set.SendLease/3)
	err := e.planner.await(waiting, lane.Tenant, lane.Channel)
	cancel()
	if err != nil {
		return // the lane comes up again when its lease ends
	}
	lane.StepBack = e.stepBack.wait(lane.Channel, time.Now())
	sending, err := e.store.BeginSend(ctx, lane)
	if err != nil {
		if !errors.Is(err, ErrNothingDue) && !errors.Is(err, ErrLeaseLost) {
			e.log.WarnContext(ctx, "begin a send; it comes up again when its lease ends",
				"tenant", lane.Tenant, "conversation", lane.Conversation, "err", err)
		}
		return
	}
	e.deliver(ctx, sending)
}

// deliver makes the call of a committed intent and records how it ended. From here on the message is either known not to
// have left, or it never leaves again.
func (e *Engine) deliver(ctx context.Context, s Sending) {
	log := e.log.With("tenant", s.Lane.Tenant, "conversation", s.Lane.Conversation, "message", s.Message.Key)
	result := e.call(ctx, s)
	if result.Away || result.Answered {
		e.stepBack.note(s.Lane.Channel, result.Away, time.Now())
	}
	if result.Err != nil {
		log.WarnContext(ctx, "send a message", "outcome", result.Err.Outcome.String(), "attempt", s.Attempts, "retry", result.Retry, "err", result.Err)
	}
	// What is known must be written down although the stop has been called or the database is slow: until then the
	// message counts as unknown.
	for try := 1; ; try++ {
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		more, err := e.store.SettleSend(writing, s, result)
		cancel()
		chaos.Point("after-record-before-ack")
		if err == nil {
			if more {
				e.wake(LaneSend)
			}
			return
		}
		if try == 6 {
			log.ErrorContext(ctx, "record how a send ended; it will be shown as unknown", "err", err)
			return
		}
		sleep(context.WithoutCancel(ctx), backoff(100*time.Millisecond, try, 2*time.Second))
	}
}

// call asks once more whether the message may go, makes the call, and says what follows from its outcome.
func (e *Engine) call(ctx context.Context, s Sending) Result {
	// Until the call is made it is certain that nothing left.
	ch, err := e.channels.get(ctx, s.Lane.Channel)
	if err != nil {
		return e.after(s, &provider.SendError{Outcome: provider.NotSent, Sentence: "The channel's settings could not be read.", Err: err})
	}
	p, ok := e.providers[ch.row.Provider]
	if !ok {
		return e.after(s, &provider.SendError{Outcome: provider.NotSent, Effect: provider.PauseChannel, Sentence: "This server does not speak the channel's provider."})
	}
	if failed := e.handOver(ctx, &s, ch, p); failed != nil {
		return e.after(s, failed)
	}
	recalled, err := e.store.MayCall(ctx, s)
	if recalled != "" {
		return e.after(s, provider.RefusedMessage(recalled))
	}
	if errors.Is(err, ErrWindowClosed) { // back into the queue, where its fate is decided
		return e.after(s, &provider.SendError{Outcome: provider.NotSent, Sentence: windowClosed})
	}
	if err != nil {
		return e.after(s, &provider.SendError{Outcome: provider.NotSent, Sentence: "The server lost its hold on the conversation before sending.", Err: err})
	}
	calling, cancel := context.WithTimeout(ctx, e.set.SendLease*2/3)
	defer cancel()
	if e.set.PublicURL != "" {
		s.Message.CallbackURL = WebhookURL(e.set.PublicURL, ch.row)
	}
	if s.Probe { // before a message is risked
		if err := p.Test(calling, ch.opened); flomastr.CodeOf(err) == "provider_unreachable" {
			return e.after(s, &provider.SendError{Outcome: provider.NotSent, Away: true, Sentence: "The provider could still not be reached.", Err: err})
		}
	}
	chaos.Point("before-send")
	accepted, err := p.Send(calling, ch.opened, s.Message)
	chaos.Point("after-provider-accept-before-record")
	if err == nil {
		return Result{Accepted: accepted, Answered: true}
	}
	var failed *provider.SendError
	if !errors.As(err, &failed) {
		failed = &provider.SendError{Outcome: provider.Unknown, Sentence: "The provider's answer was not understood.", Err: err}
	}
	r := e.after(s, failed)
	r.Answered = failed.Outcome == provider.Refused || failed.Throttled
	return r
}

// after decides whether a failed call is made again: only when the message provably did not leave, and while it is
// worth it. A channel that is paused keeps its messages.
func (e *Engine) after(s Sending, failed *provider.SendError) Result {
	r := Result{Err: failed, Away: failed.Away, Unit: e.set.BackoffUnit}
	if failed.Outcome != provider.NotSent {
		return r
	}
	wait := backoff(e.set.BackoffUnit, s.Attempts+s.Slowed, time.Minute)
	if failed.Pair {
		wait = e.set.BackoffUnit << min(2*s.Slowed, 12) // 4^X, as Meta asks
	}
	r.After = max(failed.RetryAfter, wait)
	// A paused number, a provider that asks for patience and one that is known to be away cost no try: such a message waits as
	// long as it is useful.
	r.Free = failed.Effect == provider.PauseChannel || failed.Throttled || failed.Away && s.Probe
	r.Retry = r.Free || s.Attempts < e.set.SendAttempts
	return r
}
