package whatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const day = 24 * time.Hour

// attic is a bundle whose tenant has a cold database, 90 hot days and 730 days of retention. Its clock is the keeper's.
type attic struct {
	*bundle
	later time.Duration
}

func newAttic(t *testing.T) *attic {
	t.Helper()
	a := &attic{bundle: setup(t, options{})}
	require.NoError(t, a.db.CreateCold(t.Context(), a.tenant))
	t.Cleanup(func() { _ = a.db.DropCold(context.Background(), a.tenant) })
	platformExec(t, a.db, `UPDATE tenants SET cold_ready = true WHERE id = $1`, a.tenant)
	platformExec(t, a.db, `
		INSERT INTO tenant_policies (tenant_id, hot_ttl_days, message_retention_days) VALUES ($1, 90, 730)
		ON CONFLICT (tenant_id) DO UPDATE SET hot_ttl_days = 90, message_retention_days = 730`, a.tenant)
	return a
}

func (a *attic) keeper(store whatsapp.KeepStore) *whatsapp.Keeper {
	return whatsapp.NewKeeper(store, func() time.Time { return time.Now().Add(a.later) }, slog.New(slog.DiscardHandler))
}

// talk has a customer say n things, each answered, sent and reported as delivered.
func (a *attic) talk(from string, n int) {
	a.t.Helper()
	for i := range n {
		before := len(a.ledger.to(from))
		a.says(from, fmt.Sprintf("question %d", i))
		a.eventually("an answer", func() bool { return len(a.ledger.to(from)) == before+1 })
	}
	a.eventually("everything sent", func() bool {
		return a.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`)+a.count(`SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing')`) == 0
	})
	for _, m := range a.thread() {
		if m.Direction == whatsapp.Out {
			require.NoError(a.t, a.post(deliveryBody(m.ID.String(), 3, 5)))
		}
	}
}

func (a *attic) only() flomastr.ConversationID {
	a.t.Helper()
	list, _, err := a.engine.Conversations(a.t.Context(), a.tenant, whatsapp.Page{Limit: 10})
	require.NoError(a.t, err)
	require.Len(a.t, list, 1)
	return list[0].ID
}

func (a *attic) archived() (n int) {
	a.t.Helper()
	require.NoError(a.t, a.db.InCold(a.t.Context(), a.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(a.t.Context(), `SELECT count(*) FROM archived_messages`).Scan(&n)
	}))
	return n
}

func (a *attic) hot() int { return a.count(`SELECT count(*) FROM messages`) }

// paged reads the thread three messages at a time, the oldest first.
func (a *attic) paged() (all []whatsapp.Message) {
	a.t.Helper()
	id, cursor := a.only(), ""
	for {
		page, next, err := a.engine.Messages(a.t.Context(), a.tenant, id, whatsapp.Page{Limit: 3, Cursor: cursor})
		require.NoError(a.t, err)
		all = append(all, page...)
		if next == "" {
			slices.Reverse(all)
			return all
		}
		require.Len(a.t, page, 3)
		cursor = next
	}
}

func (a *attic) audited(action string) int {
	return a.count(`SELECT count(*) FROM audit_log WHERE action = $1`, action)
}

func TestAnIdleConversationMovesToTheArchiveAndReadsAsBefore(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.work()
	a.talk("385911111111", 4)
	before := a.thread()
	require.Len(t, before, 8)

	a.later = 89 * day
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Zero(t, a.archived(), "not idle for long enough")

	a.later = 91 * day
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Equal(t, 8, a.archived())
	for table, left := range map[string]int{"messages": 0, "message_events": 0, "outbox": 0, "conversations": 1, "inbound_receipts": 4} {
		require.Equal(t, left, a.count(`SELECT count(*) FROM `+table), table)
	}
	require.Equal(t, before, a.thread())
	require.Equal(t, before, a.paged())
	require.Equal(t, 1, a.audited("conversations.archived"))
	list, _, err := a.engine.Conversations(t.Context(), a.tenant, whatsapp.Page{Limit: 10})
	require.NoError(t, err)
	require.False(t, list[0].ArchivedAt.IsZero(), "the row says where its messages are")

	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Equal(t, 1, a.audited("conversations.archived"), "there is nothing left to do")
}

