package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

const maxJSONDepth = 64

// strictJSON reads one JSON document and nothing behind it, refuses a key that stands twice in one object (Go's decoder
// would let the last one win), nesting deeper than any of our requests needs, and the NUL character.
func strictJSON() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			encoder := json.NewEncoder(w)
			encoder.SetEscapeHTML(false)
			return encoder.Encode(v)
		},
		Unmarshal: func(data []byte, v any) error {
			if err := checkJSON(data); err != nil {
				return err
			}
			return json.Unmarshal(data, v)
		},
	}
}

func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	type level struct {
		keys      map[string]bool // nil in an array
		expectKey bool
	}
	var stack []level
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if len(stack) == 0 && decoder.InputOffset() > 0 {
			// A second document after the first one would be read as a token at depth 0.
			if _, isDelim := token.(json.Delim); !isDelim {
				return onlyOne(decoder)
			}
		}
		if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
			return errors.New("the body holds a NUL character, which no database of text keeps")
		}
		if n := len(stack); n > 0 && stack[n-1].keys != nil && stack[n-1].expectKey {
			if key, ok := token.(string); ok {
				if stack[n-1].keys[key] {
					return errors.New("a key stands twice in one object")
				}
				stack[n-1].keys[key] = true
				stack[n-1].expectKey = false
				continue
			}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(stack) == maxJSONDepth {
				return errors.New("the body is nested too deeply")
			}
			next := level{}
			if token == json.Delim('{') {
				next = level{keys: map[string]bool{}, expectKey: true}
			}
			stack = append(stack, next)
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				return onlyOne(decoder)
			}
		}
		if n := len(stack); n > 0 {
			stack[n-1].expectKey = stack[n-1].keys != nil
		}
	}
}

// onlyOne checks that nothing follows the document that has just ended.
func onlyOne(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON document")
	}
	return nil
}
