package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const conversationColumnsSQL = `
	c.id, c.channel_id, c.contact_id, t.name AS contact_name, t.phone AS contact_phone, t.merged_into, c.status, c.owner_kind, c.owner_id,
	c.handover_reason, ` + optOutSQL + ` AS opt_out, c.window_until, c.last_message_at, c.last_text, c.last_direction, c.unread, c.created_at,
	c.archived_seq, c.archived_at, c.identity_changed_at`

type conversationRow struct {
	ID                flomastr.ConversationID
	ChannelID         flomastr.ChannelID
	ContactID         flomastr.ContactID
	ContactName       string
	ContactPhone      string
	MergedInto        *flomastr.ContactID
	Status            string
	OwnerKind         whatsapp.Owner
	OwnerID           string
	HandoverReason    string
	OptOut            whatsapp.Scope
	WindowUntil       *time.Time
	LastMessageAt     time.Time
	LastText          string
	LastDirection     string
	Unread            int
	CreatedAt         time.Time
	ArchivedSeq       int64
	ArchivedAt        *time.Time
	IdentityChangedAt *time.Time
}

func (r conversationRow) conversation() whatsapp.Conversation {
	var into flomastr.ContactID
	if r.MergedInto != nil {
		into = *r.MergedInto
	}
	return whatsapp.Conversation{
		ID: r.ID, Channel: r.ChannelID, Contact: whatsapp.Contact{ID: r.ContactID, Name: r.ContactName, Phone: r.ContactPhone, MergedInto: into},
		Status: r.Status, OwnerKind: r.OwnerKind, OwnerID: r.OwnerID, HandoverReason: r.HandoverReason, OptOut: r.OptOut,
		WindowUntil: orZero(r.WindowUntil), LastMessageAt: r.LastMessageAt.UTC(), LastText: r.LastText,
		LastDirection: r.LastDirection, Unread: r.Unread, CreatedAt: r.CreatedAt.UTC(),
		ArchivedSeq: r.ArchivedSeq, ArchivedAt: orZero(r.ArchivedAt),
		IdentityChangedAt: orZero(r.IdentityChangedAt),
	}
}

// Conversations implements whatsapp.InboxStore, the most recent first.
func (s *WhatsAppStore) Conversations(ctx context.Context, tenant flomastr.TenantID, page whatsapp.Page) (list []whatsapp.Conversation, next string, err error) {
	at, after, err := parseRecentCursor(page.Cursor)
	if err != nil {
		return nil, "", err
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+conversationColumnsSQL+`
			FROM conversations c
			JOIN contacts t ON t.tenant_id = c.tenant_id AND t.id = c.contact_id
			WHERE c.tenant_id = $1
			  AND ($2::timestamptz IS NULL OR (c.last_message_at, c.id) < ($2, $3))
			  AND ($4 = '' OR c.status = $4)
			  AND ($5 = '' OR t.name ILIKE '%' || $5 || '%' OR t.phone LIKE '%' || $5 || '%' OR c.last_text ILIKE '%' || $5 || '%')
			  AND `+withinReachSQL("$7", "$8")+`
			ORDER BY c.last_message_at DESC, c.id DESC
			LIMIT $6 + 1`, tenant, at, after, page.Status, escapeLike(page.Search), page.Limit, page.Reach.Member, page.Reach.Free)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[conversationRow])
		if err != nil {
			return err
		}
		if len(found) > page.Limit {
			found = found[:page.Limit]
			last := found[len(found)-1]
			next = strconv.FormatInt(last.LastMessageAt.UnixMicro(), 10) + " " + last.ID.String()
		}
		for _, row := range found {
			list = append(list, row.conversation())
		}
		return nil
	})
	return list, next, err
}

// withinReachSQL is whatsapp.Reach.Covers as a condition on conversations c.
func withinReachSQL(member, free string) string {
	return `(` + member + ` = '' OR c.owner_kind = 'member' AND c.owner_id = ` + member + `
			       OR ` + free + `::boolean AND (c.owner_kind <> 'member' OR c.owner_id = ''))`
}

