package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/chaos"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// burstGap: whoever wrote within this time is likely to be still writing.
const burstGap = "3 seconds"

// writtenElsewhere is why a conversation is a person's of whom we know no more.
const writtenElsewhere = "Somebody wrote to the customer in WhatsApp itself."

// SaveIntake implements whatsapp.IntakeStore. Whatever a batch holds, it is a handful of statements over lists, so that
// the cost of a commit and of its round trips is shared by all requests in it.
func (s *WhatsAppStore) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) (stored []whatsapp.Stored, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		stored = make([]whatsapp.Stored, len(intake))
		b := intakeBatch{db: s.db, tx: tx, tenant: tenant, intake: intake, stored: stored, heeded: make([]bool, len(intake))}
		if err := b.receive(ctx); err != nil {
			return err
		}
		if err := b.report(ctx); err != nil {
			return err
		}
		err := b.happen(ctx)
		chaos.Point("before-inbound-commit")
		return err
	})
	return stored, err
}

// KeepUnusable implements whatsapp.IntakeStore. What comes again is recognised by its words.
func (s *WhatsAppStore) KeepUnusable(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, list []provider.Unusable) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		for _, u := range list {
			_, err := tx.Exec(ctx, `
				INSERT INTO inbound_errors (tenant_id, id, channel_id, reason, body)
				VALUES ($1, md5($2::text || ' ' || $3 || ' ' || $4)::uuid, $2::uuid, $3, $4)
				ON CONFLICT (tenant_id, id) DO UPDATE
				SET at = excluded.at`, tenant, channel.String(), u.Reason, u.Body)
			if violates(err, "inbound_errors_tenant_id_channel_id_fkey") {
				return whatsapp.ErrChannelNotFound // deleted a moment ago, by whoever else remembers it still
			}
			if err != nil {
				return fmt.Errorf("keep unusable body: %w", err)
			}
		}
		return nil
	})
}

// intakeBatch is one commit of SaveIntake.
type intakeBatch struct {
	db     *DB
	tx     pgx.Tx
	tenant flomastr.TenantID
	intake []whatsapp.Intake
	stored []whatsapp.Stored

	heeded  []bool // asked about being written to, and was heeded: nothing else answers it
	confirm []int  // whose wish is to be confirmed
}

// answerable tells whether an arrival asks for a turn.
func (b *intakeBatch) answerable(i int) bool {
	in := b.intake[i].Inbound
	return in.Direction == whatsapp.In && !in.Silent && !in.History && !about(in) && !b.heeded[i]
}

// thread is what is known of the sender of an arrival.
type thread struct {
	contact      flomastr.ContactID
	conversation flomastr.ConversationID
	name         string
	recent       bool // heard from within burstGap
	loose        bool // something waits for the message that it is about
	newContact   bool
	newThread    bool
}

func (b *intakeBatch) receive(ctx context.Context) error {
	arrivals := make([]int, 0, len(b.intake))
	for i := range b.intake {
		if b.intake[i].Inbound != nil {
			arrivals = append(arrivals, i)
		}
	}
	if len(arrivals) == 0 {
		return nil
	}
	fresh, threads, err := b.recogniseAndDedupe(ctx, arrivals)
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		if err := b.heed(ctx, fresh, threads); err != nil {
			return err
		}
		if err := b.write(ctx, fresh, threads); err != nil {
			return err
		}
		if err := b.attach(ctx, fresh, threads); err != nil {
			return err
		}
		if err := b.remember(ctx, fresh, threads); err != nil {
			return err
		}
		if err := b.notice(ctx, fresh); err != nil {
			return err
		}
		if err := b.change(ctx, fresh, threads); err != nil {
			return err
		}
		if err := b.confirmWishes(ctx, threads); err != nil {
			return err
		}
	}
	return b.repeatAnswers(ctx, arrivals)
}

