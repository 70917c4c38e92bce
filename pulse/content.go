package pulse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const (
	// MaxItems bounds what one ask is given.
	MaxItems     = 20
	defaultItems = 5
	maxInterests = 12  // each is a search
	maxInterest  = 200 // characters; what is longer is no name of a subject
	found        = 10  // passages of one interest
	// What a person asked of us in passing says less than what they were asked for and named.
	topicShare = 0.75
	nearBest   = 0.5 // of the best passage's score, below which another has little to do with the interest
	lately     = 90 * 24 * time.Hour
)

// Knowledge is what is asked of the context engine.
type Knowledge interface {
	Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error)
	Item(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (contextengine.Item, error)
	Items(ctx context.Context, tenant flomastr.TenantID, l contextengine.Listing) (contextengine.Page, error)
	Chunks(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]contextengine.Chunk, error)
}

// Deps are what the engine works with.
type Deps struct {
	Store     Store
	Knowledge Knowledge
	Clock     flomastr.Clock
}

// Engine chooses content. It keeps nothing and is safe for concurrent use.
type Engine struct{ Deps }

// New makes an engine.
func New(deps Deps) *Engine { return &Engine{deps} }

// Ask says for whom content is wanted and of what kind.
type Ask struct {
	Reader    string   // a contact's id, or a phone number or provider's id of one; somebody whom we do not know has no past
	Interests []string // words on what they care about, the most telling first
	Kinds     []string // types or tags of the items that may be used; none: all
	Style     string   // how they want to be written to, where they have said so
	Most      int      // 0: 5; at most MaxItems
}

// Content is what could be told, the most fitting first, and what it was chosen by.
type Content struct {
	Pieces   []Piece
	Insights Insights
}

// Piece is a passage of the knowledge, literally.
type Piece struct {
	Kind      string // the one of Ask.Kinds that it was found by, else its item's intent or type
	Title     string
	Text      string
	Relevance float64 // 0…1: the passage's score for the interest that it fits best; 0 for what is only new
	Interest  string  // that interest; "" for what is only new
	Item      flomastr.ItemID
	Source    string // file, url, paste, hitl
	URL       string
}

// Content searches the knowledge for what a reader cares about: what the caller names, then the subjects of what they were
// answered lately. An interest of which the knowledge holds no word finds nothing. For a reader of whom nothing is known it is
// what changed last.
func (e *Engine) Content(ctx context.Context, tenant flomastr.TenantID, ask Ask) (Content, error) {
	now := e.Clock()
	past, err := e.Store.Past(ctx, tenant, ask.Reader, now.Add(-lately))
	if err != nil {
		return Content{}, fmt.Errorf("read what was talked about: %w", err)
	}
	out := Content{Insights: insights(past, now, ask.Style)}
	most := min(ask.Most, MaxItems)
	if most <= 0 {
		most = defaultItems
	}
	wanted := interests(ask.Interests, out.Insights.Topics)
	if len(wanted) == 0 {
		out.Pieces, err = e.newest(ctx, tenant, ask.Kinds, most)
		return out, err
	}
	for _, interest := range wanted {
		pieces, err := e.search(ctx, tenant, interest, ask.Kinds)
		if err != nil {
			return Content{}, err
		}
		for _, p := range pieces {
			i := slices.IndexFunc(out.Pieces, func(other Piece) bool { return other.Item == p.Item })
			switch {
			case i < 0:
				out.Pieces = append(out.Pieces, p)
			case out.Pieces[i].Relevance < p.Relevance:
				out.Pieces[i] = p
			}
		}
	}
	slices.SortStableFunc(out.Pieces, func(a, b Piece) int { return cmp.Compare(b.Relevance, a.Relevance) })
	out.Pieces = out.Pieces[:min(most, len(out.Pieces))]
	for i := range out.Pieces {
		item, err := e.Knowledge.Item(ctx, tenant, out.Pieces[i].Item)
		if err != nil && !errors.Is(err, contextengine.ErrItemNotFound) { // removed since
			return Content{}, fmt.Errorf("read an item: %w", err)
		}
		out.Pieces[i].Kind = kind(item, ask.Kinds)
	}
	return out, nil
}

// interest is what is searched for, and how much what is found counts.
type interest struct {
	text  string
	share float64
}

// interests puts what was named before what was talked about, each once.
func interests(named, topics []string) (list []interest) {
	add := func(texts []string, share float64) {
		for _, text := range texts {
			text = provider.Truncate(flomastr.VisibleLine(text), maxInterest)
			if text == "" || len(list) == maxInterests || slices.ContainsFunc(list, func(i interest) bool { return strings.EqualFold(i.text, text) }) {
				continue
			}
			list = append(list, interest{text, share})
		}
	}
	add(named, 1)
	add(topics, topicShare)
	return list
}

// search gives the best passage of each item that an interest finds.
func (e *Engine) search(ctx context.Context, tenant flomastr.TenantID, by interest, kinds []string) ([]Piece, error) {
	result, err := e.Knowledge.Retrieve(ctx, tenant, contextengine.Query{Text: by.text, Limit: found, Filters: contextengine.Filters{Kinds: kinds}})
	if errors.Is(err, contextengine.ErrEmptyQuery) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("search for an interest: %w", err)
	}
	if result.Signals.Coverage == 0 {
		return nil, nil
	}
	var out []Piece
	for _, p := range result.Passages {
		if p.Score < result.Passages[0].Score*nearBest || slices.ContainsFunc(out, func(other Piece) bool { return other.Item == p.Item }) {
			continue
		}
		out = append(out, Piece{
			Title: p.Title, Text: p.Text, Relevance: min(p.Score, 1) * by.share, Interest: by.text, Item: p.Item, Source: p.Source, URL: p.URL,
		})
	}
	return out, nil
}

// newest gives the beginning of the items that changed last.
func (e *Engine) newest(ctx context.Context, tenant flomastr.TenantID, kinds []string, most int) (out []Piece, err error) {
	page, err := e.Knowledge.Items(ctx, tenant, contextengine.Listing{Limit: 100, Status: contextengine.Embedded})
	if err != nil {
		return nil, fmt.Errorf("list what is new: %w", err)
	}
	for _, item := range page.Items {
		if len(out) == most {
			break
		}
		if len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k string) bool { return k == item.Type || slices.Contains(item.Tags, k) }) {
			continue
		}
		chunks, err := e.Knowledge.Chunks(ctx, tenant, item.ID)
		if errors.Is(err, contextengine.ErrItemNotFound) || err == nil && len(chunks) == 0 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what is new: %w", err)
		}
		out = append(out, Piece{Kind: kind(item, kinds), Title: item.Title, Text: chunks[0].Text, Item: item.ID, Source: string(item.Source), URL: item.URL})
	}
	return out, nil
}

func kind(item contextengine.Item, kinds []string) string {
	for _, k := range kinds {
		if k == item.Type || slices.Contains(item.Tags, k) {
			return k
		}
	}
	return cmp.Or(item.Intent, item.Type)
}
