package pulse

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// shop is a tenant's knowledge and one reader's past.
type shop struct {
	past  Past
	items []contextengine.Item
	finds map[string][]contextengine.Passage // by the text of a query
	near  map[string][]contextengine.Passage // what is found without a word of the query
	asked []contextengine.Query
}

func (s *shop) Past(context.Context, flomastr.TenantID, string, time.Time) (Past, error) {
	return s.past, nil
}

func (s *shop) Retrieve(_ context.Context, _ flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	s.asked = append(s.asked, q)
	if !strings.ContainsAny(strings.ToLower(q.Text), "abcdefghijklmnopqrstuvwxyz") {
		return contextengine.Result{}, contextengine.ErrEmptyQuery
	}
	if by := s.finds[q.Text]; len(by) > 0 {
		return contextengine.Result{Passages: by, Signals: contextengine.Signals{Coverage: 0.4}}, nil
	}
	return contextengine.Result{Passages: s.near[q.Text]}, nil
}

func (s *shop) Item(_ context.Context, _ flomastr.TenantID, id flomastr.ItemID) (contextengine.Item, error) {
	i := slices.IndexFunc(s.items, func(item contextengine.Item) bool { return item.ID == id })
	if i < 0 {
		return contextengine.Item{}, contextengine.ErrItemNotFound
	}
	return s.items[i], nil
}

func (s *shop) Items(context.Context, flomastr.TenantID, contextengine.Listing) (contextengine.Page, error) {
	return contextengine.Page{Items: s.items}, nil
}

func (s *shop) Chunks(_ context.Context, _ flomastr.TenantID, id flomastr.ItemID) ([]contextengine.Chunk, error) {
	item, err := s.Item(context.Background(), flomastr.TenantID{}, id)
	if item.Title == "empty" {
		return nil, err
	}
	return []contextengine.Chunk{{Text: "the beginning of " + item.Title}, {Text: "the rest"}}, err
}

func item(title string, tags ...string) contextengine.Item {
	return contextengine.Item{ID: flomastr.NewID[flomastr.ItemID](), Title: title, Type: "markdown", Tags: tags, Source: contextengine.FromPaste}
}

func passage(of contextengine.Item, score float64) contextengine.Passage {
	return contextengine.Passage{Item: of.ID, Title: of.Title, Text: "on " + of.Title, Score: score, Source: "paste"}
}

func titles(pieces []Piece) (out []string) {
	for _, p := range pieces {
		out = append(out, p.Title)
	}
	return out
}

func TestContentIsFoundByWhatIsNamedAndByWhatWasTalkedAbout(t *testing.T) {
	t.Parallel()
	shoes, socks, hours := item("Shoes", "offer"), item("Socks"), item("Hours")
	hours.Intent = "visit"
	s := &shop{
		items: []contextengine.Item{shoes, socks, hours},
		past:  Past{Said: []Said{{now, 3}}, Topics: []string{"Hours", "Hours", "Shoes"}},
		finds: map[string][]contextengine.Passage{
			"running": {passage(socks, 0.5), passage(shoes, 0.25), passage(hours, 0.24)},
			"Shoes":   {passage(shoes, 0.75), passage(shoes, 0.5)},
			"Hours":   {passage(hours, 1.5)},
		},
		near: map[string][]contextengine.Passage{"swimming": {passage(socks, 0.9)}},
	}
	e := New(Deps{Store: s, Knowledge: s, Clock: func() time.Time { return now }})
	got, err := e.Content(t.Context(), flomastr.TenantID{}, Ask{Interests: []string{" running ", "RUNNING", "…", "", "swimming"}, Kinds: []string{"offer"}})
	require.NoError(t, err)
	require.Equal(t, []Piece{
		{Kind: "visit", Title: "Hours", Text: "on Hours", Relevance: topicShare, Interest: "Hours", Item: hours.ID, Source: "paste"},
		{Kind: "offer", Title: "Shoes", Text: "on Shoes", Relevance: 0.75 * topicShare, Interest: "Shoes", Item: shoes.ID, Source: "paste"},
		{Kind: "markdown", Title: "Socks", Text: "on Socks", Relevance: 0.5, Interest: "running", Item: socks.ID, Source: "paste"},
	}, got.Pieces, "each item by the interest that it fits best; by swimming nothing is found, for its word is nowhere")
	var asked []string
	for _, q := range s.asked {
		asked = append(asked, q.Text)
		require.Equal(t, []string{"offer"}, q.Filters.Kinds)
	}
	require.Equal(t, []string{"running", "…", "swimming", "Hours", "Shoes"}, asked, "each interest is searched for once")
	require.Equal(t, []string{"Hours", "Shoes"}, got.Insights.Topics)

	got, err = e.Content(t.Context(), flomastr.TenantID{}, Ask{Most: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"Hours"}, titles(got.Pieces))
}

func TestWhoeverIsUnknownIsGivenWhatIsNew(t *testing.T) {
	t.Parallel()
	s := &shop{items: []contextengine.Item{item("Newest"), item("empty"), item("News", "offer"), item("Old", "offer")}}
	e := New(Deps{Store: s, Knowledge: s, Clock: func() time.Time { return now }})
	got, err := e.Content(t.Context(), flomastr.TenantID{}, Ask{Most: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"Newest", "News"}, titles(got.Pieces))
	require.Equal(t, "the beginning of Newest", got.Pieces[0].Text)
	require.Zero(t, got.Pieces[0].Relevance)
	require.Equal(t, Insights{Topics: []string{}, Engagement: EngagementNone, Style: "balanced"}, got.Insights)

	got, err = e.Content(t.Context(), flomastr.TenantID{}, Ask{Kinds: []string{"offer"}, Style: "funny"})
	require.NoError(t, err)
	require.Equal(t, []string{"News", "Old"}, titles(got.Pieces))
	require.Equal(t, "offer", got.Pieces[0].Kind)
	require.Equal(t, "funny", got.Insights.Style)
}

func TestEngagementAndStyleAreReadOffWhatAPersonWrote(t *testing.T) {
	t.Parallel()
	wrote := func(n int, ago time.Duration, words int) (said []Said) {
		for range n {
			said = append(said, Said{now.Add(-ago), words})
		}
		return said
	}
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		said       []Said
		engagement Engagement
		style      string
	}{
		"nothing":                   {nil, EngagementNone, "balanced"},
		"much, long ago":            {wrote(50, 31*day, 9), EngagementLow, "balanced"},
		"twice":                     {wrote(2, day, 8), EngagementLow, "brief"},
		"three times":               {wrote(3, 29*day, 24), EngagementMedium, "balanced"},
		"nine times, pictures":      {wrote(9, day, 0), EngagementMedium, "balanced"},
		"ten times at length":       {wrote(10, day, 25), EngagementHigh, "detailed"},
		"mostly briefly":            {append(wrote(3, day, 2), wrote(2, day, 90)...), EngagementMedium, "brief"},
		"pictures and a long words": {append(wrote(3, day, 0), wrote(1, day, 90)...), EngagementMedium, "detailed"},
	} {
		got := insights(Past{Said: c.said}, now, "")
		require.Equal(t, c.engagement, got.Engagement, name)
		require.Equal(t, c.style, got.Style, name)
	}
}