// recogniseAndDedupe claims the receipts of what is new and looks up who wrote, in one round trip. The receipt and
// everything that follows from it share this commit: there is no moment at which a message counts as known but its
// work is not there.
func (b *intakeBatch) recogniseAndDedupe(ctx context.Context, arrivals []int) ([]int, []*thread, error) {
	var channels, messages, ask [][16]byte
	var ids, kinds, values []string
	var asked []int
	for _, i := range arrivals {
		in := b.intake[i].Inbound
		channels = append(channels, [16]byte(b.intake[i].Channel))
		ids = append(ids, in.ProviderID)
		messages = append(messages, [16]byte(in.Message))
		for _, identity := range identities(in.From) {
			ask, kinds, values, asked = append(ask, [16]byte(b.intake[i].Channel)), append(kinds, identity[0]), append(values, identity[1]), append(asked, i)
		}
	}
	var batch pgx.Batch
	// In order of the key, so that two servers that store the same messages never wait for each other in a circle.
	batch.Queue(`
		INSERT INTO inbound_receipts (tenant_id, channel_id, provider_message_id, message_id)
		SELECT $1, a.channel_id, a.id, a.message_id
		FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS a (channel_id, id, message_id)
		ORDER BY a.channel_id, a.id
		ON CONFLICT DO NOTHING
		RETURNING message_id`, b.tenant, channels, ids, messages)
	batch.Queue(`
		SELECT a.ord - 1, i.kind, i.contact_id, c.id, t.name, coalesce(c.received_at > now() - interval '`+burstGap+`', false), c.loose
		FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS a (channel_id, kind, value, ord)
		JOIN contact_identities i
		  ON i.tenant_id = $1 AND i.channel_id = a.channel_id AND i.kind = a.kind AND i.value = a.value
		JOIN contacts t ON t.tenant_id = $1 AND t.id = i.contact_id
		JOIN conversations c ON c.tenant_id = $1 AND c.channel_id = i.channel_id AND c.contact_id = i.contact_id`,
		b.tenant, ask, kinds, values)
	results := b.tx.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()

	rows, err := results.Query()
	if err != nil {
		return nil, nil, fmt.Errorf("claim receipts: %w", err)
	}
	claimed, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.MessageID])
	if err != nil {
		return nil, nil, fmt.Errorf("claim receipts: %w", err)
	}
	isNew := make(map[flomastr.MessageID]bool, len(claimed))
	for _, id := range claimed {
		isNew[id] = true
	}
	known := map[int][]identityMatch{}
	if rows, err = results.Query(); err != nil {
		return nil, nil, fmt.Errorf("look up senders: %w", err)
	}
	var m identityMatch
	var ord int64
	if _, err := pgx.ForEachRow(rows, []any{&ord, &m.kind, &m.contact, &m.conversation, &m.name, &m.recent, &m.loose}, func() error {
		known[asked[ord]] = append(known[asked[ord]], m)
		return nil
	}); err != nil {
		return nil, nil, fmt.Errorf("look up senders: %w", err)
	}
	if err := results.Close(); err != nil {
		return nil, nil, fmt.Errorf("look up senders: %w", err)
	}

	var fresh []int
	threads := make([]*thread, len(b.intake))
	made := map[string]*thread{} // several messages of one new sender in a batch
	for _, i := range arrivals {
		if !isNew[b.intake[i].Inbound.Message] {
			b.stored[i].Duplicate = true
			continue
		}
		fresh = append(fresh, i)
		in := b.intake[i].Inbound
		if t := settled(known[i], in.From); t != nil {
			threads[i] = t
			continue
		}
		key := b.intake[i].Channel.String() + " " + in.From.UserID + " " + in.From.Phone
		if made[key] == nil {
			if made[key], err = b.meet(ctx, b.intake[i].Channel, in); err != nil {
				return nil, nil, err
			}
		}
		threads[i] = made[key]
	}
	return fresh, threads, nil
}