func TestAConversationWithADeadLetterStaysWhereItIsListed(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]string{
		"a message":                 `UPDATE messages SET state = 'failed' WHERE direction = 'out'`,
		"one of an unknown outcome": `UPDATE messages SET state = 'unknown' WHERE direction = 'out'`,
		"a turn":                    `UPDATE jobs SET state = 'failed'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAttic(t)
			a.work()
			a.talk("385911111111", 1)
			tenantExec(t, a.bundle, kill)
			tenantExec(t, a.bundle, `UPDATE outbox SET settled_at = now() - interval '1 hour'`)
			require.Len(t, a.dead(), 1)
			a.later = 91 * day
			require.NoError(t, a.keeper(a.store).Keep(t.Context()))
			require.Zero(t, a.archived())
			require.Len(t, a.dead(), 1, "it is still listed")

			d := a.dead()[0]
			require.NoError(t, a.engine.Discard(t.Context(), a.tenant, admin.Actor, d.Kind, d.ID))
			require.NoError(t, a.keeper(a.store).Keep(t.Context()))
			require.Equal(t, 2, a.archived(), "a person dealt with it")
		})
	}
}

func TestACustomerWhoComesBackFindsTheirConversationRemembered(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.work()
	a.talk("385911111111", 2)
	a.later = 91 * day
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Zero(t, a.hot())

	old := a.thread()
	a.talk("385911111111", 1)
	require.Equal(t, 2, a.hot())
	turns := a.answerer.seen()
	last := turns[len(turns)-1]
	require.False(t, last.First, "they are no new customer")
	var said []string
	for _, m := range last.History {
		said = append(said, m.Text)
	}
	require.Equal(t, []string{"question 0", "re: question 0", "question 1", "re: question 1"}, said)
	all := a.paged()
	require.Len(t, all, 6)
	require.Equal(t, old, all[:4])

	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Zero(t, a.hot(), "what is new is archived in its turn")
	require.Equal(t, all[5].Text, a.paged()[5].Text)
	require.Len(t, a.paged(), 6)
}

// stumbling fails once at a step, before or after doing it, and calls back instead of the step where it is told to.
type stumbling struct {
	whatsapp.KeepStore
	step   string
	after  bool
	failed bool
	during func()
}

var errStumbled = errors.New("killed")

func (s *stumbling) at(step string, do func() error) error {
	if step != s.step || s.failed {
		return do()
	}
	s.failed = true
	if s.during != nil {
		s.during()
		return do()
	}
	if s.after {
		return errors.Join(do(), errStumbled)
	}
	return errStumbled
}

func (s *stumbling) SaveArchived(ctx context.Context, tenant flomastr.TenantID, messages []whatsapp.Archived) error {
	return s.at("copy", func() error { return s.KeepStore.SaveArchived(ctx, tenant, messages) })
}

func (s *stumbling) ReadArchived(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.MessageID) (kept map[flomastr.MessageID]whatsapp.Archived, err error) {
	err = s.at("verify", func() (err error) { kept, err = s.KeepStore.ReadArchived(ctx, tenant, ids); return err })
	return kept, err
}

func (s *stumbling) DropHot(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time, messages []whatsapp.Archived) error {
	return s.at("delete", func() error { return s.KeepStore.DropHot(ctx, tenant, id, before, messages) })
}

func (s *stumbling) MarkArchived(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time) error {
	return s.at("mark", func() error { return s.KeepStore.MarkArchived(ctx, tenant, id, before) })
}

func (s *stumbling) Expire(ctx context.Context, tenant flomastr.TenantID, place whatsapp.Place, before time.Time, _ int) (n int, err error) {
	n, err = s.KeepStore.Expire(ctx, tenant, place, before, 3)
	if err == nil {
		err = s.at("expire "+string(place), func() error { return nil })
	}
	return n, err
}

func TestAnArchiveThatIsBrokenOffAnywhereIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.work()
	a.talk("385911111111", 3)
	a.later = 91 * day
	for _, step := range []string{"copy", "verify", "delete", "mark"} {
		for _, after := range []bool{false, true} {
			a.talk("385911111111", 1)
			before := a.thread()
			err := a.keeper(&stumbling{KeepStore: a.store, step: step, after: after}).Keep(t.Context())
			require.ErrorIs(t, err, errStumbled, step)
			require.Equal(t, before, a.thread(), "%s, after: %v: every message once while it is half done", step, after)
			require.Equal(t, before, a.paged())
			require.NoError(t, a.keeper(a.store).Keep(t.Context()))
			require.Zero(t, a.hot(), step)
			require.Equal(t, len(before), a.archived(), step)
			require.Equal(t, before, a.thread())
		}
	}
}

func TestWhatChangesWhileItIsArchivedIsNotLost(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(a *attic){
		"a new message": func(a *attic) { a.says("385911111111", "one more") },
		"a late report": func(a *attic) {
			for _, m := range a.thread() {
				if m.Direction == whatsapp.Out {
					require.NoError(a.t, a.post(seenBody(m.ID.String())))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAttic(t)
			a.work()
			a.talk("385911111111", 1)
			a.later = 90 * day // whatever comes from now on is news
			store := &stumbling{KeepStore: a.store, step: "delete", during: func() { happens(a) }}
			_ = a.keeper(store).Keep(t.Context())
			require.True(t, store.failed, "it happened between copy and deletion")
			require.GreaterOrEqual(t, a.hot(), 2, "nothing was deleted")
			a.eventually("all settled", func() bool {
				// In one look: between two of them a turn ends and its answer begins.
				return a.count(`
					SELECT (SELECT count(*) FROM outbox WHERE phase <> 'settled') + (SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing'))`) == 0
			})
			now := a.thread()
			require.NoError(t, a.keeper(a.store).Keep(t.Context()))
			require.Zero(t, a.hot())
			require.Equal(t, now, a.thread())
		})
	}
}

