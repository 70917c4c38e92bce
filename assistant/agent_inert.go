package assistant

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/flomastr/flomastr/whatsapp/markup"
)

// What no answer of ours holds, whoever wrote it.
var (
	roleMark  = regexp.MustCompile(`(?im)<\|[^>\n]{0,60}>|\[/?inst\]|<</?sys>>|^[\s>#*]*(?:system|assistant|user|tool|human|developer)\s*:|"(?:tool_calls|function_call|role)"\s*:`)
	scheme    = regexp.MustCompile(`(?i)\b(?:javascript|vbscript|data|file|blob|intent):\S`)
	reference = regexp.MustCompile(`(?m)^\s*\[[^\]\n]+\]:\s*\S`)
	longRun   = regexp.MustCompile(`\S{120,}`)
	mailShape = regexp.MustCompile(`[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+`)
	linkShape = regexp.MustCompile(`(?i)[a-z][a-z0-9+.\-]{1,15}://[^\s<>"'()\[\]]+|(?:[\p{L}\p{N}\-]+\.)+\p{L}[\p{L}\p{N}\-]{1,23}(?::\d+)?(?:[/?#][^\s<>"'()\[\]]*)?`)
	linkEnd   = ".,;:!?…*_~`"
)

// inert makes plain words of what a model wrote, lines kept. It fails for what is no message at all, and for what loads, runs or
// pretends: whoever writes such a thing writes for somebody else than the customer.
func inert(text string) (string, error) {
	switch {
	case strings.ContainsRune(text, unicode.ReplacementChar):
		return "", errors.New("is no text")
	case imageMark.MatchString(text), htmlTag.MatchString(text), reference.MatchString(text), strings.Contains(text, "```"):
		return "", errors.New("holds an image, HTML or code")
	case scheme.MatchString(text):
		return "", errors.New("holds an address that runs")
	case roleMark.MatchString(text):
		return "", errors.New("holds marks of who speaks")
	case json.Valid([]byte(text)):
		return "", errors.New("is data and no message")
	}
	var lines []string
	for line := range strings.SplitSeq(markup.Clean(text), "\n") {
		bullet := ""
		if mark := itemLine.FindString(line); mark != "" {
			line, bullet = line[len(mark):], "• "
		}
		line = plain(strings.TrimLeft(line, "#> \t"))
		if line != "" {
			line = bullet + line
		}
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	out := strings.TrimSpace(strings.Join(lines, "\n"))
	if !strings.ContainsFunc(out, wordRune) {
		return "", errors.New("says nothing")
	}
	for _, run := range longRun.FindAllString(out, -1) {
		if script(run) != unicode.Han && script(run) != unicode.Thai { // which write without spaces
			return "", errors.New("holds what nobody can read")
		}
	}
	return out, nil
}

// links are the web addresses of a text, in the one form in which they are compared.
func links(text string) map[string]bool {
	out := map[string]bool{}
	for _, l := range linkShape.FindAllString(mailShape.ReplaceAllString(text, " "), -1) {
		l = strings.TrimRight(l, linkEnd)
		if glued(l) {
			continue
		}
		l = strings.ToLower(l)
		if scheme, rest, ok := strings.Cut(l, "://"); ok && (scheme == "http" || scheme == "https") {
			l = rest
		}
		out[strings.TrimSuffix(strings.TrimPrefix(l, "www."), "/")] = true
	}
	return out
}

// glued tells two sentences without a space between them ("in three days.We deliver") from a host's name.
func glued(l string) bool {
	before, after, _ := strings.Cut(l, ".")
	return !strings.ContainsAny(after, "./:?#") && strings.ToLower(before) == before && after != "" && unicode.IsUpper([]rune(after)[0])
}

// addressed checks that every web address, e-mail address and telephone number of a reply stands in what it cites: web addresses
// in the knowledge, the others in what is remembered of the customer as well.
func (k *checker) addressed(text string) error {
	var knowledge, all strings.Builder
	for _, n := range k.cited {
		p := k.sources.passages[n-1]
		all.WriteString(p.Text + "\n")
		if p.Source != fromMemory {
			knowledge.WriteString(p.Text + "\n" + p.URL + "\n")
		}
	}
	ours := links(knowledge.String())
	for l := range links(text) {
		if !ours[l] {
			return fmt.Errorf("holds a web address that no source has (%s)", short(strings.ReplaceAll(l, ".", "․"), 80))
		}
	}
	known := map[string]bool{}
	for _, id := range k.lexicon.identify.Find(all.String()) {
		known[id.Norm] = true
	}
	for _, id := range k.lexicon.identify.Find(text) {
		if (strings.Contains(id.Norm, "@") || strings.HasPrefix(id.Norm, "tel:")) && !known[id.Norm] {
			return errors.New("holds an address or a telephone number that no source has")
		}
	}
	return nil
}

// spoken checks that a reply is written in letters that the customer writes.
func spoken(text, customers string) error {
	theirs, total := letters(customers)
	ours, all := letters(text)
	if total < 4 || all == 0 || float64(theirs[script(text)]) >= 0.25*float64(total) || float64(ours[script(customers)]) >= 0.3*float64(all) {
		return nil // names and prices keep their letters
	}
	return errors.New("is in another script than the customer's")
}

// script is that of most of a text's letters; nil where it has none that we tell apart.
func script(text string) *unicode.RangeTable {
	counts, _ := letters(text)
	var most *unicode.RangeTable
	for _, s := range scripts {
		if counts[s] > 0 && (most == nil || counts[s] > counts[most]) {
			most = s
		}
	}
	return most
}

var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Arabic, unicode.Devanagari, unicode.Cyrillic, unicode.Greek, unicode.Hebrew, unicode.Thai, unicode.Bengali,
	unicode.Tamil, unicode.Telugu, unicode.Hangul, unicode.Han,
}

func letters(text string) (counts map[*unicode.RangeTable]int, total int) {
	counts = map[*unicode.RangeTable]int{}
	for _, r := range mailShape.ReplaceAllString(text, " ") {
		if !unicode.In(r, unicode.L, unicode.M) {
			continue
		}
		if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
			r = '一' // Japanese is written in several at once
		}
		for _, s := range scripts {
			if unicode.Is(s, r) {
				counts[s]++
				total++
				break
			}
		}
	}
	return counts, total
}
