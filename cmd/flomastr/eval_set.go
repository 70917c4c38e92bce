package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// evalSet is a folder of documents and questions in the usual form of retrieval sets.
type evalSet struct {
	Name         string
	Docs         []evalDoc
	Queries      []evalQuery
	Unanswerable []evalQuery
}

type evalDoc struct{ ID, Title, Text string }

// evalQuery is a question with the documents that answer it, and how well.
type evalQuery struct {
	ID, Text string
	Gold     map[string]float64
}

// loadSet reads docs.jsonl, queries.jsonl and qrels.tsv, and unanswerable.jsonl where there is one. Questions without a
// relevant document are left out: no ranking of them can be right or wrong.
func loadSet(dir string, limit int) (evalSet, error) {
	set := evalSet{Name: filepath.Base(filepath.Clean(dir))}
	err := eachLine(filepath.Join(dir, "docs.jsonl"), func(line []byte) error {
		var d evalDoc
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		set.Docs = append(set.Docs, d)
		return nil
	})
	if err != nil {
		return set, err
	}
	gold := map[string]map[string]float64{}
	err = eachLine(filepath.Join(dir, "qrels.tsv"), func(line []byte) error {
		fields := strings.Split(strings.TrimRight(string(line), "\r\n"), "\t")
		if len(fields) != 3 {
			return fmt.Errorf("%d fields, want query, document and grade", len(fields))
		}
		grade, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return err
		}
		if gold[fields[0]] == nil {
			gold[fields[0]] = map[string]float64{}
		}
		if grade > 0 {
			gold[fields[0]][fields[1]] = grade
		}
		return nil
	})
	if err != nil {
		return set, err
	}
	if set.Queries, err = loadQueries(filepath.Join(dir, "queries.jsonl"), limit, func(q *evalQuery) bool {
		q.Gold = gold[q.ID]
		return len(q.Gold) > 0
	}); err != nil {
		return set, err
	}
	set.Unanswerable, err = loadQueries(filepath.Join(dir, "unanswerable.jsonl"), limit, func(*evalQuery) bool { return true })
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil && (len(set.Docs) == 0 || len(set.Queries) == 0) {
		err = fmt.Errorf("%s holds no documents or no questions with relevant documents", dir)
	}
	return set, err
}

func loadQueries(name string, limit int, keep func(*evalQuery) bool) ([]evalQuery, error) {
	var out []evalQuery
	err := eachLine(name, func(line []byte) error {
		var q evalQuery
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		if keep(&q) && (limit <= 0 || len(out) < limit) {
			out = append(out, q)
		}
		return nil
	})
	return out, err
}

func eachLine(name string, each func([]byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := each(lines.Bytes()); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	return lines.Err()
}

// typos mistypes each longer word of a question with a probability: two letters swapped, one left out, doubled or
// replaced. The same seed makes the same slips.
func typos(text string, probability float64, chance *rand.Rand) string {
	words := strings.Fields(text)
	for i, word := range words {
		letters := []rune(word)
		if len(letters) < 4 || chance.Float64() >= probability {
			continue
		}
		at := 1 + chance.IntN(len(letters)-2)
		if !unicode.IsLetter(letters[at]) || !unicode.IsLetter(letters[at+1]) {
			continue
		}
		switch chance.IntN(4) {
		case 0:
			letters[at], letters[at+1] = letters[at+1], letters[at]
		case 1:
			letters = append(letters[:at], letters[at+1:]...)
		case 2:
			letters = append(letters[:at+1], letters[at:]...)
		default:
			letters[at] = rune('a' + chance.IntN(26))
		}
		words[i] = string(letters)
	}
	return strings.Join(words, " ")
}