func TestMessagesPastTheirRetentionAreDeletedWhereverTheyAre(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.work()
	a.talk("385911111111", 4)
	a.later = 91 * day
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	body := textBody("385911111111", ourNumber, "before the end", "wamid.once")
	require.NoError(t, a.post(body))
	a.eventually("an answer", func() bool { return len(a.ledger.to("385911111111")) == 5 })
	a.eventually("sent", func() bool { return a.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0 })
	require.Equal(t, 8, a.archived())
	require.Equal(t, 2, a.hot())

	a.later = 729 * day
	platformExec(t, a.db, `UPDATE tenant_policies SET hot_ttl_days = 3650 WHERE tenant_id = $1`, a.tenant)
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Len(t, a.thread(), 10, "not yet")

	a.later = 731 * day
	require.ErrorIs(t, a.keeper(&stumbling{KeepStore: a.store, step: "expire archive"}).Keep(t.Context()), errStumbled)
	require.Zero(t, a.hot(), "one place's failure does not keep the other waiting")
	require.Equal(t, 5, a.archived(), "a batch of three is gone")
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	require.Zero(t, a.archived())
	require.Empty(t, a.thread())
	for table, left := range map[string]int{"messages": 0, "message_events": 0, "outbox": 0, "jobs": 0, "conversations": 1, "inbound_receipts": 5} {
		require.Equal(t, left, a.count(`SELECT count(*) FROM `+table), table)
	}
	require.Zero(t, a.count(`SELECT count(*) FROM conversations WHERE last_text <> ''`))
	require.Equal(t, 1, a.count(`SELECT count(*) FROM audit_log WHERE action = 'messages.expired' AND detail->>'place' = 'archive' AND detail->>'count_after' = '0'`))
	require.Equal(t, 2, a.count(`SELECT count(*) FROM audit_log WHERE action = 'messages.expiry_began' AND detail->>'place' = 'archive'`), "one of them was broken off, and shows")

	require.NoError(t, a.post(body))
	require.Empty(t, a.thread(), "what is delivered once more is still known")
	require.Len(t, a.ledger.to("385911111111"), 5)
}

func TestAMessageThatWaitsToBeSentIsNotExpired(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.says("385911111111", "hello")
	a.hire("ana")
	_, err := a.engine.Reply(t.Context(), a.tenant, a.only(), whatsapp.Author{ID: "ana", Actor: "user:ana"}, whatsapp.Content{Text: "soon"})
	require.NoError(t, err)
	a.later = 731 * day
	require.NoError(t, a.keeper(a.store).Keep(t.Context()))
	left := a.thread()
	require.Len(t, left, 1)
	require.Equal(t, "soon", left[0].Text)
}

