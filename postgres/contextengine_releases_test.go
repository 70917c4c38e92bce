package postgres_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/postgres"
)

const releaser = flomastr.Actor("user:x|rita")

// releaseBench is a business with a brain of four items, and a release of it that is staged: one item is added, one
// replaced, one removed.
type releaseBench struct {
	knowledgeBench
	tenant                   flomastr.TenantID
	release                  flomastr.ReleaseID
	hours, prices, old, kept contextengine.Item
}

func releases(t testing.TB) *releaseBench {
	t.Helper()
	b, tenant := knowledge(t)
	return &releaseBench{
		knowledgeBench: b, tenant: tenant,
		hours:  b.add(t, tenant, "Opening hours", opening),
		prices: b.add(t, tenant, "Prices", "# Prices\n\nA ticket for the museum costs 12 dirhams. Children pay 5 dirhams."),
		old:    b.add(t, tenant, "Winter market", "The winter market sells roasted chestnuts until the sixth of January."),
		kept:   b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase. Garages are not refunded."),
	}
}

// stage makes the release.
func (b *releaseBench) stage(t testing.TB) {
	t.Helper()
	r, err := b.StageRelease(t.Context(), b.tenant, releaser, "Spring")
	require.NoError(t, err)
	b.release = r.ID
	b.change(t, contextengine.ChangeDraft{Title: "Ice rink", Content: []byte("# Ice rink\n\nSkates for the ice rink are lent for 7 dirhams an hour.")})
	b.change(t, contextengine.ChangeDraft{Item: b.hours.ID, Content: []byte(strings.ReplaceAll(opening, "22:00", "23:30") + "\n\n## Terrace\n\nThe terrace opens in May.")})
	b.change(t, contextengine.ChangeDraft{Item: b.old.ID, Remove: true})
}

func (b *releaseBench) change(t testing.TB, d contextengine.ChangeDraft) contextengine.ReleaseChange {
	t.Helper()
	d.By = releaser
	c, err := b.ChangeRelease(t.Context(), b.tenant, b.release, d)
	require.NoError(t, err)
	require.NoError(t, b.Stage(t.Context(), b.tenant, contextengine.StageArgs{Tenant: b.tenant, Change: c.ID}))
	r, err := b.Release(t.Context(), b.tenant, b.release)
	require.NoError(t, err)
	at := slices.IndexFunc(r.Changes, func(o contextengine.ReleaseChange) bool { return o.ID == c.ID })
	require.Equal(t, contextengine.Embedded, r.Changes[at].Status, r.Changes[at].Error)
	return r.Changes[at]
}

var releaseQuestions = []string{
	"When does the garage in Al Quoz close?", "what do skates for the ice rink cost", "roasted chesnuts", "terace opens", "bicycle refund", "how much do children pay?",
	"garage", "the dirhams of an hour", "QX-4471", "market in January", "Wann macht die Garage zu?",
}

// inDatabase finds candidates in the database alone: memory rounds vectors.
type inDatabase struct{ *postgres.KnowledgeStore }

func (s inDatabase) Candidates(ctx context.Context, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	return postgres.FindCandidates(ctx, s.KnowledgeStore, tenant, ask)
}

// answers are everything that questions find.
func (b *releaseBench) answers(t testing.TB, release flomastr.ReleaseID) []string {
	t.Helper()
	deps := b.Deps
	deps.Content = inDatabase{postgres.NewKnowledgeStore(b.db)}
	return b.answersOf(t, contextengine.New(deps), release)
}

func (b *releaseBench) answersOf(t testing.TB, engine *contextengine.Engine, release flomastr.ReleaseID) (all []string) {
	t.Helper()
	for _, text := range releaseQuestions {
		for _, filters := range []contextengine.Filters{{}, {ExcludeItems: []flomastr.ItemID{b.hours.ID}}} {
			result, err := engine.Retrieve(t.Context(), b.tenant, contextengine.Query{Text: text, Release: release, Filters: filters})
			require.NoError(t, err, text)
			s := result.Signals
			all = append(all, fmt.Sprintf("%s: %q %.9f %.9f %.9f %.9f %q", text, result.Corrected, s.Answerable, s.Coverage, s.Margin, s.Agreement, s.Unknown))
			for _, p := range result.Passages {
				all = append(all, fmt.Sprintf("  %s %s %s|%s|%s %.9f %.9v %v", p.Item, p.Title, p.Before, p.Text, p.After, p.Score, p.Scores, p.Highlights))
			}
		}
	}
	return all
}

