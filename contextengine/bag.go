package contextengine

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// analyst reads texts for the index and for questions alike. One goroutine at a time.
type analyst struct {
	stemmer  *analysis.Stemmer
	detector *analysis.Detector
	ids      *analysis.Identifying
}

// passageText is what a passage's vector is made from: where it stands, then what it says.
func passageText(title string, c chunk.Chunk) string {
	return strings.Join(append(append([]string{title}, c.Headings...), c.Text), "\n")
}

// titleCounts is how often a word of the title counts; headings count once.
const (
	titleQuarters   = 12
	headingQuarters = 4
	bodyQuarters    = 4
)

// index makes all that the index keeps of an item's chunks, except vectors.
func (a *analyst) index(title string, lang analysis.Language, chunks []chunk.Chunk) []IndexedPassage {
	bodies := make([][]analysis.Token, len(chunks))
	for i, c := range chunks {
		bodies[i] = a.stemmer.Words(c.Text, lang)
	}
	titleTokens := a.stemmer.Words(title, lang)
	seen := map[PassageKey]int{}
	out := make([]IndexedPassage, len(chunks))
	for i, c := range chunks {
		p := IndexedPassage{ID: flomastr.NewID[flomastr.PassageID](), Text: c.Text, Headings: c.Headings, Place: c.Place}
		p.Key = passageKey(title, c, 0)
		for n := 1; ; n++ { // the same text twice in one item is two passages
			if _, again := seen[p.Key]; !again {
				break
			}
			p.Key = passageKey(title, c, n)
		}
		seen[p.Key] = i
		a.terms(&p, title, titleTokens, bodies, i, lang, c)
		out[i] = p
	}
	return out
}

func (a *analyst) terms(p *IndexedPassage, title string, titleTokens []analysis.Token, bodies [][]analysis.Token, i int, lang analysis.Language, c chunk.Chunk) {
	headings := strings.Join(c.Headings, "\n")
	if len(c.Headings) == 1 && c.Headings[0] == title {
		headings = "" // the document's own heading is its title: once is enough
	}
	headTokens := a.stemmer.Words(headings, lang)
	quarters := map[analysis.Term]int{}
	words := map[WordTerm]bool{}
	var bag ranking.Bag
	count := func(tokens []analysis.Token, weight int, into *[]uint32) {
		for _, t := range tokens {
			quarters[t.Term] += weight
			if !t.Cut {
				words[WordTerm{t.Word, t.Term}] = true
			}
			*into = append(*into, ranking.Low(t.Term))
		}
	}
	count(bodies[i], bodyQuarters, &bag.Body)
	count(titleTokens, titleQuarters, &bag.Title)
	count(headTokens, headingQuarters, &bag.Heads)
	own := len(bag.Body) + 3*len(bag.Title) + len(bag.Heads)
	for _, near := range []int{i - 1, i + 1} {
		if near >= 0 && near < len(bodies) {
			for _, t := range bodies[near] {
				bag.Near = append(bag.Near, ranking.Low(t.Term))
			}
		}
	}
	for _, id := range a.ids.Find(title + "\n" + headings + "\n" + c.Text) {
		quarters[id.Term] = bodyQuarters
		bag.IDs = append(bag.IDs, ranking.Low(id.Term))
	}
	bag.Text = slices.Concat(analysis.GramText(titleTokens, title), analysis.GramText(headTokens, headings), analysis.GramText(bodies[i], c.Text))
	grams := make([]analysis.Gram, 0, len(bag.Text))
	analysis.EachGram(bag.Text, func(g analysis.Gram) { grams = append(grams, g) })
	n := len(grams)
	slices.Sort(grams)

	p.Bag = bag.Pack()
	p.Grams = slices.Clone(slices.Compact(grams))
	p.Length = Length{Words: own, Titles: len(bag.Title) + len(bag.Heads), Grams: n}
	for _, t := range slices.Sorted(maps.Keys(quarters)) {
		p.Postings = append(p.Postings, Posting{Term: t, Quarters: quarters[t]})
	}
	for w := range words {
		p.Words = append(p.Words, w)
	}
	slices.SortFunc(p.Words, func(x, y WordTerm) int { return strings.Compare(x.Word, y.Word) })
}

func passageKey(title string, c chunk.Chunk, occurrence int) PassageKey {
	sum := sha256.New()
	sum.Write([]byte(title))
	for _, h := range c.Headings {
		sum.Write([]byte{0})
		sum.Write([]byte(h))
	}
	sum.Write([]byte{1, byte(occurrence), byte(occurrence >> 8)})
	sum.Write([]byte(c.Text))
	return PassageKey(sum.Sum(nil)[:16])
}
