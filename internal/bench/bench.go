// Package bench runs measurements and reports them: a table for people, bench.json for scripts.
//
// A machine's speed is its own, so a row is judged by a ratio taken in one run: what was measured against a limit of the
// same machine or against a promise. Each row is measured several times and the median counts. A row that misses its
// reach fails the run, unless the shortfall is recorded with its cause in docs/benchmarks.md.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Sample is one measurement: the value, and what it is held against, in the same unit.
type Sample struct{ Value, Limit float64 }

// Row is something that can be measured.
type Row struct {
	Name    string
	Unit    string
	Against string  // what the limit is, in words
	Reach   float64 // the ratio of value to limit that is good enough
	Less    bool    // good is at most the reach; otherwise at least
	Rounds  int     // 3 when zero
	Measure func(ctx context.Context) (Sample, error)
}

// Result is a measured row, as bench.json holds it.
type Result struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Median  float64 `json:"median"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Against string  `json:"against"`
	Ratio   float64 `json:"ratio"`
	Reach   float64 `json:"reach"`
	OK      bool    `json:"ok"`
	Error   string  `json:"error,omitempty"` // why it could not be measured
}

// Run measures the rows whose name begins with only (all when empty) and prints each as it is done.
func Run(ctx context.Context, rows []Row, only string, log io.Writer) []Result {
	var out []Result
	for _, row := range rows {
		if !strings.HasPrefix(row.Name, only) {
			continue
		}
		fmt.Fprintf(log, "measuring %s …\n", row.Name)
		out = append(out, measure(ctx, row))
	}
	return out
}

func measure(ctx context.Context, row Row) Result {
	r := Result{Name: row.Name, Unit: row.Unit, Against: row.Against, Reach: row.Reach}
	rounds := row.Rounds
	if rounds == 0 {
		rounds = 3
	}
	var values, ratios []float64
	for range rounds {
		s, err := row.Measure(ctx)
		if err != nil {
			r.Error = err.Error()
			return r
		}
		values = append(values, s.Value)
		ratios = append(ratios, s.Value/s.Limit)
	}
	slices.Sort(values)
	slices.Sort(ratios)
	r.Median, r.Min, r.Max = values[len(values)/2], values[0], values[len(values)-1]
	r.Ratio = ratios[len(ratios)/2]
	r.OK = row.Less && r.Ratio <= row.Reach || !row.Less && r.Ratio >= row.Reach
	return r
}

// Print writes the results as a table. recorded are the rows whose shortfall is known.
func Print(w io.Writer, results []Result, recorded map[string]bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "row\tmedian\tmin\tmax\tunit\tratio\treach\t\tagainst\t")
	for _, r := range results {
		verdict := "ok"
		switch {
		case r.Error != "":
			verdict = "not measured: " + r.Error
		case !r.OK && recorded[r.Name]:
			verdict = "short (recorded)"
		case !r.OK:
			verdict = "SHORT"
		}
		fmt.Fprintf(table, "%s\t%.4g\t%.4g\t%.4g\t%s\t%.3g\t%.3g\t%s\t%s\t\n", r.Name, r.Median, r.Min, r.Max, r.Unit, r.Ratio, r.Reach, verdict, r.Against)
	}
	return table.Flush()
}

// Write replaces the file with the results. Rows that it holds and that were not measured now stay in it.
func Write(name string, results []Result) error {
	measured := map[string]bool{}
	for _, r := range results {
		measured[r.Name] = true
	}
	if content, err := os.ReadFile(name); err == nil {
		var before []Result
		if json.Unmarshal(content, &before) == nil { // a damaged file is simply replaced
			for _, r := range before {
				if !measured[r.Name] {
					results = append(results, r)
				}
			}
		}
	}
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", append(content, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Recorded reads the rows whose shortfall docs/benchmarks.md records: its headings of the form "### Shortfall: name".
func Recorded(name string) map[string]bool {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	out := map[string]bool{}
	for line := range strings.SplitSeq(string(content), "\n") {
		if row, ok := strings.CutPrefix(strings.TrimSpace(line), "### Shortfall: "); ok {
			out[strings.TrimSpace(row)] = true
		}
	}
	return out
}

// Passed says whether every row reached what it has to, or fell short in a recorded way. A row that could not be
// measured has not passed.
func Passed(results []Result, recorded map[string]bool) bool {
	for _, r := range results {
		if r.Error != "" || !r.OK && !recorded[r.Name] {
			return false
		}
	}
	return len(results) > 0
}
