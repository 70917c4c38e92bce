package provider

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Word reads what should be a string, whatever kind of value came: numbers and booleans as they were written, null and
// structures as nothing. Ids and times have arrived as numbers before.
type Word string

// UnmarshalJSON implements json.Unmarshaler; it never fails on valid JSON.
func (w *Word) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || bytes.Equal(b, []byte("null")):
		*w = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*w = Word(s)
	default:
		*w = Word(b)
	}
	return nil
}

// Part reads what should be an object; anything else is as if it were absent.
type Part[T any] struct {
	Value T
	Given bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Part[T]) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	p.Given = true
	return json.Unmarshal(b, &p.Value)
}

// List reads what should be an array of objects; anything else is as if it were empty.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	var parts []Part[T]
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		if p.Given {
			*l = append(*l, p.Value)
		}
	}
	return nil
}

// Elements reads what should be an array, each element as it was written; anything else is as if it were empty.
type Elements []json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (e *Elements) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	return json.Unmarshal(b, (*[]json.RawMessage)(e))
}

// timeLayouts are the forms that documents and real traffic use; Go reads fractions of a second by itself.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
}

// ParseTime reads a provider's time, also as Unix seconds or milliseconds. The zero time means unreadable.
func ParseTime(w Word) time.Time {
	s := strings.TrimSpace(string(w))
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n <= 0 || n > 1e14:
		return time.Time{}
	case n > 1e11:
		return time.UnixMilli(n).UTC()
	default:
		return time.Unix(n, 0).UTC()
	}
}

var (
	// A business-scoped user id: a country, perhaps ENT for a parent, and up to 128 letters and digits.
	userIDForm = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`)
	phoneForm  = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
)

// IsUserID tells whether a name is a business-scoped user id.
func IsUserID(name string) bool { return userIDForm.MatchString(name) }

// ReadAddress reads who a customer is from what a provider gives: the member that holds a user id, and those that may
// hold either. An id of another form than the documented one is refused rather than guessed at.
func ReadAddress(userID Word, names ...Word) (a Address, ok bool) {
	if userID != "" {
		if !IsUserID(string(userID)) {
			return a, false
		}
		a.UserID = string(userID)
	}
	for _, name := range names {
		s := string(name)
		switch {
		case s == "":
		case IsUserID(s):
			if a.UserID == "" {
				a.UserID = s
			}
		case phoneForm.MatchString(s):
			if a.Phone == "" {
				a.Phone = strings.TrimPrefix(s, "+")
			}
		default:
			return a, false
		}
	}
	return a, a != Address{}
}

// IsMessageID tells whether a provider's id of a message can be kept.
func IsMessageID(id string) bool {
	return id != "" && len(id) <= 512 && !strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == '\uFFFD' })
}

// Bracket is the text form of what has no words of its own: "[location 44.9, 13.8 Office]".
func Bracket(kind string, details ...string) string {
	words := []string{kind}
	for _, d := range details {
		if d != "" {
			words = append(words, d)
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// FormText is the text form of a filled-in form, a member on each line in the order of the alphabet; empty when it is not
// an object with something to say.
func FormText(answers json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(answers, &members) != nil {
		return ""
	}
	lines := make([]string, 0, len(members))
	for name, value := range members {
		if name == "flow_token" {
			continue
		}
		var w Word
		_ = w.UnmarshalJSON(value)
		if w == "" && len(value) > 0 && (value[0] == '{' || value[0] == '[') {
			w = Word(value)
		}
		if w != "" {
			lines = append(lines, name+": "+string(w))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