// counts are all that the index counts of what serves, and what serves.
func (b *releaseBench) counts(t testing.TB) (out string) {
	t.Helper()
	require.NoError(t, b.db.InCold(t.Context(), b.tenant, func(tx pgx.Tx) error {
		for _, query := range []string{
			`SELECT string_agg(term || '=' || passages, ' ' ORDER BY term) FROM terms`,
			`SELECT string_agg(word || '/' || term || '=' || passages, ' ' ORDER BY word, term) FROM words`,
			`SELECT string_agg(gram || '=' || passages, ' ' ORDER BY gram) FROM grams`,
			`SELECT passages || ' ' || words || ' ' || titles || ' ' || grams FROM corpus`,
			`SELECT string_agg(language || '=' || passages, ' ' ORDER BY language) FROM languages WHERE passages <> 0`,
			`SELECT string_agg(md5(row(no, id, item_id, key, ordinal, text, headings, terms)::text), ' ' ORDER BY no) FROM passages WHERE no > 0`,
			`SELECT string_agg(md5(row(term, no, quarters, length)::text), ' ' ORDER BY term, no) FROM postings WHERE no > 0`,
			`SELECT string_agg(md5(row(no, model, embedding)::text), ' ' ORDER BY no) FROM passage_vectors WHERE no > 0`,
			`SELECT string_agg(md5(row(no, bag)::text), ' ' ORDER BY no) FROM passage_bags WHERE no > 0`,
			`SELECT string_agg(row(id, title, source, type, url, intent, tags, language, encode(hash, 'hex'), updated_at)::text, ' ' ORDER BY id) FROM knowledge_items WHERE NOT id IN (SELECT id FROM staged_changes)`,
		} {
			var text *string
			if err := tx.QueryRow(t.Context(), query).Scan(&text); err != nil {
				return err
			}
			if text != nil {
				out += *text
			}
			out += "\n"
		}
		return nil
	}))
	return out
}

// recount is what the counts must be, computed from the passages that serve.
func (b *releaseBench) recount(t testing.TB) {
	t.Helper()
	require.NoError(t, b.db.InCold(t.Context(), b.tenant, func(tx pgx.Tx) error {
		for name, query := range map[string]string{
			"terms":    `SELECT count(*) FROM terms t FULL JOIN (SELECT term, count(*) AS n FROM postings WHERE no > 0 GROUP BY term) p USING (term) WHERE t.passages IS DISTINCT FROM p.n`,
			"postings": `SELECT count(*) FROM (SELECT no, unnest(terms) AS term FROM passages) a FULL JOIN postings p USING (no, term) WHERE p.quarters IS NULL OR a.no IS NULL`,
			"corpus": `SELECT count(*) FROM corpus c, (SELECT count(*) AS n, coalesce(sum(words), 0) AS w, coalesce(sum(titles), 0) AS t, coalesce(sum(grams), 0) AS g FROM passages WHERE no > 0) p
				WHERE (c.passages, c.words, c.titles, c.grams) <> (p.n, p.w, p.t, p.g)`,
			"languages": `SELECT count(*) FROM (SELECT language, passages FROM languages WHERE passages <> 0) l
				FULL JOIN (SELECT i.language, count(*) AS n FROM passages p JOIN knowledge_items i ON i.id = p.item_id WHERE p.no > 0 GROUP BY i.language) p USING (language) WHERE l.passages IS DISTINCT FROM p.n`,
		} {
			wrong := 0
			if err := tx.QueryRow(t.Context(), query).Scan(&wrong); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			require.Zero(t, wrong, name)
		}
		return nil
	}))
}

func (b *releaseBench) item(t testing.TB, id flomastr.ItemID) contextengine.Item {
	t.Helper()
	item, err := b.Item(t.Context(), b.tenant, id)
	require.NoError(t, err)
	return item
}

