package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/whatsapp"
)

// poison is the word that a kill point waits for.
const poison = "poison"

// fair is how many turns of other tenants may begin while one waits: a round of both servers' hands, and the rest of the
// one before.
const fair = 40

// burst lets the first tenant's customers write ten times as much as usual. The other's are answered meanwhile as if nothing
// were, and everybody's messages are acknowledged within a second.
func burst(ctx context.Context, t *trial) error {
	began := time.Now()
	flooding, stop := context.WithTimeout(ctx, window)
	defer stop()
	t.load.flood(flooding, t.patience, 0, 200, 250)
	t.afterwards(func(ctx context.Context, c *checker) {
		if p99 := slowest(t.load.waits); p99 > time.Second {
			c.violatedf("I9 99%% of the messages were acknowledged within %s", p99)
		}
		c.unfair(ctx, began)
		c.none(ctx, "I12 backlog", `SELECT id FROM jobs WHERE state IN ('queued', 'processing')`)
	})
	return nil
}

// unfair finds turns of the second tenant that others overtook more often than in turn. It counts what was begun, and no
// seconds, which a busy machine stretches.
func (c *checker) unfair(ctx context.Context, since time.Time) {
	c.none(ctx, "one tenant's turn waited for another's", `
		SELECT j.id || ' waited for ' || n FROM jobs j
		CROSS JOIN LATERAL (SELECT count(*) AS n FROM jobs o
		  WHERE o.tenant_id <> j.tenant_id AND o.processing_started_at > j.ready_at AND o.processing_started_at < j.processing_started_at) others
		WHERE j.tenant_id = $1 AND j.created_at > $2 AND j.attempts = 1 AND n > $3`, c.lab.channels[1].Tenant, since, fair)
}

// failHead refuses what goes to one contact. What they write meanwhile waits behind it; everybody else is answered.
func failHead(ctx context.Context, t *trial) error {
	const who = 0
	to := t.load.contact(visitor + who)
	refusal := refuse(503, -1)
	refusal["to"] = to
	if err := t.lab.fault(ctx, refusal); err != nil {
		return err
	}
	before, err := t.lab.ledger(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for i := range 4 {
		ids = append(ids, t.visit(who, fmt.Sprintf("Question %d: what does it cost?", i)))
		sleep(ctx, window/4)
	}
	during, err := t.lab.ledger(ctx)
	if err != nil {
		return err
	}
	if err := t.lab.forgive(ctx); err != nil {
		return err
	}
	others := 0
	for _, a := range during[len(before):] {
		if a.To == to {
			return errors.New("the refusals did not happen")
		}
		others++
	}
	if others == 0 {
		return errors.New("I4 one contact's failing message held everybody up")
	}
	t.afterwards(func(ctx context.Context, c *checker) {
		c.answered(ctx, ids)
		c.none(ctx, "I1 given up although it was refused for a passing reason", `
			SELECT m.id || ' ' || m.problem FROM messages m JOIN outbox o ON o.tenant_id = m.tenant_id AND o.message_id = m.id
			JOIN conversations v ON v.tenant_id = m.tenant_id AND v.id = m.conversation_id
			WHERE v.address = $1 AND m.state = 'failed'`, to)
	})
	return nil
}

// answered finds messages of visitors that are in no finished turn, or in one that nobody answered.
func (c *checker) answered(ctx context.Context, ids []string) {
	for _, id := range ids {
		if !slices.Contains(c.load.heard, id) {
			c.violatedf("not checked: %s was never acknowledged", id)
		}
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(c.load.heard, id) })
	c.none(ctx, "I1 a visitor's message that nobody answered", `
		SELECT a || ' ' || coalesce(j.state, 'no turn') FROM unnest($1::text[]) a
		LEFT JOIN inbound_receipts r ON r.provider_message_id = a
		LEFT JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.message_id
		LEFT JOIN jobs j ON j.tenant_id = m.tenant_id AND j.id = m.job_id
		WHERE coalesce(j.state, '') NOT IN ('completed', 'failed')
		   OR NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = j.tenant_id AND o.job_id = j.id)`, ids)
}

// enqueue puts a job of the background into its queue, as another server might, and gives its id.
func (t *trial) enqueue(ctx context.Context, kind, args string, attempts int) (int64, error) {
	var id int64
	err := t.lab.admin.QueryRow(ctx, `INSERT INTO river.river_job (kind, args, max_attempts) VALUES ($1, $2, $3) RETURNING id`, kind, args, attempts).Scan(&id)
	return id, err
}

