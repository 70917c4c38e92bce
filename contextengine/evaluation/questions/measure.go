package questions

import (
	"math"
	"slices"
)

// NDCG is the normalised discounted cumulative gain of the first k places.
func NDCG(ranked []int, grades map[int]float64, k int) float64 {
	got, ideal := 0.0, 0.0
	for i, place := range ranked[:min(k, len(ranked))] {
		got += grades[place] / math.Log2(float64(i)+2)
	}
	best := make([]float64, 0, len(grades))
	for _, g := range grades {
		best = append(best, g)
	}
	slices.Sort(best)
	slices.Reverse(best)
	for i, g := range best[:min(k, len(best))] {
		ideal += g / math.Log2(float64(i)+2)
	}
	if ideal == 0 {
		return 0
	}
	return got / ideal
}

// Recall is the share of the graded documents among the first k.
func Recall(ranked []int, grades map[int]float64, k int) float64 {
	found := 0
	for _, place := range ranked[:min(k, len(ranked))] {
		if grades[place] > 0 {
			found++
		}
	}
	return float64(found) / float64(max(len(grades), 1))
}

// ReciprocalRank is one over the place of the first graded document among the first k, else 0.
func ReciprocalRank(ranked []int, grades map[int]float64, k int) float64 {
	for i, place := range ranked[:min(k, len(ranked))] {
		if grades[place] > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// Hit tells whether a graded document is among the first k.
func Hit(ranked []int, grades map[int]float64, k int) bool {
	return ReciprocalRank(ranked, grades, k) > 0
}

// RefusedAt is the share of the unanswerable questions' scores below the threshold that refuses the given share of the
// answerable ones.
func RefusedAt(answerable, unanswerable []float64, wrongly float64) float64 {
	if len(answerable) == 0 || len(unanswerable) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(answerable))
	threshold := sorted[int(wrongly*float64(len(sorted)))]
	refused := 0
	for _, score := range unanswerable {
		if score < threshold {
			refused++
		}
	}
	return float64(refused) / float64(len(unanswerable))
}