// WithinReach implements whatsapp.InboxStore.
func (s *WhatsAppStore) WithinReach(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.ConversationID, reach whatsapp.Reach) (map[flomastr.ConversationID]bool, error) {
	within := map[flomastr.ConversationID]bool{}
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.id
			FROM conversations c
			WHERE c.tenant_id = $1 AND c.id = ANY ($2)
			  AND `+withinReachSQL("$3", "$4"), tenant, ids, reach.Member, reach.Free)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.ConversationID])
		for _, id := range found {
			within[id] = true
		}
		return err
	})
	return within, err
}

func parseRecentCursor(cursor string) (*time.Time, *flomastr.ConversationID, error) {
	if cursor == "" {
		return nil, nil, nil
	}
	micros, id, found := strings.Cut(cursor, " ")
	n, numErr := strconv.ParseInt(micros, 10, 64)
	conversation, idErr := flomastr.ParseID[flomastr.ConversationID](id)
	if err := errors.Join(numErr, idErr); err != nil || !found {
		return nil, nil, ErrBadCursor.Because(err)
	}
	at := time.UnixMicro(n)
	return &at, &conversation, nil
}

// escapeLike makes a search literal inside a LIKE pattern.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// Conversation implements whatsapp.InboxStore.
func (s *WhatsAppStore) Conversation(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) (c whatsapp.Conversation, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		c, err = readConversation(ctx, tx, tenant, id)
		return err
	})
	return c, err
}

func readConversation(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ConversationID) (whatsapp.Conversation, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+conversationColumnsSQL+`
		FROM conversations c
		JOIN contacts t ON t.tenant_id = c.tenant_id AND t.id = c.contact_id
		WHERE c.tenant_id = $1 AND c.id = $2`, tenant, id)
	if err != nil {
		return whatsapp.Conversation{}, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[conversationRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return whatsapp.Conversation{}, whatsapp.ErrConversationNotFound
	}
	return row.conversation(), err
}

const messageColumnsSQL = `
	id, conversation_id, seq, direction, speaker, type, text, media_url, provider_message_id, author, state, problem, decision,
	provider_at, created_at, details`

// notAppliedSQL leaves out reactions, edits and revocations that their targets show.
const notAppliedSQL = `NOT coalesce(details ? 'applied', false)`

func scanMessage(row pgx.CollectableRow) (m whatsapp.Message, err error) {
	var decision, details []byte
	err = row.Scan(&m.ID, &m.Conversation, &m.Seq, &m.Direction, &m.Speaker, &m.Type, &m.Text, &m.MediaURL, &m.ProviderID, &m.Author,
		&m.State, &m.Problem, &decision, &m.At, &m.CreatedAt, &details)
	if err == nil && decision != nil {
		err = json.Unmarshal(decision, &m.Decision)
	}
	if err == nil && details != nil {
		err = json.Unmarshal(details, &m.Details)
	}
	if m.Details.RevokedAt != nil { // what was taken back is kept as a fact, not as words
		m.Text, m.MediaURL, m.Details.Attachment, m.Details.Earlier, m.Details.Sent = "", "", nil, nil, nil
	}
	m.At, m.CreatedAt = m.At.UTC(), m.CreatedAt.UTC()
	return m, err
}

// Messages implements whatsapp.InboxStore, the newest first. Where the hot ones end the archived ones go on, under the
// same numbers, so that a reader does not notice.
func (s *WhatsAppStore) Messages(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, page whatsapp.Page) (list []whatsapp.Message, next string, err error) {
	before := int64(1<<63 - 1)
	if page.Cursor != "" {
		if before, err = strconv.ParseInt(page.Cursor, 36, 64); err != nil {
			return nil, "", ErrBadCursor.Because(err)
		}
	}
	var archivedTo int64
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		c, err := readConversation(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		archivedTo = c.ArchivedSeq
		rows, err := tx.Query(ctx, `
			SELECT `+messageColumnsSQL+`
			FROM messages
			WHERE tenant_id = $1 AND conversation_id = $2 AND seq < $3 AND `+notAppliedSQL+`
			ORDER BY seq DESC
			LIMIT $4 + 1`, tenant, id, before, page.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanMessage)
		return err
	})
	if err == nil && (len(list) <= page.Limit || list[page.Limit].Seq <= archivedTo) {
		var archived []whatsapp.Message
		archived, err = s.archivedMessages(ctx, tenant, id, min(before, archivedTo+1), page.Limit+1)
		list = threaded(list, archived)
	}
	if err != nil {
		return nil, "", err
	}
	if len(list) > page.Limit {
		list = list[:page.Limit]
		next = strconv.FormatInt(list[len(list)-1].Seq, 36)
	}
	return list, next, s.withMedia(ctx, tenant, list)
}

// threaded joins two lists of a conversation, the newest first. One that is in both was copied and not yet deleted: the
// hot one counts.
func threaded(hot, archived []whatsapp.Message) []whatsapp.Message {
	all := slices.Concat(hot, archived)
	slices.SortStableFunc(all, func(a, b whatsapp.Message) int { return cmp.Compare(b.Seq, a.Seq) })
	return slices.CompactFunc(all, func(a, b whatsapp.Message) bool { return a.ID == b.ID })
}

// Message implements whatsapp.InboxStore.
func (s *WhatsAppStore) Message(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (m whatsapp.Message, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		m, err = readMessage(ctx, tx, tenant, id)
		return err
	})
	if err != nil {
		return m, err
	}
	one := []whatsapp.Message{m}
	err = s.withMedia(ctx, tenant, one)
	return one[0], err
}

func readMessage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MessageID) (whatsapp.Message, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+messageColumnsSQL+`
		FROM messages
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3`, tenant, id, timeOf(id))
	if err != nil {
		return whatsapp.Message{}, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMessage)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, flomastr.Errorf(flomastr.NotFound, "message_not_found", "There is no such message.")
	}
	return m, err
}

// FindConversation implements whatsapp.InboxStore.
func (s *WhatsAppStore) FindConversation(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address) (id flomastr.ConversationID, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		id, err = findConversation(ctx, tx, tenant, channel, to)
		return err
	})
	return id, err
}

// OpenThread implements whatsapp.InboxStore.
func (s *WhatsAppStore) OpenThread(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address) (id flomastr.ConversationID, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		b := intakeBatch{tx: tx, tenant: tenant}
		t, err := b.meet(ctx, channel, &whatsapp.Arrival{Inbound: provider.Inbound{From: to}})
		if err != nil {
			return err
		}
		id = t.conversation
		return nil
	})
	return id, err
}

// SaveOutgoing implements whatsapp.InboxStore. Everything that forbids it is checked under the conversation's lock.
func (s *WhatsAppStore) SaveOutgoing(ctx context.Context, tenant flomastr.TenantID, out whatsapp.Outgoing) (m whatsapp.Message, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		m, err = saveOutgoing(ctx, tx, tenant, out)
		return err
	})
	return m, err
}

// saveOutgoing queues a message in the transaction that has the reason.
func saveOutgoing(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, out whatsapp.Outgoing) (m whatsapp.Message, err error) {
	id, err := flomastr.ParseID[flomastr.MessageID](out.Message.Key)
	if err != nil {
		return m, fmt.Errorf("message key: %w", err)
	}
	var channel flomastr.ChannelID
	var owner whatsapp.Owner
	var ownerID string
	var optOut whatsapp.Scope
	var open, paused, held bool
	err = tx.QueryRow(ctx, `
		SELECT c.channel_id, c.owner_kind, c.owner_id, `+optOutSQL+`, coalesce(c.window_until > now() + interval '`+windowMargin+`', false), ch.status <> 'active', `+marketingHeldSQL+`
		FROM conversations c
		JOIN channels ch ON ch.tenant_id = $1 AND ch.id = c.channel_id
		WHERE c.tenant_id = $1 AND c.id = $2
		FOR UPDATE OF c`, tenant, out.Conversation).Scan(&channel, &owner, &ownerID, &optOut, &open, &paused, &held)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return m, whatsapp.ErrConversationNotFound
	case err != nil:
		return m, fmt.Errorf("lock conversation: %w", err)
	case paused:
		return m, whatsapp.ErrChannelPaused
	case owner == whatsapp.OwnerMember && (out.Speaker != flomastr.SpeakerMember || ownerID != "" && ownerID != out.Author):
		return m, whatsapp.ErrConversationOwned
	case !optOut.Allows(out.Marketing):
		return m, whatsapp.ErrOptedOut
	case held && out.Marketing:
		return m, whatsapp.ErrMarketingHeld
	case !open && out.Message.Template == nil:
		return m, whatsapp.ErrWindowClosed
	}
	if _, err := insertQueued(ctx, tx, tenant, queued{
		id: id, conversation: out.Conversation, channel: channel, kind: whatsapp.KindReply, speaker: out.Speaker, author: out.Author,
		typ: out.Message.Type(), text: out.Message.Said(), message: out.Message, marketing: out.Marketing,
		phase: "queued", state: provider.StateQueued, useful: out.Useful, fallback: out.Fallback, decision: out.Decision,
	}); err != nil {
		return m, err
	}
	if out.Speaker == flomastr.SpeakerMember {
		if err := endTasks(ctx, tx, tenant, task.Answered, inConversations(out.Conversation)); err != nil {
			return m, err
		}
		if _, err := tx.Exec(ctx, `
			UPDATE conversations
			SET identity_changed_at = NULL
			WHERE tenant_id = $1 AND id = $2 AND identity_changed_at IS NOT NULL`, tenant, out.Conversation); err != nil {
			return m, fmt.Errorf("clear the doubt: %w", err)
		}
	}
	if out.TakeOver && (owner != whatsapp.OwnerMember || ownerID != out.Author) {
		if err := setOwner(ctx, tx, tenant, out.Conversation, whatsapp.OwnerChange{Kind: whatsapp.OwnerMember, ID: out.Author, By: out.By}); err != nil {
			return m, err
		}
	}
	if out.By != "" {
		// The words are in the conversation; the log says who sent them.
		if err := appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: out.By, Action: "message.queued", Object: "message " + id.String(),
			Detail: map[string]string{"conversation": out.Conversation.String()},
		}); err != nil {
			return m, err
		}
	}
	if err := wakeSends(ctx, tx, tenant, out.Conversation, channel); err != nil {
		return m, err
	}
	return readMessage(ctx, tx, tenant, id)
}

// SetOwner implements whatsapp.InboxStore.
func (s *WhatsAppStore) SetOwner(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, change whatsapp.OwnerChange) (c whatsapp.Conversation, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := mustBeMember(ctx, tx, tenant, change); err != nil {
			return err
		}
		if err := setOwner(ctx, tx, tenant, id, change); err != nil {
			return err
		}
		c, err = readConversation(ctx, tx, tenant, id)
		return err
	})
	return c, err
}

// mustBeMember lets a conversation be given to the tenant's own people alone.
func mustBeMember(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, change whatsapp.OwnerChange) error {
	if change.Kind != whatsapp.OwnerMember || change.ID == "" {
		return nil
	}
	member, err := isMember(ctx, tx, tenant, change.ID)
	if err == nil && !member {
		err = whatsapp.ErrNoMember
	}
	return err
}

// isMember tells whether a subject is an active member of the tenant.
func isMember(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, subject string) (member bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (
		  SELECT FROM tenant_memberships
		  WHERE tenant_id = $1 AND subject = $2 AND status = 'active')`, tenant, subject).Scan(&member)
	if err != nil {
		return false, fmt.Errorf("look for the member: %w", err)
	}
	return member, nil
}

