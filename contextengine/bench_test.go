package contextengine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/ranking"
	"github.com/flomastr/flomastr/llm/offline"
)

// prose makes text of words whose frequencies fall as those of a language do.
func prose(random *rand.Rand, bytes int) string {
	zipf := rand.NewZipf(random, 1.1, 4, 20000)
	var b strings.Builder
	for b.Len() < bytes {
		if b.Len() > 0 && random.IntN(120) == 0 {
			fmt.Fprintf(&b, "\n\n## Section %d\n\n", random.IntN(1000))
		}
		n := zipf.Uint64()
		for range 2 + n%4 {
			b.WriteByte("aeioubcdfglmnprst"[n%17])
			n = n*31 + 7
		}
		if random.IntN(12) == 0 {
			b.WriteByte('.')
		}
		b.WriteByte(' ')
	}
	return b.String()
}

func newAnalyst() *analyst {
	return &analyst{stemmer: analysis.NewStemmer(), detector: analysis.NewDetector(), ids: analysis.NewIdentifying()}
}

// BenchmarkIngest cuts, analyses and embeds Markdown: the part of ingestion that is ours alone.
func BenchmarkIngest(b *testing.B) {
	text := prose(rand.New(rand.NewPCG(1, 1)), 1<<20)
	a, embedder := newAnalyst(), offline.New()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		chunks := chunk.Split(text, nil)
		a.index("A title of a few words", analysis.English, chunks)
		for _, c := range chunks {
			if _, err := embedder.Embed(b.Context(), []string{passageText("A title of a few words", c)}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRank reads a question and scores its candidates among some five thousand passages: what a question costs beside
// the database.
func BenchmarkRank(b *testing.B) {
	random := rand.New(rand.NewPCG(2, 2))
	a, index := newAnalyst(), newMemoryIndex()
	for i := range 400 {
		index.add(a, i, prose(random, 40), prose(random, 8000))
	}
	index.ready()
	question := prose(random, 60)
	tenant := flomastr.NewID[flomastr.TenantID]()
	q, err := a.read(b.Context(), tenant, index, question)
	if err != nil {
		b.Fatal(err)
	}
	candidates := index.candidates(CandidateQuery{Terms: candidateTerms(q), Average: q.corpus.Words, Limit: candidateLimit})
	b.Logf("%d passages, %d candidates", len(index.bags), len(candidates))
	for b.Loop() {
		rank(q, candidates, ranking.DefaultWeights())
	}
}
