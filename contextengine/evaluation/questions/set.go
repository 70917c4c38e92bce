package questions

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Set is a collection with its questions.
type Set struct {
	Name         string
	Documents    []Document
	Questions    []Question
	Unanswerable []string
}

// Document is one document of a set.
type Document struct{ ID, Title, Text string }

// Question is a question and the grades of the documents that answer it, by their place in Documents.
type Question struct {
	ID, Text string
	Grades   map[int]float64
}

// Read reads a folder. At most limit questions are kept, evenly spread; 0 keeps all. Questions without a graded document
// and documents that stand twice are left out.
func Read(dir string, limit int) (*Set, error) {
	s := &Set{Name: filepath.Base(dir)}
	places := map[string]int{}
	err := eachLine(filepath.Join(dir, "docs.jsonl"), func(line []byte) error {
		var d Document
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		if _, again := places[d.ID]; !again {
			places[d.ID] = len(s.Documents)
			s.Documents = append(s.Documents, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	grades := map[string]map[int]float64{}
	err = eachLine(filepath.Join(dir, "qrels.tsv"), func(line []byte) error {
		f := strings.Split(string(line), "\t")
		if len(f) != 3 {
			return errors.New("not three columns")
		}
		place, known := places[f[1]]
		grade, err := strconv.ParseFloat(strings.TrimSpace(f[2]), 64)
		if !known || err != nil || grade <= 0 {
			return nil //nolint:nilerr // a heading, or a document that is not here
		}
		if grades[f[0]] == nil {
			grades[f[0]] = map[int]float64{}
		}
		grades[f[0]][place] = grade
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.Questions, err = readQuestions(filepath.Join(dir, "queries.jsonl"), grades); err != nil {
		return nil, err
	}
	unanswerable, err := readQuestions(filepath.Join(dir, "unanswerable.jsonl"), nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, q := range unanswerable {
		s.Unanswerable = append(s.Unanswerable, q.Text)
	}
	s.Questions, s.Unanswerable = some(s.Questions, limit), some(s.Unanswerable, limit)
	return s, nil
}

func readQuestions(path string, grades map[string]map[int]float64) ([]Question, error) {
	var out []Question
	err := eachLine(path, func(line []byte) error {
		var q Question
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		q.Grades = grades[q.ID]
		if grades == nil || len(q.Grades) > 0 {
			out = append(out, q)
		}
		return nil
	})
	return out, err
}

// some takes n of a list, evenly spread.
func some[T any](list []T, n int) []T {
	if n <= 0 || n >= len(list) {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}

func eachLine(path string, fn func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<26)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		if err := fn(lines.Bytes()); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	return lines.Err()
}