func TestAStagedReleaseChangesNoAnswerAndNoCount(t *testing.T) {
	t.Parallel()
	b := releases(t)
	b.warm(t, b.tenant, "when does the garage close?")
	answers, fromMemory, counts := b.answers(t, flomastr.ReleaseID{}), b.answersOf(t, b.Engine, flomastr.ReleaseID{}), b.counts(t)
	b.stage(t)
	require.Equal(t, answers, b.answers(t, flomastr.ReleaseID{}))
	require.Equal(t, fromMemory, b.answersOf(t, b.Engine, flomastr.ReleaseID{}))
	require.True(t, postgres.IndexInMemory(b.db, b.tenant), "what is staged is no reason to read the index again")
	require.Equal(t, counts, b.counts(t))

	b.add(t, b.tenant, "Parcel", "A parcel weighs two kilograms.")
	found, err := b.Retrieve(t.Context(), b.tenant, contextengine.Query{Text: "skates for the ice rink"})
	require.NoError(t, err)
	require.False(t, postgres.IndexInMemory(b.db, b.tenant))
	for _, p := range found.Passages {
		require.NotContains(t, p.Text, "rink", "from the database")
	}
	b.warm(t, b.tenant, "when does the garage close?")
	require.Contains(t, b.best(t, b.tenant, "when does the garage close?").Text, "22:00", "from memory that was read with a release beside it")
}

func TestAReleaseAnswersBeforeItsPromotionAsAfterItAndARollbackPutsEverythingBack(t *testing.T) {
	t.Parallel()
	b := releases(t)
	answers, counts := b.answers(t, flomastr.ReleaseID{}), b.counts(t)
	b.stage(t)
	promised := b.answers(t, b.release)
	require.NotEqual(t, answers, promised)

	for range 2 { // a release that was rolled back may be promoted again
		r, err := b.Promote(t.Context(), b.tenant, releaser, b.release)
		require.NoError(t, err)
		require.Equal(t, contextengine.ReleasePromoted, r.State)
		require.Equal(t, promised, b.answers(t, flomastr.ReleaseID{}))
		require.Equal(t, promised, b.answers(t, b.release), "a promoted release serves")
		b.recount(t)
		_, err = b.Item(t.Context(), b.tenant, b.old.ID)
		require.ErrorIs(t, err, contextengine.ErrItemNotFound)
		hours := b.item(t, b.hours.ID)
		require.Equal(t, contextengine.Embedded, hours.Status)
		require.Equal(t, hours.Version, hours.IndexedVersion)
		version, err := b.Version(t.Context(), b.tenant, hours.ID, hours.Version)
		require.NoError(t, err)
		require.Contains(t, version.Markdown, "23:30")
		require.Equal(t, contextengine.Promoted, version.Cause)
		again, err := b.Promote(t.Context(), b.tenant, releaser, b.release)
		require.NoError(t, err, "promoting what is promoted does nothing")
		require.Equal(t, r, again)

		r, err = b.Rollback(t.Context(), b.tenant, releaser, b.release)
		require.NoError(t, err)
		require.Equal(t, contextengine.ReleaseRolledBack, r.State)
		require.Equal(t, counts, b.counts(t))
		require.Equal(t, answers, b.answers(t, flomastr.ReleaseID{}))
		require.Equal(t, promised, b.answers(t, b.release), "it is held as before")
		b.recount(t)
		old := b.item(t, b.old.ID)
		require.Equal(t, b.old.Title, old.Title)
		require.Equal(t, contextengine.Embedded, old.Status)
		require.Equal(t, b.hours.BlobKey, b.item(t, b.hours.ID).BlobKey)
	}
	require.NoError(t, b.DiscardRelease(t.Context(), b.tenant, releaser, b.release))
	require.Equal(t, counts, b.counts(t))
	b.nothingHeld(t)
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT action FROM audit_log WHERE object = $1 ORDER BY seq`, "release:"+b.release.String())
		if err != nil {
			return err
		}
		acts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		changed, promoted, back := "knowledge.release_changed", "knowledge.release_promoted", "knowledge.release_rolled_back"
		require.Equal(t, []string{"knowledge.release_staged", changed, changed, changed, promoted, back, promoted, back, "knowledge.release_discarded"}, acts)
		return err
	}))
}

// nothingHeld tells that no trace of a release is left in the index, and no original that nothing refers to.
func (b *releaseBench) nothingHeld(t testing.TB) {
	t.Helper()
	require.NoError(t, b.db.InCold(t.Context(), b.tenant, func(tx pgx.Tx) error {
		left := 0
		if err := tx.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM passages WHERE no < 0) + (SELECT count(*) FROM postings WHERE no < 0) + (SELECT count(*) FROM passage_bags WHERE no < 0)
			     + (SELECT count(*) FROM staged_changes) + (SELECT count(*) FROM staged_terms) + (SELECT count(*) FROM staged_words) + (SELECT count(*) FROM staged_grams)`).Scan(&left); err != nil {
			return err
		}
		require.Zero(t, left)
		return nil
	}))
	page, err := b.Items(t.Context(), b.tenant, contextengine.Listing{})
	require.NoError(t, err)
	var referred []string
	for _, item := range page.Items {
		referred = append(referred, b.tenant.String()+item.BlobKey)
	}
	b.blobs.Lock()
	defer b.blobs.Unlock()
	for key := range b.blobs.kept {
		require.Contains(t, referred, key)
	}
}

