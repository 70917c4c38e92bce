package postgres_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

// TestRetrievalBeatsPlainBM25 runs a sample of each question set through the real ingestion and retrieval. The sets live
// beside the checkout and are not ours to copy: where they are missing, it says so.
func TestRetrievalBeatsPlainBM25(t *testing.T) {
	t.Parallel()
	names, limit := []string{"clapnq", "xquad_en"}, 50
	if wanted := os.Getenv("FLOMASTR_EVAL_SETS"); wanted != "" {
		names = strings.Split(wanted, ",")
	}
	if n, err := strconv.Atoi(os.Getenv("FLOMASTR_EVAL_LIMIT")); err == nil {
		limit = n
	}
	typos, _ := strconv.ParseFloat(os.Getenv("FLOMASTR_EVAL_TYPOS"), 64)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("..", "..", "shared", "data", "retrieval", name)
			if _, err := os.Stat(dir); err != nil {
				t.Skipf("the question set %s is not here", name)
			}
			set, err := questions.Read(dir, limit)
			require.NoError(t, err)
			b, tenant := knowledge(t)
			report, err := evaluation.Measure(t.Context(), b, tenant, set, evaluation.Options{Compare: true, Typos: typos, Seed: 1})
			require.NoError(t, err)
			text, err := json.Marshal(report)
			require.NoError(t, err)
			t.Log(string(text))
			require.Greater(t, report.NDCG10, *report.BM25NDCG10-0.02, "a sample of %d questions", report.Queries)
		})
	}
}
