package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/whatsapp"
)

// movePatience bounds every wait of a test that moves: what hangs fails.
const movePatience = 4 * time.Minute

// moveBench is a business and its neighbour, two processes that serve them, and a second server.
type moveBench struct {
	*releaseBench
	cfg   postgres.Config
	other knowledgeBench // another process
	near  flomastr.TenantID
}

func moving(t *testing.T) (*moveBench, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), movePatience)
	t.Cleanup(cancel)
	db, cfg := twoServers(t)
	again, err := postgres.Open(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(again.Close)
	b := &moveBench{cfg: cfg, releaseBench: &releaseBench{knowledgeBench: knowledgeOn(db), tenant: movable(t, db)}, near: movable(t, db)}
	b.other = knowledgeOn(again)
	b.hours = b.add(t, b.tenant, "Opening hours", opening)
	b.add(t, b.near, "Opening hours", opening)
	return b, ctx
}

// furnish gives the business a release that is staged, an index of vectors, an archived message and versions.
func (b *moveBench) furnish(t *testing.T) {
	t.Helper()
	b.fill(t, b.tenant)
	b.prices = b.add(t, b.tenant, "Prices", "# Prices\n\nA ticket for the museum costs 12 dirhams. Children pay 5 dirhams.")
	b.old = b.add(t, b.tenant, "Winter market", "The winter market sells roasted chestnuts until the sixth of January.")
	b.kept = b.add(t, b.tenant, "Returns", "You may return a bicycle within 30 days of purchase. Garages are not refunded.")
	b.add(t, b.tenant, "Prices", "# Prices\n\nA ticket for the museum costs 13 dirhams. Children pay 5 dirhams.")
	b.stage(t)
	b.archive(t, "an old word")
}

func knowledgeOn(db *postgres.DB) knowledgeBench {
	store := postgres.NewKnowledgeStore(db)
	blobs := &memoryBlobs{kept: map[string][]byte{}}
	engine := contextengine.New(contextengine.Deps{Status: store, Content: store, Releases: store, Staged: store, Blobs: blobs, Reader: plainReader{}, Embedder: offline.New()})
	return knowledgeBench{engine, db, blobs}
}

// movable is a tenant whose database is there and known to be.
func movable(t *testing.T, db *postgres.DB) flomastr.TenantID {
	t.Helper()
	id := postgrestest.Tenant(t, db)
	require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tenants SET cold_ready = true WHERE id = $1`, id)
		return err
	}))
	return id
}

// fill makes a brain of a few hundred passages with an index of vectors.
func (b *moveBench) fill(t *testing.T, tenant flomastr.TenantID) {
	t.Helper()
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "## Part %d\n\nThe spare part %d of machine %d stands on shelf %d and costs %d dirhams.\n\n", i, i*7919, i%17, i%23, 10+i*3)
	}
	b.add(t, tenant, "Spare parts", text.String())
	require.NoError(t, postgres.NewKnowledgeStore(b.db).IndexVectors(t.Context(), tenant, offline.Name, offline.Dimensions, 10))
}

func (b *moveBench) archive(t *testing.T, text string) flomastr.MessageID {
	t.Helper()
	m := whatsapp.Archived{
		ID: flomastr.NewID[flomastr.MessageID](), Seq: 1, Conversation: flomastr.NewID[flomastr.ConversationID](), Direction: "in", Speaker: "customer",
		Type: "text", Text: text, State: "received", Events: "[]",
	}
	require.NoError(t, postgres.NewWhatsAppStore(b.db).SaveArchived(t.Context(), b.tenant, []whatsapp.Archived{m}))
	return m.ID
}

func (b *moveBench) archived(t *testing.T, db *postgres.DB, id flomastr.MessageID) string {
	t.Helper()
	found, err := postgres.NewWhatsAppStore(db).ReadArchived(t.Context(), b.tenant, []flomastr.MessageID{id})
	require.NoError(t, err)
	return found[id].Text
}

func (b *moveBench) move(ctx context.Context, to string, told func(step string)) error {
	return b.db.MoveCold(ctx, postgres.ColdMove{Tenant: b.tenant, To: to, Told: func(step string, _ time.Duration, _ string) {
		if told != nil {
			told(step)
		}
	}})
}

// lies tells on which server the tenant's database serves, and on which servers there is one.
func (b *moveBench) lies(t *testing.T, tenant flomastr.TenantID) (serves string, there []string) {
	t.Helper()
	require.NoError(t, b.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT cold_db_ref FROM tenants WHERE id = $1`, tenant).Scan(&serves)
	}))
	for _, server := range []string{"", "eu1"} {
		exists, err := postgres.ColdExistsOn(t.Context(), b.db, tenant, server)
		require.NoError(t, err)
		if exists {
			there = append(there, server)
		}
	}
	return serves, there
}

