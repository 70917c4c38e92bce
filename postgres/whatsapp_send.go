package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// pausedRecheck is how often a lane looks whether its channel or tenant may send again; resuming makes it due at once.
const pausedRecheck = 30 * time.Second

// head is the oldest message that a lane has to send, with what decides whether it may go.
type head struct {
	id         flomastr.MessageID
	kind       whatsapp.OutKind
	content    []byte
	attempts   int
	slowed     int
	expires    time.Time
	to         string
	wait       float64 // seconds until it may be tried
	expired    bool
	windowOpen bool
	template   bool
	known      provider.TemplateState // of a template, what decides whether it may go
	owner      whatsapp.Owner
	optOut     whatsapp.Scope
	marketing  bool
	unasked    bool    // WhatsApp holds advertising to the customer back
	mayNot     bool    // channel or tenant does not send
	missed     bool    // its template has been missing from the channel's lists for long
	held       float64 // seconds until the provider's wish to slow down ends
	outage     whatsapp.Outage
	now        time.Time // the database's
	first      bool      // of an answer's parts
	stale      bool
	fallback   *provider.Template
	pace       float64 // seconds until the pace to this contact allows it
}

// BeginSend implements whatsapp.SendStore.
func (s *WhatsAppStore) BeginSend(ctx context.Context, lane whatsapp.Lane) (sending whatsapp.Sending, err error) {
	nothing := false
	err = s.retried(ctx, lane.Tenant, func(tx pgx.Tx) error {
		nothing = false
		if err := lockLane(ctx, tx, lane); err != nil {
			return err
		}
		if err := s.forsakeIntents(ctx, tx, lane); err != nil {
			return err
		}
		for {
			h, err := dueHead(ctx, tx, lane)
			if errors.Is(err, pgx.ErrNoRows) {
				nothing = true
				return releaseSends(ctx, tx, lane, nil)
			}
			if err != nil {
				return fmt.Errorf("read outbox: %w", err)
			}
			next, err := s.take(ctx, tx, lane, h)
			switch {
			case err != nil:
				return err
			case next.passed:
				continue
			case next.wait > 0:
				nothing = true
				return releaseSends(ctx, tx, lane, &next.wait)
			}
			sending = next.sending
			return nil
		}
	})
	if err == nil && nothing {
		return sending, whatsapp.ErrNothingDue
	}
	return sending, err
}

// taken is what becomes of a lane's next message: it is dealt with and no call is made, it has to wait, or it is sent.
type taken struct {
	passed  bool
	wait    time.Duration
	sending whatsapp.Sending
}

func (s *WhatsAppStore) take(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, h head) (next taken, err error) {
	problem := h.standing().CallOff()
	if problem == "" && h.unknown() && h.missed {
		problem = "Not sent: the provider does not know the template any more."
	}
	fate := h.standing().Fate(problem)
	wait, probe := max(h.mustWait(), lane.StepBack), false
	if goes := fate == whatsapp.Goes || fate == whatsapp.AskedAgain; goes && wait <= 0 && h.outage.Open() {
		if probe, wait, err = takeProbe(ctx, tx, lane); err != nil {
			return next, err
		}
	}
	if fate != whatsapp.Goes && (fate != whatsapp.AskedAgain || wait <= 0) {
		return taken{passed: true}, h.meet(ctx, tx, lane, fate, problem)
	}
	if h.unknown() {
		if err := awaitTemplate(ctx, tx, lane, h.id); err != nil {
			return next, err
		}
	}
	if wait <= 0 && h.template && !h.windowOpen {
		if wait, err = beginTalk(ctx, tx, lane); err != nil {
			return next, err
		}
	}
	if wait > 0 {
		return taken{wait: wait}, nil
	}
	sending, err := h.begin(ctx, tx, lane)
	if errors.Is(err, errUnreadable) {
		// The customer's later messages wait behind it, and no other server reads it better.
		s.db.log.ErrorContext(ctx, "a message waits to be sent that cannot be read; giving up", "tenant_id", lane.Tenant, "message_id", h.id, "error", err)
		return taken{passed: true}, settleOutbox(ctx, tx, lane, h.id, provider.StateFailed, "Not sent: what it was to say cannot be read any more.")
	}
	sending.Probe = probe
	return taken{sending: sending}, err
}

