package provider

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// oldest is how far back a provider's time is believed.
const oldest = 30 * 24 * time.Hour

// Clean makes foreign text storable: valid UTF-8, no NUL and no control characters but tab and newline, at most max
// characters. Marks for right-to-left text and the joiners of emoji stay.
func Clean(s string, max int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case unicode.IsControl(r), r == '\uFEFF':
			return -1
		}
		return r
	}, s)
	return Truncate(s, max)
}

// CleanName makes a profile name fit for one line: it is untrusted and shown in lists.
func CleanName(s string) string {
	s = Clean(s, 400)
	// Overrides of direction would let a name rewrite the line around it.
	s = strings.Map(func(r rune) rune {
		if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, s)
	return Truncate(strings.Join(strings.Fields(s), " "), 100)
}

// CleanRaw keeps a piece of the provider's JSON as text that PostgreSQL can hold.
func CleanRaw(raw []byte, max int) string {
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return Truncate(s, max)
}

// Truncate cuts s to max characters.
func Truncate(s string, max int) string {
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n == max {
			return s[:i]
		}
		n++
	}
	return s
}

// ClampTime believes a provider's time within reason: a time in the future becomes the time of receipt, and so does one
// that could not be read (zero); one of long ago is taken as thirty days ago.
func ClampTime(t, received time.Time) time.Time {
	switch {
	case t.IsZero(), t.After(received):
		return received
	case t.Before(received.Add(-oldest)):
		return received.Add(-oldest)
	}
	return t.UTC()
}
