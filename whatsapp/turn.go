package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/chaos"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// workTurn answers one claimed turn and, when the answer may go at once, sends it.
func (e *Engine) workTurn(ctx context.Context, lane Lane) {
	chaos.Point("job-claimed")
	log := e.log.With("tenant", lane.Tenant, "conversation", lane.Conversation, "job", lane.Job)
	work, err := e.store.LoadTurn(ctx, lane, e.set.History)
	switch {
	case errors.Is(err, ErrLeaseLost):
		return
	case err != nil:
		e.failLoading(ctx, lane, err)
		return
	case work.Job.State == "": // not due yet
		return
	}
	if out, settled := settledAlready(work); settled {
		e.finishTurn(ctx, lane, out)
		return
	}
	if work.Mode == ModeOff {
		e.finishTurn(ctx, lane, silence(BecauseOff))
		return
	}
	switch out, looping, err := e.breakLoop(ctx, lane, work); {
	case err != nil:
		log.WarnContext(ctx, "tell of a loop; the turn comes up again when its lease ends", "err", err)
		return
	case looping:
		e.finishTurn(ctx, lane, out.put(work))
		return
	}
	chaos.Point("context-built")
	decision, err := e.decide(ctx, lane, work)
	chaos.Point("llm-returned")
	if errors.Is(err, ErrLeaseLost) {
		return // somebody else has it now
	}
	if err != nil && work.Job.Attempts < e.set.TurnAttempts {
		log.WarnContext(ctx, "answer a turn; trying again", "attempt", work.Job.Attempts, "err", err)
		after := backoff(e.set.BackoffUnit, work.Job.Attempts*2-1, 30*time.Second)
		if err := e.store.RetryTurn(ctx, lane, after, errorWord(err)); err != nil && !errors.Is(err, ErrLeaseLost) {
			log.WarnContext(ctx, "put a turn back", "err", err)
		}
		return
	}
	out := Outcome{
		State: JobCompleted, Speaker: flomastr.SpeakerAssistant, Decision: decision,
		Lease: e.set.SendLease, Fresh: e.set.AnswerFresh, Useful: e.set.AnswerUseful,
	}
	if err != nil {
		log.ErrorContext(ctx, "answer a turn; giving up", "attempt", work.Job.Attempts, "err", err)
		out.State, out.Problem, out.Decision = JobFailed, errorWord(err), e.fallback(work.Turn)
	}
	e.finishTurn(ctx, lane, out.put(work))
}

// failLoading deals with a turn that could not be read. A database that is away is waited for; what it holds and nobody can
// read, such as what a newer version wrote, is given up like every other failure, because the conversation waits behind it.
func (e *Engine) failLoading(ctx context.Context, lane Lane, err error) {
	log := e.log.With("tenant", lane.Tenant, "conversation", lane.Conversation, "job", lane.Job, "attempt", lane.Attempts)
	if lane.Attempts >= e.set.TurnAttempts && flomastr.KindOf(err) != flomastr.Unavailable {
		log.ErrorContext(ctx, "load a turn; giving up", "err", err)
		e.finishTurn(ctx, lane, Outcome{
			State: JobFailed, Speaker: flomastr.SpeakerAssistant, Decision: e.fallback(flomastr.Turn{}), Problem: errorWord(err),
			Lease: e.set.SendLease, Useful: e.set.AnswerUseful,
		})
		return
	}
	log.WarnContext(ctx, "load a turn; it comes up again", "err", err)
	if err := e.store.RetryTurn(ctx, lane, backoff(e.set.BackoffUnit, lane.Attempts, 30*time.Second), errorWord(err)); err != nil && !errors.Is(err, ErrLeaseLost) {
		log.WarnContext(ctx, "put a turn back; it comes up again when its lease ends", "err", err)
	}
}

// finishTurn commits the decision and, when the commit began the send, makes the call.
func (e *Engine) finishTurn(ctx context.Context, lane Lane, out Outcome) {
	if out.Decision.Text != "" && out.Because != BecauseHeld {
		out.Messages = e.parts(ctx, lane.Channel, provider.Message{Text: out.Decision.Text})
		out.SendNow = e.planner.take(ctx, lane.Tenant, lane.Channel)
	}
	sending, begun, err := e.store.SaveDecision(ctx, lane, out)
	chaos.Point("reply-saved")
	if errors.Is(err, ErrTurnChanged) {
		e.wake(LaneTurn)
		return
	}
	if err != nil {
		if !errors.Is(err, ErrLeaseLost) {
			e.log.WarnContext(ctx, "save decision; the turn comes up again when its lease ends",
				"tenant", lane.Tenant, "conversation", lane.Conversation, "job", lane.Job, "err", err)
		}
		return
	}
	switch {
	case begun:
		e.deliver(ctx, sending)
	case len(out.Messages) > 0:
		e.wake(LaneSend)
	}
}

// errorWord is what a job's row says of a failure: a code, never the cause, which is in the log.
func errorWord(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return flomastr.CodeOf(err)
}

// renewWhile prolongs the lane's lease until the returned stop is called. It cancels the work when the lease is lost.
func (e *Engine) renewWhile(ctx context.Context, lane Lane, lease time.Duration) (working context.Context, stop func() error) {
	working, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(working, lease/3) {
			chaos.Point("lease-renew")
			renewal, end := context.WithTimeout(working, lease/3)
			err := e.store.RenewLane(renewal, lane, lease)
			end()
			if errors.Is(err, ErrLeaseLost) {
				cancel(ErrLeaseLost)
				return
			}
		}
	}()
	return working, func() error {
		cause := context.Cause(working)
		cancel(nil)
		<-done
		if errors.Is(cause, ErrLeaseLost) {
			return ErrLeaseLost
		}
		return nil
	}
}

// ask puts the turn to the Answerer under a deadline, with the lease prolonged meanwhile. A panic is an error like any
// other, one that does not stop when it is cancelled is abandoned, and what it returns is checked before it counts.
func (e *Engine) ask(ctx context.Context, lane Lane, turn flomastr.Turn) (d flomastr.Decision, err error) {
	working, stop := e.renewWhile(ctx, lane, e.set.Lease)
	defer func() {
		if lost := stop(); lost != nil {
			err = lost
		}
	}()
	working, cancel := context.WithTimeout(working, e.set.AnswerTimeout)
	defer cancel()
	type answer struct {
		flomastr.Decision
		err error
	}
	answers := make(chan answer, 1) // whoever comes too late is not waited for
	go func() {
		var a answer
		defer func() {
			if r := recover(); r != nil {
				a.err = fmt.Errorf("the answerer panicked: %v", r)
			}
			answers <- a
		}()
		for _, m := range turn.Messages {
			chaos.Point("answering", m.Text)
		}
		a.Decision, a.err = e.answerer.Answer(working, turn)
	}()
	var a answer
	select {
	case a = <-answers:
	case <-working.Done():
		select {
		case a = <-answers:
		case <-time.After(e.set.AbandonAfter):
			e.log.ErrorContext(ctx, "an answer goes on although it was cancelled; its place is given to others", "tenant", lane.Tenant,
				"conversation", lane.Conversation, "job", lane.Job, "goroutines", goroutines())
			a.err = context.Cause(working)
		}
	}
	if a.err != nil {
		return d, fmt.Errorf("ask for an answer: %w", a.err)
	}
	return checked(a.Decision)
}

// goroutines shows what all of them are doing, as far as a log line holds it.
func goroutines() string {
	dump := make([]byte, 64<<10)
	return string(dump[:runtime.Stack(dump, true)])
}
