package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// MaxExtension is how long an outside worker may prolong its lease at once.
const MaxExtension = 5 * time.Minute

// maxOutsideAttempts is how often a job is given to outside workers before it is expired.
const maxOutsideAttempts = 5

// Claimed is a job in the hands of an outside worker.
type Claimed struct {
	Job      Job
	Turn     flomastr.Turn
	Contact  Contact
	Messages []Message // the turn's, oldest first
}

// NextJob claims one job of the tenant for an outside worker, waiting up to wait for one to come; ErrNoJob. It may be a
// job of any channel of the tenant, unless it is the assistant's alone.
func (e *Engine) NextJob(ctx context.Context, tenant flomastr.TenantID, jobType string, wait time.Duration) (Claimed, error) {
	deadline := time.Now().Add(wait)
	for {
		come := e.arrivals.next() // before the look, so that nothing slips between
		lane, err := e.store.ClaimJob(ctx, tenant, jobType, e.set.OutsideLease)
		if err == nil {
			claimed, err := e.handOut(ctx, lane)
			if errors.Is(err, ErrNoJob) && ctx.Err() == nil {
				continue // this one needed no worker; another may
			}
			return claimed, err
		}
		left := time.Until(deadline)
		if !errors.Is(err, ErrNoJob) || left <= 0 {
			return Claimed{}, err
		}
		timer := time.NewTimer(min(left, e.set.Poll))
		select {
		case <-ctx.Done():
			timer.Stop()
			return Claimed{}, ErrNoJob
		case <-come:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// handOut reads what a claimed job is about. One that was given out too often is expired instead, and the customer is told the
// truth.
func (e *Engine) handOut(ctx context.Context, lane Lane) (Claimed, error) {
	work, err := e.store.LoadTurn(ctx, lane, e.set.History)
	if err != nil {
		return Claimed{}, err
	}
	if work.Job.Attempts > maxOutsideAttempts {
		sorry := e.fallback(work.Turn)
		_, _, err := e.store.SaveDecision(ctx, lane, Outcome{
			State: JobExpired, Speaker: flomastr.SpeakerAssistant, Decision: sorry, Problem: "No worker finished it in time.",
			Messages: e.parts(ctx, lane.Channel, provider.Message{Text: sorry.Text}), Lease: e.set.SendLease, Useful: e.set.AnswerUseful,
		})
		e.wake(LaneSend)
		return Claimed{}, errors.Join(err, ErrNoJob)
	}
	if out, settled := settledAlready(work); settled {
		_, _, err := e.store.SaveDecision(ctx, lane, out)
		return Claimed{}, errors.Join(err, ErrNoJob)
	}
	out, looping, err := e.breakLoop(ctx, lane, work)
	if err != nil {
		return Claimed{}, err
	}
	if looping {
		_, _, err := e.store.SaveDecision(ctx, lane, out.put(Work{}))
		return Claimed{}, errors.Join(err, ErrNoJob)
	}
	work.Turn.History = nil // the worker asks for what it wants of it
	c := Claimed{Turn: work.Turn}
	if c.Job, err = e.store.Job(ctx, lane.Tenant, lane.Job); err != nil {
		return Claimed{}, err
	}
	conversation, err := e.store.Conversation(ctx, lane.Tenant, lane.Conversation)
	if err != nil {
		return Claimed{}, err
	}
	c.Contact = conversation.Contact
	for _, m := range work.Turn.Messages {
		message, err := e.store.Message(ctx, lane.Tenant, m.ID)
		if err != nil {
			return Claimed{}, err
		}
		c.Messages = append(c.Messages, message)
	}
	return c, nil
}

// Job reads one job of the tenant.
func (e *Engine) Job(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID) (Job, error) {
	return e.store.Job(ctx, tenant, id)
}

// QueueSizeOf counts the tenant's waiting jobs.
func (e *Engine) QueueSizeOf(ctx context.Context, tenant flomastr.TenantID) (int, error) {
	return e.store.QueueSize(ctx, tenant)
}

// QueueSize counts the waiting jobs of all tenants. Anybody may ask, so the database is asked at most once a second.
func (e *Engine) QueueSize(ctx context.Context) (int, error) {
	e.size.Lock()
	defer e.size.Unlock()
	if now := e.clock(); now.Sub(e.size.at).Abs() >= time.Second {
		n, err := e.store.TotalQueueSize(ctx)
		if err != nil {
			return 0, err
		}
		e.size.n, e.size.at = n, now
	}
	return e.size.n, nil
}

// Completion is what an outside worker made of a job. An empty one means silence.
type Completion struct {
	Reply    *provider.Message
	HandOver string // the reason
	Raw      json.RawMessage
}

// CompleteJob finishes a job; its reply is in the outbox in the same commit. ErrLeaseLost changes nothing, and neither does
// a reply that cannot be sent: the job is still the worker's.
func (e *Engine) CompleteJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string, c Completion) (Job, error) {
	lane, err := e.store.LaneOfJob(ctx, tenant, id, token)
	if err != nil {
		return Job{}, err
	}
	out := Outcome{
		State: JobCompleted, Speaker: flomastr.SpeakerExternal, Decision: silent("The worker had nothing to say."),
		Lease: e.set.SendLease, Fresh: e.set.AnswerFresh, Useful: e.set.AnswerUseful,
	}
	if c.Reply != nil {
		reply, err := e.prepare(ctx, tenant, lane.Channel, *c.Reply)
		if err != nil {
			return Job{}, err
		}
		if reply.Template != nil {
			if _, err := e.useTemplate(ctx, tenant, lane.Channel, reply.Template); err != nil {
				return Job{}, err
			}
		}
		out.Messages = e.parts(ctx, lane.Channel, reply)
		out.Decision = flomastr.Decision{Action: flomastr.ActionAnswer, Text: reply.Text}
	}
	if c.HandOver != "" {
		out.Decision.Action, out.Decision.Reason = flomastr.ActionHandOver, c.HandOver
	}
	if _, _, err := e.store.SaveDecision(ctx, lane, out.put(Work{})); err != nil {
		return Job{}, err
	}
	e.wake(LaneSend)
	return e.store.Job(ctx, tenant, id)
}

// FailJob gives a job back: to be tried again, or for good.
func (e *Engine) FailJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token, because string, retry bool) (Job, error) {
	lane, err := e.store.LaneOfJob(ctx, tenant, id, token)
	if err != nil {
		return Job{}, err
	}
	job, err := e.store.Job(ctx, tenant, id)
	if err != nil {
		return Job{}, err
	}
	because = provider.Clean(because, 1000)
	if retry && job.Attempts < maxOutsideAttempts {
		err = e.store.RetryTurn(ctx, lane, backoff(e.set.BackoffUnit, job.Attempts, 30*time.Second), because)
	} else {
		err = e.store.FailJob(ctx, lane, because)
	}
	if err != nil {
		return Job{}, err
	}
	return e.store.Job(ctx, tenant, id)
}

// ExtendJob prolongs a lease by up to MaxExtension from now.
func (e *Engine) ExtendJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string, by time.Duration) (Job, error) {
	lane, err := e.store.LaneOfJob(ctx, tenant, id, token)
	if err != nil {
		return Job{}, err
	}
	if err := e.store.RenewLane(ctx, lane, min(by, MaxExtension)); err != nil {
		return Job{}, err
	}
	return e.store.Job(ctx, tenant, id)
}