// write stores the new messages with their turns, and makes them due.
func (b *intakeBatch) write(ctx context.Context, fresh []int, threads []*thread) error {
	var m messageColumns
	turns := map[flomastr.ConversationID]*turnColumns{}
	var order []*turnColumns
	soonest := time.Duration(1<<62 - 1)
	for _, i := range fresh {
		in, t := b.intake[i].Inbound, threads[i]
		if err := m.add(in, t.conversation, b.answerable(i)); err != nil {
			return err
		}
		b.stored[i] = whatsapp.Stored{
			Message: in.Message, Conversation: t.conversation, Contact: t.contact,
			NewContact: t.newContact, NewThread: t.newThread,
		}
		if about(in) || in.History {
			continue // not news: the conversation stays as and where it is
		}
		row := turns[t.conversation]
		if row == nil {
			row = &turnColumns{conversation: t.conversation, channel: b.intake[i].Channel, hand: b.intake[i].Hand, contact: t.contact}
			turns[t.conversation] = row
			order = append(order, row)
		}
		if hand := b.intake[i].Hand; hand.Ruled {
			row.hand = hand
		}
		row.add(in, t, b.answerable(i))
	}
	var c conversationColumns
	for _, row := range order {
		c.add(row)
		if row.answerable > 0 {
			soonest = min(soonest, row.wait)
		}
	}
	var batch pgx.Batch
	// A message joins the turn of its conversation that nobody has begun; else it opens one. Those that need no answer
	// belong to none.
	batch.Queue(`
		WITH turn AS (
		  INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, ready_at, message_count, hand, head_start, ruled)
		  SELECT $1, a.job_id, a.conversation_id, a.channel_id, now() + make_interval(secs => a.wait), a.answerable,
		         a.hand, make_interval(secs => a.head_start), a.ruled
		  FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::int[], $21::text[], $22::float8[], $23::bool[])
		    AS a (job_id, conversation_id, channel_id, wait, answerable, hand, head_start, ruled)
		  WHERE a.answerable > 0
		  ORDER BY a.conversation_id
		  ON CONFLICT (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0 DO UPDATE
		  SET message_count = jobs.message_count + excluded.message_count,
		      ready_at = greatest(jobs.ready_at, least(excluded.ready_at, jobs.created_at + make_interval(secs => $7))),
		      `+joinedHandSQL+`
		  RETURNING id, conversation_id
		), message AS (
		  INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, media_url,
		    provider_message_id, provider_at, job_id, state, raw, target, details)
		  SELECT $1, a.id, a.created_at, a.conversation_id, a.direction, CASE a.direction WHEN 'in' THEN 'contact' ELSE 'member' END,
		         a.type, a.text, a.media_url, a.provider_message_id, a.provider_at,
		         CASE WHEN a.answerable THEN turn.id END, CASE a.direction WHEN 'in' THEN 'received' ELSE 'sent' END, a.raw,
		         a.target, a.details::jsonb
		  FROM unnest($8::uuid[], $9::timestamptz[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[],
		    $15::text[], $16::timestamptz[], $17::bool[], $18::text[],
		    $19::text[], $20::text[])
		    WITH ORDINALITY AS a (id, created_at, conversation_id, direction, type, text, media_url, provider_message_id,
		      provider_at, answerable, raw, target, details, ord)
		  LEFT JOIN turn ON turn.conversation_id = a.conversation_id
		  ORDER BY a.ord
		)
		SELECT conversation_id, id FROM turn`,
		b.tenant, c.jobs, c.ids, c.channels, c.waits, c.answerable, c.burst.Seconds(),
		m.ids, m.times, m.conversations, m.directions, m.types, m.texts, m.media, m.provider, m.at, m.answerable, m.raw, m.targets, m.details,
		c.workers, c.headStarts, c.ruled)
	batch.Queue(`
		UPDATE conversations c
		SET received_at = CASE WHEN a.inbound > 0 THEN now() ELSE c.received_at END,
		    window_until = CASE WHEN a.inbound > 0 THEN greatest(c.window_until, a.heard_at + interval '24 hours') ELSE c.window_until END,
		    last_message_at = now(), last_text = a.text, last_direction = a.direction,
		    unread = CASE WHEN a.person THEN 0 ELSE c.unread + a.inbound END,
		    status = CASE WHEN a.inbound > 0 THEN 'open' ELSE c.status END,
		    owner_kind = CASE WHEN a.person THEN 'member' ELSE c.owner_kind END,
		    owner_id = CASE WHEN a.person AND c.owner_kind <> 'member' THEN '' ELSE c.owner_id END,
		    handover_reason = CASE WHEN a.person AND c.owner_kind <> 'member' THEN $8 ELSE c.handover_reason END
		FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::bool[])
		  AS a (id, inbound, heard_at, text, direction, person)
		WHERE c.tenant_id = $1 AND c.id = a.id`,
		b.tenant, c.ids, c.inbound, c.heard, c.texts, c.directions, c.persons, writtenElsewhere)
	batch.Queue(`
		INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, worker, head_start, ready_at)
		SELECT $1, a.conversation_id, 'turn', a.channel_id, head.hand, head.head_start, now() + make_interval(secs => a.wait)
		FROM unnest($2::uuid[], $3::uuid[], $4::float8[], $5::int[]) AS a (conversation_id, channel_id, wait, answerable)
		CROSS JOIN LATERAL (
		  SELECT hand, head_start
		  FROM jobs
		  WHERE tenant_id = $1 AND conversation_id = a.conversation_id AND state IN ('queued', 'processing')
		  ORDER BY state = 'processing' DESC, id
		  LIMIT 1
		) head
		WHERE a.answerable > 0
		ORDER BY a.conversation_id
		ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE
		SET ready_at = CASE
		      -- Somebody holds it: letting go, they will see the job.
		      WHEN lanes.lease_until > now() THEN lanes.ready_at
		      ELSE least(coalesce(lanes.ready_at, 'infinity'), excluded.ready_at)
		    END,
		    worker = excluded.worker, head_start = excluded.head_start`,
		b.tenant, c.ids, c.channels, c.waits, c.answerable)
	batch.Queue(`
		INSERT INTO events (tenant_id, id, type, data)
		SELECT $1, a.event_id, 'message.created', jsonb_build_object('conversation_id', a.conversation_id, 'message_id', a.id,
		         'direction', a.direction, 'type', a.type, 'text', left(a.text, 300), 'state', CASE a.direction WHEN 'in' THEN 'received' ELSE 'sent' END)
		FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bool[]) AS a (event_id, id, conversation_id, direction, type, text, quiet)
		WHERE NOT a.quiet`,
		b.tenant, m.events, m.ids, m.conversations, m.directions, m.types, m.texts, m.quiet)
	if soonest < time.Hour {
		batch.Queue(bringForwardSQL, b.tenant, whatsapp.LaneTurn, soonest.Seconds())
	}
	for i, t := range threads {
		if t == nil || t.newContact || b.stored[i].Duplicate {
			continue
		}
		if name := b.intake[i].Inbound.ProfileName; name != "" && name != t.name {
			batch.Queue(`
				UPDATE contacts
				SET name = $3, updated_at = now()
				WHERE tenant_id = $1 AND id = $2`, b.tenant, t.contact, name)
			t.name = name
		}
	}
	var heard [][16]byte
	for _, row := range order {
		if row.inbound > 0 {
			heard = append(heard, [16]byte(row.contact))
		}
	}
	batch.Queue(`
		DELETE FROM suppressions
		WHERE tenant_id = $1 AND source = '`+byUnreachable+`'
		  AND contact_id = ANY ($2::uuid[] || ARRAY(SELECT merged_into FROM contacts WHERE tenant_id = $1 AND id = ANY ($2) AND merged_into IS NOT NULL))`, b.tenant, heard)
	for _, row := range order {
		if row.person {
			batch.Queue(`
				INSERT INTO events (tenant_id, id, type, data)
				VALUES ($1, $2, 'conversation.updated', jsonb_build_object('conversation_id', $3::uuid, 'owner_kind', 'member'))`,
				b.tenant, flomastr.NewID[EventID](), row.conversation)
		}
	}
	batch.Queue(`
		UPDATE channels
		SET last_inbound_at = now()
		WHERE tenant_id = $1 AND id = $2 AND (last_inbound_at IS NULL OR last_inbound_at < now() - interval '1 minute')`,
		b.tenant, b.intake[fresh[0]].Channel)
	if err := b.finish(ctx, &batch, fresh); err != nil {
		return err
	}
	var written []flomastr.ConversationID
	for _, row := range order {
		if row.person {
			written = append(written, row.conversation)
		}
	}
	if len(written) == 0 {
		return nil
	}
	return endTasks(ctx, b.tx, b.tenant, task.Answered, inConversations(written...))
}