// TestAnExchangeThatWasCutIsBroughtToItsEnd ends the server between any two of its steps.
func TestAnExchangeThatWasCutIsBroughtToItsEnd(t *testing.T) {
	t.Parallel()
	b := releases(t)
	answers, counts := b.answers(t, flomastr.ReleaseID{}), b.counts(t)
	b.stage(t)
	promised := b.answers(t, b.release)
	store := postgres.NewKnowledgeStore(b.db)
	job := contextengine.ExchangeArgs{Tenant: b.tenant, Release: b.release}
	for _, promote := range []bool{true, false} {
		require.NoError(t, store.BeginExchange(t.Context(), b.tenant, releaser, b.release, promote))
		// Cut before anything was exchanged.
		_, err := b.Add(t.Context(), b.tenant, contextengine.Draft{Title: b.hours.Title, Content: []byte("Closed."), Source: contextengine.FromPaste})
		require.ErrorIs(t, err, contextengine.ErrItemExchanged)
		require.ErrorIs(t, b.Delete(t.Context(), b.tenant, releaser, b.hours.ID), contextengine.ErrItemExchanged)
		_, err = b.Reindex(t.Context(), b.tenant, releaser, b.hours.ID)
		require.ErrorIs(t, err, contextengine.ErrItemExchanged)
		want := answers
		if !promote {
			want = promised
		}
		require.Equal(t, want, b.answers(t, flomastr.ReleaseID{}))
		// Cut when the content was exchanged and the rows were not.
		r, err := b.Release(t.Context(), b.tenant, b.release)
		require.NoError(t, err)
		var list []contextengine.Exchange
		for _, c := range r.Changes {
			list = append(list, contextengine.Exchange{Change: c.ID, Item: c.Held.ID, Version: c.Held.Version})
		}
		require.NoError(t, store.Exchange(t.Context(), b.tenant, list, promote))
		for range 2 { // the job, and once more
			require.NoError(t, b.Exchange(t.Context(), b.tenant, job))
		}
		b.recount(t)
	}
	require.Equal(t, answers, b.answers(t, flomastr.ReleaseID{}))
	require.Equal(t, counts, b.counts(t))
}

