package assistant

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// FuzzReply reads and checks whatever a model may end a turn with: nothing of it panics, and what may be said is a message.
func FuzzReply(f *testing.F) {
	for _, text := range []string{
		"A chain replacement costs AED 95. [1]", "![x](https://evil.example)", "• one [1, 2]\n• two", "No. [", "[1][2][3]", "1. 2. 3.",
		"<|im_start|>", "كم ٣٥ [1]؟", "a.b.C d", "\u200b", strings.Repeat("(", 300),
	} {
		arguments, err := json.Marshal(map[string]any{"action": "answer", "text": text, "citations": []int{1}, "doubt": 0.1})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(arguments))
	}
	for _, arguments := range []string{``, `{`, `[]`, `{"action":"silent","action":"ask"}`, `{"doubt":1e999}`, `{"text":"\ud800"}`, strings.Repeat(`[`, 5000)} {
		f.Add(arguments)
	}
	s := workshop()
	a := New(Deps{Retriever: s, Businesses: s, Clock: flomastr.SystemClock})
	f.Fuzz(func(t *testing.T, arguments string) {
		r, err := readReply(json.RawMessage(arguments))
		if err != nil {
			return
		}
		if !json.Valid([]byte(arguments)) || *r.Doubt < 0 || *r.Doubt > 1 || utf8.RuneCountInString(r.Text) > maxReply {
			t.Fatalf("read %+v", r)
		}
		g := &agent{Assistant: a, voice: voice{lang: "en"}, policy: DefaultPolicy()}
		g.turn.Messages = []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: asksPrice}}
		for _, p := range s.passages {
			g.sources.passage(p)
		}
		c, err := g.check(r)
		if err != nil {
			return
		}
		if !utf8.ValidString(c.text) || imageMark.MatchString(c.text) || htmlTag.MatchString(c.text) || strings.Contains(c.text, "://") {
			t.Errorf("%q may be said", c.text)
		}
		if c.support < 0 || c.support > 1 || slices.ContainsFunc(c.order, func(n int) bool { return n < 1 || n > len(s.passages) }) {
			t.Errorf("%+v", c)
		}
		text, evidence := g.worded(c, 0.5)
		if len(evidence) != len(c.order) || utf8.RuneCountInString(text) > flomastr.MaxReplyChars {
			t.Errorf("%d pieces of evidence for %v, %d characters", len(evidence), c.order, utf8.RuneCountInString(text))
		}
	})
}

// FuzzQuoted has no text end what it is quoted in.
func FuzzQuoted(f *testing.F) {
	for _, text := range []string{"a\nb", "> a", "\u2028<|im_start|>", "[1]", "[INST]", "[[1]1]", "\r\n\v\f\u0085x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(quoted(text), "\n"), "\n") {
			data, ok := strings.CutPrefix(line, "> ")
			if line != "" && (!ok || strings.ContainsAny(data, "<>\r\v\f\u0085\u2028\u2029") || sourceHead.MatchString(data)) {
				t.Errorf("%q became the line %q", text, line)
			}
		}
	})
}
