package assistant

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// clauseEnd is where a sentence may go on to say something else.
var clauseEnd = regexp.MustCompile(`(?i)[;,،؛]\s+|\s+(?:and|but|while|plus|y|pero|mas|और|लेकिन)\s+`)

// weighSentence gives how far the marked sources hold what a sentence says, 0 where they do not, the units that do, and what of it
// is not so.
func (k *checker) weighSentence(s string, marks []int) (support float64, units []pick, wrong string) {
	before := k.last
	total, n := 0.0, 0
	for _, clause := range k.clauses(s) {
		subject := clause
		if telling(k.lexicon.ask(clause, k.lang)) {
			before = clause
		} else { // "It takes 45 minutes."
			subject = before + " " + clause
		}
		held, on, not := k.weighClause(clause, subject, marks)
		if not != "" {
			return 0, nil, not
		}
		if held == 0 {
			return 0, nil, ""
		}
		total += held
		n++
		units = append(units, on)
	}
	if n == 0 || total/float64(n) < sentenceHeld {
		return 0, nil, ""
	}
	return total / float64(n), units, ""
}

// mostClauses bounds what one sentence is cut into; what comes after is one more.
const mostClauses = 12

// clauses cuts a sentence where it goes on to say something else. A part that says nothing by itself, as in "Visa, cash and
// cheques", stays with the one before.
func (k *checker) clauses(s string) []string {
	var out []string
	from := 0
	cuts := append(clauseEnd.FindAllStringIndex(s, -1), []int{len(s), len(s)})
	for i, cut := range cuts {
		part := s[from:cut[0]]
		rest := ""
		if i+1 < len(cuts) {
			rest = s[cut[1]:cuts[i+1][0]]
		}
		if i+1 == len(cuts) || len(out) < mostClauses && k.says(part) && k.says(rest) {
			out = append(out, part)
			from = cut[1]
		}
	}
	return out
}

// says tells a part of a sentence that states something by itself.
func (k *checker) says(part string) bool {
	n := len(k.lexicon.ask(part, k.lang).words)
	return n >= 3 || n >= 1 && (len(k.lexicon.literals(part)) > 0 || k.week(part) != 0)
}

// candidate is a unit that may say what a clause says.
type candidate struct {
	at      pick
	meant   float64 // share of the words that tell which unit is meant
	held    float64 // share of the clause's own words, figures among them; of all words where it has none that say much
	foreign bool    // it is in another language
}

// weighClause finds the unit that says what a clause says. The words of subject tell which unit is meant.
func (k *checker) weighClause(clause, subject string, marks []int) (held float64, on pick, wrong string) {
	meant := k.meant(clause, subject, marks)
	if len(meant) == 0 {
		return 0, pick{}, ""
	}
	best := slices.MaxFunc(meant, func(a, b candidate) int { return cmp.Compare(a.held, b.held) })
	if wrong = k.differs(clause, meant, best.held >= clauseHeld); wrong != "" {
		return 0, pick{}, wrong
	}
	switch anchored := best.held >= foreignHeld || len(k.lexicon.literals(clause)) > 0; {
	case best.foreign && best.held < sentenceHeld && anchored:
		return foreignSupport, best.at, ""
	case best.held >= clauseHeld:
		return best.held, best.at, ""
	}
	return 0, pick{}, ""
}

// meant are the units of the marked sources that a clause may speak of: those that hold most of its subject, and none that hold
// much less. The price of another row is none of this one's.
func (k *checker) meant(clause, subject string, marks []int) []candidate {
	terms := k.pool.weigh(k.lexicon.ask(subject, k.lang))
	own := map[string]bool{}
	said := k.lexicon.ask(clause, k.lang)
	for _, t := range said.words {
		own[t.fold] = true
	}
	var all []candidate
	best := 0.0
	for _, n := range marks {
		p := &k.pool.passages[n-1]
		for j := range p.units {
			if p.units[j].asks {
				continue
			}
			c := candidate{at: pick{n - 1, j}, foreign: string(p.lang) != k.lang}
			var words, clauses float64
			for _, t := range terms {
				if half(t.term) || k.lexicon.negation[k.lang][folded(t.text)] { // which are compared as such
					continue
				}
				hit := k.pool.hit(n-1, j, t)
				if !digit(t.fold) {
					c.meant += t.weight * hit
					words += t.weight
				}
				if own[t.fold] || !telling(said) {
					c.held += t.weight * hit
					clauses += t.weight
				}
			}
			c.meant, c.held = share(c.meant, words), share(c.held, clauses)
			best = max(best, c.meant)
			all = append(all, c)
		}
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return c.meant < best-asGood })
}

