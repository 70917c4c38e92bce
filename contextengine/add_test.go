package contextengine

import (
	"errors"
	"strings"
	"testing"
)

func TestADraftHoldsOnlyWhatCanBeKeptAndShown(t *testing.T) {
	t.Parallel()
	text := func(change func(*Draft)) Draft {
		d := Draft{Title: "Prices", Content: []byte("A ticket costs 10."), Source: FromPaste}
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		draft Draft
		want  error
	}{
		"a text":                          {text(func(*Draft) {}), nil},
		"a link beside it":                {text(func(d *Draft) { d.URL = "https://shop.example/prices" }), nil},
		"a script instead of a link":      {text(func(d *Draft) { d.URL = "javascript:alert(1)" }), ErrBadURL},
		"a script behind a blank":         {text(func(d *Draft) { d.URL = " \tjavascript:alert(1)" }), ErrBadURL},
		"a document instead of a link":    {text(func(d *Draft) { d.URL = "data:text/html,<script>" }), ErrBadURL},
		"a link with a password":          {text(func(d *Draft) { d.URL = "https://a:b@shop.example" }), ErrBadURL},
		"a link with NUL":                 {text(func(d *Draft) { d.URL = "https://shop.example/\x00" }), ErrBadURL},
		"a link that is too long":         {text(func(d *Draft) { d.URL = "https://shop.example/" + strings.Repeat("a", 2000) }), ErrBadURL},
		"a page without an address":       {Draft{Source: FromURL}, ErrBadURL},
		"a page of another kind":          {Draft{Source: FromURL, URL: "file:///etc/passwd"}, ErrBadURL},
		"an intent and tags":              {text(func(d *Draft) { d.Intent, d.Tags = "billing", []string{"é", "b"} }), nil},
		"NUL in the intent":               {text(func(d *Draft) { d.Intent = "a\x00b" }), ErrLabels},
		"an intent that is no text":       {text(func(d *Draft) { d.Intent = "\xff" }), ErrLabels},
		"NUL in a tag":                    {text(func(d *Draft) { d.Tags = []string{"a", "\x00"} }), ErrLabels},
		"a tag as long as a document":     {text(func(d *Draft) { d.Tags = []string{strings.Repeat("a", 70_000)} }), ErrLabels},
		"more tags than anybody reads":    {text(func(d *Draft) { d.Tags = make([]string, 51) }), ErrLabels},
		"NUL in the title":                {text(func(d *Draft) { d.Title = "a\x00b" }), ErrTitleLength},
		"a file whose name is a path":     {Draft{Source: FromFile, Filename: "../../x.md", Content: []byte("x")}, nil},
		"a file whose name holds a NUL":   {Draft{Source: FromFile, Filename: "a\x00.md", Content: []byte("x")}, ErrTitleLength},
		"a file without a byte":           {Draft{Source: FromFile, Filename: "a.md"}, ErrEmptyContent},
		"a text of blanks":                {Draft{Source: FromPaste, Title: "x", Content: []byte(" \n")}, ErrEmptyContent},
		"a title of bytes that are none ": {text(func(d *Draft) { d.Title = "\xff\xfe" }), ErrTitleLength},
	} {
		if _, err := saveOf(c.draft); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
