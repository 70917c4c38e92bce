package contextengine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// memoryIndex is the index of one collection in memory: what the store keeps in tables, for measuring the arithmetic
// over whole question sets without a database.
type memoryIndex struct {
	items    []int // passage → document
	bags     []ranking.Bag
	lengths  []int
	postings map[analysis.Term][]memoryPosting
	terms    map[analysis.Term]int
	grams    map[analysis.Gram]int
	words    map[WordTerm]int
	byWord   map[string][]KnownWord
	vectors  [][]float32
	sum      Length
	language map[analysis.Language]int
}

type memoryPosting struct{ no, quarters int }

func newMemoryIndex() *memoryIndex {
	return &memoryIndex{
		postings: map[analysis.Term][]memoryPosting{}, terms: map[analysis.Term]int{}, grams: map[analysis.Gram]int{},
		words: map[WordTerm]int{}, byWord: map[string][]KnownWord{}, language: map[analysis.Language]int{},
	}
}

func (m *memoryIndex) add(a *analyst, item int, title, text string) {
	lang := a.detector.Detect(sample(text))
	if lang == analysis.Undecided {
		lang = m.most()
	}
	chunks := chunk.Split(text, nil)
	for _, p := range a.index(title, lang, chunks) {
		no := len(m.bags)
		bag, err := ranking.Unpack(p.Bag)
		if err != nil {
			panic(err) // it was packed a moment ago
		}
		m.items, m.bags, m.lengths = append(m.items, item), append(m.bags, bag), append(m.lengths, p.Length.Words)
		for _, posting := range p.Postings {
			m.postings[posting.Term] = append(m.postings[posting.Term], memoryPosting{no, posting.Quarters})
			m.terms[posting.Term]++
		}
		for _, g := range p.Grams {
			m.grams[g]++
		}
		for _, w := range p.Words {
			m.words[w]++
		}
		m.sum.Words, m.sum.Titles, m.sum.Grams = m.sum.Words+p.Length.Words, m.sum.Titles+p.Length.Titles, m.sum.Grams+p.Length.Grams
		m.language[lang]++
	}
}

// most is the language that most passages are written in.
func (m *memoryIndex) most() (most analysis.Language) {
	best := 0
	for _, l := range slices.Sorted(maps.Keys(m.language)) {
		if l != analysis.Undecided && m.language[l] > best {
			best, most = m.language[l], l
		}
	}
	return most
}

func (m *memoryIndex) ready() {
	for w := range m.words {
		m.byWord[w.Word] = append(m.byWord[w.Word], KnownWord{w.Word, w.Term, m.terms[w.Term]})
	}
}

// Lookup answers as the store does.
func (m *memoryIndex) Lookup(_ context.Context, _ flomastr.TenantID, ask Lookup) (Known, error) {
	n := max(len(m.bags), 1)
	known := Known{Terms: map[analysis.Term]int{}, Grams: map[analysis.Gram]int{}}
	known.Corpus.Passages = len(m.bags)
	known.Corpus.Words, known.Corpus.Titles, known.Corpus.Grams = float64(m.sum.Words)/float64(n), float64(m.sum.Titles)/float64(n), float64(m.sum.Grams)/float64(n)
	known.Language = m.most()
	for _, w := range ask.Words {
		for _, k := range m.byWord[w] {
			known.Words = append(known.Words, k)
			known.Terms[k.Term] = m.terms[k.Term]
		}
	}
	for _, t := range ask.Terms {
		if found := m.terms[t]; found > 0 {
			known.Terms[t] = found
		}
	}
	for _, g := range ask.Grams {
		known.Grams[g] = m.grams[g]
	}
	return known, nil
}

// Similar answers as the store does.
func (m *memoryIndex) Similar(_ context.Context, _ flomastr.TenantID, word string) ([]KnownWord, error) {
	prefix, suffix := SpellingKeys(word)
	var out []KnownWord
	n := len([]rune(word))
	for w, list := range m.byWord {
		if l := len([]rune(w)); l >= n-2 && l <= n+8 && (strings.HasPrefix(w, prefix) || strings.HasSuffix(w, suffix)) {
			out = append(out, list...)
		}
	}
	slices.SortFunc(out, func(a, b KnownWord) int {
		return cmp.Or(b.Passages-a.Passages, strings.Compare(a.Word, b.Word), cmp.Compare(a.Term, b.Term))
	})
	return out[:min(len(out), 2000)], nil
}

// candidates answers as the store does; the vectors' similarity is added by the caller.
func (m *memoryIndex) candidates(ask CandidateQuery) []Candidate {
	scores := map[int]float64{}
	for _, t := range ask.Terms {
		for _, p := range m.postings[t.Term] {
			q := float64(p.quarters)
			scores[p.no] += t.IDF * q * 2.2 / (q + 4.8*(0.25+0.75*float64(m.lengths[p.no])/max(ask.Average, 1)))
		}
	}
	nos := slices.SortedFunc(maps.Keys(scores), func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b) })
	nos = nos[:min(len(nos), ask.Limit)]
	if ask.Vector != nil && m.vectors != nil {
		type near struct {
			no  int
			sim float64
		}
		var all []near
		for no, v := range m.vectors {
			all = append(all, near{no, dot(v, ask.Vector)})
		}
		slices.SortFunc(all, func(a, b near) int { return cmp.Or(cmp.Compare(b.sim, a.sim), a.no-b.no) })
		for _, n := range all[:min(50, len(all))] {
			if !slices.Contains(nos, n.no) {
				nos = append(nos, n.no)
			}
		}
	}
	slices.Sort(nos)
	out := make([]Candidate, len(nos))
	for i, no := range nos {
		out[i] = Candidate{Number: no, Bag: m.bags[no]}
		if ask.Vector != nil && m.vectors != nil {
			out[i].Similarity = dot(m.vectors[no], ask.Vector)
		}
	}
	return out
}

func dot(a, b []float32) float64 {
	sum := float32(0)
	for i := range a {
		sum += a[i] * b[i]
	}
	return float64(sum)
}