// forsakeIntents makes unknown what an earlier lease left in intent: its call may have reached the provider, so it is
// never made again.
func (s *WhatsAppStore) forsakeIntents(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	rows, err := tx.Query(ctx, `
		SELECT message_id
		FROM outbox
		WHERE tenant_id = $1 AND conversation_id = $2 AND phase = 'intent' AND term < $3`, lane.Tenant, lane.Conversation, lane.Term)
	if err != nil {
		return fmt.Errorf("find intents: %w", err)
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.MessageID])
	if err != nil {
		return fmt.Errorf("find intents: %w", err)
	}
	for _, id := range left {
		if err := s.leaveUnknown(ctx, tx, lane, id,
			"The server stopped while this message was being sent; whether it arrived is not known."); err != nil {
			return err
		}
	}
	return nil
}

// dueHead reads the lane's next message. Where its number keeps it back the number is locked and looked at again: whoever resumes
// a number or ends its outage wakes the lanes that nobody holds, and this one must not miss it.
func dueHead(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (head, error) {
	h, err := headOf(ctx, tx, lane)
	if err != nil || !h.mayNot && !h.outage.Open() {
		return h, err
	}
	if _, err := tx.Exec(ctx, `
		SELECT FROM channels
		WHERE tenant_id = $1 AND id = $2
		FOR NO KEY UPDATE`, lane.Tenant, lane.Channel); err != nil {
		return h, fmt.Errorf("lock a number: %w", err)
	}
	return headOf(ctx, tx, lane)
}

func headOf(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (h head, err error) {
	var away outageRow
	err = tx.QueryRow(ctx, `
		SELECT o.message_id, o.kind, o.content, o.attempts, o.slowed, o.expires_at, c.address,
		       extract(epoch FROM o.ready_at - now())::float8,
		       o.expires_at <= now(),
		       coalesce(c.window_until > now() + interval '`+windowMargin+`', false),
		       o.content ? 'template', `+templateSQL+`,
		       c.owner_kind, `+optOutSQL+`, o.marketing, `+marketingHeldSQL+`,
		       ch.status <> 'active' OR n.status <> 'active',
		       coalesce(ch.templates_read_at > o.template_missed_at + make_interval(secs => $3), false),
		       coalesce(extract(epoch FROM ch.held_until - now()), 0)::float8,
		       coalesce(extract(epoch FROM nullif(l.paced_until, '-infinity') - ch.pair_interval * (ch.pair_burst - 1) - now()), 0)::float8,
		       coalesce(o.part = 1, false), coalesce(o.stale_at <= now(), false), coalesce(o.fallback_template, CASE WHEN o.kind = 'answer' THEN ch.fallback_template END), now(), `+outageColumnsSQL+`
		FROM outbox o
		JOIN conversations c ON c.tenant_id = $1 AND c.id = o.conversation_id
		JOIN channels ch ON ch.tenant_id = $1 AND ch.id = o.channel_id
		JOIN tenants n ON n.id = $1
		JOIN lanes l ON l.tenant_id = $1 AND l.conversation_id = o.conversation_id AND l.kind = 'send'
		`+templateJoinSQL+`
		WHERE o.tenant_id = $1 AND o.conversation_id = $2 AND o.phase = 'queued'
		ORDER BY o.seq
		LIMIT 1`, lane.Tenant, lane.Conversation, whatsapp.TemplateMissed.Seconds()).Scan(
		&h.id, &h.kind, &h.content, &h.attempts, &h.slowed, &h.expires, &h.to, &h.wait, &h.expired, &h.windowOpen, &h.template, &h.known.Status, &h.known.Category, &h.owner, &h.optOut, &h.marketing, &h.unasked,
		&h.mayNot, &h.missed, &h.held, &h.pace, &h.first, &h.stale, &h.fallback, &h.now, &away.failures, &away.since, &away.probeAt, &away.overAt)
	h.outage = away.outage()
	return h, err
}

// standing is what decides whether the message may still go.
func (h head) standing() whatsapp.Standing {
	s := whatsapp.Standing{
		Kind: h.kind, Owner: h.owner, OptOut: h.optOut, Marketing: h.marketing, Held: h.unasked, Template: h.template, WindowOpen: h.windowOpen, Expired: h.expired,
		First: h.kind == whatsapp.KindAnswer && h.first, Stale: h.stale, Fallback: h.fallback != nil,
	}
	if h.template {
		s.Refused, s.Marketing = whatsapp.TemplateProblem(h.known), s.Marketing || h.known.Marketing()
	}
	return s
}

// unknown tells whether nothing is known of the message's template, which was known when it was queued: a list may have come
// in pieces, or empty, or never yet.
func (h head) unknown() bool { return h.template && h.known.Status == "" }

// awaitTemplate remembers since when a message waits for its template to be known again, and has the list read, which the
// provider may refuse: that has its own pace.
func awaitTemplate(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, id flomastr.MessageID) error {
	var batch pgx.Batch
	batch.Queue(`
		UPDATE outbox
		SET template_missed_at = now()
		WHERE tenant_id = $1 AND message_id = $2 AND template_missed_at IS NULL`, lane.Tenant, id)
	batch.Queue(`
		UPDATE channels
		SET templates_due_at = now()
		WHERE tenant_id = $1 AND id = $2 AND templates_due_at > now() AND templates_error = ''
		  AND coalesce(templates_began_at < now() - interval '1 minute', true)`, lane.Tenant, lane.Channel)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("wait for a template: %w", err)
	}
	return nil
}

// mustWait is how long a message has to wait, and 0 when it may go now.
func (h head) mustWait() time.Duration {
	seconds := max(h.wait, h.held, h.pace, 0)
	if h.mayNot || h.unknown() {
		seconds = max(seconds, pausedRecheck.Seconds())
	}
	return max(time.Duration(seconds*float64(time.Second)), apart(h.outage.Wait(h.now)))
}

// errUnreadable is a message whose content is not what we keep there.
var errUnreadable = errors.New("the content cannot be read")

func (h head) begin(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (s whatsapp.Sending, err error) {
	var content outboxContent
	if err := json.Unmarshal(h.content, &content); err != nil {
		return s, fmt.Errorf("decode outbox: %w", errors.Join(errUnreadable, err))
	}
	s = whatsapp.Sending{Lane: lane, Message: content.message(h.id, h.to), Attempts: h.attempts + 1, Slowed: h.slowed, Failures: h.outage.Failures, Expires: h.expires}
	var batch pgx.Batch
	batch.Queue(`
		UPDATE outbox
		SET phase = 'intent', term = $3, attempts = attempts + 1
		WHERE tenant_id = $1 AND message_id = $2`, lane.Tenant, h.id, lane.Term)
	batch.Queue(`
		UPDATE messages
		SET state = 'intent', problem = ''
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND state = 'queued'`, lane.Tenant, h.id, timeOf(h.id))
	batch.Queue(`
		UPDATE lanes l
		SET paced_until = greatest(l.paced_until, now()) + ch.pair_interval
		FROM channels ch
		WHERE l.tenant_id = $1 AND l.conversation_id = $2 AND l.kind = 'send' AND ch.tenant_id = $1 AND ch.id = l.channel_id`,
		lane.Tenant, lane.Conversation)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return s, fmt.Errorf("write intent: %w", err)
	}
	return s, nil
}

// MayCall implements whatsapp.SendStore.
func (s *WhatsAppStore) MayCall(ctx context.Context, sending whatsapp.Sending) (recalled string, err error) {
	lane := sending.Lane
	id, err := flomastr.ParseID[flomastr.MessageID](sending.Message.Key)
	if err != nil {
		return "", fmt.Errorf("message key: %w", err)
	}
	err = s.db.InTenant(ctx, lane.Tenant, func(tx pgx.Tx) error {
		now := head{windowOpen: true} // its time was judged a moment ago
		var ours, open bool
		err := tx.QueryRow(ctx, `
			SELECT l.term = $3 AND l.lease_until > now(), o.kind, c.owner_kind, `+optOutSQL+`, o.marketing, `+marketingHeldSQL+`,
			       coalesce(c.window_until > now(), false), o.content ? 'template', `+templateSQL+`
			FROM outbox o
			JOIN conversations c ON c.tenant_id = $1 AND c.id = o.conversation_id
			JOIN lanes l ON l.tenant_id = $1 AND l.conversation_id = o.conversation_id AND l.kind = 'send'
			`+templateJoinSQL+`
			WHERE o.tenant_id = $1 AND o.message_id = $2`, lane.Tenant, id, lane.Term).Scan(
			&ours, &now.kind, &now.owner, &now.optOut, &now.marketing, &now.unasked, &open, &now.template, &now.known.Status, &now.known.Category)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !ours {
			return whatsapp.ErrLeaseLost
		}
		if err != nil {
			return err
		}
		if recalled = now.standing().CallOff(); recalled == "" && !open && !now.template {
			return whatsapp.ErrWindowClosed
		}
		return nil
	})
	return recalled, err
}

// SettleSend implements whatsapp.SendStore. It records what is known of the call even when the lease was lost meanwhile;
// only putting the message back into the queue needs the lease.
func (s *WhatsAppStore) SettleSend(ctx context.Context, sending whatsapp.Sending, r whatsapp.Result) (more bool, err error) {
	id, err := flomastr.ParseID[flomastr.MessageID](sending.Message.Key)
	if err != nil {
		return false, fmt.Errorf("message key: %w", err)
	}
	lane := sending.Lane
	err = s.retried(ctx, lane.Tenant, func(tx pgx.Tx) error {
		more = false
		held := lockLane(ctx, tx, lane)
		if held != nil && !errors.Is(held, whatsapp.ErrLeaseLost) {
			return held
		}
		if err := s.settleResult(ctx, tx, sending, id, r, held == nil); err != nil {
			return err
		}
		if err := noteCall(ctx, tx, sending, r); err != nil {
			return err
		}
		if held != nil {
			return nil //nolint:nilerr // somebody else looks after the lane
		}
		wait, err := nextSend(ctx, tx, lane)
		if err != nil {
			return err
		}
		more = wait != nil && *wait <= 0
		return releaseSends(ctx, tx, lane, wait)
	})
	return more, err
}

func (s *WhatsAppStore) settleResult(ctx context.Context, tx pgx.Tx, sending whatsapp.Sending, id flomastr.MessageID, r whatsapp.Result, held bool) error {
	lane := sending.Lane
	if r.Err == nil {
		if err := settleOutbox(ctx, tx, lane, id, r.Accepted.State, ""); err != nil {
			return err
		}
		return reportedMessage{tenant: lane.Tenant, channel: lane.Channel, conversation: lane.Conversation, id: id}.learn(ctx, tx, r.Accepted.ProviderID)
	}
	switch {
	case r.Err.Effect == provider.PauseChannel:
		if err := pauseChannel(ctx, tx, lane.Tenant, lane.Channel, r.Err.Sentence); err != nil {
			return err
		}
	case r.Err.Effect == provider.CloseWindow:
		if err := closeWindow(ctx, tx, lane.Tenant, lane.Conversation, time.Now()); err != nil {
			return err
		}
	case r.Err.Throttled && !r.Err.Pair:
		if _, err := tx.Exec(ctx, `
			UPDATE channels
			SET held_until = greatest(held_until, now() + make_interval(secs => $3))
			WHERE tenant_id = $1 AND id = $2`, lane.Tenant, lane.Channel, r.After.Seconds()); err != nil {
			return fmt.Errorf("slow the channel down: %w", err)
		}
	}
	if err := suppressConversation(ctx, tx, lane.Tenant, lane.Conversation, r.Err.Effect, r.Err.Sentence); err != nil {
		return err
	}
	if r.Retry && held {
		return requeue(ctx, tx, lane, id, r)
	}
	if r.Retry {
		back, err := takeBack(ctx, tx, lane, id, r)
		if err != nil || back {
			return err
		}
	}
	if r.Err.Outcome == provider.Unknown {
		return s.leaveUnknown(ctx, tx, lane, id, r.Err.Sentence)
	}
	return settleOutbox(ctx, tx, lane, id, provider.StateFailed, r.Err.Sentence)
}

// triedSQL counts what a call that did not leave costs its message: $1 whether it costs a try, $2 whether it was slowed down.
func triedSQL(free, slowed string) string {
	return `attempts = attempts - CASE WHEN ` + free + `::boolean THEN 1 ELSE 0 END, slowed = slowed + CASE WHEN ` + slowed + `::boolean THEN 1 ELSE 0 END`
}

// requeue puts a message back that provably did not leave.
func requeue(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, id flomastr.MessageID, r whatsapp.Result) error {
	var batch pgx.Batch
	batch.Queue(`
		UPDATE outbox
		SET phase = 'queued', ready_at = now() + make_interval(secs => $4), `+triedSQL("$5", "$6")+`
		WHERE tenant_id = $1 AND message_id = $2 AND phase = 'intent' AND term = $3`,
		lane.Tenant, id, lane.Term, r.After.Seconds(), r.Free, r.Err.Throttled)
	batch.Queue(`
		UPDATE messages
		SET state = 'queued', problem = $4
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND state = 'intent'`, lane.Tenant, id, timeOf(id), r.Err.Sentence)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("put message back: %w", err)
	}
	return nil
}

