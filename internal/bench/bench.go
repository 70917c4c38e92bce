// Package bench runs measurements and reports them: a table for people, bench.json for scripts.
//
// A machine's speed is its own, so a figure is judged by a ratio taken in one run: what was measured against a limit of
// the same machine or against a promise. Each case is measured several times and the median counts. A figure that misses
// its reach fails the run, unless the shortfall is recorded with its cause in docs/benchmarks.md.
package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Rule says what makes a figure good.
type Rule int

// The rules. Of a median: how it compares with what it is held against, or with the reach itself.
const (
	RatioAtLeast Rule = iota // median ÷ against ≥ reach
	RatioAtMost              // median ÷ against ≤ reach
	AtLeast                  // median ≥ reach, in the figure's own unit
	AtMost                   // median ≤ reach, in the figure's own unit
	Shown                    // there is nothing to reach
)

// Figure is one thing that was measured in one round.
type Figure struct {
	Name    string
	Unit    string
	Value   float64
	Against float64 // a limit or a basis, in the same unit; 0 when there is none
	What    string  // what Against is, and how the figure came about, in words
	Reach   float64
	Rule    Rule
}

// Case is a measurement that gives one or more figures.
type Case struct {
	Name    string // the figures' names begin with it
	Rounds  int    // 1 when zero
	Measure func(ctx context.Context) ([]Figure, error)
}

// Result is a measured figure, as bench.json holds it.
type Result struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Median  float64 `json:"median"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Against float64 `json:"against"`
	Ratio   float64 `json:"ratio"`
	Reach   float64 `json:"reach"`
	OK      bool    `json:"ok"`
	What    string  `json:"what,omitempty"`
	Rounds  int     `json:"rounds"`
	Error   string  `json:"error,omitempty"` // why it could not be measured
}

// Run measures the cases whose name begins with only, or whose figures' names may (all when it is empty), and tells of
// each as it is done.
func Run(ctx context.Context, cases []Case, only string, log io.Writer) []Result {
	var out []Result
	for _, c := range cases {
		if !strings.HasPrefix(c.Name, only) && !strings.HasPrefix(only, c.Name+".") {
			continue
		}
		began := time.Now()
		fmt.Fprintf(log, "measuring %s …", c.Name)
		results := measure(ctx, c)
		fmt.Fprintf(log, " %.0f s\n", time.Since(began).Seconds())
		for _, r := range results {
			if strings.HasPrefix(r.Name, only) || r.Error != "" {
				out = append(out, r)
			}
		}
	}
	return out
}

// measure does the rounds of a case and takes each figure's median.
func measure(ctx context.Context, c Case) []Result {
	rounds := map[string][]Figure{}
	var names []string
	for range max(1, c.Rounds) {
		figures, err := c.Measure(ctx)
		if err != nil {
			return []Result{{Name: c.Name, Error: err.Error()}}
		}
		for _, f := range figures {
			if rounds[f.Name] == nil {
				names = append(names, f.Name)
			}
			rounds[f.Name] = append(rounds[f.Name], f)
		}
	}
	out := make([]Result, len(names))
	for i, name := range names {
		out[i] = judge(rounds[name])
	}
	return out
}

// judge sums the rounds of one figure up. The ratio is the median of the rounds' ratios: each compares what was measured
// within one minute of the machine's life.
func judge(rounds []Figure) Result {
	last := rounds[len(rounds)-1]
	values, against, ratios, reaches := column(rounds, func(f Figure) float64 { return f.Value }),
		column(rounds, func(f Figure) float64 { return f.Against }),
		column(rounds, func(f Figure) float64 { return ratio(f.Value, f.Against) }),
		column(rounds, func(f Figure) float64 { return f.Reach })
	r := Result{
		Name: last.Name, Unit: last.Unit, What: last.What, Rounds: len(rounds),
		Median: middle(values), Min: values[0], Max: values[len(values)-1],
		Against: middle(against), Ratio: middle(ratios), Reach: middle(reaches),
	}
	switch last.Rule {
	case RatioAtLeast:
		r.OK = r.Ratio >= r.Reach
	case RatioAtMost:
		r.OK = r.Ratio <= r.Reach
	case AtLeast:
		r.OK = r.Median >= r.Reach
	case AtMost:
		r.OK = r.Median <= r.Reach
	case Shown:
		r.OK = true
	}
	return r
}

func ratio(value, against float64) float64 {
	if against == 0 {
		return 0
	}
	return value / against
}

func column(rounds []Figure, of func(Figure) float64) []float64 {
	out := make([]float64, len(rounds))
	for i, f := range rounds {
		out[i] = of(f)
	}
	slices.Sort(out)
	return out
}

func middle(sorted []float64) float64 { return sorted[len(sorted)/2] }

// Passed says whether every figure reached what it has to, or fell short in a recorded way. One that could not be
// measured has not passed.
func Passed(results []Result, recorded map[string]bool) bool {
	for _, r := range results {
		if r.Error != "" || !r.OK && !recorded[r.Name] {
			return false
		}
	}
	return len(results) > 0
}
