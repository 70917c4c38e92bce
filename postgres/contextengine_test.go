package postgres_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// memoryBlobs keeps blobs by tenant and key.
type memoryBlobs struct {
	sync.Mutex
	kept map[string][]byte
}

var errNoBlob = flomastr.Errorf(flomastr.NotFound, "blob_not_found", "There is no such file.")

func (b *memoryBlobs) Put(_ context.Context, tenant flomastr.TenantID, key string, body []byte) error {
	b.Lock()
	defer b.Unlock()
	b.kept[tenant.String()+key] = body
	return nil
}

func (b *memoryBlobs) Get(_ context.Context, tenant flomastr.TenantID, key string) ([]byte, error) {
	b.Lock()
	defer b.Unlock()
	body, ok := b.kept[tenant.String()+key]
	if !ok {
		return nil, errNoBlob
	}
	return body, nil
}

func (b *memoryBlobs) Delete(_ context.Context, tenant flomastr.TenantID, key string) error {
	b.Lock()
	defer b.Unlock()
	delete(b.kept, tenant.String()+key)
	return nil
}

// plainReader takes every file for Markdown.
type plainReader struct{}

func (plainReader) ReadFile(_ context.Context, _ contextengine.Limits, _ string, body []byte) (contextengine.Document, error) {
	return contextengine.Document{Markdown: string(body), Type: "markdown"}, nil
}

func (plainReader) ReadURL(context.Context, contextengine.Limits, string) (contextengine.Document, error) {
	return contextengine.Document{Title: "Prices", Markdown: "# Prices\n\nA ticket costs 12 dirhams.", Type: "html"}, nil
}

type knowledgeBench struct {
	*contextengine.Engine
	db    *postgres.DB
	blobs *memoryBlobs
}

func knowledge(t testing.TB) (knowledgeBench, flomastr.TenantID) {
	t.Helper()
	db := postgrestest.Open(t)
	store := postgres.NewKnowledgeStore(db)
	blobs := &memoryBlobs{kept: map[string][]byte{}}
	engine := contextengine.New(contextengine.Deps{Status: store, Content: store, Releases: store, Staged: store, Blobs: blobs, Reader: plainReader{}, Embedder: offline.New()})
	return knowledgeBench{engine, db, blobs}, postgrestest.Tenant(t, db)
}

func (b knowledgeBench) add(t testing.TB, tenant flomastr.TenantID, title, content string) contextengine.Item {
	t.Helper()
	item, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: title, Content: []byte(content), Source: contextengine.FromPaste})
	require.NoError(t, err)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
	item, err = b.Item(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	return item
}

const opening = "# Opening hours\n\nWe are open from 9:00 to 18:00 on weekdays.\n\n## Parking\n\nThe garage in Al Quoz closes at 22:00. Order QX-4471 at the desk."

func TestAnAddedItemIsFoundWithItsOrigin(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	item := b.add(t, tenant, "Opening hours", opening)
	require.Equal(t, contextengine.Embedded, item.Status)
	require.Equal(t, 2, item.Chunks)
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")

	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
	require.NoError(t, err)
	require.NotEmpty(t, result.Passages)
	best := result.Passages[0]
	require.Equal(t, item.ID, best.Item)
	require.Equal(t, []string{"Opening hours", "Parking"}, best.HeadingPath)
	require.Contains(t, best.Text, "22:00")
	require.Contains(t, best.Before, "9:00 to 18:00")
	require.Equal(t, "paste", best.Source)
}

func (b knowledgeBench) best(t testing.TB, tenant flomastr.TenantID, question string) contextengine.Passage {
	t.Helper()
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: question})
	require.NoError(t, err)
	require.NotEmpty(t, result.Passages, question)
	return result.Passages[0]
}

// workbooks reads every file for a workbook: a sheet begins at each heading.
type workbooks struct{ plainReader }

