package ranking

import "math"

// Feature is what abstention is decided from.
type Feature struct {
	Coverage  float64 // share of the question's weight in the best passage
	Window    float64 // share of it within one window of the best passage
	Margin    float64 // the best passage's score before the average of the next four
	Agreement float64 // share of the legs that put the best passage among their first three
	Grams     float64 // the best passage's BM25 over 4-grams, over the most that the question could reach
	Known     float64 // share of the question's weight that any of the first five passages holds
	Title     float64 // the best passage's title score over the most that the question could reach
	Found     bool    // there is a best passage
}

// Features reads them off the scores.
func Features(q Question, corpus Corpus, matches []Match, ranked []Ranked) Feature {
	if len(ranked) == 0 {
		return Feature{}
	}
	best := matches[ranked[0].Candidate]
	f := Feature{Found: true, Coverage: best.Coverage, Window: best.Window, Agreement: agreement(matches, ranked[0].Candidate)}
	next, n := 0.0, 0
	for _, r := range ranked[1:min(5, len(ranked))] {
		next += r.Score
		n++
	}
	f.Margin = ranked[0].Score
	if n > 0 {
		f.Margin -= next / float64(n)
	}
	// Among a handful of passages one always stands far before the rest.
	f.Margin *= float64(corpus.Passages) / float64(corpus.Passages+8)
	for _, r := range ranked[:min(5, len(ranked))] {
		f.Known = max(f.Known, matches[r.Candidate].Coverage)
	}
	most, mostGrams := 0.0, 0.0
	for _, w := range q.Words {
		most += corpus.IDF(w.Found) * w.Weight * (k1 + 1)
	}
	if most > 0 {
		f.Title = best.Scores[LegTitle] / most
	}
	for _, found := range q.Grams {
		mostGrams += corpus.IDF(found) * (k1 + 1)
	}
	if mostGrams > 0 {
		f.Grams = best.Scores[LegGrams] / mostGrams
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
	return []float64{f.Window, f.Margin, f.Agreement, f.Grams, f.Known, f.Title}
}

// answerable are the coefficients of a logistic, the constant first, in the order of Inputs. They were fitted with weight
// decay on all questions of five public sets: a question whose first passage is right against the same question with its right
// documents taken away. At the threshold that wrongly refuses a tenth, each set weighed by coefficients from the other four, it
// refused 87 % (long-form answers), 30 % (questions on papers, where other papers answer too), 88 % and 77 % (paragraphs, English
// and Spanish) and 62 % (FAQ of three courses that repeat each other) of the questions without an answer. Ten further features,
// such as the heaviest word that is missing and the words that the vocabulary lacks, changed nothing on a set left out.
func answerable() []float64 {
	return []float64{-7.4, 2, 4.5, 2.1, 4, 2.4, 2.9}
}

// leastCoverage is the share of the question's weight below which an answer gets the less likely the less is covered:
// the sets hold next to no such question, so the logistic has not learnt it.
const leastCoverage = 0.35

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
	return min(1, f.Coverage/leastCoverage) / (1 + math.Exp(-z))
}
