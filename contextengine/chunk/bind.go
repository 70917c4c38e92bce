package chunk

import "strings"

// maxQuestion bounds what is taken for a question or a lead-in; longer paragraphs stand for themselves.
const maxQuestion = 300

// bind joins a question to its answer, and a lead-in to the list or table it leads to.
func bind(in []block) []block {
	var out []block
	for i := 0; i < len(in); i++ {
		b := in[i]
		if b.kind == paragraph && i+1 < len(in) {
			next := in[i+1]
			leads := endsWith(b.text, ":", "：") && (next.kind == list || next.kind == table || next.kind == code)
			asks := question(b.text) && (next.kind == paragraph && !question(next.text) || next.kind == list)
			if (leads || asks) && len(b.text) <= maxQuestion && len(b.text)+len(next.text) <= keepAll {
				b = block{kind: pair, text: b.text + "\n\n" + next.text, offset: b.offset}
				i++
			}
		}
		out = append(out, b)
	}
	return out
}

func question(s string) bool {
	return endsWith(s, "?", "？", "؟", "?**", "?__", "?*") || strings.HasPrefix(s, "Q:") && !strings.Contains(s, "\nA:")
}

func endsWith(s string, ends ...string) bool {
	s = strings.TrimSpace(s)
	for _, e := range ends {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}
