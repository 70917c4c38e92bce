package memory

import (
	"slices"
	"strings"
	"unicode"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// longestMessage bounds what is read of a message: a pasted document says little about its sender.
const longestMessage = 2000

// clause is a sentence of a message.
type clause struct {
	text  string
	asks  bool
	asked bool // it asks us to remember
}

// Notices tells whether a customer's message says anything to be remembered. It is asked of every message that comes in.
func (e *Engine) Notices(text string) bool {
	return forgets(text) || len(e.rules.extract(text)) > 0
}

func between(r rune) bool { return !unicode.IsLetter(r) }

// forgets tells whether a message asks us to forget its sender.
func forgets(text string) bool {
	return len(text) < 200 && askedToForget.MatchString(text)
}

// extract reads what a customer says of themselves in a message. Questions, suppositions and what is said of others say nothing.
func (rs rules) extract(text string) (drafts []Draft) {
	if len(text) > longestMessage {
		text = strings.ToValidUTF8(text[:longestMessage], "")
	}
	if !slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(text), between), func(w string) bool { return firstPerson[w] }) {
		return nil
	}
	for _, c := range clauses(text) {
		if c.asks {
			continue
		}
		found := rs.read(c.text)
		if len(found) == 0 && !c.asked || notSo.MatchString(c.text) {
			continue
		}
		for i := range found {
			found[i].Asked = c.asked
		}
		if len(found) == 0 && c.asked {
			if note := tidy(c.text); note != "" {
				found = []Draft{{Kind: KindFact, Subject: "note: " + key(note), Text: note, Asked: true, Confidence: 0.95}}
			}
		}
		drafts = append(drafts, found...)
	}
	return once(drafts)
}

// clauses cuts a message into sentences.
func clauses(text string) (out []clause) {
	begin := 0
	end := func(to int, asks bool) {
		s := strings.TrimSpace(text[begin:to])
		if s == "" {
			return
		}
		c := clause{text: s, asks: asks}
		if m := askedToRemember.FindStringSubmatch(s); m != nil && !asks {
			c.text, c.asked = m[1], true
		}
		out = append(out, c)
	}
	for i := range len(text) {
		switch text[i] {
		case '?', '!', '\n':
		case '.':
			if i+1 < len(text) && text[i+1] != ' ' && text[i+1] != '\n' {
				continue // within an address, a number
			}
		default:
			continue
		}
		end(i, text[i] == '?')
		begin = i + 1
	}
	end(len(text), false)
	return out
}

// read tries every rule on a sentence.
func (rs rules) read(text string) (drafts []Draft) {
	lower := strings.ToLower(text)
	for _, r := range rs {
		if !r.tells(lower) {
			continue
		}
		m := r.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		said, subject, ends := m[r.pattern.SubexpIndex("v")], r.subject, false
		if i := r.pattern.SubexpIndex("s"); i >= 0 {
			subject = strings.ToLower(m[i])
		}
		if i := r.pattern.SubexpIndex("no"); i >= 0 {
			ends = m[i] != ""
		}
		parts := []string{said}
		if strings.HasPrefix(subject, "allergy") || strings.HasPrefix(subject, "eats") {
			parts = listed.Split(trailing.ReplaceAllString(said, ""), 6)
		}
		for _, part := range parts {
			if d, ok := r.draft(subject, part); ok {
				d.Ends = ends
				drafts = append(drafts, d)
			}
		}
	}
	return drafts
}

// draft makes a memory of one value.
func (r rule) draft(subject, said string) (Draft, bool) {
	said = tidy(trailing.ReplaceAllString(said, ""))
	first, more, _ := strings.Cut(key(said), " ")
	inPassing := subject == "name" || strings.HasPrefix(subject, "taste") || strings.HasPrefix(subject, "prefers") // "I like how you …"
	if first == "" || empties[first] && (inPassing || more == "") {
		return Draft{}, false
	}
	d := Draft{Kind: r.kind, Subject: subject, Text: said, Sensitive: r.sensitive, Confidence: r.confidence}
	if r.text != "" {
		d.Text = strings.Replace(r.text, "%", said, 1)
	}
	if strings.HasSuffix(subject, ": ") {
		d.Subject = subject + key(said)
	}
	switch {
	case strings.HasPrefix(subject, "prefers"):
		for _, m := range manner {
			if slices.ContainsFunc(strings.Fields(strings.ToLower(said)), func(w string) bool { return m.words[w] }) {
				d.Subject = m.name
			}
		}
	case r.kind == KindPromise:
		verb, _, _ := strings.Cut(key(said), " ")
		d.Subject = subject + verb // "I'll pay on Monday" takes the place of "I'll pay on Friday"
	}
	return d, true
}

// tidy makes a value one line of bounded length.
func tidy(s string) string {
	s = strings.Trim(flomastr.VisibleLine(s), " \t,;:-–—'\"*_~.")
	if r := []rune(s); len(r) > maxText {
		s = strings.TrimSpace(string(r[:maxText]))
	}
	return s
}

// key is what two wordings of one thing have in common.
func key(s string) string {
	words := strings.FieldsFunc(analysis.Fold(s), func(r rune) bool { return r == ' ' || r == ',' || r == '\'' || r == '’' })
	for len(words) > 1 && (words[0] == "a" || words[0] == "an" || words[0] == "the" || words[0] == "my" || words[0] == "some" || words[0] == "any") {
		words = words[1:]
	}
	k := []rune(strings.Join(words, " "))
	if len(k) > maxSubject/2 {
		k = k[:maxSubject/2]
	}
	return strings.TrimSpace(string(k))
}

// once keeps one draft of each subject, the last said.
func once(drafts []Draft) []Draft {
	last := map[string]int{}
	for i, d := range drafts {
		last[d.Subject] = i
	}
	out := drafts[:0:0]
	for i, d := range drafts {
		if last[d.Subject] == i {
			out = append(out, d)
		}
	}
	return out
}
