package ranking

import "math"

// Feature is what abstention is decided from.
type Feature struct {
	Coverage  float64 // share of the question's weight in the best passage
	Window    float64 // share of it within one window of the best passage
	Margin    float64 // the best passage's score before the average of the next four
	Agreement float64 // share of the legs that put the best passage among their first three
	Strength  float64 // the best passage's BM25 over the most that the question could reach
	Grams     float64 // the same for 4-grams
	Missing   float64 // weight of the heaviest word that the best passage lacks, as a share
	Unknown   float64 // share of the question's words that the vocabulary lacks
	Guessed   float64 // share that was corrected
	Known     float64 // share of the question's weight that any of the first five passages holds
	Found     bool    // there is a best passage
}

// Features reads them off the scores.
func Features(q Question, corpus Corpus, matches []Match, ranked []Ranked, unknown, guessed int) Feature {
	if len(ranked) == 0 {
		return Feature{}
	}
	f := Feature{Found: true}
	best := matches[ranked[0].Candidate]
	f.Coverage, f.Window = best.Coverage, best.Window
	next, n := 0.0, 0
	for _, r := range ranked[1:min(5, len(ranked))] {
		next += r.Score
		n++
	}
	f.Margin = ranked[0].Score
	if n > 0 {
		f.Margin -= next / float64(n)
	}
	f.Agreement = agreement(matches, ranked[0].Candidate)
	most := 0.0
	for _, w := range q.Words {
		most += corpus.IDF(w.Found) * w.Weight * (k1 + 1)
	}
	if most > 0 {
		f.Strength = best.Scores[LegWords] / most
	}
	f.Missing = best.Missing
	for _, r := range ranked[:min(5, len(ranked))] {
		f.Known = max(f.Known, matches[r.Candidate].Coverage)
	}
	mostGrams := 0.0
	for _, found := range q.Grams {
		mostGrams += corpus.IDF(found) * (k1 + 1)
	}
	if mostGrams > 0 {
		f.Grams = best.Scores[LegGrams] / mostGrams
	}
	if len(q.Words) > 0 {
		f.Unknown = float64(unknown) / float64(len(q.Words))
		f.Guessed = float64(guessed) / float64(len(q.Words))
	}
	return f
}

// agreement counts the legs that place the candidate among their first three.
func agreement(matches []Match, candidate int) float64 {
	legs, agree := 0, 0
	for leg := range Legs {
		mine := matches[candidate].Scores[leg]
		before, any := 0, false
		for i, m := range matches {
			any = any || m.Scores[leg] > 0
			if m.Scores[leg] > mine || m.Scores[leg] == mine && i < candidate {
				before++
			}
		}
		if any {
			legs++
			if before < 3 && mine > 0 {
				agree++
			}
		}
	}
	if legs == 0 {
		return 0
	}
	return float64(agree) / float64(legs)
}

// Inputs are the features as the logistic takes them.
func (f Feature) Inputs() []float64 {
	return []float64{f.Coverage, f.Window, f.Margin, f.Agreement, f.Strength, f.Grams, f.Missing, f.Unknown, f.Guessed, f.Known}
}

// answerable are the coefficients of the logistic, the constant first, in the order of Inputs.
func answerable() []float64 {
	return []float64{-3, 2.5, 1.5, 1.5, 0.5, 1, 1, -1.5, -1, -0.5, 0.5}
}

// Probability is the calibrated chance that the best passages answer the question.
func (f Feature) Probability() float64 {
	if !f.Found {
		return 0
	}
	w := answerable()
	z := w[0]
	for i, x := range f.Inputs() {
		z += w[i+1] * x
	}
	return 1 / (1 + math.Exp(-z))
}
