package main

import (
	"math"
	"slices"
	"time"
)

// evalAnswer is what came of one question: the documents, best first and each once, and how answerable it seemed.
type evalAnswer struct {
	docs       []string
	answerable float64
	took       time.Duration
}

// evalScores is what eval retrieval prints.
type evalScores struct {
	Set                   string         `json:"set"`
	Queries               int            `json:"queries"`
	NDCGAt10              float64        `json:"ndcg_at_10"`
	RecallAt3             float64        `json:"recall_at_3"`
	RecallAt5             float64        `json:"recall_at_5"`
	RecallAt10            float64        `json:"recall_at_10"`
	RecallAt20            float64        `json:"recall_at_20"`
	HitAt5                float64        `json:"hit_at_5"`
	MRRAt5                float64        `json:"mrr_at_5"`
	GoldRemovedRefused    *float64       `json:"gold_removed_refused_at_10_false"`
	UnanswerableRefused   *float64       `json:"unanswerable_refused_at_10_false"` // null where the set has none
	LatencyP50            float64        `json:"latency_ms_p50"`
	LatencyP95            float64        `json:"latency_ms_p95"`
	IngestSeconds         float64        `json:"ingest_seconds"`
	Documents             int            `json:"documents"`
	DocumentsNotIndexed   int            `json:"documents_not_indexed"`
	Compare               *evalComparing `json:"compare,omitempty"`
	Typos                 float64        `json:"typos,omitempty"`
	Seed                  uint64         `json:"seed,omitempty"`
	RefusalThresholdAt10F float64        `json:"refusal_threshold_at_10_false"`
}

// evalComparing is the score of a plain baseline on the same questions.
type evalComparing struct {
	With     string  `json:"with"`
	NDCGAt10 float64 `json:"ndcg_at_10"`
	Gain     float64 `json:"gain"`
}

// score averages over the questions, which stand at the same places as their answers.
func score(queries []evalQuery, answers []evalAnswer) evalScores {
	s := evalScores{Queries: len(queries)}
	n := float64(len(queries))
	var took []time.Duration
	for i, q := range queries {
		docs := answers[i].docs
		s.NDCGAt10 += ndcg(docs, q.Gold, 10)
		s.RecallAt3 += recall(docs, q.Gold, 3)
		s.RecallAt5 += recall(docs, q.Gold, 5)
		s.RecallAt10 += recall(docs, q.Gold, 10)
		s.RecallAt20 += recall(docs, q.Gold, 20)
		if first := firstRelevant(docs, q.Gold, 5); first > 0 {
			s.HitAt5++
			s.MRRAt5 += 1 / float64(first)
		}
		took = append(took, answers[i].took)
	}
	for _, mean := range []*float64{&s.NDCGAt10, &s.RecallAt3, &s.RecallAt5, &s.RecallAt10, &s.RecallAt20, &s.HitAt5, &s.MRRAt5} {
		*mean /= n
	}
	slices.Sort(took)
	if len(took) > 0 {
		s.LatencyP50, s.LatencyP95 = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*95/100])
	}
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ndcg is the gain of a ranking, discounted by the logarithm of the rank, over that of the best possible one. The gain
// of a document is its grade.
func ndcg(docs []string, gold map[string]float64, k int) float64 {
	sum := 0.0
	for i, id := range docs[:min(k, len(docs))] {
		sum += gold[id] / math.Log2(float64(i)+2)
	}
	grades := make([]float64, 0, len(gold))
	for _, g := range gold {
		grades = append(grades, g)
	}
	slices.SortFunc(grades, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	best := 0.0
	for i, g := range grades[:min(k, len(grades))] {
		best += g / math.Log2(float64(i)+2)
	}
	if best == 0 {
		return 0
	}
	return sum / best
}

func recall(docs []string, gold map[string]float64, k int) float64 {
	found := 0
	for _, id := range docs[:min(k, len(docs))] {
		if gold[id] > 0 {
			found++
		}
	}
	return float64(found) / float64(len(gold))
}

// firstRelevant is the rank of the first relevant document, counted from one; 0 when the first k hold none.
func firstRelevant(docs []string, gold map[string]float64, k int) int {
	for i, id := range docs[:min(k, len(docs))] {
		if gold[id] > 0 {
			return i + 1
		}
	}
	return 0
}

// refusalThreshold is the value of answerable below which one question in ten that has an answer would be refused.
func refusalThreshold(answered []evalAnswer) float64 {
	values := make([]float64, len(answered))
	for i, a := range answered {
		values[i] = a.answerable
	}
	slices.Sort(values)
	return values[len(values)/10]
}

// refused is the share of questions without an answer that fall under the threshold; nil for none asked.
func refused(asked []evalAnswer, threshold float64) *float64 {
	if len(asked) == 0 {
		return nil
	}
	count := 0
	for _, a := range asked {
		if a.answerable < threshold {
			count++
		}
	}
	share := float64(count) / float64(len(asked))
	return &share
}
