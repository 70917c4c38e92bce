package infobip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest. The deepest documented one (a template's carousel) needs nine levels.
const maxDepth = 24

// shape is the JSON kind of a value.
type shape int

const (
	shapeNull shape = iota
	shapeBool
	shapeNumber
	shapeString
	shapeArray
	shapeObject
)

// value is one JSON value as it came: member names are kept to the letter, which encoding/json's structs would not do.
type value struct {
	shape   shape
	text    string
	number  json.Number
	flag    bool
	items   []value
	members map[string]value
}

var errMalformed = errors.New("malformed JSON")

// readDocument parses a whole body strictly: valid UTF-8, one value, no member twice, bounded depth.
func readDocument(raw []byte) (value, error) {
	if !utf8.Valid(raw) {
		return value{}, fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	document, err := readValue(decoder, 0)
	if err != nil {
		return value{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return value{}, fmt.Errorf("%w: something follows the document", errMalformed)
	}
	return document, nil
}

func readValue(decoder *json.Decoder, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, fmt.Errorf("%w: nested deeper than %d", errMalformed, maxDepth)
	}
	token, err := decoder.Token()
	if err != nil {
		return value{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	switch t := token.(type) {
	case bool:
		return value{shape: shapeBool, flag: t}, nil
	case json.Number:
		return value{shape: shapeNumber, number: t}, nil
	case string:
		return value{shape: shapeString, text: t}, nil
	case json.Delim:
		if t == '[' {
			return readArray(decoder, depth)
		}
		return readObject(decoder, depth)
	default:
		return value{shape: shapeNull}, nil
	}
}

func readArray(decoder *json.Decoder, depth int) (value, error) {
	array := value{shape: shapeArray}
	for decoder.More() {
		item, err := readValue(decoder, depth+1)
		if err != nil {
			return value{}, err
		}
		array.items = append(array.items, item)
	}
	return array, closed(decoder)
}

func readObject(decoder *json.Decoder, depth int) (value, error) {
	object := value{shape: shapeObject, members: map[string]value{}}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return value{}, fmt.Errorf("%w: %w", errMalformed, err)
		}
		name, _ := token.(string)
		if _, twice := object.members[name]; twice {
			return value{}, fmt.Errorf("%w: member %q appears twice", errMalformed, name)
		}
		if object.members[name], err = readValue(decoder, depth+1); err != nil {
			return value{}, err
		}
	}
	return object, closed(decoder)
}

func closed(decoder *json.Decoder) error {
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	return nil
}
