package conversations

import "strconv"

// Depth is how many recalled turns count at most.
const Depth = 20

// Report says which share of the evidence was among the first 5, 10 and 20 turns recalled, as a mean over the questions.
type Report struct {
	Conversations int `json:"conversations"`
	Recall
	ByCategory map[string]*Recall `json:"by_category"`
}

// Recall is a mean over questions.
type Recall struct {
	Questions int     `json:"questions"`
	At5       float64 `json:"recall_at_5"`
	At10      float64 `json:"recall_at_10"`
	At20      float64 `json:"recall_at_20"`
}

// Add counts one question. Evidence that names no turn of the conversation counts as missed.
func (r *Report) Add(q Question, recalled []string) {
	if r.ByCategory == nil {
		r.ByCategory = map[string]*Recall{}
	}
	category := strconv.Itoa(q.Category)
	if r.ByCategory[category] == nil {
		r.ByCategory[category] = &Recall{}
	}
	r.add(q.Evidence, recalled)
	r.ByCategory[category].add(q.Evidence, recalled)
}

func (r *Recall) add(evidence, recalled []string) {
	place := map[string]int{}
	for i, id := range recalled {
		if _, again := place[id]; !again {
			place[id] = i
		}
	}
	r.Questions++
	n := float64(r.Questions)
	for _, m := range []struct {
		mean  *float64
		depth int
	}{{&r.At5, 5}, {&r.At10, 10}, {&r.At20, Depth}} {
		hit := 0.0
		for _, id := range evidence {
			if at, ok := place[id]; ok && at < m.depth {
				hit++
			}
		}
		*m.mean += (hit/float64(len(evidence)) - *m.mean) / n
	}
}
