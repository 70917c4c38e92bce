package memory

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Said is one message of a person's past, theirs or ours.
type Said struct {
	Message      flomastr.MessageID
	Conversation flomastr.ConversationID
	Speaker      flomastr.Speaker
	Text         string // untrusted, theirs and ours alike
	At           time.Time
}

// theirs tells whether the customer said it.
func (s Said) theirs() bool { return s.Speaker == flomastr.SpeakerContact }

// pause is the silence that ends a talk: what people mean by "when we spoke in May".
const pause = 4 * time.Hour

// talks numbers the talk that each message belongs to. Messages come oldest first within their conversation.
func talks(said []Said) (of []int, count int) {
	type running struct {
		talk int
		last time.Time
	}
	open := map[flomastr.ConversationID]running{}
	of = make([]int, len(said))
	for i, s := range said {
		r, ok := open[s.Conversation]
		if !ok || s.At.Sub(r.last) > pause {
			r.talk = count
			count++
		}
		r.last = s.At
		open[s.Conversation] = r
		of[i] = r.talk
	}
	return of, count
}