// TestAMoveUnderLoadFailsNoQuestion asks two processes all the time, and changes the knowledge and the archive meanwhile.
func TestAMoveUnderLoadFailsNoQuestion(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	b.furnish(t)
	var asked atomic.Int64
	var failed sync.Map
	asking, stop := context.WithCancel(ctx)
	defer stop()
	var askers sync.WaitGroup
	for i := range 6 {
		engine := []knowledgeBench{b.knowledgeBench, b.other}[i%2]
		askers.Go(func() {
			for n := i; asking.Err() == nil; n++ {
				question := releaseQuestions[n%len(releaseQuestions)]
				result, err := engine.Retrieve(ctx, b.tenant, contextengine.Query{Text: question})
				if err == nil && question == "When does the garage in Al Quoz close?" && (len(result.Passages) == 0 || !strings.Contains(result.Passages[0].Text, "22:00")) {
					err = errors.New("another answer")
				}
				if err != nil {
					failed.Store(question, err)
				}
				asked.Add(1)
			}
		})
	}
	// Changes come all the time, too, from the other process: what it was told is done must be there afterwards.
	changing, settle := context.WithCancel(ctx)
	defer settle()
	var written []flomastr.MessageID
	var changers sync.WaitGroup
	changers.Go(func() {
		for n := 0; changing.Err() == nil; n++ {
			id := flomastr.NewID[flomastr.MessageID]()
			err := postgres.NewWhatsAppStore(b.other.db).SaveArchived(ctx, b.tenant, []whatsapp.Archived{{
				ID: id, Seq: int64(n), Conversation: flomastr.NewID[flomastr.ConversationID](), Direction: "in", Speaker: "customer", Type: "text", Text: "during", State: "received", Events: "[]",
			}})
			if errors.Is(err, postgres.ErrColdMoving) {
				continue // it waited for as long as it may; whoever wanted it comes again
			}
			if err != nil {
				failed.Store("a change", err)
			}
			written = append(written, id)
		}
	})
	var steps []string
	err := b.move(ctx, "eu1", func(step string) {
		steps = append(steps, step)
		if step == "copy" { // what is published now is not in the copy
			b.add(t, b.tenant, "Lockers", "A locker at the north gate costs 9 dirhams a day.")
			require.NoError(t, b.Delete(ctx, b.tenant, flomastr.ActorSystem, b.old.ID))
			require.NoError(t, b.Erase(ctx, b.tenant, contextengine.EraseArgs{Tenant: b.tenant, Item: b.old.ID}))
		}
	})
	require.NoError(t, err)
	after := asked.Load()
	require.Eventually(t, func() bool { return asked.Load() > after+20 }, time.Minute, 10*time.Millisecond, "questions go on")
	settle()
	changers.Wait()
	stop()
	askers.Wait()
	failed.Range(func(what, err any) bool { t.Errorf("%v: %v", what, err); return true })
	require.Equal(t, []string{"prepare", "copy", "hold", "settle", "switch", "close"}, steps)

	serves, there := b.lies(t, b.tenant)
	require.Equal(t, "eu1", serves)
	require.Equal(t, []string{"eu1"}, there, "nothing is left on the old server")
	serves, there = b.lies(t, b.near)
	require.Empty(t, serves)
	require.Equal(t, []string{""}, there, "the neighbour is where it was")
	require.Contains(t, b.best(t, b.near, "when does the garage close?").Text, "22:00")

	require.Contains(t, b.best(t, b.tenant, "what does a locker cost?").Text, "9 dirhams")
	kept, err := postgres.NewWhatsAppStore(b.db).ReadArchived(ctx, b.tenant, written)
	require.NoError(t, err)
	require.Len(t, kept, len(written), "every change that was acknowledged")
	require.NotEmpty(t, written)
	t.Logf("%d questions and %d changes while it moved", asked.Load(), len(written))
}

