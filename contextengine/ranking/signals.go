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
	Pairs     float64 // share of the question's word pairs in the best passage
	Echo      float64 // share of the words of the best passage's title and headings that the question holds
	Words     float64 // how many words the question has, as a logarithm
	Title     float64 // share of the best title score over the most that the question could reach
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
	// Among a handful of passages one always stands far before the rest.
	f.Margin *= float64(corpus.Passages) / float64(corpus.Passages+8)
	f.Agreement = agreement(matches, ranked[0].Candidate)
	most := 0.0
	for _, w := range q.Words {
		most += corpus.IDF(w.Found) * w.Weight * (k1 + 1)
	}
	if most > 0 {
		f.Strength = best.Scores[LegWords] / most
	}
	f.Missing, f.Pairs, f.Echo = best.Missing, best.Pairs, best.Echo
	if most > 0 {
		f.Title = best.Scores[LegTitle] / most
	}
	f.Words = math.Log(1 + float64(len(q.Words)))
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
	return []float64{f.Coverage, f.Window, f.Margin, f.Agreement, f.Strength, f.Grams, f.Missing, f.Unknown, f.Guessed, f.Known, f.Pairs, f.Words, f.Title, f.Echo, f.Coverage * f.Coverage, f.Echo * f.Coverage}
}

// answerable are the coefficients of a logistic, the constant first, in the order of Inputs. They were fitted by gradient
// descent with weight decay on five public sets of questions and answers, 250 questions each: a question whose first
// passage is right against the same question with its right documents taken away. With each set left out in turn, at
// the threshold that wrongly refuses a tenth, it refused 87 % (long-form answers), 28 % (questions on papers, where other
// papers answer too), 79 % and 74 % (paragraphs, English and Spanish) and 60 % (FAQ of three courses that repeat each
// other) of the questions without an answer.
func answerable() []float64 {
	return []float64{-10.9, 2.09, 3.01, 6.17, 2.87, 1.17, 2.47, -0.44, 0.36, 0.27, 1.94, 1.24, 1.01, 0.04, 1.16, 1.34, 1.27}
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