// remember keeps what few messages bring: the past of a conversation, and the advertisement by which somebody came.
func (b *intakeBatch) remember(ctx context.Context, fresh []int, threads []*thread) error {
	var batch pgx.Batch
	for _, i := range fresh {
		in := b.intake[i].Inbound
		if in.History {
			batch.Queue(`
				UPDATE conversations
				SET last_message_at = CASE WHEN last_text = '' THEN $3 ELSE greatest(last_message_at, $3) END, last_text = $4, last_direction = $5
				WHERE tenant_id = $1 AND id = $2 AND (last_text = '' OR last_message_at < $3)`,
				b.tenant, threads[i].conversation, in.SentAt, provider.Truncate(in.Text, 160), in.Direction)
		}
		if in.Referral != "" {
			batch.Queue(`
				UPDATE conversations
				SET referral = $3
				WHERE tenant_id = $1 AND id = $2 AND referral = ''`, b.tenant, threads[i].conversation, provider.Truncate(in.Referral, 8192))
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := b.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("remember where somebody came from: %w", err)
	}
	return nil
}

// finish sends the statements and learns which turn each message went to.
func (b *intakeBatch) finish(ctx context.Context, batch *pgx.Batch, fresh []int) error {
	results := b.tx.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }()
	rows, err := results.Query()
	if err != nil {
		return fmt.Errorf("store messages: %w", err)
	}
	jobs := map[flomastr.ConversationID]flomastr.JobID{}
	var conversation flomastr.ConversationID
	var job flomastr.JobID
	if _, err := pgx.ForEachRow(rows, []any{&conversation, &job}, func() error {
		jobs[conversation] = job
		return nil
	}); err != nil {
		return fmt.Errorf("store messages: %w", err)
	}
	for _, i := range fresh {
		if b.answerable(i) {
			b.stored[i].Job = jobs[b.stored[i].Conversation]
		}
	}
	if err := results.Close(); err != nil {
		return fmt.Errorf("store messages: %w", err)
	}
	return nil
}

