package chunk

import (
	"strings"
	"unicode/utf8"
)

// piece is text that becomes a chunk.
type piece struct {
	text   string
	offset int
}

// packer fills chunks with the blocks of one section.
type packer struct {
	room float64
	done []piece
	open piece
}

func (p *packer) size(n int) int { return int(float64(n) * p.room) }

func (p *packer) add(b block) {
	limit := p.size(target)
	if b.kind == table || b.kind == pair {
		limit = p.size(keepAll)
	}
	if len(b.text) > limit {
		for _, part := range p.cut(b, p.size(target)) {
			p.put(part)
		}
		return
	}
	p.put(piece{b.text, b.offset})
}

// put adds a piece to the open chunk where it fits, else opens the next.
func (p *packer) put(next piece) {
	switch {
	case strings.TrimSpace(next.text) == "":
	case p.open.text == "":
		p.open = next
	case len(p.open.text)+2+len(next.text) <= p.size(target),
		len(p.open.text) < p.size(enough)/2 && len(p.open.text)+2+len(next.text) <= p.size(target)*4/3:
		p.open.text += "\n\n" + next.text
	default:
		p.done = append(p.done, p.open)
		p.open = next
	}
}

func (p *packer) close() []piece {
	if p.open.text != "" {
		p.done = append(p.done, p.open)
	}
	done := p.done
	p.done, p.open = nil, piece{}
	return done
}

// cut splits a block that is too large: a table by rows under its repeated head, a list by items, code by lines, prose by
// sentences.
func (p *packer) cut(b block, limit int) []piece {
	switch b.kind {
	case table:
		lines := strings.Split(b.text, "\n")
		if len(lines) > 2 && rule(lines[1]) && len(lines[0])+len(lines[1]) < limit/2 {
			return fill(lines[2:], lines[0]+"\n"+lines[1]+"\n", "\n", limit, b.offset)
		}
		return fill(lines, "", "\n", limit, b.offset)
	case list:
		return fill(items(b.text), "", "\n", limit, b.offset)
	case code:
		return fill(strings.Split(b.text, "\n"), "", "\n", limit, b.offset)
	}
	return fill(Sentences(b.text), "", " ", limit, b.offset)
}

// fill joins parts to pieces of at most limit bytes, each opened by head, and breaks a part that alone is longer.
func fill(parts []string, head, joint string, limit, offset int) []piece {
	var out []piece
	var b strings.Builder
	begin := offset
	at := offset
	flush := func() {
		if b.Len() > 0 {
			out = append(out, piece{head + b.String(), begin})
			b.Reset()
		}
		begin = at
	}
	room := max(limit-len(head), 64)
	for _, part := range parts {
		for len(part) > room {
			flush()
			n := breakAt(part, room)
			out = append(out, piece{head + strings.TrimSpace(part[:n]), at})
			at += n
			begin = at
			part = strings.TrimLeft(part[n:], " ")
		}
		if b.Len() > 0 && b.Len()+len(joint)+len(part) > room {
			flush()
		}
		if b.Len() > 0 {
			b.WriteString(joint)
		}
		b.WriteString(part)
		at += len(part) + len(joint)
	}
	flush()
	return out
}

// breakAt finds a gap before limit, else a character boundary.
func breakAt(s string, limit int) int {
	if i := strings.LastIndexByte(s[:limit], ' '); i > limit/2 {
		return i
	}
	for limit > 1 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return limit
}

// items cuts a list at its outermost items.
func items(text string) []string {
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if i > 0 && (!listItem(line) || indented(line)) {
			out[len(out)-1] += "\n" + line
			continue
		}
		out = append(out, line)
	}
	return out
}
