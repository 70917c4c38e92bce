package assistant

import (
	"testing"

	"github.com/flomastr/flomastr"
)

// BenchmarkATurnWithAnInstantModel is our own part of a turn that a model answers: what it takes more than the offline turn beside it
// is the prompt, the reading of the reply, and its check.
func BenchmarkATurnWithAnInstantModel(b *testing.B) {
	s := workshop()
	for name, models := range map[string]Models{
		"offline": nil,
		"model":   &scripted{steps: []step{replies("answer", "Replacing the chain costs AED 95 and takes 30 minutes. [Chain replacement]", 0)}},
	} {
		b.Run(name, func(b *testing.B) {
			a := New(Deps{Retriever: s, Businesses: s, Models: models, Clock: flomastr.SystemClock})
			turn := flomastr.Turn{TimeZone: "Asia/Dubai", Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: asksPrice}}}
			for b.Loop() {
				if d, err := a.Answer(b.Context(), turn); err != nil || d.Action != flomastr.ActionAnswer {
					b.Fatal(d.Reason, err)
				}
			}
		})
	}
}
