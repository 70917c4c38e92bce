package assistant

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/whatsapp/markup"
)

// What the first question holds.
const (
	firstPassages = 10
	firstTokens   = 5_000 // of passages
	firstFacts    = 12    // things remembered of the customer
)

// sources are what a reply may cite, by number from 1: passages of the knowledge, and what is remembered of the turn's contact as
// passages whose source is the memory.
type sources struct {
	passages []contextengine.Passage
	memories map[int]flomastr.Evidence // by number
	known    map[string]int            // by id
}

// passage gives a passage its number, the same for the same one.
func (s *sources) passage(p contextengine.Passage) int { return s.number(p.ID.String(), p) }

func (s *sources) number(id string, p contextengine.Passage) int {
	if n, ok := s.known[id]; ok {
		return n
	}
	if s.known == nil {
		s.known = map[string]int{}
	}
	s.passages = append(s.passages, p)
	s.known[id] = len(s.passages)
	return len(s.passages)
}

// memory gives something remembered its number.
func (s *sources) memory(id string, e flomastr.Evidence, text string) int {
	n := s.number(id, contextengine.Passage{Title: e.Title, Text: text, Source: fromMemory})
	if s.memories == nil {
		s.memories = map[int]flomastr.Evidence{}
	}
	s.memories[n] = e
	return n
}

// render shows a source to a model. All of it is quoted, its name as well.
func (s *sources) render(n int) string {
	p := s.passages[n-1]
	name := sourceName(flomastr.Evidence{Title: p.Title, HeadingPath: p.HeadingPath})
	return fmt.Sprintf("[%d]\n%s%s\n", n, quoted(name), quoted(p.Text))
}

// gather numbers what was found for the customer's questions, best first by turns, and what is remembered of them.
func (g *agent) gather(ctx context.Context) {
	var best []contextengine.Passage
	for i := 0; len(best) < firstPassages; i++ {
		any := false
		for _, f := range g.findings {
			if i < len(f.pool.passages) {
				best, any = append(best, f.pool.passages[i].origin), true
			}
		}
		if !any {
			break
		}
	}
	for _, f := range g.findings { // what the offline answer would quote must be among them
		for _, at := range f.excerpt.picks {
			best = append([]contextengine.Passage{f.pool.passages[at.passage].origin}, best...)
		}
	}
	for _, p := range within(best, min(g.policy.MaxContext, firstTokens)) {
		g.sources.passage(p)
	}
	if g.remembers() {
		g.remember(g.Assistant.recall(ctx, g.turn, g.voice, said(g.turn), true))
	}
}

// remember numbers what is remembered. What is sensitive was told to the business, and is no model's.
func (g *agent) remember(got memory.Recollection) (numbers []int) {
	for _, f := range got.Facts {
		if f.Sensitive || len(numbers) == firstFacts {
			continue
		}
		numbers = append(numbers, g.sources.memory(f.ID.String(), g.remembered(g.voice, f.Fact), f.Subject+": "+f.Text))
	}
	for _, m := range got.Messages {
		if now(g.turn, m.Message) {
			continue
		}
		who := "we wrote"
		if m.Speaker == flomastr.SpeakerContact {
			who = "the customer wrote"
		}
		text := fmt.Sprintf("%s, %s: %s", g.day(m.At, g.turn.TimeZone), who, clip(m.Text, maxRecalled))
		numbers = append(numbers, g.sources.memory(m.Message.String(), flomastr.Evidence{
			Title: g.lexicon.say(g.voice.lang, "memory"), Source: fromMemory, Quote: m.Text, Score: round(m.Covered), Message: m.Message,
		}, text))
	}
	return numbers
}

// fakeMark is what looks like one of our numbers, or like the marks by which models tell who speaks.
var fakeMark = regexp.MustCompile(`(?i)\[\s*(/?\s*(?:\d{1,3}|inst|sys|system|user|assistant|tool)[\d\s,]*)\]`)

// quoted makes data of a text: each line begins with "> ", which nothing of it can end, what cannot be seen is gone, and marks
// that machines read are marks no more.
func quoted(text string) string {
	text = strings.NewReplacer("\u2028", "\n", "\u2029", "\n", "\r", "\n").Replace(text)
	text = fakeMark.ReplaceAllString(markup.Clean(text), "($1)")
	text = strings.NewReplacer("<", "‹", ">", "›").Replace(text)
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if strings.TrimSpace(line) != "" {
			b.WriteString("> " + line + "\n")
		}
	}
	return b.String()
}

// trimmed leaves the beginning and the end of a text that is too long.
func trimmed(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:most*2/3]) + " … " + string(runes[len(runes)-most/3:])
}
