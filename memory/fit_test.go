package memory

import (
	"os"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory/conversations"
)

// This file is the fitting of the weights in rank.go: FLOMASTR_FIT=FILE go test ./memory -run TestFit -v
//
// Every question is weighed leg by leg once. The weights are found by coordinate ascent on the sum of recall@5, @10 and @20,
// from the committed ones. Then one conversation after another is left out, the weights are fitted on the others, and the
// left-out one's recall is printed: that, not the fitted one, says what to expect elsewhere.

type fitCase struct {
	question conversations.Question
	ids      []string
	place    map[string]int
	legs     [][legs]float64
}

func fitCases(t *testing.T, c conversations.Conversation) (cases []fitCase) {
	t.Helper()
	r := newReader()
	var ids []string
	var said []Said
	place := map[string]int{}
	for i, turn := range c.Turns {
		speaker := flomastr.SpeakerContact
		if turn.Speaker == 1 {
			speaker = flomastr.SpeakerMember
		}
		place[turn.ID] = i
		ids = append(ids, turn.ID)
		said = append(said, Said{Speaker: speaker, Text: turn.Text, At: turn.At})
	}
	p := r.read(said)
	for _, q := range c.Questions {
		asked := r.ask(q.Text, p.language, Names{c.Speakers[0], c.Speakers[1]}, c.Turns[len(c.Turns)-1].At.Add(time.Hour))
		cases = append(cases, fitCase{q, ids, place, p.weigh(asked)})
	}
	return cases
}

// fitScore gives recall at the three depths. It only counts what stands before each piece of evidence: nothing is sorted.
func fitScore(cases []fitCase, w weights) (mean [3]float64) {
	for _, c := range cases {
		scores := make([]float64, len(c.legs))
		for i := range c.legs {
			for leg, v := range c.legs[i] {
				scores[i] += v * w[leg]
			}
		}
		for _, id := range c.question.Evidence {
			at, ok := c.place[id]
			if !ok {
				continue
			}
			before := 0
			for i, s := range scores {
				if s > scores[at] || s == scores[at] && i < at {
					before++
				}
			}
			for k, depth := range []int{5, 10, 20} {
				if before < depth {
					mean[k] += 1 / float64(len(c.question.Evidence)) / float64(len(cases))
				}
			}
		}
	}
	return mean
}

func fitWeights(cases []fitCase, w weights) weights {
	sum := func(w weights) float64 { m := fitScore(cases, w); return m[0] + m[1] + m[2] }
	best := sum(w)
	for range 3 {
		better := false
		for leg := range w {
			for _, v := range []float64{0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7} {
				next := w
				next[leg] = v
				if s := sum(next); s > best+1e-4 {
					best, w, better = s, next, true
				}
			}
		}
		if !better {
			break
		}
	}
	return w
}

func TestFit(t *testing.T) {
	file := os.Getenv("FLOMASTR_FIT")
	if file == "" {
		t.Skip("set FLOMASTR_FIT to a set of conversations to fit the weights")
	}
	set, err := conversations.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []fitCase
	each := make([][]fitCase, len(set))
	for i, c := range set {
		each[i] = fitCases(t, c)
		all = append(all, each[i]...)
	}
	t.Logf("%d questions, as committed: %.4f", len(all), fitScore(all, defaultWeights()))
	w := fitWeights(all, defaultWeights())
	t.Logf("fitted %.2f: %.4f", w, fitScore(all, w))
	var mean [3]float64
	for i := range each {
		var others []fitCase
		for k, cases := range each {
			if k != i {
				others = append(others, cases...)
			}
		}
		got := fitScore(each[i], fitWeights(others, defaultWeights()))
		t.Logf("left out %s: %.4f", set[i].ID, got)
		for k := range mean {
			mean[k] += got[k] * float64(len(each[i])) / float64(len(all))
		}
	}
	t.Logf("left out, over all questions: %.4f", mean)
}