// garble puts jobs, a message to be sent and a piece of history where nobody can read them.
func garble(ctx context.Context, t *trial) error {
	tenant, item := t.lab.channels[0].Tenant, flomastr.NewID[flomastr.ItemID]()
	bad := map[string]int64{}
	for name, job := range map[string][2]string{
		"unknown kind": {"chaos.unknown", `{}`},
		"no object":    {contextengine.IndexArgs{}.Kind(), `"rubbish"`},
		"bad args":     {contextengine.IndexArgs{}.Kind(), fmt.Sprintf(`{"tenant_id":%q,"item_id":7}`, tenant)},
		"bad tenant":   {contextengine.IndexArgs{}.Kind(), `{"tenant_id":7}`},
		"10 MB":        {contextengine.IndexArgs{}.Kind(), fmt.Sprintf(`{"tenant_id":%q,"item_id":%q,"pad":%q}`, tenant, item, strings.Repeat("x", 10<<20))},
	} {
		id, err := t.enqueue(ctx, job[0], job[1], 2)
		if err != nil {
			return err
		}
		bad[name] = id
	}
	ids := []string{t.visit(0, "Hello, are you there?"), t.visit(2, "Good day, are you there?")}
	if err := until(ctx, time.Minute, func() bool { return t.lab.finished(ctx, ids) }); err != nil {
		return fmt.Errorf("the visitors got no answer: %w", err)
	}
	// What was said to the first can no longer be read; what is to be sent to the second neither.
	if _, err := t.lab.admin.Exec(ctx, `
		UPDATE messages m SET decision = '{"evidence": "rubbish"}' FROM conversations v
		WHERE v.tenant_id = m.tenant_id AND v.id = m.conversation_id AND v.address = $1 AND m.direction = 'out'`, t.load.contact(visitor)); err != nil {
		return err
	}
	refusal := refuse(503, -1)
	refusal["to"] = t.load.contact(visitor + 2)
	if err := t.lab.fault(ctx, refusal); err != nil {
		return err
	}
	ids = append(ids, t.visit(0, "And on Sunday?"), t.visit(2, "And on Sunday?"))
	if err := until(ctx, time.Minute, func() bool {
		tag, err := t.lab.admin.Exec(ctx, `
			UPDATE outbox o SET content = '"rubbish"' FROM conversations v
			WHERE v.tenant_id = o.tenant_id AND v.id = o.conversation_id AND v.address = $1 AND o.phase = 'queued'`, t.load.contact(visitor+2))
		return err == nil && tag.RowsAffected() > 0
	}); err != nil {
		return fmt.Errorf("nothing waited to be sent: %w", err)
	}
	if err := t.lab.forgive(ctx); err != nil {
		return err
	}
	ids = append(ids, t.visit(2, "And on Monday?"))
	if err := until(ctx, time.Minute, func() bool {
		return t.lab.number(ctx, `SELECT count(*) FROM river.river_job WHERE kind = 'chaos.unknown' AND state NOT IN ('discarded', 'cancelled')`) == 0
	}); err != nil {
		return fmt.Errorf("a job of an unknown kind is never given up: %w", err)
	}
	t.afterwards(func(ctx context.Context, c *checker) {
		for name, id := range bad {
			c.none(ctx, "a job that cannot be read ("+name+") is not given up with a reason", `
				SELECT j.state || ' after ' || j.attempt FROM river.river_job j
				WHERE j.id = $1 AND NOT (j.state IN ('discarded', 'cancelled') AND cardinality(j.errors) BETWEEN 1 AND 2)
				  AND NOT ($2 AND j.state = 'completed')`, id, name == "10 MB")
			if n := t.lab.number(ctx, `SELECT count(*) FROM river.river_job WHERE id = `+strconv.FormatInt(id, 10)); n != 1 {
				c.violatedf("I1 a job that cannot be read (%s) is gone", name)
			}
		}
		c.answered(ctx, ids)
		c.none(ctx, "a message that cannot be read was not given up with a reason", `
			SELECT m.id || ' ' || m.state FROM messages m JOIN outbox o ON o.tenant_id = m.tenant_id AND o.message_id = m.id
			WHERE o.content = '"rubbish"' AND NOT (m.state = 'failed' AND m.problem <> '')`)
	})
	return nil
}

