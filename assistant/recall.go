package assistant

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
)

// Memory recalls what is remembered of a customer.
type Memory interface {
	Recall(ctx context.Context, tenant flomastr.TenantID, q memory.Query) (memory.Recollection, error)
}

// fromMemory is the source of evidence that is no knowledge.
const fromMemory = "memory"

// How surely something must be what was asked for before it is told, and how much of it is told.
const (
	recallCovers   = 0.6 // share of the question's telling words that stand in an earlier message and beside it
	recallApart    = 8   // days between a message and the time that the question names
	recallSureness = 0.8
	mostFacts      = 10
	maxRecalled    = 300 // characters of a message
)

// recall asks the memory. An assistant without one, or whose memory is away, answers from the knowledge alone.
func (a *Assistant) recall(ctx context.Context, turn flomastr.Turn, v voice, text string, factsOnly bool) memory.Recollection {
	if a.deps.Memory == nil || turn.Contact.IsZero() {
		return memory.Recollection{}
	}
	got, err := a.deps.Memory.Recall(ctx, turn.Tenant, memory.Query{
		Contact: turn.Contact, Text: text, Business: v.business, At: a.deps.Clock(), FactsOnly: factsOnly,
	})
	if err != nil {
		return memory.Recollection{}
	}
	return got
}

// known puts the name that the customer wants to be called by in the voice, where it is going to be said.
func (a *Assistant) known(ctx context.Context, turn flomastr.Turn, v *voice) {
	small := !slices.ContainsFunc(turn.Messages, func(m flomastr.TurnMessage) bool { return len(a.lexicon.pieces(readable(m))) > 0 })
	if !turn.First && !small {
		return
	}
	for _, f := range a.recall(ctx, turn, *v, "", true).Facts {
		if name := firstName(f.Text); f.Subject == "name" && name != "" {
			v.name, v.called = name, []flomastr.Evidence{a.remembered(*v, f.Fact)}
			return
		}
	}
}

// reminded answers a question about the customer's own past: what they said, what we said, what is known of them. Anything else,
// and what is not surely remembered, is left to the knowledge.
func (a *Assistant) reminded(ctx context.Context, turn flomastr.Turn, v voice) (flomastr.Decision, bool) {
	x := a.lexicon
	if a.deps.Memory == nil {
		return flomastr.Decision{}, false
	}
	text := said(turn)
	f := folded(text)
	about, mine := x.holds("aboutme", f), x.holds("mine", f)
	theirs, ours := x.holds("recalltheirs", f), x.holds("recallours", f)
	if !about && !mine && !theirs && !ours {
		return flomastr.Decision{}, false
	}
	got := a.recall(ctx, turn, v, x.without("recallverb", f), about || mine && !theirs && !ours)
	var lines []string
	var evidence []flomastr.Evidence
	tell := func(line string, e flomastr.Evidence) {
		lines, evidence = append(lines, line), append(evidence, e)
	}
	for _, r := range got.Facts {
		if (about || r.Covered == 1 && !ours) && len(lines) < mostFacts && r.Kind != memory.KindPromise {
			tell("• "+plain(r.Text)+" ("+a.day(r.Confirmed, turn.TimeZone)+")", a.remembered(v, r.Fact))
		}
	}
	if len(lines) > 0 {
		return a.fromMemory(v, x.say(v.lang, "you_told")+"\n"+strings.Join(lines, "\n"), evidence), true
	}
	if about {
		return a.fromMemory(v, x.say(v.lang, "nothing_known"), nil), true
	}
	for _, m := range got.Messages {
		if (m.Speaker == flomastr.SpeakerContact) == ours || m.Covered < recallCovers || m.Apart > recallApart || strings.ContainsAny(m.Text, "?؟") || now(turn, m.Message) {
			continue
		}
		key := "you_wrote"
		if ours {
			key = "we_wrote"
		}
		quote := clip(m.Text, maxRecalled)
		text := x.say(v.lang, key, "{date}", a.day(m.At, turn.TimeZone), "{quote}", plain(quote))
		return a.fromMemory(v, text, []flomastr.Evidence{{
			Title: x.say(v.lang, "memory"), Source: fromMemory, Quote: m.Text, Score: round(m.Covered), Message: m.Message,
		}}), true
	}
	return flomastr.Decision{}, false
}

