package assistant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// A token is reckoned as four characters: no model counts alike, and the budget is the caller's estimate too.
const (
	charsPerToken    = 4
	defaultMaxTokens = 3000
)

// Piece is a text to answer from, with what the caller knows of it. A text without a title is quoted without a source.
type Piece struct {
	Text     string
	ChunkID  string
	Title    string
	Distance float64 // of its vector to the question's; 0 where there is none
}

// Source says where a numbered part of a prepared context comes from.
type Source struct {
	Number      int
	ChunkID     string
	Item        flomastr.ItemID
	Title       string
	HeadingPath []string
	URL         string
	Place       flomastr.Place
	Score       float64
}

// Prepared is a context for a writer: numbered parts within a budget, and their sources in the same order.
type Prepared struct {
	Text    string
	Sources []Source
}

// Prepare retrieves for a query and joins the best passages that fit into maxTokens (0 means 3,000) and into what the
// tenant allows.
func (a *Assistant) Prepare(ctx context.Context, tenant flomastr.TenantID, query string, maxTokens int) (Prepared, error) {
	policy, err := a.policy(ctx, tenant)
	if err != nil {
		return Prepared{}, err
	}
	result, err := a.deps.Retriever.Retrieve(ctx, tenant, contextengine.Query{Text: query, Limit: 20})
	if errors.Is(err, contextengine.ErrEmptyQuery) {
		return Prepared{}, err
	}
	if err != nil {
		return Prepared{}, fmt.Errorf("retrieve for a context: %w", err)
	}
	out := newPreparation(policy, maxTokens)
	for _, p := range result.Passages {
		out.add(sourceName(flomastr.Evidence{Title: p.Title, HeadingPath: p.HeadingPath}), p.Text, Source{
			ChunkID: p.ID.String(), Item: p.Item, Title: p.Title, HeadingPath: p.HeadingPath, URL: p.URL, Place: p.Place, Score: p.Score,
		})
	}
	return out.prepared, nil
}

// PreparePieces joins given texts, nearest first where distances are known, in the given order otherwise, within the
// same bounds.
func (a *Assistant) PreparePieces(ctx context.Context, tenant flomastr.TenantID, pieces []Piece, maxTokens int) (Prepared, error) {
	policy, err := a.policy(ctx, tenant)
	if err != nil {
		return Prepared{}, err
	}
	out := newPreparation(policy, maxTokens)
	for _, p := range nearestFirst(pieces) {
		score := 0.0
		if p.Distance > 0 {
			score = max(0, 1-p.Distance)
		}
		out.add(plain(p.Title), p.Text, Source{ChunkID: p.ChunkID, Title: p.Title, Score: score})
	}
	return out.prepared, nil
}

// preparation fills a context up to its budget. What does not fit is left out whole: half a passage misleads.
type preparation struct {
	prepared Prepared
	room     int
	seen     map[string]bool
}

func newPreparation(policy Policy, maxTokens int) *preparation {
	if maxTokens <= 0 {
		maxTokens = defaultMaxTokens
	}
	maxTokens = min(maxTokens, policy.MaxContext)
	return &preparation{room: maxTokens * charsPerToken, seen: map[string]bool{}}
}

func (p *preparation) add(name, text string, s Source) {
	text = strings.TrimSpace(text)
	if text == "" || p.seen[text] {
		return
	}
	s.Number = len(p.prepared.Sources) + 1
	part := fmt.Sprintf("[%d] %s\n%s", s.Number, name, text)
	if name == "" {
		part = fmt.Sprintf("[%d]\n%s", s.Number, text)
	}
	size := utf8.RuneCountInString(part) + 2
	if size > p.room {
		return
	}
	p.room -= size
	p.seen[text] = true
	if p.prepared.Text != "" {
		p.prepared.Text += "\n\n"
	}
	p.prepared.Text += part
	p.prepared.Sources = append(p.prepared.Sources, s)
}
