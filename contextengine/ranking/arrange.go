package ranking

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Origin says where a candidate comes from.
type Origin struct {
	Item    [16]byte
	Changed time.Time // when what the item says last changed
}

// Rules say when scored passages give way to each other. All but Crowd are shares, between 0 and 1.
type Rules struct {
	Near    float64 // scores that lie no further apart count as equal
	Subject float64 // of their stems, that two passages share which are about the same
	Same    float64 // of their stems, that two passages share which say the same
	Repeat  float64 // what a passage keeps of its score for each before it that says the same
	Crowd   int     // passages that an item gives freely
	Crowded float64 // what each further one keeps, for itself and for each further one before it
}

// DefaultRules are those that serve; docs/adr/0023 says what they were measured to do.
func DefaultRules() Rules {
	return Rules{Near: 0.1, Subject: 0.5, Same: 0.9, Repeat: 0.7, Crowd: 3, Crowded: 0.8}
}

// Arrange puts scored candidates in the order in which they are given.
//
// Of two that are about the same, score nearly the same, and come from different items, the one whose item changed later
// takes the other's place, as long as it holds as much of the question: nothing that says something else loses by that.
// Then what a passage keeps of its score gets the smaller, the more before it say the same with the same figures, or come
// from the same item: others that are nearly as good come between. Exact identifiers are worth what they were, so what holds
// them stands first as before.
func (r Rules) Arrange(ranked []Ranked, matches []Match, bags []Bag, from []Origin) []Ranked {
	prints := make([]print, len(bags))
	for i := range bags {
		prints[i] = newPrint(&bags[i])
	}
	a := arrangement{r, matches, prints, from}
	return a.spread(a.freshen(ranked))
}

type arrangement struct {
	Rules
	matches []Match
	prints  []print
	from    []Origin
}

// freshen lets the newer of two that say the same take the older one's place.
func (a *arrangement) freshen(ranked []Ranked) []Ranked {
	out := make([]Ranked, 0, len(ranked))
	for _, r := range ranked {
		at := len(out)
		for i := at - 1; i >= 0 && out[i].Score <= r.Score+a.Near; i-- {
			if a.succeeds(r.Candidate, out[i].Candidate) {
				at = i
			}
		}
		if at < len(out) {
			gained := out[at].Score - r.Score
			r.Fresh, r.Score = &gained, out[at].Score
		}
		out = slices.Insert(out, at, r)
	}
	return out
}

// succeeds tells whether a candidate says of a later day what the other says.
func (a *arrangement) succeeds(newer, older int) bool {
	n, o := a.matches[newer], a.matches[older]
	return a.from[newer].Changed.After(a.from[older].Changed) && a.from[newer].Item != a.from[older].Item &&
		n.Identifiers == o.Identifiers && n.Coverage >= o.Coverage && a.prints[newer].alike(&a.prints[older], a.Subject)
}

// spread has what repeats others, and what comes from an item that has spoken enough, give way.
func (a *arrangement) spread(ranked []Ranked) []Ranked {
	given := map[[16]byte]int{} // passages by item
	for _, o := range a.from {
		given[o.Item] = 0
	}
	alone := len(given) == 1 // nothing is there to give way to
	var first []int          // places of those that say something for the first time
	said := map[int]int{}    // how often, by such a place
	for i := range ranked {
		r := &ranked[i]
		keep := 1.0
		at := slices.IndexFunc(first, func(f int) bool { return a.repeats(r.Candidate, ranked[f].Candidate) })
		if at < 0 {
			first = append(first, i)
		} else {
			said[first[at]]++
			keep = math.Pow(a.Repeat, float64(said[first[at]]))
		}
		item := a.from[r.Candidate].Item
		if more := given[item] - a.Crowd + 1; more > 0 && !alone {
			keep *= math.Pow(a.Crowded, float64(more))
		}
		given[item]++
		r.Repeats = 1 - keep
		exact := a.matches[r.Candidate].Identifiers
		r.Score = exact + (r.Score-exact)*keep
	}
	slices.SortStableFunc(ranked, func(x, y Ranked) int { return cmp.Compare(y.Score, x.Score) })
	return ranked
}

func (a *arrangement) repeats(one, other int) bool {
	p, o := &a.prints[one], &a.prints[other]
	return p.alike(o, a.Same) && p.sameFigures(o)
}