func TestAReleaseRefusesWhatChangedSinceItWasStaged(t *testing.T) {
	t.Parallel()
	b := releases(t)
	b.stage(t)
	edited := b.add(t, b.tenant, b.hours.Title, "We are closed for repairs.")
	require.Equal(t, b.hours.ID, edited.ID)
	b.add(t, b.tenant, "Ice rink", "There is no ice rink.")
	require.NoError(t, b.Delete(t.Context(), b.tenant, releaser, b.old.ID))
	counts := b.counts(t)

	r, err := b.Release(t.Context(), b.tenant, b.release)
	require.NoError(t, err)
	require.False(t, r.Ready())
	for _, c := range r.Changes {
		require.NotEmpty(t, c.Conflict, c.Held.Title)
	}
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.ErrorIs(t, err, contextengine.ErrReleaseChanged)
	var refusal *flomastr.Error
	require.ErrorAs(t, err, &refusal)
	require.Len(t, refusal.Fields, 3)
	_, err = b.Retrieve(t.Context(), b.tenant, contextengine.Query{Text: "garage", Release: b.release})
	require.ErrorIs(t, err, contextengine.ErrReleaseChanged)
	require.Equal(t, counts, b.counts(t))

	// Staged again or dropped, the rest can be promoted.
	b.change(t, contextengine.ChangeDraft{Item: b.hours.ID, Content: []byte("We are open again, until 23:30.")})
	for _, c := range r.Changes {
		if c.Held.ID != b.hours.ID {
			require.NoError(t, b.DropChange(t.Context(), b.tenant, releaser, b.release, c.ID))
		}
	}
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	require.Contains(t, b.best(t, b.tenant, "are you open again?").Text, "23:30")
	b.recount(t)

	// What was edited after the promotion is not taken away by a rollback.
	b.add(t, b.tenant, b.hours.Title, "We have moved.")
	_, err = b.Rollback(t.Context(), b.tenant, releaser, b.release)
	require.ErrorIs(t, err, contextengine.ErrReleaseChanged)
	require.Contains(t, b.best(t, b.tenant, "have you moved?").Text, "moved")
	b.recount(t)
}

// A tenant's new embedder serves once every passage has its vector, staged ones as well.
func TestWhatAReleaseHoldsGetsTheVectorsOfANewModelToo(t *testing.T) {
	t.Parallel()
	b := releases(t)
	b.stage(t)
	store := postgres.NewKnowledgeStore(b.db)
	_, passages, err := store.CountVectors(t.Context(), b.tenant, "new")
	require.NoError(t, err)
	found, after := map[flomastr.PassageID]bool{}, math.MinInt32
	for {
		list, err := store.Unembedded(t.Context(), b.tenant, "new", after, 2)
		require.NoError(t, err)
		if len(list) == 0 {
			break
		}
		for _, p := range list {
			found[p.ID] = true
			require.Greater(t, p.Number, after)
			after = p.Number
		}
	}
	require.Len(t, found, passages)
	vectors := map[flomastr.PassageID][]float32{}
	for id := range found {
		vectors[id] = []float32{1, 0}
	}
	require.NoError(t, store.SaveVectors(t.Context(), b.tenant, "new", vectors))
	served, err := store.Serve(t.Context(), b.tenant, "new")
	require.NoError(t, err)
	require.True(t, served)
}

