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

// series measures the given samples one after the other.
func series(samples ...Sample) func(context.Context) (Sample, error) {
	return func(context.Context) (Sample, error) {
		s := samples[0]
		samples = samples[1:]
		return s, nil
	}
}

func TestTheMedianIsJudgedAgainstTheReach(t *testing.T) {
	t.Parallel()
	rows := []Row{
		{Name: "throughput", Unit: "1/s", Reach: 0.7, Measure: series(Sample{50, 100}, Sample{80, 100}, Sample{90, 100})},
		{Name: "latency", Unit: "ms", Reach: 1, Less: true, Measure: series(Sample{3, 2}, Sample{5, 2}, Sample{1, 2})},
		{Name: "broken", Measure: func(context.Context) (Sample, error) { return Sample{}, errors.New("no database") }},
	}
	got := Run(t.Context(), rows, "", io.Discard)
	require.Equal(t, Result{Name: "throughput", Unit: "1/s", Median: 80, Min: 50, Max: 90, Ratio: 0.8, Reach: 0.7, OK: true}, got[0])
	require.False(t, got[1].OK, "a median of 1.5 times the limit is too much")
	require.Equal(t, "no database", got[2].Error)

	require.False(t, Passed(got, nil))
	require.True(t, Passed(got[:1], nil))
	require.True(t, Passed(got[:2], map[string]bool{"latency": true}), "a recorded shortfall passes")
	require.False(t, Passed(got[2:], map[string]bool{"broken": true}), "what was not measured never passes")
	require.False(t, Passed(nil, nil), "nothing measured is no pass")

	var table bytes.Buffer
	require.NoError(t, Print(&table, got, map[string]bool{"latency": true}))
	require.Contains(t, table.String(), "short (recorded)")
	require.Contains(t, table.String(), "no database")
}

func TestOneRowCanBeRunAloneAndTheOthersStayInTheFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "deep", "bench.json")
	rows := func(v float64) []Row {
		m := func(context.Context) (Sample, error) { return Sample{v, 1}, nil }
		return []Row{{Name: "one", Measure: m}, {Name: "two", Measure: m}}
	}
	require.NoError(t, Write(name, Run(t.Context(), rows(1), "", io.Discard)))
	require.NoError(t, Write(name, Run(t.Context(), rows(2), "two", io.Discard)))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var got []Result
	require.NoError(t, json.Unmarshal(content, &got))
	require.Len(t, got, 2)
	medians := map[string]float64{}
	for _, r := range got {
		medians[r.Name] = r.Median
	}
	require.Equal(t, map[string]float64{"one": 1, "two": 2}, medians)
}

func TestRecordedShortfallsAreReadFromTheirHeadings(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "benchmarks.md")
	require.NoError(t, os.WriteFile(name, []byte("# Benchmarks\n\n### Shortfall: turn\nBecause.\n"), 0o600))
	require.Equal(t, map[string]bool{"turn": true}, Recorded(name))
	require.Empty(t, Recorded(name+"x"))
}