// poisoned writes a message that ends its server whenever it is answered. After the last try its customer is told the truth,
// and everybody else is answered all the while.
func poisoned(ctx context.Context, t *trial) error {
	done := t.lab.done(ctx)
	id := t.visit(0, "This is "+poison+".")
	// Each try ends its server, and the next begins when the lease has ended.
	if err := until(ctx, 4*time.Minute, func() bool { return t.lab.finished(ctx, []string{id}) }); err != nil {
		return fmt.Errorf("a turn that ends its server is never given up: %w", err)
	}
	if t.lab.done(ctx) <= done+1 {
		return errors.New("I1 one turn kept all others from being answered")
	}
	deaths := t.lab.deaths()
	t.afterwards(func(ctx context.Context, c *checker) {
		if deaths == 0 || deaths > 4 {
			c.violatedf("a turn that ends its server was tried %d times", deaths)
		}
		c.answered(ctx, []string{id})
		c.none(ctx, "a turn that ends its server is not shown as failed", `
			SELECT j.state FROM jobs j JOIN messages m ON m.tenant_id = j.tenant_id AND m.job_id = j.id
			WHERE m.provider_message_id = $1 AND (j.state <> 'failed' OR j.error = '')`, id)
	})
	return nil
}

// hangs takes every hand of both servers with turns that heed no cancellation. Their places must be given to others, and they
// themselves are tried again.
func hangs(ctx context.Context, t *trial) error {
	var ids []string
	for who := range 20 {
		ids = append(ids, t.visit(who, "This is "+poison+"."))
	}
	// An answer may take a minute.
	if err := until(ctx, 3*time.Minute, func() bool { return t.lab.finished(ctx, ids) }); err != nil {
		return fmt.Errorf("turns that heed no cancellation keep their places: %w", err)
	}
	deaths := t.lab.deaths()
	t.afterwards(func(ctx context.Context, c *checker) {
		c.answered(ctx, ids)
		if deaths > 0 {
			c.violatedf("%d servers ended", deaths)
		}
		if !t.lab.logged("chaos: hangs at") {
			c.violatedf("not checked: nothing hung")
		}
		if !t.lab.logged("goroutine ") {
			c.violatedf("I14 nobody is told, with a dump of the goroutines, that a turn heeds no cancellation")
		}
	})
	return nil
}

// deleteWhileRunning deletes the job of a turn that is being worked, and then a whole tenant.
func deleteWhileRunning(ctx context.Context, t *trial) error {
	// A job, under its worker's feet.
	deleted := ""
	t.visit(0, "Hello, are you there?")
	for who := 0; deleted == "" && who < 40; who++ {
		t.visit(who, "Do you have a table for two?")
		_ = until(ctx, 3*time.Second, func() bool {
			rows, err := t.lab.rows(ctx, `
				SELECT j.id FROM jobs j JOIN messages m ON m.tenant_id = j.tenant_id AND m.job_id = j.id
				WHERE j.state = 'processing' AND m.provider_message_id LIKE $1 LIMIT 1`, "visitorchaos-"+t.load.run+"-%")
			if err == nil && len(rows) == 1 {
				if tag, err := t.lab.admin.Exec(ctx, `DELETE FROM jobs WHERE id = $1 AND state = 'processing'`, rows[0]); err == nil && tag.RowsAffected() == 1 {
					deleted = rows[0]
				}
			}
			return deleted != ""
		})
	}
	if deleted == "" {
		return errors.New("no turn was caught while it ran")
	}
	if err := t.deleteTenant(ctx); err != nil {
		return err
	}
	deaths := t.lab.deaths()
	t.afterwards(func(ctx context.Context, c *checker) {
		c.none(ctx, "I6 an answer of a job that was deleted", `SELECT message_id FROM outbox WHERE job_id = $1`, deleted)
		if deaths > 0 {
			c.violatedf("%d servers ended", deaths)
		}
	})
	return nil
}