func TestAReleaseIsOneAtATimeAndTheLatestCanBeRolledBack(t *testing.T) {
	t.Parallel()
	b := releases(t)
	b.stage(t)
	_, err := b.StageRelease(t.Context(), b.tenant, releaser, "Summer")
	require.ErrorIs(t, err, contextengine.ErrReleaseStaged)
	_, err = b.Rollback(t.Context(), b.tenant, releaser, b.release)
	require.ErrorIs(t, err, contextengine.ErrNotPromoted)
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	_, err = b.ChangeRelease(t.Context(), b.tenant, b.release, contextengine.ChangeDraft{Title: "x", Content: []byte("y"), By: releaser})
	require.ErrorIs(t, err, contextengine.ErrReleaseClosed)
	first := b.release

	r, err := b.StageRelease(t.Context(), b.tenant, releaser, "Summer")
	require.NoError(t, err)
	b.release = r.ID
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.ErrorIs(t, err, contextengine.ErrReleaseEmpty)
	counts := b.counts(t)
	b.change(t, contextengine.ChangeDraft{Item: b.hours.ID, Content: []byte("We never close.")})
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	_, err = b.Rollback(t.Context(), b.tenant, releaser, first)
	require.ErrorIs(t, err, contextengine.ErrNotPromoted)
	_, err = b.Rollback(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	require.Equal(t, counts, b.counts(t))
	require.NoError(t, b.DiscardRelease(t.Context(), b.tenant, releaser, b.release))
	b.nothingHeld(t)

	stranger := flomastr.NewID[flomastr.TenantID]()
	_, err = b.Release(t.Context(), stranger, b.release)
	require.ErrorIs(t, err, contextengine.ErrReleaseNotFound)
}

func TestARunAsksTheReleaseAndIsComparedWithToday(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	engine := b.brain
	set := b.set(t)
	r, err := engine.StageRelease(t.Context(), b.tenant, releaser, "Spring")
	require.NoError(t, err)
	c, err := engine.ChangeRelease(t.Context(), b.tenant, r.ID, contextengine.ChangeDraft{Item: b.prices.ID, Content: []byte("# Prices\n\nThe museum is closed."), By: releaser})
	require.NoError(t, err)
	require.NoError(t, engine.Stage(t.Context(), b.tenant, contextengine.StageArgs{Tenant: b.tenant, Change: c.ID}))
	ask := func(release flomastr.ReleaseID) evaluation.Run {
		run, err := b.BeginRun(t.Context(), b.tenant, examined, set.ID, release)
		require.NoError(t, err)
		require.Equal(t, release, run.Release)
		_, err = b.Examine(t.Context(), b.tenant, evaluation.RunArgs{Tenant: b.tenant, Run: run.ID})
		require.NoError(t, err)
		return run
	}
	today, then := ask(flomastr.ReleaseID{}), ask(r.ID)
	compared, err := b.Compare(t.Context(), b.tenant, set.ID, today.ID, then.ID)
	require.NoError(t, err)
	require.NotEmpty(t, compared.Worse)

	b.brain.add(t, b.tenant, "Prices", "A ticket costs nothing.")
	overtaken := ask(r.ID)
	run, err := b.Run(t.Context(), b.tenant, set.ID, overtaken.ID)
	require.NoError(t, err)
	require.Equal(t, evaluation.Failed, run.Status)
	require.Equal(t, contextengine.ErrReleaseChanged.Message, run.Problem)
}

// TestHowLongAPromotionTakes prints what it measures; FLOMASTR_RELEASE_CHANGES says how many items are changed.
func TestHowLongAPromotionTakes(t *testing.T) {
	changes, err := strconv.Atoi(os.Getenv("FLOMASTR_RELEASE_CHANGES"))
	if err != nil {
		t.Skip("FLOMASTR_RELEASE_CHANGES does not say how many items to change")
	}
	b := releases(t)
	text := func(i, version int) []byte {
		var s strings.Builder
		for part := range 8 {
			fmt.Fprintf(&s, "## Part %d of %d\n\nModel %d-%d in version %d is delivered within %d days from the store in street %d, with a guarantee of %d months. %s\n\n",
				part, i, i, part, version, (i+part)%30+1, (i*7+part)%900, (i+version)%48, strings.Repeat(fmt.Sprintf("It weighs %d grams and is made of material w%d. ", i*part+version, (i+part)%500), 4))
		}
		return []byte(s.String())
	}
	var items []contextengine.Item
	for i := range changes {
		items = append(items, b.add(t, b.tenant, fmt.Sprintf("Product %d", i), string(text(i, 1))))
	}
	r, err := b.StageRelease(t.Context(), b.tenant, releaser, "All")
	require.NoError(t, err)
	b.release = r.ID
	began := time.Now()
	for i, item := range items {
		c, err := b.ChangeRelease(t.Context(), b.tenant, b.release, contextengine.ChangeDraft{Item: item.ID, Content: text(i, 2), By: releaser})
		require.NoError(t, err)
		require.NoError(t, b.Stage(t.Context(), b.tenant, contextengine.StageArgs{Tenant: b.tenant, Change: c.ID}))
	}
	t.Logf("staged %d changes in %v", changes, time.Since(began).Round(time.Millisecond))
	for range 3 {
		began = time.Now()
		_, err = b.Retrieve(t.Context(), b.tenant, contextengine.Query{Text: "guarantee of model 17-3 in street 99", Release: b.release})
		require.NoError(t, err)
		t.Logf("a question to the release: %v", time.Since(began).Round(time.Millisecond))
	}
	began = time.Now()
	_, err = b.Promote(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	t.Logf("promoted in %v", time.Since(began).Round(time.Millisecond))
	b.recount(t)
	began = time.Now()
	_, err = b.Rollback(t.Context(), b.tenant, releaser, b.release)
	require.NoError(t, err)
	t.Logf("rolled back in %v", time.Since(began).Round(time.Millisecond))
	b.recount(t)
}
