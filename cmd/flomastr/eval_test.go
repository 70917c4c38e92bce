package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnotherDatabaseIsNamedInEitherForm(t *testing.T) {
	t.Parallel()
	got, err := withDatabase("postgres://u:p%40@h:5/one?host=/run/x", "two")
	require.NoError(t, err)
	require.Equal(t, "postgres://u:p%40@h:5/two?host=/run/x", got)
	got, err = withDatabase("host=h dbname=one", "two")
	require.NoError(t, err)
	require.Equal(t, "host=h dbname=one dbname=two", got)
}

func TestTwoReportsAreComparedFigureByFigure(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "report.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	before := write(`{"set": "faq", "ndcg_at_10": 0.5, "gone": 1, "by_category": {"1": 0.25}, "unanswerable": null}`)
	after := write(`{"set": "faq", "ndcg_at_10": 0.75, "by_category": {"1": 0.125}, "new": 2, "unanswerable": 1}`)
	var out bytes.Buffer
	require.NoError(t, (&evalCompare{Before: before, After: after, JSON: true}).Run(&surroundings{stdout: &out}))
	require.JSONEq(t, `[
		{"name": "by_category.1", "before": 0.25, "after": 0.125, "change": -0.125},
		{"name": "ndcg_at_10", "before": 0.5, "after": 0.75, "change": 0.25}
	]`, out.String())
	out.Reset()
	require.NoError(t, (&evalCompare{Before: before, After: after}).Run(&surroundings{stdout: &out}))
	require.Contains(t, out.String(), "+0.25")
	require.ErrorContains(t, (&evalCompare{Before: before, After: write(`{"other": 1}`)}).Run(&surroundings{stdout: &out}), "no figure in common")
	require.ErrorContains(t, (&evalCompare{Before: before, After: write(`not JSON`)}).Run(&surroundings{stdout: &out}), "is not what an evaluation prints")
}