func setOwner(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ConversationID, change whatsapp.OwnerChange) error {
	tag, err := tx.Exec(ctx, `
		UPDATE conversations
		SET owner_kind = CASE WHEN $3 = '' THEN owner_kind ELSE $3 END,
		    owner_id = CASE WHEN $3 = '' THEN owner_id ELSE $4 END,
		    handover_reason = CASE WHEN $3 = '' THEN handover_reason ELSE $5 END,
		    status = CASE WHEN $6 = '' THEN status ELSE $6 END
		WHERE tenant_id = $1 AND id = $2`, tenant, id, string(change.Kind), change.ID, change.Reason, change.Status)
	if err != nil {
		return fmt.Errorf("change conversation: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return whatsapp.ErrConversationNotFound
	}
	if change.By != "" {
		if err := appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: change.By, Action: "conversation.changed", Object: "conversation " + id.String(),
			Detail: map[string]string{"owner_kind": string(change.Kind), "owner_id": change.ID, "status": change.Status, "reason": change.Reason},
		}); err != nil {
			return err
		}
	}
	if err := followOwner(ctx, tx, tenant, id, change); err != nil {
		return err
	}
	return appendEvent(ctx, tx, tenant, "conversation.updated", map[string]string{
		"conversation_id": id.String(), "owner_kind": string(change.Kind), "owner_id": change.ID, "status": change.Status,
	})
}

// MarkRead implements whatsapp.InboxStore.
func (s *WhatsAppStore) MarkRead(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE conversations
			SET unread = 0
			WHERE tenant_id = $1 AND id = $2 AND unread > 0`, tenant, id)
		return err
	})
}
