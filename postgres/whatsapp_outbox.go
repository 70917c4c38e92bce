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

// windowMargin is kept to the end of the 24 hours: a message under way when they end would be refused.
const windowMargin = "2 minutes"

// queued is a message of ours on its way into the outbox.
type queued struct {
	id           flomastr.MessageID
	conversation flomastr.ConversationID
	channel      flomastr.ChannelID
	kind         whatsapp.OutKind
	speaker      flomastr.Speaker
	author       string
	typ          string
	text         string
	job          flomastr.JobID // of an answer
	part         int            // of an answer, from 1
	decision     *whatsapp.Decided
	message      provider.Message
	phase        string
	state        provider.State
	term         int64
	marketing    bool
	fresh        time.Duration // zero: it never gets stale
	useful       time.Duration
	fallback     *provider.Template
}

// insertQueued writes the message and its outbox row. The seq is the order in which a conversation's messages are sent. It
// gives the message as it is sent, with files of its own.
func insertQueued(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, q queued) (_ provider.Message, err error) {
	if q.message, err = q.ownFiles(ctx, tx, tenant, q.message); err != nil {
		return q.message, err
	}
	if q.fallback != nil {
		instead, err := q.ownFiles(ctx, tx, tenant, provider.Message{Template: q.fallback})
		if err != nil {
			return q.message, err
		}
		q.fallback = instead.Template
	}
	return q.message, q.insert(ctx, tx, tenant)
}

func (q queued) insert(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID) (err error) {
	var seq int64
	var decision, details []byte
	if q.decision != nil {
		if decision, err = json.Marshal(q.decision); err != nil {
			return fmt.Errorf("encode decision: %w", err)
		}
	}
	if details, err = detailsOf(q.message); err != nil {
		return err
	}
	content, err := json.Marshal(contentOf(q.message))
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if err := tx.QueryRow(ctx, `
		INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_at, job_id, author, state, decision, details)
		VALUES ($1, $2, $3, $4, 'out', $5, $6, $7, now(), $8, $9, $10, $11, $12)
		RETURNING seq`,
		tenant, q.id, timeOf(q.id), q.conversation, q.speaker, q.typ, q.text, q.job, q.author, q.state, decision, details).Scan(&seq); err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	var batch pgx.Batch
	batch.Queue(`
		INSERT INTO outbox (tenant_id, message_id, seq, conversation_id, channel_id, phase, kind, content, term, attempts, expires_at, job_id, part, marketing, stale_at, fallback_template)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, 0), CASE $6 WHEN 'intent' THEN 1 ELSE 0 END, now() + make_interval(secs => $10),
		  $11, nullif($12, 0), $13, now() + make_interval(secs => nullif($14::float8, 0)), $15)`,
		tenant, q.id, seq, q.conversation, q.channel, q.phase, q.kind, content, q.term, q.useful.Seconds(), jobOrNil(q.job), q.part, q.marketing, q.fresh.Seconds(), q.fallback)
	batch.Queue(`
		UPDATE conversations
		SET last_message_at = now(), last_text = $3, last_direction = 'out', unread = 0
		WHERE tenant_id = $1 AND id = $2`, tenant, q.conversation, provider.Truncate(q.text, 160))
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("write outbox: %w", err)
	}
	return appendEvent(ctx, tx, tenant, "message.created", map[string]string{
		"conversation_id": q.conversation.String(), "message_id": q.id.String(), "direction": "out", "type": q.typ,
		"text": provider.Truncate(q.text, 300), "state": string(q.state),
	})
}

// detailsOf is what a message keeps beside its words; nil: nothing.
func detailsOf(m provider.Message) ([]byte, error) {
	d := whatsapp.DetailsOfSent(m)
	if d.IsZero() {
		return nil, nil
	}
	details, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode details: %w", err)
	}
	return details, nil
}

func jobOrNil(id flomastr.JobID) *flomastr.JobID {
	if id.IsZero() {
		return nil
	}
	return &id
}

// outboxContent is how a message waits in the outbox.
type outboxContent struct {
	Text        string                 `json:"text,omitempty"`
	ReplyTo     string                 `json:"reply_to,omitempty"`
	Media       *provider.Media        `json:"media,omitempty"`
	Template    *provider.Template     `json:"template,omitempty"`
	Interactive *provider.Interactive  `json:"interactive,omitempty"`
	Location    *provider.Location     `json:"location,omitempty"`
	Contacts    []provider.ContactCard `json:"contacts,omitempty"`
	Reaction    *provider.Reaction     `json:"reaction,omitempty"`
}

func contentOf(m provider.Message) outboxContent {
	return outboxContent{
		Text: m.Text, ReplyTo: m.ReplyTo, Media: m.Media, Template: m.Template,
		Interactive: m.Interactive, Location: m.Location, Contacts: m.Contacts, Reaction: m.Reaction,
	}
}

func (c outboxContent) message(id flomastr.MessageID, to string) provider.Message {
	return provider.Message{
		Key: id.String(), To: to, Text: c.Text, ReplyTo: c.ReplyTo, Media: c.Media, Template: c.Template,
		Interactive: c.Interactive, Location: c.Location, Contacts: c.Contacts, Reaction: c.Reaction,
	}
}