// repeatAnswers tells for each duplicate where the first copy went.
func (b *intakeBatch) repeatAnswers(ctx context.Context, arrivals []int) error {
	for _, i := range arrivals {
		if !b.stored[i].Duplicate {
			continue
		}
		// The receipt's message id tells the partition; a receipt older than the message's retention finds nothing.
		var message flomastr.MessageID
		err := b.tx.QueryRow(ctx, `
			SELECT message_id
			FROM inbound_receipts
			WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3`,
			b.tenant, b.intake[i].Channel, b.intake[i].Inbound.ProviderID).Scan(&message)
		if err != nil {
			return fmt.Errorf("read receipt: %w", err)
		}
		b.stored[i].Message = message
		rows, err := b.tx.Query(ctx, `
			SELECT m.conversation_id, m.job_id, c.contact_id
			FROM messages m
			JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
			WHERE m.tenant_id = $1 AND m.id = $2 AND m.created_at = $3`, b.tenant, message, timeOf(message))
		if err != nil {
			return fmt.Errorf("read first copy: %w", err)
		}
		st := &b.stored[i]
		if _, err := pgx.ForEachRow(rows, []any{&st.Conversation, &st.Job, &st.Contact}, func() error { return nil }); err != nil {
			return fmt.Errorf("read first copy: %w", err)
		}
	}
	return nil
}

// bringForwardSQL makes a tenant's turn in the round due. It takes no lock when the turn is due anyway, which is what
// keeps writers of a busy tenant out of each other's way.
const bringForwardSQL = `
	UPDATE tenant_turns
	SET next_at = now() + make_interval(secs => $3), idle = 0
	WHERE tenant_id = $1 AND kind = $2 AND next_at > now() + make_interval(secs => $3)`

func bringForward(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, kind whatsapp.LaneKind, wait time.Duration) error {
	_, err := tx.Exec(ctx, bringForwardSQL, tenant, kind, wait.Seconds())
	return err
}
