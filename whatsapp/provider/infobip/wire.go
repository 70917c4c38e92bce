package infobip

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// word reads what should be a string, whatever kind of value came: numbers and booleans as they were written, null and
// structures as nothing. Ids and times have arrived as numbers before.
type word string

// UnmarshalJSON implements json.Unmarshaler; it never fails on valid JSON.
func (w *word) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || bytes.Equal(b, []byte("null")):
		*w = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*w = word(s)
	default:
		*w = word(b)
	}
	return nil
}

// part reads what should be an object; anything else is as if it were absent.
type part[T any] struct {
	value T
	given bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *part[T]) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	p.given = true
	return json.Unmarshal(b, &p.value)
}

// list reads what should be an array of objects; anything else is as if it were empty.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	var parts []part[T]
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		if p.given {
			*l = append(*l, p.value)
		}
	}
	return nil
}

// timeLayouts are the forms that Infobip's documents and real traffic use; Go reads fractions of a second by itself.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
}

// parseTime reads a provider's time, also as Unix seconds or milliseconds. The zero time means unreadable.
func parseTime(w word) time.Time {
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