func (workbooks) ReadFile(_ context.Context, _ contextengine.Limits, _ string, body []byte) (contextengine.Document, error) {
	doc := contextengine.Document{Markdown: string(body), Type: "xlsx"}
	for i, at := 0, 0; ; i++ {
		next := strings.Index(doc.Markdown[at:], "## ")
		if next < 0 {
			return doc, nil
		}
		at += next
		name, _, _ := strings.Cut(doc.Markdown[at+3:], "\n")
		doc.Parts = append(doc.Parts, chunk.Part{Place: flomastr.Place{Kind: flomastr.PlaceSheet, Number: i + 1, Name: name}, Offset: at})
		at += 3
	}
}

func TestAPassageKnowsItsPlaceWhereverItMoves(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.Reader = workbooks{}
	upload := func(content string) flomastr.ItemID {
		item, err := b.Add(t.Context(), tenant, contextengine.Draft{Filename: "prices.pdf", Content: []byte(content), Source: contextengine.FromFile})
		require.NoError(t, err)
		require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
		return item.ID
	}
	sheet := func(number int, name string) flomastr.Place {
		return flomastr.Place{Kind: flomastr.PlaceSheet, Number: number, Name: name}
	}
	upload("## Bikes\n\nA city bike costs 18.\n\n## Boats\n\nA rowing boat costs 25.")
	require.Equal(t, sheet(2, "Boats"), b.best(t, tenant, "how much is a rowing boat?").Place)
	id := upload("## Boats\n\nA rowing boat costs 25.\n\n## Bikes\n\nA city bike costs 18.")
	require.Equal(t, sheet(1, "Boats"), b.best(t, tenant, "how much is a rowing boat?").Place)
	chunks, err := b.Chunks(t.Context(), tenant, id)
	require.NoError(t, err)
	require.Equal(t, sheet(2, "Bikes"), chunks[1].Place)
	b.add(t, tenant, "Opening hours", opening)
	require.Zero(t, b.best(t, tenant, "when does the garage close?").Place)
}

func TestUnchangedContentDoesNoWork(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	first := b.add(t, tenant, "Opening hours", opening)
	again, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: "Opening hours", Content: []byte(opening), Source: contextengine.FromPaste})
	require.NoError(t, err)
	require.Equal(t, first, again, "nothing of the row changed")
	require.Len(t, b.blobs.kept, 1, "the second upload is not kept")
}

func TestAnEditKeepsThePassagesItDoesNotTouch(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	item := b.add(t, tenant, "Opening hours", opening)
	before, err := b.Chunks(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	item = b.add(t, tenant, "Opening hours", strings.Replace(opening, "22:00", "23:30", 1))
	require.Equal(t, 2, item.Version)
	require.Len(t, b.blobs.kept, 1, "the replaced original is gone")
	after, err := b.Chunks(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	require.Equal(t, before[0], after[0])
	require.NotEqual(t, before[1].ID, after[1].ID)
	require.Contains(t, b.best(t, tenant, "when does the garage close?").Text, "23:30")
	versions, err := b.Versions(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.True(t, versions[0].Serving)
	old, err := b.Version(t.Context(), tenant, item.ID, 1)
	require.NoError(t, err)
	require.Contains(t, old.Markdown, "22:00")
}

// TestTheOldVersionServesUntilTheNewOneIsReady also stands for a server that dies between saving and indexing.
func TestTheOldVersionServesUntilTheNewOneIsReady(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Opening hours", opening)
	item, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: "Opening hours", Content: []byte("# Hours\n\nThe garage closes at 23:30."), Source: contextengine.FromPaste})
	require.NoError(t, err)
	require.Equal(t, contextengine.Processing, item.Status)
	require.Contains(t, b.best(t, tenant, "when does the garage close?").Text, "22:00")
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
	require.Contains(t, b.best(t, tenant, "when does the garage close?").Text, "23:30")
}

// coldCounts lists what the cold database holds of everything that is derived from passages.
func coldCounts(t testing.TB, db *postgres.DB, tenant flomastr.TenantID) map[string]int {
	t.Helper()
	out := map[string]int{}
	require.NoError(t, db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
		for _, table := range []string{"knowledge_items", "knowledge_versions", "passages", "passage_bags", "passage_vectors", "postings", "terms", "words", "grams"} {
			var n int
			if err := tx.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				return err
			}
			out[table] = n
		}
		var sum int
		err := tx.QueryRow(t.Context(), "SELECT passages + words + titles + grams + (SELECT coalesce(sum(passages), 0) FROM languages) FROM corpus").Scan(&sum)
		out["sums"] = sum
		return err
	}))
	return out
}