// deleteTenant makes a tenant, and deletes it while its customers write and are answered. From then on nothing is sent to them.
func (t *trial) deleteTenant(ctx context.Context) error {
	l := t.lab
	l.spare++
	ch, err := l.provisionOne(ctx, tenants+l.spare)
	if err != nil {
		return err
	}
	if err := l.register(ctx, ch); err != nil {
		return err
	}
	writing, stop := context.WithCancel(ctx)
	defer stop()
	t.load.under.Go(func() {
		for n := 0; sleep(writing, 100*time.Millisecond); n++ {
			who := visitor + 500 + n%50
			u := t.load.addressed(ch, who, fmt.Sprintf("%s-%s-%d", forgotten, t.load.run, n), fmt.Sprintf("Question %d: when are you open?", n))
			t.load.under.Go(func() { t.load.deliver(writing, u, l.front.listener.Addr().String()) })
		}
	})
	from := func() (n int, err error) {
		taken, err := l.ledger(ctx)
		for _, a := range taken {
			if a.From == ch.Number {
				n++
			}
		}
		return n, err
	}
	if err := until(ctx, time.Minute, func() bool { n, err := from(); return err == nil && n > 10 }); err != nil {
		return fmt.Errorf("the tenant's customers were not answered: %w", err)
	}
	slug := fmt.Sprintf("chaos-%d", tenants+l.spare)
	if _, err := l.command(ctx, "tenant", "soft-delete", slug, "--reason", "chaos"); err != nil {
		return err
	}
	sleep(ctx, 2*time.Second) // what was on its way to the provider in that moment has arrived
	then, err := from()
	if err != nil {
		return err
	}
	sleep(ctx, window)
	stop()
	t.afterwards(func(ctx context.Context, c *checker) {
		if now, err := from(); err != nil || now != then {
			c.violatedf("a tenant that was deleted sent %d messages afterwards (%v)", now-then, err)
		}
	})
	_, err = l.command(ctx, "tenant", "hard-delete", slug, "--reason", "chaos", "--confirm-slug", slug)
	return err
}

// workLong is an outside worker that has a job for twenty minutes and prolongs its lease. Nobody takes it away, and nobody
// answers besides.
func workLong(ctx context.Context, t *trial) error {
	ch := t.lab.channels[0]
	outside := whatsapp.WorkerN8N
	if _, err := t.lab.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Worker: &outside}); err != nil {
		return err
	}
	inside := whatsapp.WorkerAssistant
	id := t.visit(0, "Please look this up.")
	var claimed whatsapp.Claimed
	var others []whatsapp.Claimed
	for claimed.Job.ID.IsZero() {
		got, err := t.lab.engine.NextJob(ctx, ch.Tenant, "", time.Minute)
		if err != nil {
			return fmt.Errorf("claim the visitor's job: %w", err)
		}
		if len(got.Messages) > 0 && got.Messages[0].ProviderID == id {
			claimed = got
		} else {
			others = append(others, got)
		}
	}
	_, err := t.lab.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Worker: &inside})
	for _, other := range others {
		if _, failed := t.lab.engine.FailJob(ctx, ch.Tenant, other.Job.ID, other.Job.Token, "chaos", true); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		return err
	}
	for until := time.Now().Add(20 * time.Minute); time.Now().Before(until) && sleep(ctx, 20*time.Second); {
		if _, err := t.lab.engine.ExtendJob(ctx, ch.Tenant, claimed.Job.ID, claimed.Job.Token, time.Minute); err != nil {
			return fmt.Errorf("a job was taken from its worker: %w", err)
		}
	}
	if _, err := t.lab.engine.CompleteJob(ctx, ch.Tenant, claimed.Job.ID, claimed.Job.Token, whatsapp.Completion{HandOver: "looked up"}); err != nil {
		return fmt.Errorf("a job was taken from its worker: %w", err)
	}
	t.afterwards(func(ctx context.Context, c *checker) {
		c.none(ctx, "I2 a job with a living worker was given out again", `SELECT attempts FROM jobs WHERE id = $1 AND attempts <> 1`, claimed.Job.ID)
		c.none(ctx, "I2 a job with a living worker was answered by another", `SELECT message_id FROM outbox WHERE job_id = $1`, claimed.Job.ID)
	})
	return nil
}