// now tells whether a message belongs to the turn that is being answered.
func now(turn flomastr.Turn, id flomastr.MessageID) bool {
	return slices.ContainsFunc(turn.Messages, func(m flomastr.TurnMessage) bool { return m.ID == id })
}

func (a *Assistant) fromMemory(v voice, text string, evidence []flomastr.Evidence) flomastr.Decision {
	return flomastr.Decision{
		Action: flomastr.ActionAnswer, Text: a.introduced(v, text), Evidence: evidence, Confidence: recallSureness,
		Reason: "asked about what was said before", Model: Offline,
	}
}

// remembered is a memory as evidence.
func (a *Assistant) remembered(v voice, f memory.Fact) flomastr.Evidence {
	return flomastr.Evidence{Title: a.lexicon.say(v.lang, "memory"), HeadingPath: []string{f.Subject}, Source: fromMemory, Quote: f.Text, Score: round(f.Confidence), Message: f.Message}
}

// day is the date of a time where the business is, in a form that is read alike everywhere.
func (a *Assistant) day(at time.Time, zone string) string {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC
	}
	return at.In(where).Format(time.DateOnly)
}

// personal are subjects that say what somebody is called or where they are, which finds no knowledge.
var personal = map[string]bool{"name": true, "address": true, "email": true, "phone": true, "birthday": true, "language": true, "work": true}

// lentFacts is how many memories are tried, one at a time, and lentWeight what their words count beside the question's own.
const (
	lentFacts  = 3
	lentWeight = 0.6
)

// helped looks once more for the answer to a question about the customer ("when do I need an oil change?"), with what is known of them
// around it ("a 2019 Nissan Patrol"). An answer counts when it speaks of that; what helped is named.
func (a *Assistant) helped(ctx context.Context, turn flomastr.Turn, v voice, policy Policy, f finding) (finding, []flomastr.Evidence, error) {
	if a.deps.Memory == nil || !a.lexicon.holds("me", folded(f.question.text)) {
		return f, nil, nil
	}
	tried := 0
	for _, r := range a.recall(ctx, turn, v, f.question.text, true).Facts {
		if tried == lentFacts || r.Kind == memory.KindPromise || personal[r.Subject] {
			continue
		}
		tried++
		q, known := f.question, a.lexicon.ask(r.Text, f.question.lang).words
		q.topic = append(slices.Clone(q.topic), a.lexicon.lend(q, known, lentWeight)...)
		again, err := a.find(ctx, turn.Tenant, policy, q)
		if err != nil {
			return f, nil, err
		}
		said := " " + folded(again.words()) + " "
		speaks := slices.ContainsFunc(known, func(t term) bool { return t.weight >= 1 && strings.Contains(said, " "+t.fold+" ") })
		if speaks && again.answered {
			return again, []flomastr.Evidence{a.remembered(v, r.Fact)}, nil
		}
	}
	return f, nil, nil
}

// words are what is quoted, with the headings above it.
func (f finding) words() string {
	var b strings.Builder
	for _, at := range f.excerpt.picks {
		p := f.pool.passages[at.passage]
		b.WriteString(strings.Join(p.origin.HeadingPath, " ") + " " + p.units[at.unit].text + " ")
	}
	return b.String()
}

// without drops the key's words from a folded text.
func (x *lexicon) without(key, text string) string {
	words := strings.Fields(text)
	kept := words[:0]
	for _, w := range words {
		if !x.is(key, w) {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}