func TestOneTenantsFailureDoesNotKeepTheOthersWaiting(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.says("385911111111", "hello")
	broken := tenantRow(t, a.db) // says that it has a cold database, and has none
	platformExec(t, a.db, `UPDATE tenants SET cold_ready = true WHERE id = $1`, broken)
	platformExec(t, a.db, `INSERT INTO tenant_policies (tenant_id) VALUES ($1)`, broken)
	a.later = 731 * day
	require.Error(t, a.keeper(a.store).Keep(t.Context()))
	require.Zero(t, a.hot())
}

func TestWhatIsTakenBackAfterItMovedToTheArchiveIsForNobodysEyesEither(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.speak()
	a.hears(
		provider.Inbound{ProviderID: "wamid.a", Type: "image", Text: "My password is hunter2.", Media: provider.Attachment{ID: "7"}, Silent: true},
		provider.Inbound{ProviderID: "wamid.b", Text: "We met on Monday.", Silent: true},
		provider.Inbound{ProviderID: "wamid.c", Text: "Bye.", Silent: true},
	)
	a.later = 91 * day
	keeper := a.keeper(a.store)
	require.NoError(t, keeper.Keep(t.Context()))
	require.Zero(t, a.hot())
	foreign := revoke("wamid.b")
	foreign.Echo = true
	a.hears(revoke("wamid.a"), edit("wamid.b", "We met on Tuesday."), reaction("wamid.b", "👍"), foreign, revoke("wamid.c"), revoke("wamid.never"))
	jobs := a.enqueued()
	require.Len(t, jobs, 5)
	for range 2 { // each may be cut off and come again
		for _, args := range jobs {
			require.NoError(t, keeper.ChangeArchived(t.Context(), args))
		}
	}
	m := a.paged()
	require.Len(t, m, 5, "what was foreign or unknown is kept")
	require.Empty(t, m[0].Text)
	require.NotNil(t, m[0].Details.RevokedAt)
	require.Equal(t, []whatsapp.MediaState{whatsapp.MediaRefused}, a.media())
	require.Equal(t, "We met on Tuesday.", m[1].Text)
	require.Len(t, m[1].Details.Earlier, 1)
	require.Equal(t, "👍", m[1].Details.Reaction)
	require.Nil(t, m[1].Details.RevokedAt)
	list, _, err := a.engine.Conversations(t.Context(), a.tenant, whatsapp.Page{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, list[0].LastText, "nor in the list")
	work := a.spoken("385911111111")
	require.NotContains(t, work, "My password is hunter2.")
	require.Contains(t, work, "We met on Tuesday.")
}

// media are the states of all files.
func (a *attic) media() (states []whatsapp.MediaState) {
	a.t.Helper()
	require.NoError(a.t, a.db.InTenant(a.t.Context(), a.tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(a.t.Context(), `SELECT state FROM media ORDER BY id`)
		if err != nil {
			return err
		}
		states, err = pgx.CollectRows(rows, pgx.RowTo[whatsapp.MediaState])
		return err
	}))
	return states
}

// enqueued are the jobs that wait to change what is archived.
func (a *attic) enqueued() (list []whatsapp.ChangeArchivedArgs) {
	a.t.Helper()
	require.NoError(a.t, a.db.InPlatform(a.t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(a.t.Context(), `SELECT args FROM river.river_job WHERE kind = 'conversations.change_archived' ORDER BY id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[whatsapp.ChangeArchivedArgs])
		return err
	}))
	return list
}

// spoken is what the assistant is told of the past when the customer writes again.
func (a *attic) spoken(from string) (said []string) {
	a.t.Helper()
	seen := make(chan flomastr.Turn, 1)
	a.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		seen <- turn
		return flomastr.Decision{Action: flomastr.ActionSilent}, nil
	}
	a.work()
	a.hears(provider.Inbound{From: provider.Address{Phone: from}, Text: "Hello again."})
	for _, m := range (<-seen).History {
		said = append(said, m.Text)
	}
	return said
}
