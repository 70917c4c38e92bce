package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// Print writes the results as a table. recorded are the figures whose shortfall is known.
func Print(w io.Writer, results []Result, recorded map[string]bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tmedian\tmin\tmax\tunit\tagainst\tratio\treach\t\twhat")
	for _, r := range results {
		verdict := "ok"
		switch {
		case r.Error != "":
			verdict = "NOT MEASURED: " + r.Error
		case !r.OK && recorded[r.Name]:
			verdict = "short (recorded)"
		case !r.OK:
			verdict = "SHORT"
		}
		fmt.Fprintf(table, "%s\t%.4g\t%.4g\t%.4g\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Median, r.Min, r.Max, r.Unit,
			orDash(r.Against), orDash(r.Ratio), orDash(r.Reach), verdict, r.What)
	}
	return table.Flush()
}

func orDash(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3g", v)
}

// Write replaces the file with the results. Figures that it holds and that were not measured now stay in it.
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

// Recorded reads the figures whose shortfall docs/benchmarks.md records: its headings of the form "### Shortfall: name".
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
