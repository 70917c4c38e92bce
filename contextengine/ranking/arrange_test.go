package ranking_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine/ranking"
)

// scored is a passage with what the legs, or a reranker, made of it.
type scored struct {
	title, text string
	item        byte
	day         int // on which its item last changed
	score       float64
	exact       float64 // identifiers, which are part of the score
	coverage    float64
}

func arrange(rules ranking.Rules, list []scored) []ranking.Ranked {
	var ranked []ranking.Ranked
	var matches []ranking.Match
	var bags []ranking.Bag
	var from []ranking.Origin
	for i, s := range list {
		ranked = append(ranked, ranking.Ranked{Candidate: i, Score: s.score + s.exact})
		matches = append(matches, ranking.Match{Coverage: s.coverage, Identifiers: s.exact})
		bags = append(bags, ranking.Bag{Title: lows(strings.Fields(s.title)...), Body: lows(strings.Fields(s.text)...), Text: []byte(" " + s.title + " " + s.text + " ")})
		from = append(from, ranking.Origin{Item: [16]byte{s.item}, Changed: time.Date(2026, 1, s.day, 0, 0, 0, 0, time.UTC)})
	}
	return rules.Arrange(ranked, matches, bags, from)
}

const (
	tickets   = "a day ticket of the tram costs 12 dirhams at every stop"
	tickets15 = "a day ticket of the tram costs 15 dirhams at every stop"
	tickets18 = "a day ticket of the tram costs 18 dirhams at every stop"
	terms     = " and may be bought from the driver or any shop with our sign on its door before you board"
	bicycles  = "bicycles may travel with a ticket of their own outside rush hours"
)

func TestOfTwoThatSayTheSameTheNewerStandsFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list []scored
		want []int
	}{
		"it takes the older one's place": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.9}, {text: tickets15, item: 2, day: 2, score: 0.85}}, []int{1, 0},
		},
		"and no better one": {
			[]scored{{text: bicycles, item: 3, day: 1, score: 0.95}, {text: tickets, item: 1, day: 1, score: 0.9}, {text: tickets15, item: 2, day: 2, score: 0.89}}, []int{0, 2, 1},
		},
		"the newest of three comes first, whatever their order": {
			[]scored{{text: tickets, item: 1, day: 2, score: 0.9}, {text: tickets15, item: 2, day: 3, score: 0.88}, {text: tickets18, item: 3, day: 1, score: 0.87}}, []int{1, 0, 2},
		},
		"what already stands first stays": {
			[]scored{{text: tickets15, item: 2, day: 2, score: 0.9}, {text: tickets, item: 1, day: 1, score: 0.9}}, []int{0, 1},
		},
		"an old answer loses nothing to what is only newer": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.9}, {text: bicycles, item: 2, day: 2, score: 0.89}}, []int{0, 1},
		},
		"nor to what fits much less": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.9}, {text: tickets15, item: 2, day: 2, score: 0.7}}, []int{0, 1},
		},
		"nor to what lacks a word of the question": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.9, coverage: 1}, {text: tickets15, item: 2, day: 2, score: 0.89, coverage: 0.8}}, []int{0, 1},
		},
		"nor to what lacks its identifier": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.1, exact: 0.9}, {text: tickets15, item: 2, day: 2, score: 0.99}}, []int{0, 1},
		},
		"passages of one item are of one age": {
			[]scored{{text: tickets, item: 1, day: 1, score: 0.9}, {text: tickets15, item: 1, day: 1, score: 0.89}}, []int{0, 1},
		},
		"under other titles they say the same": {
			[]scored{{title: "prices 2025", text: tickets, item: 1, day: 1, score: 0.9}, {title: "fares", text: tickets15, item: 2, day: 2, score: 0.85}}, []int{1, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := arrange(ranking.DefaultRules(), c.list)
			require.Equal(t, c.want, order(got))
			for _, r := range got {
				was := c.list[r.Candidate]
				gained := 0.0
				if r.Fresh != nil {
					gained = *r.Fresh
				}
				require.InDelta(t, was.score+was.exact+gained, r.Score, 1e-9, "it tells what it gained")
				require.LessOrEqual(t, gained, ranking.DefaultRules().Near)
			}
		})
	}
}

func order(ranked []ranking.Ranked) []int {
	out := make([]int, len(ranked))
	for i, r := range ranked {
		out[i] = r.Candidate
	}
	return out
}

func TestWhatRepeatsOthersGivesWay(t *testing.T) {
	t.Parallel()
	many := func(n int, s scored, own bool) []scored {
		var out []scored
		for i := range n {
			if s.score -= 0.001; own {
				s.item = byte(100 + i)
			}
			out = append(out, s)
		}
		return out
	}
	other := scored{text: bicycles, item: 1, day: 1, score: 0.5}
	part := func(n int) string { return strings.Repeat("x", n) + " " + strings.Repeat("y", n) }
	handbook := func(n int) (out []scored) {
		for i := range n {
			out = append(out, scored{text: part(i + 1), item: 2, day: 1, score: 0.9 - 0.001*float64(i)})
		}
		return out
	}
	for name, c := range map[string]struct {
		list  []scored
		other int // the place of the last of the list, from 0
	}{
		"copies in other items":                               {append(many(12, scored{text: tickets, day: 1, score: 0.9}, true), other), 2},
		"copies in one item":                                  {append(many(12, scored{text: tickets, item: 2, day: 1, score: 0.9}, false), other), 2},
		"the same with other figures is not the same":         {append([]scored{{text: tickets + terms, item: 2, day: 1, score: 0.9}, {text: tickets15 + terms, item: 3, day: 1, score: 0.6}}, other), 2},
		"the same in short under another title is not":        {append([]scored{{title: "pets", text: "yes", item: 2, day: 1, score: 0.9}, {title: "smoking", text: "yes", item: 3, day: 1, score: 0.6}}, other), 2},
		"one item's passages":                                 {append(handbook(20), other), 5},
		"but a weak one does not come before":                 {append(handbook(5), scored{text: bicycles, item: 1, day: 1, score: 0.2}), 5},
		"an identifier stays before what comes from others":   {append(many(12, scored{text: tickets, item: 2, day: 1, score: 0.2, exact: 1}, false), scored{text: bicycles, item: 1, day: 1, score: 0.99}), 12},
		"without a stem nothing is the same as anything else": {[]scored{{item: 2, day: 1, score: 0.9}, {item: 3, day: 1, score: 0.8}, {text: bicycles, item: 1, day: 1, score: 0.7}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := arrange(ranking.DefaultRules(), c.list)
			require.Len(t, got, len(c.list), "nothing is taken away")
			require.Equal(t, len(c.list)-1, got[c.other].Candidate)
			for i, r := range got {
				was := c.list[r.Candidate]
				require.InDelta(t, was.exact+was.score*(1-r.Repeats), r.Score, 1e-9, "it tells what it lost")
				if i > 0 {
					require.LessOrEqual(t, r.Score, got[i-1].Score)
				}
			}
		})
	}
}

func TestTheOnlyItemsPassagesKeepTheirScores(t *testing.T) {
	t.Parallel()
	list := []scored{}
	for i, text := range []string{"one two", "three four", "five six", "seven eight", "nine ten", "eleven twelve"} {
		list = append(list, scored{text: text, item: 1, day: 1, score: 0.9 - 0.1*float64(i)})
	}
	for i, r := range arrange(ranking.DefaultRules(), list) {
		require.Equal(t, i, r.Candidate)
		require.Zero(t, r.Repeats)
	}
	require.Empty(t, arrange(ranking.DefaultRules(), nil))
}
