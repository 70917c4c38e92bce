package ranking

import "sort"

// Weights say how much each leg counts; they need not sum to one.
type Weights [Legs]float64

// DefaultWeights were fitted on public question sets by coordinate ascent on the mean nDCG@10 over the sets, and checked
// by leaving one set out at a time.
func DefaultWeights() Weights {
	return Weights{LegWords: 0.40, LegGrams: 0.20, LegPairs: 0.10, LegTitle: 0.08, LegWindow: 0.15, LegCosine: 0.05, LegVector: 0.02}
}

// Ranked is a candidate in its place.
type Ranked struct {
	Candidate int // index into what was scored
	Score     float64
	Norm      Scores // each leg between 0 and 1 over the candidates
}

// Fuse brings each leg between 0 and 1 over the candidates and orders them by the weighted sum. A passage that holds the
// question's exact identifiers stands before all that do not. Equal scores keep the order of the candidates.
func Fuse(matches []Match, w Weights) []Ranked {
	out := make([]Ranked, len(matches))
	var low, high Scores
	for i, m := range matches {
		for leg, v := range m.Scores {
			if i == 0 || v < low[leg] {
				low[leg] = v
			}
			if i == 0 || v > high[leg] {
				high[leg] = v
			}
		}
	}
	total := 0.0
	for leg := range w {
		if high[leg] > 0 {
			total += w[leg]
		}
	}
	for i, m := range matches {
		r := &out[i]
		r.Candidate = i
		for leg, v := range m.Scores {
			if high[leg] > low[leg] {
				r.Norm[leg] = (v - low[leg]) / (high[leg] - low[leg])
			} else if v > 0 {
				r.Norm[leg] = 1
			}
			if total > 0 {
				r.Score += w[leg] * r.Norm[leg] / total
			}
		}
		r.Score += m.Identifiers
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out
}
