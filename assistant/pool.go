package assistant

import (
	"math"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// passage is a retrieved passage as it is read here: cut into units, each with its words.
type passage struct {
	origin  contextengine.Passage
	rank    float64 // its score beside the best one's, 0…1
	lang    analysis.Language
	units   []unit
	known   []vocabulary // by unit
	folds   [][]string   // by unit, for spelling and concepts
	week    []week       // by unit
	above   []vocabulary // by unit: title, headings, lead-in, table header
	heading [][]string   // by unit: folded words of headings within the passage, lead-in and table header
	names   []string     // folded words of title and headings
	all     vocabulary
	around  vocabulary // the passages before and after it
}

// pool is what one question found, with what is needed to weigh its words.
type pool struct {
	lexicon  *lexicon
	passages []passage
	signals  contextengine.Signals
}

// newPool reads passages; the languages of short ones are taken from all of them together.
func newPool(x *lexicon, result contextengine.Result) *pool {
	p := &pool{lexicon: x, signals: result.Signals}
	var all strings.Builder
	top := 0.0
	for _, r := range result.Passages {
		all.WriteString(r.Text + "\n")
		top = max(top, r.Score)
	}
	common := x.detector.Detect(all.String())
	if common == analysis.Undecided {
		common = analysis.English
	}
	x.withStemmer(func(stemmer *analysis.Stemmer) {
		seen := map[flomastr.PassageID]bool{}
		for _, r := range result.Passages {
			if seen[r.ID] && !r.ID.IsZero() {
				continue
			}
			seen[r.ID] = true
			lang := x.detector.Detect(r.Text)
			if lang == analysis.Undecided {
				lang = common
			}
			read := readPassage(x, tokenizer{stemmer, lang}, r)
			if top > 0 {
				read.rank = r.Score / top
			}
			p.passages = append(p.passages, read)
		}
	})
	return p
}

func readPassage(x *lexicon, t tokenizer, r contextengine.Passage) passage {
	p := passage{origin: r, lang: t.lang, units: units(r.Text), all: vocabulary{}, around: vocabulary{}}
	head := t.words(r.Title + "\n" + strings.Join(r.HeadingPath, "\n"))
	for _, w := range head {
		p.names = append(p.names, w.fold)
	}
	p.all.add(head)
	p.around.add(t.words(r.Before))
	p.around.add(t.words(r.After))
	for _, u := range p.units {
		words := t.words(u.text)
		known, above := vocabulary{}, vocabulary{}
		known.add(words)
		above.add(head)
		context := strings.Join(u.headings, "\n") + "\n" + strings.Join(u.header, "\n")
		if u.lead != nil {
			context += "\n" + u.lead.of(r.Text)
		}
		near := t.words(context)
		above.add(near)
		heading := make([]string, len(near))
		for i, w := range near {
			heading[i] = w.fold
		}
		p.heading = append(p.heading, heading)
		folds := make([]string, len(words))
		for i, w := range words {
			folds[i] = w.fold
		}
		p.all.add(words)
		p.known = append(p.known, known)
		p.above = append(p.above, above)
		p.folds = append(p.folds, folds)
		p.week = append(p.week, x.weekOf(words))
	}
	return p
}

// rarity weighs a word by how few of the passages hold it. A word that none holds weighs most: it is what the question
// is about and the knowledge is not.
func (p *pool) rarity(stems map[analysis.Language][]string) (weight float64, absent bool) {
	n, held := float64(len(p.passages)), 0.0
	for _, x := range p.passages {
		held += x.all.holds(stems[x.lang])
	}
	return max(0.3, math.Log(1+(n-held+0.5)/(held+0.5))), held == 0
}

// stems of a term in each language that the passages are written in.
func (p *pool) stems(t term) map[analysis.Language][]string {
	out := map[analysis.Language][]string{}
	for _, x := range p.passages {
		if _, ok := out[x.lang]; ok {
			continue
		}
		for _, w := range (tokenizer{analysis.NewStemmer(), x.lang}).words(t.text) {
			out[x.lang] = append(out[x.lang], w.stems...)
		}
	}
	return out
}