// orphan leaves ten thousand turns that a dead server had in its hands among ten thousand that a living one has, and the same
// of background jobs. Every orphan is taken up, and none of the others.
func orphan(ctx context.Context, t *trial) error {
	const each = 10_000
	ch := t.lab.channels[0]
	// A person has these conversations, so that nobody has to think of an answer.
	for _, sql := range []string{
		`CREATE TEMPORARY TABLE IF NOT EXISTS orphans (orphan bool, n int, tenant uuid, channel uuid, contact uuid, conversation uuid, job uuid)`,
		`TRUNCATE orphans`,
		fmt.Sprintf(`INSERT INTO orphans SELECT n %% 2 = 0, n, '%s', '%s', gen_random_uuid() contact, gen_random_uuid() conversation, gen_random_uuid() job FROM generate_series(1, %d) n`, ch.Tenant, ch.ID, 2*each),
		`INSERT INTO contacts (tenant_id, id, name) SELECT tenant, contact, 'orphan' FROM orphans`,
		`INSERT INTO conversations (tenant_id, id, channel_id, contact_id, address, owner_kind) SELECT tenant, conversation, channel, contact, '999' || n, 'member' FROM orphans`,
		`INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_at, job_id, state)
		 SELECT tenant, gen_random_uuid(), now(), conversation, 'in', 'contact', 'text', 'hello', now(), job, 'received' FROM orphans`,
		`INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, state, ready_at, attempts, worker, lease_token, term, processing_started_at)
		 SELECT tenant, job, conversation, channel, 'processing', now(), 1, 'assistant', gen_random_uuid(), 1, now() FROM orphans`,
		`INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, term, ready_at, lease_until)
		 SELECT tenant, conversation, 'turn', channel, 1, v, v FROM orphans, LATERAL (SELECT now() + CASE WHEN orphan THEN interval '-1 minute' ELSE interval '1 hour' END AS v) x`,
		`INSERT INTO river.river_job (kind, args, state, attempt, attempted_at, attempted_by, scheduled_at, metadata)
		 SELECT 'knowledge.index', '{}', 'running', 1, now() - CASE WHEN orphan THEN interval '3 hours' ELSE interval '1 second' END, '{chaos}', now(),
		        jsonb_build_object('orphan', orphan) FROM orphans`,
	} {
		if _, err := t.lab.admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("leave orphans: %w", err)
		}
	}
	clear := func(ctx context.Context) error {
		_, err := t.lab.admin.Exec(ctx, `
			DELETE FROM contacts c USING orphans o WHERE c.tenant_id = o.tenant AND c.id = o.contact;
			DELETE FROM river.river_job WHERE metadata ? 'orphan'`)
		return err
	}
	const left = `SELECT count(*) FROM jobs j JOIN orphans o ON o.job = j.id WHERE j.state <> 'completed' AND o.orphan`
	const running = `SELECT count(*) FROM river.river_job WHERE metadata->>'orphan' = 'true' AND state = 'running' AND attempt = 1`
	err := until(ctx, 5*time.Minute, func() bool { return t.lab.number(ctx, left) == 0 && t.lab.number(ctx, running) == 0 })
	if err != nil {
		err = fmt.Errorf("%d turns and %d jobs without owner were not taken up: %w", t.lab.number(ctx, left), t.lab.number(ctx, running), err)
	}
	if n := t.lab.number(ctx, `SELECT count(*) FROM jobs j JOIN orphans o ON o.job = j.id WHERE NOT o.orphan AND (j.state <> 'processing' OR j.attempts <> 1)`); n != 0 {
		err = errors.Join(err, fmt.Errorf("I2 %d turns were taken from a living owner", n))
	}
	if n := t.lab.number(ctx, `SELECT count(*) FROM river.river_job WHERE metadata->>'orphan' = 'false' AND (state <> 'running' OR attempt <> 1)`); n != 0 {
		err = errors.Join(err, fmt.Errorf("I2 %d jobs were taken from a living owner", n))
	}
	return errors.Join(err, clear(ctx))
}

