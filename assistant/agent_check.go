package assistant

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr/contextengine"
)

// How much of what a sentence says has to stand in what it cites: of its words' weight, rare ones weighing most.
const (
	sentenceHeld = 0.5
	clauseHeld   = 0.35 // of a part of it, so that nothing is hung on to what is true
	// mostSentences bounds a reply, and the work of reading it.
	mostSentences = 40
	asGood        = 0.15 // by how much less a unit may hold and still be what is meant
	// Of a sentence in another language than its source only names, figures and what the lexicon translates can be found there.
	foreignHeld    = 0.2
	foreignSupport = 0.6
)

// checker holds a reply against what it cites.
type checker struct {
	*agent
	pool  *pool
	lang  string // of the reply
	cited []int
	used  map[pick]bool
	units map[pick]statement
	read  int   // sentences
	order []int // of the numbers, as they come in the text
	last  string
	wrong []string // why what it says is not so
	drop  int      // sentences that nothing supports
	held  []float64
}

// checked is a reply that may be said.
type checked struct {
	text    string // marks renumbered
	units   []pick
	order   []int   // numbers of the sources, in the order of their marks
	support float64 // 0…1
	dropped int
	wrong   []string // what it says and its sources do not; not to be said unseen
}

var (
	markShape = regexp.MustCompile(`\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]`)
	markAfter = regexp.MustCompile(`([.!?…؟।۔。！？]+)((?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+)`)
)

// check holds a reply against its sources. It fails for one that must not be shown to anybody.
func (g *agent) check(r reply) (checked, error) {
	text, err := inert(r.Text)
	if err != nil {
		return checked{}, err
	}
	k := &checker{agent: g, used: map[pick]bool{}, units: map[pick]statement{}}
	if k.cited, err = g.numbers(text, r.Citations); err != nil {
		return checked{}, err
	}
	if err := k.addressed(text); err != nil {
		return checked{}, err
	}
	if err := spoken(text, said(g.turn)); err != nil {
		return checked{}, err
	}
	k.pool = newPool(g.lexicon, contextengine.Result{Passages: g.sources.passages})
	k.lang = g.lexicon.language(markShape.ReplaceAllString(text, ""), g.voice.lang)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		body, bullet := strings.CutPrefix(line, "• ")
		kept, err := k.line(markAfter.ReplaceAllString(body, "$2$1"))
		if err != nil {
			return checked{}, err
		}
		if kept != "" && bullet {
			kept = "• " + kept
		}
		if kept != "" || line == "" {
			lines = append(lines, kept)
		}
	}
	out := checked{order: k.order, dropped: k.drop, wrong: k.wrong, text: strings.TrimSpace(strings.Join(lines, "\n"))}
	for u := range k.used {
		out.units = append(out.units, u)
	}
	slices.SortFunc(out.units, func(a, b pick) int { return (a.passage-b.passage)*10_000 + a.unit - b.unit })
	for _, s := range k.held {
		out.support += s / (float64(len(k.held)) + float64(k.drop)/2)
	}
	return out, nil
}

// numbers are those that a reply cites, in its text and beside it. Each must be one that it was given.
func (g *agent) numbers(text string, listed []int) ([]int, error) {
	all := slices.Clone(listed)
	for _, m := range markShape.FindAllStringSubmatch(text, -1) {
		all = append(all, marksOf(m[1])...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, n := range all {
		if n < 1 || n > len(g.sources.passages) {
			return nil, fmt.Errorf("cites a source that there is not (%d)", n)
		}
	}
	return all, nil
}

func marksOf(list string) (out []int) {
	for part := range strings.SplitSeq(list, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// line keeps the sentences of a line that may be said, each with the marks of what it stands on.
func (k *checker) line(text string) (string, error) {
	var kept []string
	for _, at := range sentences(text) {
		s := at.of(text)
		var marks []int
		for _, m := range markShape.FindAllStringSubmatch(s, -1) {
			marks = append(marks, marksOf(m[1])...)
		}
		s = strings.TrimSpace(markShape.ReplaceAllString(s, ""))
		if !strings.ContainsFunc(s, wordRune) {
			continue
		}
		if len(marks) == 0 {
			marks = k.cited
		}
		if k.read++; k.read > mostSentences {
			return "", errors.New("says more than anybody reads")
		}
		if secret := k.lexicon.asksSecret(s); secret != "" && !k.somewhere(secret) {
			return "", errors.New("speaks of a password or a code that no source speaks of")
		}
		stands, ok := k.sentence(s, marks)
		if !ok {
			k.drop++
			continue
		}
		for _, n := range stands {
			if !slices.Contains(k.order, n) {
				k.order = append(k.order, n)
			}
			s += fmt.Sprintf(" [%d]", slices.Index(k.order, n)+1)
		}
		kept = append(kept, s)
	}
	return strings.Join(kept, " "), nil
}

// somewhere tells whether a folded word stands in what is cited.
func (k *checker) somewhere(word string) bool {
	return slices.ContainsFunc(k.cited, func(n int) bool {
		return strings.Contains(" "+folded(k.sources.passages[n-1].Text)+" ", " "+word+" ")
	})
}

// sentence tells what a sentence stands on, and whether it may be said. What is wrong with it is noted.
func (k *checker) sentence(s string, marks []int) (stands []int, ok bool) {
	f := folded(s)
	q := k.lexicon.ask(s, k.lang)
	if len(q.words) == 0 && len(k.lexicon.literals(s)) == 0 || k.lexicon.courtesy(f) || k.lexicon.is("yes", f) {
		return nil, true // it states nothing
	}
	if strings.ContainsAny(s, "?؟？") {
		return nil, k.asks(s)
	}
	support, units, wrong := k.weighSentence(s, marks)
	if wrong != "" {
		k.wrong = append(k.wrong, wrong)
	}
	if support == 0 {
		return nil, wrong != "" // what is wrong is shown to whoever judges it
	}
	k.last = s
	k.held = append(k.held, support)
	for _, u := range units {
		k.used[u] = true
		if n := u.passage + 1; !slices.Contains(stands, n) {
			stands = append(stands, n)
		}
	}
	return stands, true
}

// asks tells whether a question may be asked: one that brings a figure of its own states something.
func (k *checker) asks(s string) bool {
	known := []string{said(k.turn)}
	for _, p := range k.sources.passages {
		known = append(known, p.Text)
	}
	there := k.lexicon.literals(strings.Join(known, "\n"))
	for l := range k.lexicon.literals(s) {
		if !there[l] {
			return false
		}
	}
	return true
}
