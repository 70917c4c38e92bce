package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type knowledgeSearchInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		Query   string            `json:"query" minLength:"1" maxLength:"2000"`
		Limit   int               `json:"limit,omitempty" minimum:"1" maximum:"50" default:"8"`
		Filters *knowledgeFilters `json:"filters,omitempty"`
		Release string            `json:"release,omitempty" format:"uuid" doc:"Find what this release would find"`
		Expect  string            `json:"expect,omitempty" format:"uuid" doc:"An item that should have been found; expected then says what became of it"`
	}
}

type knowledgeFilters struct {
	Items   []string `json:"items,omitempty" maxItems:"200" doc:"Ids of items to search in"`
	Sources []string `json:"sources,omitempty" maxItems:"4" enum:"file,url,paste,hitl"`
	Tags    []string `json:"tags,omitempty" maxItems:"50" doc:"Items that have any of them"`
	Types   []string `json:"types,omitempty" maxItems:"20"`
}

type knowledgeSearchOutput struct {
	Body struct {
		Passages       []knowledgePassage `json:"passages" doc:"Best first"`
		CorrectedQuery string             `json:"corrected_query,omitempty" doc:"How the question was read, where its spelling was mended"`
		Signals        knowledgeSignals   `json:"signals"`
		WordsOnly      bool               `json:"words_only,omitempty" doc:"The embedder could not be asked: passages were found by their words alone"`
		Expected       *knowledgeExpected `json:"expected,omitempty" doc:"What became of the item in expect"`
	}
}

type knowledgePassage struct {
	ID          flomastr.PassageID `json:"id" format:"uuid"`
	ItemID      flomastr.ItemID    `json:"item_id" format:"uuid"`
	Title       string             `json:"title"`
	HeadingPath []string           `json:"heading_path"`
	Text        string             `json:"text"`
	Before      string             `json:"before,omitempty" doc:"The passage before it"`
	After       string             `json:"after,omitempty" doc:"The passage after it"`
	Source      string             `json:"source" enum:"file,url,paste,hitl"`
	URL         string             `json:"url,omitempty"`
	Place       flomastr.Place     `json:"place,omitzero" doc:"Where in the document it begins, when that has pages, sheets or slides"`
	ChangedAt   time.Time          `json:"changed_at" doc:"When what its item says last changed"`
	Highlights  []string           `json:"highlights" doc:"Words of the passage that the question asks for, as they stand in it"`
	Score       float64            `json:"score"`
	Scores      map[string]float64 `json:"scores" doc:"Each stage's, between 0 and 1: the legs over the candidates; rerank where a model read it; fresh is what it gained by being newer than one that says the same, repeats the share that it lost to others before it that say the same or come from the same item"`
}

type knowledgeSignals struct {
	Answerable float64  `json:"answerable" doc:"The chance that the answer is in these passages, 0 to 1"`
	Coverage   float64  `json:"coverage" doc:"Share of the question's words, weighted by rarity, that the best passage holds"`
	Margin     float64  `json:"margin"`
	Agreement  float64  `json:"agreement"`
	Unknown    []string `json:"unknown" doc:"Words of the question that the knowledge does not hold"`
}

func (a *API) knowledgeSearch(ctx context.Context, call Call, in *knowledgeSearchInput) (*knowledgeSearchOutput, error) {
	query := contextengine.Query{Text: in.Body.Query, Limit: in.Body.Limit}
	if f := in.Body.Filters; f != nil {
		query.Filters.Tags, query.Filters.Types = f.Tags, f.Types
		for _, s := range f.Sources {
			query.Filters.Sources = append(query.Filters.Sources, contextengine.Origin(s))
		}
		for _, text := range f.Items {
			id, err := flomastr.ParseID[flomastr.ItemID](text)
			if err != nil {
				return nil, contextengine.ErrItemNotFound
			}
			query.Filters.Items = append(query.Filters.Items, id)
		}
	}
	if in.Body.Expect != "" {
		id, err := flomastr.ParseID[flomastr.ItemID](in.Body.Expect)
		if err != nil {
			return nil, contextengine.ErrItemNotFound
		}
		query.Expect = id
	}
	var err error
	if query.Release, err = releaseID(in.Body.Release); err != nil {
		return nil, err
	}
	result, err := a.deps.Knowledge.Retrieve(ctx, call.Tenant.ID, query)
	if err != nil {
		return nil, err
	}
	out := &knowledgeSearchOutput{}
	s := result.Signals
	out.Body.CorrectedQuery, out.Body.WordsOnly = result.Corrected, result.WordsOnly
	out.Body.Signals = knowledgeSignals{Answerable: s.Answerable, Coverage: s.Coverage, Margin: s.Margin, Agreement: s.Agreement, Unknown: orEmpty(s.Unknown)}
	out.Body.Passages = make([]knowledgePassage, len(result.Passages))
	for i, p := range result.Passages {
		out.Body.Passages[i] = passageOf(p)
	}
	if result.Expected != nil {
		if out.Body.Expected, err = a.expected(ctx, call, in.Body.Query, *result.Expected); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func passageOf(p contextengine.Passage) knowledgePassage {
	return knowledgePassage{
		ID: p.ID, ItemID: p.Item, Title: p.Title, HeadingPath: orEmpty(p.HeadingPath), Text: p.Text, Before: p.Before, After: p.After,
		Source: p.Source, URL: p.URL, Place: p.Place, ChangedAt: p.Changed.UTC(), Highlights: orEmpty(p.Highlights), Score: p.Score, Scores: p.Scores,
	}
}