// bury lets the first tenant enqueue a mountain of knowledge to be read. The other's customers are answered as if nothing were.
func bury(ctx context.Context, t *trial) error {
	mountain := 100_000
	if t.profile.long {
		mountain = 1_000_000
	}
	tag, err := t.lab.admin.Exec(ctx, `
		INSERT INTO river.river_job (kind, args, queue, metadata)
		SELECT $1, jsonb_build_object('tenant_id', $2::uuid, 'item_id', gen_random_uuid(), 'version', 1), 'knowledge', '{"mountain": true}'
		FROM generate_series(1, $3::int)`, contextengine.IndexArgs{}.Kind(), t.lab.channels[0].Tenant, mountain)
	if err != nil {
		return err
	}
	began := time.Now()
	var ids []string
	for who := 1; who < 20; who += tenants {
		ids = append(ids, t.visit(who, "Are you open today?"))
		sleep(ctx, window/10)
	}
	const answered = `SELECT count(*) FROM river.river_job WHERE metadata ? 'mountain' AND state <> 'available'`
	if t.lab.number(ctx, answered) == 0 {
		err = errors.New("the mountain was not begun")
	}
	if err := until(ctx, time.Minute, func() bool { return t.lab.finished(ctx, ids) }); err != nil {
		return fmt.Errorf("chats wait behind a mountain of reading: %w", err)
	}
	if done := t.lab.number(ctx, answered); int64(done) >= tag.RowsAffected() {
		err = errors.New("the mountain was gone before the chats")
	}
	// What a server is just taking is left to it: it holds rows in another order.
	_, cleared := t.lab.admin.Exec(ctx, `
		DELETE FROM river.river_job
		WHERE id IN (SELECT id FROM river.river_job WHERE metadata ? 'mountain' FOR UPDATE SKIP LOCKED)`)
	t.afterwards(func(ctx context.Context, c *checker) {
		c.answered(ctx, ids)
		// Two seconds more than without it: this machine may be busy.
		c.none(ctx, "a chat waited for two seconds and more behind a mountain of reading", `
			WITH waits AS (SELECT created_at, processing_started_at - ready_at AS wait FROM jobs WHERE tenant_id = $1 AND attempts = 1)
			SELECT wait FROM waits
			WHERE created_at > $2 AND wait > interval '2 seconds' + (SELECT coalesce(max(wait), '0') FROM waits WHERE created_at BETWEEN $2 - interval '10 seconds' AND $2)`,
			t.lab.channels[1].Tenant, began)
	})
	return errors.Join(err, cleared)
}

// shareQueue puts jobs into the queue that a newer version would know, and one that names another tenant's thing.
func shareQueue(ctx context.Context, t *trial) error {
	newer, err := t.enqueue(ctx, "chaos.newer", fmt.Sprintf(`{"tenant_id":%q}`, t.lab.channels[0].Tenant), 25)
	if err != nil {
		return err
	}
	later, err := t.enqueue(ctx, contextengine.IndexArgs{}.Kind(), `{"tenant_id":{"of":"a newer shape"}}`, 25)
	if err != nil {
		return err
	}
	// The second tenant's item, as if its own reading had been asked for by the first.
	item, theirs := flomastr.NewID[flomastr.ItemID](), t.lab.channels[1].Tenant
	if _, err := t.lab.admin.Exec(ctx, `INSERT INTO knowledge_index (tenant_id, id, title, source) VALUES ($1, $2, 'theirs', 'paste')`, theirs, item); err != nil {
		return fmt.Errorf("make an item: %w", err)
	}
	before, err := t.lab.rows(ctx, `SELECT to_jsonb(i) FROM knowledge_index i WHERE id = $1`, item)
	if err != nil || len(before) != 1 {
		return fmt.Errorf("read the item: %w", err)
	}
	foreign := map[string]int64{}
	for _, job := range []string{"knowledge.index", "knowledge.erase"} {
		if foreign[job], err = t.enqueue(ctx, job, fmt.Sprintf(`{"tenant_id":%q,"item_id":%q,"version":1}`, t.lab.channels[0].Tenant, item), 2); err != nil {
			return err
		}
	}
	sleep(ctx, 2*window)
	t.afterwards(func(ctx context.Context, c *checker) {
		for name, id := range map[string]int64{"kind": newer, "shape": later} {
			c.none(ctx, "a job of a newer "+name+" was not left for those who know it", `SELECT state FROM river.river_job WHERE id = $1 AND state NOT IN ('available', 'retryable', 'scheduled')`, id)
			c.none(ctx, "a job of a newer "+name+" is tried again and again", `SELECT attempt FROM river.river_job WHERE id = $1 AND attempt > 5`, id)
			if t.lab.number(ctx, fmt.Sprintf(`SELECT count(*) FROM river.river_job WHERE id = %d`, id)) != 1 {
				c.violatedf("I1 a job of a newer %s is gone", name)
			}
		}
		after, err := t.lab.rows(ctx, `SELECT to_jsonb(i) FROM knowledge_index i WHERE id = $1`, item)
		if err != nil || len(after) != 1 || after[0] != before[0] {
			c.violatedf("I5 a job of one tenant changed another's item: %v instead of %v (%v)", after, before, err)
		}
		for job, id := range foreign {
			c.none(ctx, "the job of a foreign item did not run: "+job, `SELECT state FROM river.river_job WHERE id = $1 AND attempt = 0`, id)
		}
		_, _ = t.lab.admin.Exec(ctx, `DELETE FROM river.river_job WHERE id = ANY ($1)`, []int64{newer, later})
		_, _ = t.lab.admin.Exec(ctx, `DELETE FROM knowledge_index WHERE id = $1`, item)
	})
	return nil
}
