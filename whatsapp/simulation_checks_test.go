package whatsapp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// The checks say what must hold in their own words, and use none of the product's rules.

// steps are all that a message of ours may do.
var steps = map[provider.State]string{
	provider.StateQueued:    "intent failed",
	provider.StateIntent:    "queued unknown accepted sent delivered read failed",
	provider.StateUnknown:   "queued accepted sent delivered read failed", // queued: it turned out not to have left
	provider.StateAccepted:  "sent delivered read failed",
	provider.StateSent:      "delivered read failed",
	provider.StateDelivered: "read",
	provider.StateFailed:    "delivered read",
}

// badStep says what is wrong with a message's step from one state to another.
func badStep(from, to provider.State) string {
	if slices.Contains(strings.Fields(steps[from]), string(to)) {
		return ""
	}
	return fmt.Sprintf("I7: a message went from %s to %s", from, to)
}

// mayLeave looks at a call at the moment it is made.
func (s *simulation) mayLeave(l *line) {
	for _, other := range s.lines {
		if other.out && other.talk == l.talk && other.seq < l.seq && other.phase != "settled" {
			s.violate("I4: a message overtook one before it")
		}
		if other.out && other.talk == l.talk && other.seq > l.seq && s.taken[other.id.String()] > 0 {
			s.violate("I4: a message left after one behind it")
		}
	}
	scope := l.talk.optOut()
	switch {
	case s.taken[l.id.String()] > 0:
		s.violate("I3: a message was sent twice")
	case s.calling[l.talk]:
		s.violate("I4: two calls of one conversation at once")
	case l.state != provider.StateIntent && l.state != provider.StateUnknown:
		s.violate("I3: a call without an intent, in state " + string(l.state))
	case l.outKind == KindAnswer && l.talk.owner == OwnerMember:
		s.violate("an answer left although a person has taken over")
	case scope == ScopeAll && l.outKind != KindNotice, scope == ScopeMarketing && l.marketing:
		s.violate("somebody was written to who does not want it")
	case l.outKind == KindAnswer && l.first && l.content.Template == nil && s.now.Sub(l.at) > 12*time.Minute:
		s.violate("an answer left that was made long ago")
	case l.content.Template == nil && s.now.After(l.talk.window):
		s.violate("a text left after the window had closed")
	}
	for _, j := range s.jobs {
		if l.job != nil && l.outKind == KindAnswer && j.talk == l.talk && j.seq < l.job.seq && (j.state == JobQueued || j.state == JobProcessing) {
			s.violate("I4: a turn was answered before an earlier one")
		}
	}
}

// committed looks at an answer at the moment it is decided: it must be to the words as they are.
func (s *simulation) committed(j *turn, text string) {
	var words []string
	for _, l := range s.lines {
		if l.job != j || l.direction != In || l.details.RevokedAt != nil {
			continue
		}
		words = append(words, l.text)
		s.answered[l] = l.text
	}
	said, _, _ := strings.Cut(strings.TrimPrefix(text, introduction), "\n\n") // what follows is about voice messages
	if want := "re: " + strings.Join(words, ", "); strings.HasPrefix(said, "re: ") && said != want {
		s.violate(fmt.Sprintf("an answer to other words than the customer's: %q for %q", said, want))
	}
}

const introduction = "You are chatting with our automatic assistant.\n\n"

// judge looks at a world that has come to rest.
func (s *simulation) judge() {
	if s.violation == "" && !s.resting() {
		s.violate("I1: something never came to its end")
	}
	stored := map[string]int{}
	for _, l := range s.lines {
		if l.direction == In || !l.out {
			stored[l.provider]++
		}
	}
	for _, m := range s.said {
		if n := stored[m.ProviderID]; s.acked[m.ProviderID] && n != 1 {
			s.violate(fmt.Sprintf("I1: a message that was acknowledged is stored %d times", n))
			continue
		}
		l := s.receipts[m.ProviderID]
		asks := m.Target == "" && !m.Echo && !m.History && (m.Type == "audio" || strings.HasPrefix(m.Text, "Question"))
		if s.acked[m.ProviderID] && asks && l.job == nil {
			s.violate("I1: a message that asks something has no turn")
		}
	}
	for _, l := range s.lines {
		switch {
		case l.out:
			s.judgeSent(l)
		case l.job != nil && l.job.answer != nil && l.target == "" && l.details.RevokedAt == nil:
			s.judgeAnswered(l) // one whose answer was called off belongs to another turn, and judgeTurn looks at that
		}
	}
	for _, j := range s.jobs {
		if j.state == JobCompleted {
			s.judgeTurn(j)
		}
	}
}

// judgeTurn holds a finished turn to its answer, or to its reason for having none.
func (s *simulation) judgeTurn(j *turn) {
	var mine []*line
	revoked := false
	for _, l := range s.lines {
		if l.job == j && l.direction == In {
			if l.details.RevokedAt != nil {
				revoked = true
				continue
			}
			mine = append(mine, l)
		}
	}
	newer := func(l *line) bool {
		_, answered := s.answered[l]
		return answered && l.talk == j.talk && !slices.ContainsFunc(mine, func(m *line) bool { return !m.at.Before(l.at) })
	}
	because, reason := j.result.Because, true
	switch {
	case j.result.Action != "silent":
		reason = j.answer != nil
	case because == BecausePerson:
		reason = j.talk.byHand
	case because == BecauseOptOut:
		reason = j.talk.stopped
	case because == BecauseNothing:
		reason = revoked || slices.ContainsFunc(mine, func(l *line) bool { return l.target != "" })
	case because == BecauseLate:
		reason = slices.ContainsFunc(s.lines, newer)
	}
	if !reason {
		s.violate(fmt.Sprintf("I1: a turn ended as %q (%s) without a reason", j.result.Action, because))
	}
}

// judgeSent compares what became of a message with what the provider knows and told.
func (s *simulation) judgeSent(l *line) {
	key := l.id.String()
	told := map[provider.State]bool{}
	ours := l.provider != ""
	for _, r := range s.told[key] {
		told[r.State] = true
		ours = ours || r.Key == key
	}
	if !ours {
		clear(told) // whose reports they are was never learnt
	}
	want := map[bool]string{
		true:  "accepted sent unknown", // taken
		false: "failed unknown",
	}[s.taken[key] > 0]
	switch {
	case told[provider.StateRead]:
		want = "read"
	case told[provider.StateDelivered]:
		want = "delivered"
	case told[provider.StateFailed]:
		want = "failed"
	case told[provider.StateSent]:
		want = "sent"
	}
	if !slices.Contains(strings.Fields(want), string(l.state)) {
		s.violate(fmt.Sprintf("I3, I7: a message that was taken %d times and told of as %v is %s", s.taken[key], told, l.state))
	}
	if s.taken[key] > 1 {
		s.violate("I3: a message was sent twice")
	}
}

// judgeAnswered looks for an answer to a customer's last words, where there is an answer to earlier ones.
func (s *simulation) judgeAnswered(l *line) {
	plain := func(text string) string { return strings.Replace(text, "Qeustion", "Question", 1) }
	said, answered := s.answered[l]
	if !answered || plain(said) == plain(l.text) {
		return
	}
	for _, edit := range s.lines {
		if edit.target == l.provider && edit.kind == TypeEdit && edit.job != nil && plain(edit.text) == plain(l.text) {
			return
		}
	}
	s.violate(fmt.Sprintf("an edit after the answer was not answered: %q, now %q", said, l.text))
}