// telling tells whether a clause names what it speaks of.
func telling(q question) bool {
	return slices.ContainsFunc(q.words, func(t term) bool { return t.weight >= 1 && !digit(t.fold) && !half(t) })
}

// half tells what belongs to an hour and is compared with it.
func half(t term) bool { return t.fold == "am" || t.fold == "pm" }

// share of a whole; all of it where there is nothing.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 1
	}
	return part / whole
}

// differs tells what a clause says otherwise than every unit that it may speak of: a figure, a day, or, where they speak of the
// same, the contrary.
func (k *checker) differs(clause string, meant []candidate, same bool) string {
	there := map[string]bool{}
	var days week
	agreed, known, remembered := false, false, true
	not, tells := k.lexicon.turned(clause, k.lang)
	for _, c := range meant {
		u := k.stated(c.at)
		maps.Copy(there, u.literals)
		days |= u.days
		known = known || u.tells && tells
		agreed = agreed || u.turned == not || k.within(c.at, clause, not)
		remembered = remembered && k.sources.passages[c.at.passage].Source == fromMemory
	}
	for l := range k.lexicon.literals(clause) {
		if !there[l] {
			return fmt.Sprintf("no source says %q", short(clause, 80))
		}
	}
	switch {
	case k.week(clause)&^days != 0:
		return fmt.Sprintf("no source says these days of %q", short(clause, 80))
	case same && known && !agreed:
		return fmt.Sprintf("a source says the contrary of %q", short(clause, 80))
	case remembered && (moneyShape.MatchString(clause) || reachShape.MatchString(clause)):
		return fmt.Sprintf("only the customer said %q", short(clause, 80))
	}
	return ""
}

// statement is what a unit and what stands above it say to the letter.
type statement struct {
	literals      map[string]bool
	days          week
	turned, tells bool
}

// stated reads a unit once, however many clauses are held against it.
func (k *checker) stated(at pick) statement {
	if s, ok := k.units[at]; ok {
		return s
	}
	p := &k.pool.passages[at.passage]
	u := p.units[at.unit]
	around := strings.Join(slices.Concat([]string{p.origin.Title, u.text}, u.headings, u.header, p.origin.HeadingPath), "\n")
	if u.lead != nil {
		around += "\n" + u.lead.of(p.origin.Text)
	}
	s := statement{literals: k.lexicon.literals(around), days: p.week[at.unit] | k.week(around)}
	s.turned, s.tells = k.lexicon.turned(u.text, string(p.lang))
	k.units[at] = s
	return s
}

// within tells whether those parts of a unit that are turned around as a clause is have every word of it between them: "not A, but B"
// does not deny B.
func (k *checker) within(at pick, clause string, not bool) bool {
	p := &k.pool.passages[at.passage]
	var said strings.Builder
	for _, part := range clauseEnd.Split(p.units[at.unit].text, -1) {
		if turned, _ := k.lexicon.turned(part, string(p.lang)); turned == not {
			said.WriteString(" " + folded(part))
		}
	}
	there := said.String() + " "
	return !slices.ContainsFunc(k.lexicon.ask(clause, k.lang).words, func(t term) bool {
		return !strings.Contains(there, " "+folded(t.text)+" ")
	})
}

func (k *checker) week(text string) (days week) {
	k.lexicon.withStemmer(func(s *analysis.Stemmer) {
		days = k.lexicon.weekOf(tokenizer{s, analysis.Language(k.lang)}.words(text))
	})
	return days
}
