package main

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// plainBM25 is the baseline that retrieval is held against: BM25 (k1 1.2, b 0.75) over stemmed words, each document's
// title and text once, in the language that most documents are in.
func plainBM25(docs []evalDoc, queries []evalQuery) []evalAnswer {
	const k1, b = 1.2, 0.75
	type posting struct {
		doc   int
		count float64
	}
	stemmer, language := analysis.NewStemmer(), mainLanguage(docs)
	postings := map[analysis.Term][]posting{}
	lengths, total := make([]float64, len(docs)), 0.0
	for i, d := range docs {
		counts := map[analysis.Term]float64{}
		for _, token := range stemmer.Words(d.Title+"\n"+d.Text, language) {
			counts[token.Term]++
			lengths[i]++
		}
		total += lengths[i]
		for term, count := range counts {
			postings[term] = append(postings[term], posting{i, count})
		}
	}
	n, average := float64(len(docs)), total/float64(len(docs))
	out := make([]evalAnswer, len(queries))
	for i, q := range queries {
		scores := map[int]float64{}
		for _, token := range stemmer.Words(q.Text, language) {
			list := postings[token.Term]
			idf := math.Log(1 + (n-float64(len(list))+0.5)/(float64(len(list))+0.5))
			for _, p := range list {
				scores[p.doc] += idf * p.count * (k1 + 1) / (p.count + k1*(1-b+b*lengths[p.doc]/average))
			}
		}
		ranked := slices.SortedFunc(maps.Keys(scores), func(x, y int) int {
			return cmp.Or(cmp.Compare(scores[y], scores[x]), cmp.Compare(x, y))
		})
		for _, doc := range ranked[:min(20, len(ranked))] {
			out[i].docs = append(out[i].docs, docs[doc].ID)
		}
	}
	return out
}

func mainLanguage(docs []evalDoc) analysis.Language {
	detector, seen := analysis.NewDetector(), map[analysis.Language]int{}
	for _, d := range docs {
		text := d.Text
		seen[detector.Detect(text[:min(len(text), 2000)])]++
	}
	delete(seen, analysis.Undecided)
	best := analysis.Undecided
	for _, language := range slices.Sorted(maps.Keys(seen)) {
		if seen[language] > seen[best] {
			best = language
		}
	}
	return best
}
