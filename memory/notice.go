package memory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// NoticeArgs is the job that keeps what a message says, made in the commit that stores or changes it. It names the message alone,
// so that nothing of its words outlives it.
type NoticeArgs struct {
	Tenant  flomastr.TenantID  `json:"tenant_id"`
	Message flomastr.MessageID `json:"message_id"`
}

// Kind names the job in the queue.
func (NoticeArgs) Kind() string { return "memory.notice" }

// Notice does the job. It may run more than once.
func (e *Engine) Notice(ctx context.Context, args NoticeArgs) error {
	heard, err := e.deps.Store.Heard(ctx, args.Tenant, args.Message)
	if errors.Is(err, ErrNothingHeard) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what was heard: %w", err)
	}
	if forgets(heard.Text) {
		return e.deps.Store.EraseAll(ctx, args.Tenant, flomastr.ActorSystem, heard.Contact)
	}
	drafts := e.rules.extract(ownWords(heard.Text, heard.Ours))
	kept := drafts[:0]
	for _, d := range drafts {
		if !d.Sensitive || d.Asked || d.Ends || heard.Consent {
			kept = append(kept, d)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	if err := e.deps.Store.Remember(ctx, args.Tenant, heard, kept); err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	return nil
}

// quotedWords is from how many characters on a line that we have written as well is a quotation of us.
const quotedWords = 12

// ownWords leaves out the lines of a message that repeat what we wrote: forwarded or pasted, they are not the customer's.
func ownWords(text string, ours []string) string {
	var all strings.Builder
	for _, o := range ours {
		all.WriteString(bareWords(o))
		all.WriteByte('\n')
	}
	written := all.String()
	var own []string
	for line := range strings.Lines(text) {
		if bare := bareWords(line); len(bare) >= quotedWords && strings.Contains(written, bare) || strings.HasPrefix(strings.TrimSpace(line), ">") {
			continue
		}
		own = append(own, line)
	}
	return strings.Join(own, "")
}

func bareWords(text string) string {
	return strings.Join(strings.FieldsFunc(analysis.Fold(text), between), " ")
}

// ForgetOld deletes what nobody has said for long, and what has not held for long.
func (e *Engine) ForgetOld(ctx context.Context) error {
	now := e.deps.Clock()
	return e.deps.Store.ForgetOld(ctx, now.Add(-Keep), now.Add(-KeepPast))
}

// holds tells whether a memory holds at a time. A promise that nobody spoke of again is not held against anybody for ever.
func (f Fact) holds(at time.Time) bool {
	if f.Kind == KindPromise && f.Until.IsZero() {
		return at.Before(f.Confirmed.Add(promiseHolds))
	}
	return f.Until.IsZero()
}

// SameWords tells whether two texts of one subject say the same.
func SameWords(a, b string) bool { return key(a) == key(b) }
