package assistant

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// sets of public questions, where they are present beside the checkout; see the README there.
const setsDir = "../../shared/data/retrieval"

// perSet bounds how many questions of a set are asked, evenly spread, so that the test stays quick.
const perSet = 50

// questionSet is one set, read.
type questionSet struct {
	name         string
	shelf        *shelf
	item         map[string]flomastr.ItemID // document id → item
	queries      []asked
	unanswerable []asked
}

type asked struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	gold []flomastr.ItemID
}

func readSet(t *testing.T, name string, lang analysis.Language) questionSet {
	t.Helper()
	dir := filepath.Join(setsDir, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no question sets at %s", dir)
	}
	s := questionSet{name: name, shelf: newShelf(lang), item: map[string]flomastr.ItemID{}}
	eachLine(t, filepath.Join(dir, "docs.jsonl"), func(data []byte) {
		var d struct{ ID, Title, Text string }
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatal(err)
		}
		s.item[d.ID] = s.shelf.add(d.Title, d.Text)
	})
	gold := map[string][]flomastr.ItemID{}
	eachLine(t, filepath.Join(dir, "qrels.tsv"), func(data []byte) {
		if f := strings.Fields(string(data)); len(f) >= 3 && f[2] != "0" {
			gold[f[0]] = append(gold[f[0]], s.item[f[1]])
		}
	})
	read := func(file string) (out []asked) {
		eachLine(t, filepath.Join(dir, file), func(data []byte) {
			var q asked
			if err := json.Unmarshal(data, &q); err != nil {
				t.Fatal(err)
			}
			q.gold = gold[q.ID]
			out = append(out, q)
		})
		return out
	}
	for _, q := range read("queries.jsonl") {
		if len(q.gold) > 0 {
			s.queries = append(s.queries, q)
		}
	}
	s.queries = spread(s.queries, perSet)
	if _, err := os.Stat(filepath.Join(dir, "unanswerable.jsonl")); err == nil {
		s.unanswerable = spread(read("unanswerable.jsonl"), perSet)
	}
	return s
}

func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

func eachLine(t *testing.T, path string, f func([]byte)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		f(scanner.Bytes())
	}
}

// without hides items from a shelf.
type without struct {
	*shelf
	items []flomastr.ItemID
}

func (w without) Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	q.Filters.ExcludeItems = w.items
	return w.shelf.Retrieve(ctx, tenant, q)
}

// sample is one question asked once, with what was made of it.
type sample struct {
	set, sort  string
	confidence float64
	right      bool // the best unit comes from a relevant document
	v          evidence
}

// ask runs one question through the real pipeline up to its evidence.
func (s questionSet) ask(t *testing.T, a *Assistant, r Retriever, q asked, sort string) sample {
	t.Helper()
	question := a.lexicon.ask(q.Text, "en")
	b := *a
	b.deps.Retriever = r
	f, err := b.find(context.Background(), flomastr.TenantID{}, DefaultPolicy(), question)
	if err != nil {
		t.Fatal(err)
	}
	out := sample{set: s.name, sort: sort}
	if len(f.excerpt.picks) > 0 {
		out.v = f.pool.weighEvidence(question, &f.excerpt)
		out.confidence = f.excerpt.confidence
		out.right = slices.Contains(q.gold, f.pool.passages[f.excerpt.best.passage].origin.Item)
	}
	return out
}

// samples asks a set's questions with their documents present, with them removed, and another set's questions.
func (s questionSet) samples(t *testing.T, a *Assistant, others []asked) []sample {
	var out []sample
	for _, q := range s.queries {
		out = append(out, s.ask(t, a, s.shelf, q, "answerable"), s.ask(t, a, without{s.shelf, q.gold}, q, "removed"))
	}
	for _, q := range s.unanswerable {
		out = append(out, s.ask(t, a, s.shelf, q, "unanswerable"))
	}
	for _, q := range others {
		out = append(out, s.ask(t, a, s.shelf, asked{Text: q.Text}, "foreign"))
	}
	return out
}

// TestRefusalsOnPublicQuestionSets prints, for each set, how many answerable questions are refused and how many of the
// others, at the product's own threshold and at the one that refuses 10 % of the answerable. It fails when questions of
// another domain get answers: those are what a business must never reply to with its own sentences.
func TestRefusalsOnPublicQuestionSets(t *testing.T) {
	t.Parallel()
	a := New(Deps{})
	var sets []questionSet
	for _, name := range []string{"clapnq", "zoomcamp", "xquad_en", "covidqa"} {
		sets = append(sets, readSet(t, name, analysis.English))
	}
	var all []sample
	for i, s := range sets {
		others := spread(sets[(i+1)%len(sets)].queries, 25)
		others = append(others, spread(sets[(i+2)%len(sets)].queries, 25)...)
		samples := s.samples(t, a, others)
		all = append(all, samples...)
		t.Log(figures(s.name, samples))
	}
	if path := os.Getenv("FLOMASTR_FIT"); path != "" {
		writeSamples(t, path, all)
	}
	foreign, answered := 0, 0
	for _, s := range all {
		if s.sort == "foreign" {
			foreign++
			if s.confidence >= threshold {
				answered++
			}
		}
	}
	if share := float64(answered) / float64(foreign); share > 0.12 {
		t.Errorf("%.1f %% of another domain's questions were answered", 100*share)
	}
}

// figures sums one set up in a line.
func figures(name string, samples []sample) string {
	var answerable []float64
	by := map[string][]float64{}
	right, answered := 0, 0
	for _, s := range samples {
		by[s.sort] = append(by[s.sort], s.confidence)
		if s.sort == "answerable" {
			answerable = append(answerable, s.confidence)
			if s.confidence >= threshold {
				answered++
				if s.right {
					right++
				}
			}
		}
	}
	slices.Sort(answerable)
	tenth := answerable[len(answerable)/10]
	line := fmt.Sprintf("%s: answerable %d, answered %.0f %%, of these right document %.0f %%;", name, len(answerable),
		100*float64(answered)/float64(len(answerable)), 100*float64(right)/float64(max(1, answered)))
	for _, sort := range []string{"removed", "unanswerable", "foreign"} {
		if list := by[sort]; len(list) > 0 {
			line += fmt.Sprintf(" %s refused %.0f %% (at 10 %% false refusals %.0f %%);", sort, 100*below(list, threshold), 100*below(list, tenth))
		}
	}
	return line
}

func below(list []float64, limit float64) float64 {
	n := 0
	for _, x := range list {
		if x < limit {
			n++
		}
	}
	return float64(n) / float64(len(list))
}

// writeSamples keeps the evidence of every sample, one JSON object a line, for fitting the weights again.
func writeSamples(t *testing.T, path string, samples []sample) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	encoder := json.NewEncoder(file)
	for _, s := range samples {
		if err := encoder.Encode(map[string]any{"set": s.set, "sort": s.sort, "right": s.right, "v": s.v}); err != nil {
			t.Fatal(err)
		}
	}
}
