package postgres

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// messageColumns are the new messages of a batch, column by column as unnest wants them.
type messageColumns struct {
	ids, conversations, events                     [][16]byte
	times, at                                      []time.Time
	directions, types, texts, media, provider, raw []string
	answerable, quiet                              []bool
	targets                                        []string
	details                                        []*string
}

func (m *messageColumns) add(in *whatsapp.Arrival, conversation flomastr.ConversationID, answer bool) error {
	m.ids = append(m.ids, [16]byte(in.Message))
	m.events = append(m.events, [16]byte(flomastr.NewID[EventID]()))
	m.conversations = append(m.conversations, [16]byte(conversation))
	m.times = append(m.times, timeOf(in.Message))
	m.directions = append(m.directions, string(in.Direction))
	m.types = append(m.types, in.Type)
	m.texts = append(m.texts, in.Text)
	m.media = append(m.media, in.Media.URL)
	m.provider = append(m.provider, in.ProviderID)
	m.at = append(m.at, in.SentAt)
	m.answerable = append(m.answerable, answer)
	m.raw = append(m.raw, in.Raw)
	m.targets = append(m.targets, in.Target)
	m.quiet = append(m.quiet, in.History)
	m.details = append(m.details, nil)
	if d := whatsapp.DetailsOf(in.Inbound); !d.IsZero() {
		raw, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode details: %w", err)
		}
		m.details[len(m.details)-1] = new(string(raw))
	}
	return nil
}

// takesOver tells whether a message makes a person the owner of its conversation: somebody wrote to the customer in the
// business's own app, so the assistant must not.
func takesOver(in *whatsapp.Arrival) bool { return in.Echo && !in.History && in.Target == "" }

// turnColumns are the messages of one conversation in a batch, taken together.
type turnColumns struct {
	conversation flomastr.ConversationID
	channel      flomastr.ChannelID
	contact      flomastr.ContactID
	hand         whatsapp.Hand
	answerable   int
	inbound      int
	wait, burst  time.Duration
	heard        time.Time
	text         string
	direction    whatsapp.Direction
	person       bool // somebody of the business wrote elsewhere
}

func (t *turnColumns) add(in *whatsapp.Arrival, th *thread, answer bool) {
	// Nobody waits for a whole sentence of somebody who was quiet; everybody else may be in the middle of a burst.
	if in.Wait || th.recent || t.answerable > 0 {
		t.wait = max(t.wait, in.Burst) // one may wait for its file
	}
	t.burst = max(t.burst, in.Burst)
	if answer {
		t.answerable++
	}
	if in.Direction == whatsapp.In {
		t.inbound++
		if !in.Silent && in.SentAt.After(t.heard) { // a lone reaction may not open the window
			t.heard = in.SentAt
		}
	}
	t.person = t.person || takesOver(in)
	t.text, t.direction = provider.Truncate(in.Text, 160), in.Direction
}

// conversationColumns are the conversations that a batch touches.
type conversationColumns struct {
	ids, channels, jobs        [][16]byte
	workers, texts, directions []string
	ruled                      []bool
	waits, headStarts          []float64
	answerable, inbound        []int32
	heard                      []*time.Time
	persons                    []bool
	burst                      time.Duration
}

func (c *conversationColumns) add(t *turnColumns) {
	c.ids = append(c.ids, [16]byte(t.conversation))
	c.channels = append(c.channels, [16]byte(t.channel))
	c.jobs = append(c.jobs, [16]byte(flomastr.NewID[flomastr.JobID]()))
	c.workers = append(c.workers, t.hand.Worker)
	c.ruled = append(c.ruled, t.hand.Ruled)
	c.headStarts = append(c.headStarts, t.hand.HeadStart.Seconds())
	c.texts = append(c.texts, t.text)
	c.directions = append(c.directions, string(t.direction))
	c.waits = append(c.waits, t.wait.Seconds())
	c.answerable = append(c.answerable, int32(t.answerable))
	c.inbound = append(c.inbound, int32(t.inbound))
	c.heard = append(c.heard, orNil(t.heard))
	c.persons = append(c.persons, t.person)
	c.burst = max(c.burst, t.burst)
}

// identities are the names by which a sender may be known, the surest first.
func identities(a provider.Address) [][2]string {
	var out [][2]string
	if a.UserID != "" {
		out = append(out, [2]string{"user_id", a.UserID})
	}
	if a.Phone != "" {
		out = append(out, [2]string{"phone", a.Phone})
	}
	return out
}

// e164 is a phone number as people and the API write it.
func e164(digits string) string {
	if digits == "" {
		return ""
	}
	return "+" + strings.TrimPrefix(digits, "+")
}
