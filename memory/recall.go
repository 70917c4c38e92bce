package memory

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// What a recall reads and gives at most.
const (
	pastMost      = 2000 // messages read
	defaultLimit  = 8
	maxLimit      = 50
	defaultTokens = 800
	charsPerToken = 4 // no model counts alike
	// maxQueryBytes bounds what is read of a query: a pasted document is not one.
	maxQueryBytes = 2000
)

// Query asks what is remembered of a person that bears on a text.
type Query struct {
	Contact   flomastr.ContactID
	Text      string
	Business  string    // what our side is called, where the text may name it
	At        time.Time // "last week" counts back from here; zero: now
	Limit     int       // messages; 0: 8, at most 50
	Tokens    int       // what facts and messages may hold together, facts half of it at most; 0: 800
	FactsOnly bool      // no messages are read
}

// Recollection is what is remembered, best first.
type Recollection struct {
	Name     string // as the customer calls themselves in WhatsApp; untrusted, may be empty
	Facts    []RecalledFact
	Messages []Recalled
}

// RecalledFact is a memory that holds.
type RecalledFact struct {
	Fact
	Covered float64 // share of the query's telling words that stand in it; 0 where the query names another time than that at which it was said last
}

// Recalled is a message of the past with how much it has to say.
type Recalled struct {
	Said
	Score   float64 // of the order of 0 to 2, comparable within one recollection alone
	Covered float64 // share of the query's telling words that stand in it and beside it; 1 where it names a time alone
	Apart   float64 // days between it and the time that the query names; 0 where it names none
}

// Recall gives what is remembered of a person, and what was said with them, that bears on a text. It reads nobody else's rows.
// The same query to the same past always gets the same answer. ErrContactNotFound.
func (e *Engine) Recall(ctx context.Context, tenant flomastr.TenantID, q Query) (Recollection, error) {
	limit := pastMost
	if q.FactsOnly {
		limit = 0
	}
	past, err := e.deps.Store.Past(ctx, tenant, q.Contact, limit)
	if err != nil {
		return Recollection{}, fmt.Errorf("read what is remembered: %w", err)
	}
	if q.At.IsZero() {
		q.At = e.deps.Clock()
	}
	text := q.Text
	if len(text) > maxQueryBytes {
		text = strings.ToValidUTF8(text[:maxQueryBytes], "")
	}
	if q.Tokens <= 0 {
		q.Tokens = defaultTokens
	}
	r := e.readers.Get().(*reader)
	defer e.readers.Put(r)
	names, room := Names{past.Name, q.Business}, q.Tokens*charsPerToken
	out := Recollection{Name: past.Name}
	out.Facts = r.facts(past.Facts, text, names, q.At, room/2)
	for _, f := range out.Facts {
		room -= factSize(f.Fact)
	}
	out.Messages = within(r.rank(past.Said, text, names, q.At, defaultWeights()), q.Limit, room)
	return out, nil
}

// facts puts first what bears on the text, then what was said last.
func (r *reader) facts(list []Fact, text string, names Names, now time.Time, room int) (out []RecalledFact) {
	byID := map[flomastr.ConversationID]Fact{}
	said := make([]Said, 0, len(list))
	for _, f := range list {
		if f.holds(now) {
			apart := flomastr.ConversationID(f.ID) // each stands for itself
			byID[apart] = f
			said = append(said, Said{Conversation: apart, Speaker: flomastr.SpeakerContact, Text: f.Subject + " " + f.Text, At: f.Confirmed})
		}
	}
	seen := map[flomastr.ConversationID]bool{}
	add := func(id flomastr.ConversationID, covered float64) {
		if size := factSize(byID[id]); !seen[id] && size <= room {
			seen[id] = true
			room -= size
			out = append(out, RecalledFact{byID[id], covered})
		}
	}
	for _, f := range r.rank(said, text, names, now, defaultWeights()) {
		if f.Apart > 0 {
			f.Covered = 0
		}
		add(f.Conversation, f.Covered)
	}
	for _, s := range said {
		add(s.Conversation, 0)
	}
	return out
}

func factSize(f Fact) int { return utf8.RuneCountInString(f.Subject) + utf8.RuneCountInString(f.Text) }

// within keeps the best messages that fit into the budget, each whole: half a message misleads.
func within(ranked []Recalled, limit, room int) []Recalled {
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	kept := make([]Recalled, 0, min(limit, len(ranked)))
	for _, m := range ranked {
		if len(kept) == limit {
			break
		}
		if size := utf8.RuneCountInString(m.Text); size <= room {
			room -= size
			kept = append(kept, m)
		}
	}
	return kept
}