// queueAnswer puts a turn's answer into the outbox, part by part. When nothing stands in its way the first is begun at
// once: the intent, the send lane's lease and the end of the turn are one commit.
func queueAnswer(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, out whatsapp.Outcome) (send whatsapp.Sending, begun bool, err error) {
	send = whatsapp.Sending{
		Lane:     whatsapp.Lane{Tenant: lane.Tenant, Conversation: lane.Conversation, Channel: lane.Channel, Kind: whatsapp.LaneSend},
		Attempts: 1,
	}
	var to string
	if out.SendNow {
		if send.Lane.Term, to, send.Failures, err = takeSendLane(ctx, tx, send.Lane, out.Lease); err != nil {
			return send, false, err
		}
		begun = send.Lane.Term > 0
	}
	for i := range out.Messages {
		q, err := answerRow(lane, out, i)
		if err != nil {
			return send, false, err
		}
		if begun && i == 0 {
			q.phase, q.state, q.term = "intent", provider.StateIntent, send.Lane.Term
		}
		own, err := insertQueued(ctx, tx, lane.Tenant, q)
		if err != nil {
			return send, false, err
		}
		if begun && i == 0 {
			send.Message = contentOf(own).message(q.id, to)
		}
	}
	if begun {
		return send, true, nil
	}
	return send, false, wakeSends(ctx, tx, lane.Tenant, lane.Conversation, lane.Channel)
}

// answerRow is one part of an answer. What the answer stands on is kept with the first.
func answerRow(lane whatsapp.Lane, out whatsapp.Outcome, part int) (queued, error) {
	message := out.Messages[part]
	id, err := flomastr.ParseID[flomastr.MessageID](message.Key)
	if err != nil {
		return queued{}, fmt.Errorf("message key: %w", err)
	}
	q := queued{
		id: id, conversation: lane.Conversation, channel: lane.Channel, kind: whatsapp.KindAnswer, speaker: out.Speaker,
		typ: message.Type(), text: message.Said(), job: lane.Job, part: part + 1,
		message: message, phase: "queued", state: provider.StateQueued, fresh: out.Fresh, useful: out.Useful,
	}
	if part == 0 {
		q.decision = &whatsapp.Decided{
			Action: out.Decision.Action, Confidence: out.Decision.Confidence, Reason: out.Decision.Reason,
			Model: out.Decision.Model, Evidence: out.Decision.Evidence,
		}
	}
	if out.Decision.Action == flomastr.ActionHandOver {
		q.kind = whatsapp.KindReply // it announces the person, so it does not yield to one
	}
	return q, nil
}

// takeSendLane leases a send lane that is free, empty, and in pace, of a channel that may send inside an open window.
// Term 0 means that it could not be had, and the message goes the long way.
func takeSendLane(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, lease time.Duration) (term int64, to string, failures int, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO lanes AS l (tenant_id, conversation_id, kind, channel_id, ready_at, lease_until, term, paced_until)
		SELECT $1, c.id, 'send', ch.id, now() + make_interval(secs => $3), now() + make_interval(secs => $3), 1, now() + ch.pair_interval
		FROM conversations c
		JOIN channels ch ON ch.tenant_id = $1 AND ch.id = c.channel_id
		JOIN tenants n ON n.id = $1
		WHERE c.tenant_id = $1 AND c.id = $2 AND c.window_until > now() + interval '`+windowMargin+`'
		  AND n.status = 'active' AND ch.status = 'active' AND coalesce(ch.held_until <= now(), true) AND ch.outage_since IS NULL
		  AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.conversation_id = c.id AND o.phase <> 'settled')
		ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE
		SET lease_until = excluded.lease_until, ready_at = excluded.ready_at, term = l.term + 1,
		    paced_until = greatest(l.paced_until, now()) + (excluded.paced_until - now())
		WHERE coalesce(l.lease_until <= now(), true)
		  AND l.paced_until - (SELECT pair_interval * (pair_burst - 1) FROM channels WHERE tenant_id = $1 AND id = l.channel_id) <= now()
		RETURNING term, (SELECT address FROM conversations WHERE tenant_id = $1 AND id = $2),
		  (SELECT failures FROM channels WHERE tenant_id = $1 AND id = l.channel_id)`,
		lane.Tenant, lane.Conversation, lease.Seconds()).Scan(&term, &to, &failures)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, "", 0, nil
	}
	if err != nil {
		return 0, "", 0, fmt.Errorf("take send lane: %w", err)
	}
	return term, to, failures, nil
}

// wakeSends makes a conversation's send lane due.
func wakeSends(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, channel flomastr.ChannelID) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, ready_at)
		VALUES ($1, $2, 'send', $3, now())
		ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE
		SET ready_at = CASE WHEN lanes.lease_until > now() THEN lanes.ready_at ELSE least(coalesce(lanes.ready_at, 'infinity'), now()) END`,
		tenant, conversation, channel)
	if err != nil {
		return fmt.Errorf("wake send lane: %w", err)
	}
	return bringForward(ctx, tx, tenant, whatsapp.LaneSend, 0)
}