func TestDeletingLeavesNothing(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	empty := coldCounts(t, b.db, tenant)
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days. Geräte zurück.")
	one := coldCounts(t, b.db, tenant)
	item := b.add(t, tenant, "Opening hours", opening+"\n\n## العنوان\n\nيقع المتجر في دبي بجوار المحطة.\n\n東京都の店")
	b.add(t, tenant, "Opening hours", opening) // an edit that drops the foreign words
	require.NoError(t, b.Delete(t.Context(), tenant, flomastr.ActorSystem, item.ID))
	require.Equal(t, one, coldCounts(t, b.db, tenant))
	_, err := b.Item(t.Context(), tenant, item.ID)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	require.ErrorIs(t, b.Delete(t.Context(), tenant, flomastr.ActorSystem, item.ID), contextengine.ErrItemNotFound)
	page, err := b.Items(t.Context(), tenant, contextengine.Listing{})
	require.NoError(t, err)
	require.NoError(t, b.Delete(t.Context(), tenant, flomastr.ActorSystem, page.Items[0].ID))
	require.Equal(t, empty, coldCounts(t, b.db, tenant))
	require.Empty(t, b.blobs.kept)
}

func TestADoneJobCanBeDoneAgain(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	item := b.add(t, tenant, "Opening hours", opening)
	counts := coldCounts(t, b.db, tenant)
	args := contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}
	// A server that died after publishing and before finishing leaves the row behind.
	require.NoError(t, b.db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE knowledge_index SET status = 'processing', stage = 'storing'`)
		return err
	}))
	require.NoError(t, b.Index(t.Context(), tenant, args))
	require.Equal(t, counts, coldCounts(t, b.db, tenant))
	again, err := b.Item(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	require.Equal(t, contextengine.Embedded, again.Status)
}

func TestAJobOfADeletedItemClearsWhatItPublished(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	empty := coldCounts(t, b.db, tenant)
	item := b.add(t, tenant, "Opening hours", opening)
	_, err := postgres.NewKnowledgeStore(b.db).RemoveItem(t.Context(), tenant, flomastr.ActorSystem, item.ID) // the row goes, the server dies
	require.NoError(t, err)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: 1}))
	require.Equal(t, empty, coldCounts(t, b.db, tenant))
}

func TestManyWritersAtOnceEndWithTheNewestVersion(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			item, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: "Prices", Content: fmt.Appendf(nil, "A ticket costs %d dirhams.", 100+i), Source: contextengine.FromPaste})
			if err == nil {
				err = b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	page, err := b.Items(t.Context(), tenant, contextengine.Listing{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: page.Items[0].ID, Version: page.Items[0].Version}))
	versions, err := b.Versions(t.Context(), tenant, page.Items[0].ID)
	require.NoError(t, err)
	require.Equal(t, page.Items[0].Version, versions[0].Version)
	require.True(t, versions[0].Serving)
	serving, err := b.Version(t.Context(), tenant, page.Items[0].ID, versions[0].Version)
	require.NoError(t, err)
	require.Equal(t, serving.Markdown, b.best(t, tenant, "what does a ticket cost?").Text)
	require.Equal(t, 1, coldCounts(t, b.db, tenant)["passages"])
}

func TestNoTenantRetrievesAnothersKnowledge(t *testing.T) {
	t.Parallel()
	b, one := knowledge(t)
	other := postgrestest.Tenant(t, b.db)
	secret := b.add(t, one, "Secret plans", "The merger with Blue Whale happens on 3 May under code QX-4471.")
	b.add(t, other, "Menu", "We serve soup on 3 May.")
	for _, question := range []string{"Secret plans", "QX-4471", "merger with Blue Whale", "secrt plns"} {
		result, err := b.Retrieve(t.Context(), other, contextengine.Query{Text: question, Limit: 50, Filters: contextengine.Filters{Items: []flomastr.ItemID{secret.ID}}})
		require.NoError(t, err)
		require.Empty(t, result.Passages, question)
		result, err = b.Retrieve(t.Context(), other, contextengine.Query{Text: question, Limit: 50})
		require.NoError(t, err)
		for _, p := range result.Passages {
			require.NotEqual(t, secret.ID, p.Item, question)
		}
		require.Empty(t, result.Corrected, "the other's vocabulary corrects nothing")
	}
	_, err := b.Item(t.Context(), other, secret.ID)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	_, err = b.Chunks(t.Context(), other, secret.ID)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	require.ErrorIs(t, b.Delete(t.Context(), other, flomastr.ActorSystem, secret.ID), contextengine.ErrItemNotFound)
	require.Contains(t, b.best(t, one, "when is the merger?").Text, "3 May")
}

func TestIdentifiersComeFirst(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	text := "# Parts\n\n"
	for i := range 40 {
		text += fmt.Sprintf("## Filter %d\n\nThe oil filter with part number QX-%d costs AED 1,%d.50 and fits the order ORD-77%d. Ask filters%d@example.com or call +971 4 555 %d.\n\n", i, 4400+i, 200+i, 100+i, i, 1000+i)
	}
	b.add(t, tenant, "Catalogue", text)
	for question, want := range map[string]string{
		"is part number QX-4417 in stock":      "Filter 17",
		"do you still sell the filter qx4417?": "Filter 17",
		"where is my order ORD-77123":          "Filter 23",
		"who has the number 04 555 1031?":      "Filter 31",
		"which filter costs 1,205.50":          "Filter 5",
		"whose mail is filters8@example.com":   "Filter 8",
	} {
		best := b.best(t, tenant, question)
		require.Equal(t, want, best.HeadingPath[len(best.HeadingPath)-1], question)
	}
}

func TestSpellingIsCorrectedAgainstTheTenantsOwnWords(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Zorbtrike service", "A full service of a zorbtrike costs 1200 dirhams and takes four working days.")
	b.add(t, tenant, "Parking", "The garage closes at ten in the evening.")
	for _, question := range []string{"how much is a zorbtirke srevice", "zorbtrke servic price"} {
		result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: question})
		require.NoError(t, err)
		require.Equal(t, "Zorbtrike service", result.Passages[0].Title, question)
		require.Contains(t, result.Corrected, "zorbtrike")
	}
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "who won the chess championship?"})
	require.NoError(t, err)
	require.Contains(t, result.Signals.Unknown, "championship")
	answered, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "how much is a full zorbtrike service?"})
	require.NoError(t, err)
	require.Greater(t, answered.Signals.Answerable, 0.5)
	require.Less(t, result.Signals.Answerable, 0.3)
}

// brokenEmbedder answers with what must never be stored.
type brokenEmbedder struct{ *offline.Embedder }

func (brokenEmbedder) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i := range out {
		out[i] = make([]float32, offline.Dimensions)
		out[i][3] = float32(math.NaN())
	}
	return out, nil
}

func TestABrokenEmbedderFailsTheItemAndNotTheQuestion(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Opening hours", opening)
	deps := b.Deps
	deps.Embedder = brokenEmbedder{offline.New()}
	broken := knowledgeBench{contextengine.New(deps), b.db, b.blobs}
	item := broken.add(t, tenant, "Returns", "You may return a bicycle within 30 days.")
	require.Equal(t, contextengine.Failed, item.Status)
	require.Equal(t, contextengine.ErrBadVectors.Message, item.Error)
	require.Contains(t, broken.best(t, tenant, "when does the garage close?").Text, "22:00")
	// Saved again, a failed item is tried again although its content is the same.
	item = b.add(t, tenant, "Returns", "You may return a bicycle within 30 days.")
	require.Equal(t, contextengine.Embedded, item.Status)
}

func TestAPageIsKnownByItsAddressAndNamedByItsTitle(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	var last contextengine.Item
	for range 2 {
		item, err := b.Add(t.Context(), tenant, contextengine.Draft{Source: contextengine.FromURL, URL: "https://shop.example/prices#top"})
		require.NoError(t, err)
		require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
		if last, err = b.Item(t.Context(), tenant, item.ID); err != nil {
			t.Fatal(err)
		}
	}
	require.Equal(t, 2, last.Version)
	require.Equal(t, "Prices", last.Title)
	require.Equal(t, "https://shop.example/prices", b.best(t, tenant, "ticket cost").URL)
}

func TestADraftIsHeldToTheRules(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	for _, c := range []struct {
		name  string
		draft contextengine.Draft
		want  error
	}{
		{"no text", contextengine.Draft{Title: "A", Content: []byte(" \n"), Source: contextengine.FromPaste}, contextengine.ErrEmptyContent},
		{"empty file", contextengine.Draft{Filename: "a.md", Source: contextengine.FromFile}, contextengine.ErrEmptyContent},
		{"no title", contextengine.Draft{Title: " ", Content: []byte("x"), Source: contextengine.FromPaste}, contextengine.ErrTitleLength},
		{"long title", contextengine.Draft{Title: strings.Repeat("é", 301), Content: []byte("x"), Source: contextengine.FromPaste}, contextengine.ErrTitleLength},
		{"type not allowed", contextengine.Draft{Filename: "a.exe", Content: []byte("MZ"), Source: contextengine.FromFile}, contextengine.ErrFileType},
		{"too large", contextengine.Draft{Filename: "a.md", Content: make([]byte, 26<<20), Source: contextengine.FromFile}, contextengine.ErrTooLarge},
		{"not a page", contextengine.Draft{URL: "file:///etc/passwd", Source: contextengine.FromURL}, contextengine.ErrBadURL},
		{"a password in it", contextengine.Draft{URL: "https://a:b@c.example/", Source: contextengine.FromURL}, contextengine.ErrBadURL},
	} {
		_, err := b.Add(t.Context(), tenant, c.draft)
		require.ErrorIs(t, err, c.want, c.name)
	}
	require.Empty(t, b.blobs.kept)
	_, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: " ?! "})
	require.ErrorIs(t, err, contextengine.ErrEmptyQuery)
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "anything there?"})
	require.NoError(t, err)
	require.Empty(t, result.Passages, "an empty brain answers nothing and does not fail")
	require.Zero(t, result.Signals.Answerable)
}

func TestListsFindSortAndPage(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	for _, title := range []string{"Alpha 100%", "Beta_x", "Gamma"} {
		b.add(t, tenant, title, "Text of "+title)
	}
	titles := func(l contextengine.Listing) []string {
		page, err := b.Items(t.Context(), tenant, l)
		require.NoError(t, err)
		out := []string{}
		for _, item := range page.Items {
			out = append(out, item.Title)
		}
		return out
	}
	require.Equal(t, []string{"Gamma", "Beta_x", "Alpha 100%"}, titles(contextengine.Listing{}), "newest change first")
	require.Equal(t, []string{"Alpha 100%"}, titles(contextengine.Listing{Search: "100%"}))
	require.Empty(t, titles(contextengine.Listing{Search: "a_1"}), "a pattern's letters are letters")
	require.Equal(t, []string{"Alpha 100%", "Beta_x"}, titles(contextengine.Listing{Sort: "title", Limit: 2}))
	page, err := b.Items(t.Context(), tenant, contextengine.Listing{Sort: "title", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, 3, page.Total)
	require.Equal(t, []string{"Gamma"}, titles(contextengine.Listing{Sort: "title", Limit: 2, Cursor: page.Next}))
	_, err = b.Items(t.Context(), tenant, contextengine.Listing{Cursor: "nonsense!"})
	require.ErrorIs(t, err, postgres.ErrBadCursor)
}
