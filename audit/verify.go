package audit

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"maps"

	"github.com/flomastr/flomastr"
)

// Break is the first place at which a log is not what was written.
type Break struct {
	Seq  int64  // the line, or the first of those that are missing; zero for one from before the chain
	Line LineID // zero where a line is missing
	Why  string
}

// Error says which line and why.
func (b *Break) Error() string {
	where := fmt.Sprintf("line %d", b.Seq)
	if b.Seq == 0 {
		where = "a line outside of the chain"
	}
	if !b.Line.IsZero() {
		where += " (" + b.Line.String() + ")"
	}
	return where + ": " + b.Why
}

// Verdict is what a verification found.
type Verdict struct {
	Lines int64  // in the chain
	Past  int    // from before the chain
	Hash  []byte // of the last line: whoever keeps it elsewhere can show later that the log still holds it
	Break *Break // nil when the log is whole
}

// Walk verifies one log, line by line: first the lines without a number in the order of their ids, then by number.
type Walk struct {
	key    Key
	tenant flomastr.TenantID
	past   Past
	first  LineID // of the past
	seq    int64
	hash   []byte
	broken *Break
}

// NewWalk begins at the start of a tenant's log, or of the platform's.
func NewWalk(key Key, tenant flomastr.TenantID) *Walk { return &Walk{key: key, tenant: tenant} }

// Step takes the next line. After the first break it only counts.
func (w *Walk) Step(l Line) {
	if l.Seq == 0 {
		if w.past.Lines() == 0 {
			w.first = l.ID
		}
		w.past.Add(l)
		return
	}
	if w.broken == nil {
		w.broken = w.judge(l)
	}
	w.seq, w.hash = l.Seq, l.Hash
}

func (w *Walk) judge(l Line) *Break {
	switch {
	case l.Seq > w.seq+1:
		return w.missing(l.Seq - 1)
	case l.Seq != w.seq+1:
		return &Break{Seq: l.Seq, Line: l.ID, Why: "its number is not the next one"}
	case !hmac.Equal(l.Hash, w.key.Line(l)):
		return &Break{Seq: l.Seq, Line: l.ID, Why: "it was changed, or was not written by this installation"}
	case !bytes.Equal(l.Prev, w.hash):
		return &Break{Seq: l.Seq, Line: l.ID, Why: "it does not follow the line before it"}
	case l.Seq == 1:
		return w.judgePast(l)
	}
	return nil
}

// judgePast compares the lines without a number with what the first line of the chain says of them.
func (w *Walk) judgePast(l Line) *Break {
	if l.Action != ActionChained {
		if w.past.Lines() > 0 {
			return &Break{Line: w.first, Why: "it was put in without a number"}
		}
		return nil
	}
	if !maps.Equal(l.Detail, w.past.detail()) {
		return &Break{Why: fmt.Sprintf("of the %s lines from before the chain, at least one was changed, removed or added", l.Detail["lines"])}
	}
	return nil
}

func (w *Walk) missing(last int64) *Break {
	if last == w.seq+1 {
		return &Break{Seq: last, Why: "it is missing"}
	}
	return &Break{Seq: w.seq + 1, Why: fmt.Sprintf("it and all up to line %d are missing", last)}
}

// End compares the last line with the head, and gives the verdict.
func (w *Walk) End(head Head) Verdict {
	if w.broken == nil {
		w.broken = w.judgeEnd(head)
	}
	return Verdict{Lines: w.seq, Past: w.past.Lines(), Hash: w.hash, Break: w.broken}
}

func (w *Walk) judgeEnd(head Head) *Break {
	switch {
	case head.Seq == 0 && w.seq == 0:
		if w.past.Lines() > 0 {
			return &Break{Line: w.first, Why: "it was put in without a number"}
		}
		return nil
	case !hmac.Equal(head.MAC, w.key.Head(w.tenant, head.Seq, head.Hash)):
		return &Break{Seq: w.seq, Why: "the record of where the log ends was removed or changed, so lines after it may be missing"}
	case head.Seq > w.seq:
		return w.missing(head.Seq)
	case head.Seq < w.seq || !bytes.Equal(head.Hash, w.hash):
		return &Break{Seq: w.seq, Why: "the log does not end where it was last written"}
	}
	return nil
}
