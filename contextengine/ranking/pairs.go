package ranking

// pairs scores neighbouring words of the question that stand near each other in a passage. How many passages of the
// collection hold a pair is not stored: whoever holds both words of a rare pair is among the candidates, so they are
// counted there.
type pairs struct {
	scorer *Scorer
	list   [][2]int    // pairs of words of the question, one or two apart
	counts [][]float64 // candidate → times, by pair
	length []float64
	held   []int
}

func newPairs(s *Scorer) *pairs {
	p := &pairs{scorer: s}
	n := len(s.question.Words)
	for i := range n {
		for j := i + 1; j < n && j <= i+2; j++ {
			if s.unique[i] != s.unique[j] {
				p.list = append(p.list, [2]int{s.unique[i], s.unique[j]})
			}
		}
	}
	p.held = make([]int, len(p.list))
	return p
}

func (p *pairs) see(_ int, c Bag, h hits) {
	counts := make([]float64, len(p.list))
	for k, pair := range p.list {
		counts[k] = near(h.where[pair[0]], h.where[pair[1]])
		if h.title[pair[0]] > 0 && h.title[pair[1]] > 0 {
			counts[k]++
		}
		if counts[k] > 0 {
			p.held[k]++
		}
	}
	p.counts = append(p.counts, counts)
	p.length = append(p.length, float64(len(c.Body)+len(c.Title)+len(c.Heads)))
}

// near counts how often the two words stand at most pairReach apart; in their order they count whole, else half.
func near(first, second []int) float64 {
	n, from := 0.0, 0
	for _, x := range first {
		for from < len(second) && second[from] < x-pairReach {
			from++
		}
		for _, y := range second[from:] {
			if y > x+pairReach {
				break
			}
			if y > x {
				n++
			} else {
				n += 0.5
			}
		}
	}
	return n
}

func (p *pairs) score(out []Match) {
	average := 0.0
	for _, l := range p.length {
		average += l / float64(len(p.length))
	}
	for i := range out {
		sum := 0.0
		for k := range p.list {
			if p.counts[i][k] > 0 {
				sum += p.scorer.corpus.IDF(p.held[k]) * bm25(p.counts[i][k], p.length[i], average)
			}
		}
		out[i].Scores[LegPairs] = sum
	}
}
