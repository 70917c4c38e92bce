package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyAnEditThatSaysSomethingElseIsMaterial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		want          bool
	}{
		{"Are you open on Sunday?", "Are you open on Sunday", false},
		{"are you open", "Are you OPEN?!", false},
		{"Are you opne?", "Are you open?", false},
		{"cafe frio", "Café frío", false},
		{"hotel rom", "hotel room", true}, // three letters may be another word
		{"the kitchn", "the kitchen", false},
		{"Are you open on Sunday?", "Are you open on Monday?", true},
		{"at 2 pm", "at 3 pm", true},
		{"order 12345", "order 12346", true},
		{"I can come", "I can't come", true},
		{"now", "not", true},
		{"", "Hello", true},
		{"Hello", "Hello there", true},
	} {
		require.Equal(t, c.want, Material(c.before, c.after), "%q → %q", c.before, c.after)
	}
}

// Whatever order changes come in, the message ends the same.
func TestChangesEndTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(1_700_000_000+s), 0) }
	changes := []Change{
		{TypeEdit, "second", at(1)}, {TypeEdit, "third", at(2)}, {TypeReaction, "👍", at(3)}, {TypeReaction, "", at(4)}, {TypeReaction, "🎉", at(5)},
	}
	var permute func(done, left []Change)
	permute = func(done, left []Change) {
		if len(left) == 0 {
			text, d := "first", Details{}
			for _, c := range done {
				text, d = c.Apply(text, d)
			}
			require.Equal(t, "third", text, done)
			require.Equal(t, "🎉", d.Reaction, done)
			require.Len(t, d.Earlier, 2, "every version is kept")
			return
		}
		for i := range left {
			rest := append(append([]Change{}, left[:i]...), left[i+1:]...)
			permute(append(append([]Change{}, done...), left[i]), rest)
		}
	}
	permute(nil, changes)
	_, d := Change{TypeRevoke, "", at(6)}.Apply("x", Details{})
	require.Equal(t, at(6), *d.RevokedAt)
	_, d = Change{TypeRevoke, "", at(9)}.Apply("x", d)
	require.Equal(t, at(6), *d.RevokedAt, "once")
	require.True(t, Details{}.IsZero())
	require.False(t, d.IsZero())
}