// TestAMovedDatabaseAnswersAlike compares everything that questions find, down to the last digit, and the objects themselves.
func TestAMovedDatabaseAnswersAlike(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	b.furnish(t)
	before, staged := b.answers(t, flomastr.ReleaseID{}), b.answers(t, b.release)
	versions, err := b.Versions(ctx, b.tenant, b.prices.ID)
	require.NoError(t, err)
	id := b.archive(t, "before the move")
	was, err := postgres.ColdCatalogue(ctx, b.db, b.tenant)
	require.NoError(t, err)
	require.NoError(t, b.move(ctx, "eu1", nil))
	is, err := postgres.ColdCatalogue(ctx, b.db, b.tenant)
	require.NoError(t, err)
	require.Equal(t, was, is)
	require.True(t, slices.ContainsFunc(is, func(line string) bool { return strings.Contains(line, "USING hnsw") }), "the index of vectors is there")
	require.Equal(t, before, b.answers(t, flomastr.ReleaseID{}))
	require.Equal(t, staged, b.answers(t, b.release))
	moved, err := b.Versions(ctx, b.tenant, b.prices.ID)
	require.NoError(t, err)
	require.Equal(t, versions, moved)
	require.Equal(t, "before the move", b.archived(t, b.other.db, id))
	// It lives on: numbers go on, a release is promoted, and it moves back.
	b.add(t, b.tenant, "Lockers", "A locker at the north gate costs 9 dirhams a day.")
	require.NoError(t, b.move(ctx, "", nil))
	require.Contains(t, b.best(t, b.tenant, "what does a locker cost?").Text, "9 dirhams")
	serves, there := b.lies(t, b.tenant)
	require.Empty(t, serves)
	require.Equal(t, []string{""}, there)
}