// takeBack puts a message back although the lease was lost: its last call was begun under our term and provably did not
// leave, so whoever made it unknown meanwhile could not know better. It stays where it is once a later message of the
// conversation was begun, because it must not overtake, and once a person dealt with it.
func takeBack(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, id flomastr.MessageID, r whatsapp.Result) (bool, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE outbox o
		SET phase = 'queued', settled_at = NULL, ready_at = now() + make_interval(secs => $4), `+triedSQL("$6", "$7")+`
		WHERE o.tenant_id = $1 AND o.message_id = $2 AND o.term = $3 AND o.phase <> 'queued' AND o.dealt_at IS NULL
		  AND NOT EXISTS (SELECT FROM outbox later
		                  WHERE later.tenant_id = $1 AND later.conversation_id = o.conversation_id AND later.seq > o.seq
		                    AND later.phase <> 'queued')
		  AND EXISTS (SELECT FROM messages m
		              WHERE m.tenant_id = $1 AND m.id = $2 AND m.created_at = $5 AND m.state IN ('intent', 'unknown'))`,
		lane.Tenant, id, lane.Term, r.After.Seconds(), timeOf(id), r.Free, r.Err.Throttled)
	if err != nil {
		return false, fmt.Errorf("take message back: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return false, nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE messages
		SET state = 'queued', problem = $4
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3`, lane.Tenant, id, timeOf(id), r.Err.Sentence); err != nil {
		return false, fmt.Errorf("take message back: %w", err)
	}
	return true, wakeSends(ctx, tx, lane.Tenant, lane.Conversation, lane.Channel)
}

// settleOutbox ends a message's stay in the outbox and moves its state.
func settleOutbox(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, id flomastr.MessageID, state provider.State, problem string) error {
	if _, err := tx.Exec(ctx, `
		UPDATE outbox
		SET phase = 'settled', settled_at = now()
		WHERE tenant_id = $1 AND message_id = $2 AND phase <> 'settled'`, lane.Tenant, id); err != nil {
		return fmt.Errorf("settle outbox: %w", err)
	}
	return moveMessage(ctx, tx, lane.Tenant, id, lane.Conversation, state, problem)
}

// nextSend is how long until the lane's next message may be tried; nil when there is none.
func nextSend(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (*time.Duration, error) {
	h, err := dueHead(ctx, tx, lane)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no next message is an answer, not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	wait := h.mustWait()
	return &wait, nil
}
