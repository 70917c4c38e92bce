package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// series measures the given figures one after the other, under one name.
func series(figures ...Figure) func(context.Context) ([]Figure, error) {
	return func(context.Context) ([]Figure, error) {
		f := figures[0]
		figures = figures[1:]
		return []Figure{f}, nil
	}
}

func TestTheMedianIsJudgedByItsRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		figures []Figure
		ratio   float64
		ok      bool
	}{
		"throughput against a limit": {[]Figure{
			{Value: 50, Against: 100, Reach: 0.7}, {Value: 80, Against: 100, Reach: 0.7}, {Value: 90, Against: 100, Reach: 0.7},
		}, 0.8, true},
		"too little of the limit":     {[]Figure{{Value: 69, Against: 100, Reach: 0.7}}, 0.69, false},
		"a cost beyond its share":     {[]Figure{{Value: 3, Against: 2, Reach: 1.4, Rule: RatioAtMost}}, 1.5, false},
		"a time within its promise":   {[]Figure{{Value: 14, Against: 2, Reach: 15, Rule: AtMost}}, 7, true},
		"a time beyond its promise":   {[]Figure{{Value: 16, Against: 2, Reach: 15, Rule: AtMost}}, 8, false},
		"a rate below its promise":    {[]Figure{{Value: 49, Reach: 50, Rule: AtLeast}}, 0, false},
		"a figure that is only shown": {[]Figure{{Value: 1e9, Rule: Shown}}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Run(t.Context(), []Case{{Name: "x", Rounds: len(c.figures), Measure: series(c.figures...)}}, "", io.Discard)
			require.Len(t, got, 1)
			require.InDelta(t, c.ratio, got[0].Ratio, 1e-9)
			require.Equal(t, c.ok, got[0].OK)
		})
	}
}

func TestASpreadIsReported(t *testing.T) {
	t.Parallel()
	got := Run(t.Context(), []Case{{Name: "x", Rounds: 3, Measure: series(Figure{Value: 3}, Figure{Value: 9}, Figure{Value: 4})}}, "", io.Discard)
	require.Equal(t, []float64{4, 3, 9}, []float64{got[0].Median, got[0].Min, got[0].Max})
	require.Equal(t, 3, got[0].Rounds)
}

func TestAShortfallPassesOnlyWhenItIsRecorded(t *testing.T) {
	t.Parallel()
	good, short, broken := Result{Name: "good", OK: true}, Result{Name: "short"}, Result{Name: "broken", Error: "no database"}
	recorded := map[string]bool{"short": true, "broken": true}
	require.True(t, Passed([]Result{good}, nil))
	require.False(t, Passed([]Result{good, short}, nil))
	require.True(t, Passed([]Result{good, short}, recorded))
	require.False(t, Passed([]Result{broken}, recorded), "what was not measured never passes")
	require.False(t, Passed(nil, nil), "nothing measured is no pass")

	var table bytes.Buffer
	require.NoError(t, Print(&table, []Result{good, short, broken}, map[string]bool{"short": true}))
	require.Contains(t, table.String(), "short (recorded)")
	require.Contains(t, table.String(), "no database")
}

func TestWhatCannotBeMeasuredSaysWhy(t *testing.T) {
	t.Parallel()
	got := Run(t.Context(), []Case{{Name: "x", Measure: func(context.Context) ([]Figure, error) { return nil, errors.New("no database") }}}, "", io.Discard)
	require.Equal(t, []Result{{Name: "x", Error: "no database"}}, got)
}

func TestOneCaseOrOneFigureCanBeRunAlone(t *testing.T) {
	t.Parallel()
	two := func(context.Context) ([]Figure, error) { return []Figure{{Name: "a.one"}, {Name: "a.two"}}, nil }
	one := func(context.Context) ([]Figure, error) { return []Figure{{Name: "b"}}, nil }
	names := func(only string) (out []string) {
		for _, r := range Run(t.Context(), []Case{{Name: "a", Measure: two}, {Name: "b", Measure: one}}, only, io.Discard) {
			out = append(out, r.Name)
		}
		return out
	}
	require.Equal(t, []string{"a.one", "a.two", "b"}, names(""))
	require.Equal(t, []string{"a.one", "a.two"}, names("a"))
	require.Equal(t, []string{"a.two"}, names("a.two"))
	require.Empty(t, names("c"))
}

func TestTheFileKeepsWhatWasNotMeasuredAgain(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "deep", "bench.json")
	require.NoError(t, Write(name, []Result{{Name: "one", Median: 1}, {Name: "two", Median: 1}}))
	require.NoError(t, Write(name, []Result{{Name: "two", Median: 2}}))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var got []Result
	require.NoError(t, json.Unmarshal(content, &got))
	medians := map[string]float64{}
	for _, r := range got {
		medians[r.Name] = r.Median
	}
	require.Equal(t, map[string]float64{"one": 1, "two": 2}, medians)
}

func TestRecordedShortfallsAreReadFromTheirHeadings(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "benchmarks.md")
	require.NoError(t, os.WriteFile(name, []byte("# Benchmarks\n\n### Shortfall: turn.p99\nBecause.\n"), 0o600))
	require.Equal(t, map[string]bool{"turn.p99": true}, Recorded(name))
	require.Empty(t, Recorded(name+"x"))
}