// TestOnlyItsOwnLoginOpensAMovedDatabase tries the neighbour's login, and the old one where it no longer serves.
func TestOnlyItsOwnLoginOpensAMovedDatabase(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	require.NoError(t, b.db.MoveCold(ctx, postgres.ColdMove{Tenant: b.near, To: "eu1"}))
	require.NoError(t, b.db.MoveCold(ctx, postgres.ColdMove{Tenant: b.tenant, To: "eu1", Keep: time.Hour}))
	login := func(server string, as, of flomastr.TenantID) error {
		url := b.cfg.URL
		if server != "" {
			url = b.cfg.ColdServers[server]
		}
		cfg, err := pgx.ParseConfig(url)
		require.NoError(t, err)
		cfg.User, cfg.Password = postgres.ColdLogin(b.cfg.Key, as)
		cfg.Database, _ = postgres.ColdLogin(b.cfg.Key, of)
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			_ = conn.Close(ctx)
		}
		return err
	}
	refused := func(err error, code string) {
		t.Helper()
		var pgErr *pgconn.PgError
		require.ErrorAs(t, err, &pgErr)
		require.Equal(t, code, pgErr.Code, pgErr.Message)
	}
	require.NoError(t, login("eu1", b.tenant, b.tenant))
	refused(login("eu1", b.near, b.tenant), "42501")
	refused(login("eu1", b.tenant, b.near), "42501")
	refused(login("", b.tenant, b.tenant), "28000")

	_, there := b.lies(t, b.tenant)
	require.Equal(t, []string{"", "eu1"}, there, "the old one is kept")
	require.NoError(t, b.db.DropColdCopies(ctx))
	_, there = b.lies(t, b.tenant)
	require.Equal(t, []string{"", "eu1"}, there, "until its time has come")
	require.NoError(t, b.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE cold_copies SET drop_after = now() - interval '1 second' WHERE tenant_id = $1`, b.tenant)
		return err
	}))
	require.NoError(t, b.db.DropColdCopies(ctx))
	_, there = b.lies(t, b.tenant)
	require.Equal(t, []string{"eu1"}, there)
}

// TestAnErasureTakesEveryCopy erases a tenant whose old database is kept.
func TestAnErasureTakesEveryCopy(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	require.NoError(t, b.db.MoveCold(ctx, postgres.ColdMove{Tenant: b.tenant, To: "eu1", Keep: time.Hour}))
	require.NoError(t, b.db.DropCold(ctx, b.tenant))
	exists, err := b.db.ColdExists(ctx, b.tenant)
	require.NoError(t, err)
	require.False(t, exists)
}

// TestAKilledMoveIsMadeGoodByTheNext ends a move after each of its steps, as a kill does: nothing of it is tidied up. Until the
// next one, questions are answered and changes are made, in one place.
func TestAKilledMoveIsMadeGoodByTheNext(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	from, to, said := "", "eu1", map[flomastr.MessageID]string{}
	for _, at := range []string{"prepare", "copy", "hold", "settle", "switch"} {
		said[b.archive(t, "before "+at)] = "before " + at
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = b.move(ctx, to, func(step string) {
				if step == at {
					runtime.Goexit() // connections end, as with the process; nothing else is done
				}
			})
		}()
		select {
		case <-ended:
		case <-ctx.Done():
			t.Fatal("the move hangs")
		}
		serves, there := b.lies(t, b.tenant)
		require.Equal(t, map[bool]string{true: to, false: from}[at == "switch"], serves, at)
		require.Len(t, there, 2, at)
		require.Contains(t, b.best(t, b.tenant, "when does the garage close?").Text, "22:00", at)
		said[b.archive(t, "after "+at)] = "after " + at // by mended rights, or on the new server
		for id, text := range said {
			// A process that only reads finds out by itself, within seconds, that nobody was left to end its sessions.
			require.Eventually(t, func() bool { return b.archived(t, b.other.db, id) == text }, time.Minute, 100*time.Millisecond, text)
		}

		require.NoError(t, b.move(ctx, to, nil), at)
		serves, there = b.lies(t, b.tenant)
		require.Equal(t, to, serves, at)
		require.Equal(t, []string{to}, there, at)
		for id, text := range said {
			require.Equal(t, text, b.archived(t, b.db, id))
		}
		from, to = to, from
	}
}

// TestAMoveThatCannotBeIsRefused says each time why.
func TestAMoveThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	b, ctx := moving(t)
	cfg := b.cfg
	cfg.ColdServers = map[string]string{"eu1": cfg.ColdServers["eu1"], "mirror": cfg.URL, "down": "postgres://nobody@127.0.0.1:1/none"}
	db, err := postgres.Open(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	bare, _ := bareTenant(t, b.db, "", "active")
	for name, c := range map[string]struct {
		ask  postgres.ColdMove
		code string
	}{
		"a server that nobody named":   {postgres.ColdMove{Tenant: b.tenant, To: "mars"}, "cold_server_unknown"},
		"the same server by two names": {postgres.ColdMove{Tenant: b.tenant, To: "mirror"}, "same_server"},
		"a server that is down":        {postgres.ColdMove{Tenant: b.tenant, To: "down"}, "cold_move_failed"},
		"a tenant without a database":  {postgres.ColdMove{Tenant: bare, To: "eu1"}, "no_cold_database"},
	} {
		require.Equal(t, c.code, flomastr.CodeOf(db.MoveCold(ctx, c.ask)), name)
	}
	// Two at once: the second waits a while and gives up, or finds the work done.
	var codes []string
	var lock sync.Mutex
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			err := b.move(ctx, "eu1", nil)
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				codes = append(codes, flomastr.CodeOf(err))
			}
		})
	}
	both.Wait()
	for _, code := range codes {
		require.Equal(t, "cold_moving", code)
	}
	require.Less(t, len(codes), 2)
	serves, there := b.lies(t, b.tenant)
	require.Equal(t, "eu1", serves)
	require.Equal(t, []string{"eu1"}, there)
}

// TestAnObjectThatOnlyOneSideHasStopsAMove makes an object of each kind that the migrations know nothing of.
func TestAnObjectThatOnlyOneSideHasStopsAMove(t *testing.T) {
	t.Parallel()
	db, cfg := twoServers(t)
	tenant := movable(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), movePatience)
	t.Cleanup(cancel)
	admin, err := pgx.ParseConfig(cfg.URL)
	require.NoError(t, err)
	admin.Database, _ = postgres.ColdLogin(cfg.Key, tenant)
	conn, err := pgx.ConnectConfig(ctx, admin)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	before, err := postgres.ColdCatalogue(ctx, db, tenant)
	require.NoError(t, err)
	for _, change := range []string{
		`CREATE TABLE extra (id integer PRIMARY KEY)`, `ALTER TABLE terms ADD COLUMN extra text`, `ALTER TABLE terms ALTER COLUMN passages SET DEFAULT 7`,
		`ALTER TABLE passage_bags ALTER COLUMN bag SET STORAGE EXTENDED`, `ALTER TABLE passage_bags SET (toast_tuple_target = 4096)`,
		`CREATE INDEX extra ON terms (passages)`, `ALTER TABLE terms ADD CONSTRAINT extra CHECK (passages > -5)`, `ALTER TABLE passages ALTER CONSTRAINT passages_item_id_fkey DEFERRABLE`,
		`CREATE SEQUENCE extra`, `ALTER SEQUENCE passages_no_seq INCREMENT 5`, `CREATE VIEW extra AS SELECT 1 AS one`, `CREATE TYPE extra AS ENUM ('a')`, `CREATE DOMAIN extra AS text`,
		`CREATE FUNCTION extra() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
		`CREATE FUNCTION extra() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER extra BEFORE INSERT ON terms FOR EACH ROW EXECUTE FUNCTION extra()`,
		`CREATE RULE extra AS ON DELETE TO terms DO INSTEAD NOTHING`, `ALTER TABLE terms ENABLE ROW LEVEL SECURITY`, `CREATE POLICY extra ON terms USING (true)`,
		`CREATE STATISTICS extra ON term, passages FROM terms`, `CREATE SCHEMA extra`, `GRANT SELECT ON terms TO PUBLIC`, `ALTER TABLE terms REPLICA IDENTITY FULL`,
		`COMMENT ON TABLE terms IS 'extra'`, `CREATE EXTENSION pgcrypto`, `CREATE PUBLICATION extra`, `SELECT lo_create(0)`, `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC`,
		`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`, `ALTER TABLE terms OWNER TO CURRENT_USER`,
		`CREATE MATERIALIZED VIEW extra AS SELECT 1 AS one`, `CREATE UNLOGGED TABLE extra (id integer PRIMARY KEY)`, `ALTER TABLE words ALTER COLUMN word TYPE text COLLATE "POSIX"`,
	} {
		tx, err := conn.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, change)
		require.NoError(t, err, change)
		after, err := postgres.CatalogueOf(ctx, tx.Conn())
		require.NoError(t, err, change)
		require.NotEqual(t, before, after, change)
		require.NoError(t, tx.Rollback(ctx))
	}
	_, err = conn.Exec(ctx, `CREATE INDEX extra ON terms (passages)`)
	require.NoError(t, err)
	err = db.MoveCold(ctx, postgres.ColdMove{Tenant: tenant, To: "eu1"})
	require.ErrorIs(t, err, postgres.ErrColdMove)
	require.ErrorContains(t, err, "extra")
}
