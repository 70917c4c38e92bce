package evaluation

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Files are a set of questions as files: either CSV, or the files of `flomastr eval retrieval`.
//
// CSV has a heading with the columns question and expected. What is expected are ids or exact titles of items with | between
// them; a question that must not be answered expects nothing.
//
// Queries (JSON lines of {id, text}) and Qrels (query, document and grade with tabs between them) say what answers each
// question; Documents (JSON lines of {id, title}) says which item a document is, which is else known by its id or title.
// Unanswerable (JSON lines of {id, text}) must not be answered. A line of Queries may carry expected, a list of ids or
// titles, in the place of Qrels.
type Files struct{ CSV, Queries, Qrels, Documents, Unanswerable string }

// ErrNoFile is what an import of nothing gets.
var ErrNoFile = ErrQuestions.Field("body", "needs csv, or queries with qrels, or unanswerable")

// read makes drafts of the files, and says of each line that cannot be taken why not. Nothing is passed over.
func (f Files) read() ([]draft, error) {
	if f.CSV != "" {
		if f.Queries+f.Qrels+f.Documents+f.Unanswerable != "" {
			return nil, ErrQuestions.Field("body.csv", "stands alone, without the other files")
		}
		return readCSV(f.CSV)
	}
	if f.Queries == "" && f.Unanswerable == "" {
		return nil, ErrNoFile
	}
	var wrong complaints
	names := readQrels(f.Qrels, readDocuments(f.Documents, &wrong), &wrong)
	var drafts []draft
	readLines(f.Queries, "body.queries", &wrong, func(where string, q query) {
		expected := slices.Concat(q.Expected, names[q.ID])
		if len(expected) == 0 {
			wrong.add(where, "no document answers it; if none should, it belongs to the unanswerable ones")
		}
		delete(names, q.ID)
		drafts = append(drafts, draft{Question: Question{Text: q.Text}, names: expected, where: where})
	})
	if len(names) > 0 {
		wrong.add("body.qrels", fmt.Sprintf("names %d questions that are not in the queries", len(names)))
	}
	readLines(f.Unanswerable, "body.unanswerable", &wrong, func(where string, q query) {
		drafts = append(drafts, draft{Question: Question{Text: q.Text}, where: where})
	})
	return drafts, wrong.error()
}

// query is a line of queries.jsonl, unanswerable.jsonl or, with a title, docs.jsonl. Other fields are not ours to judge.
type query struct {
	ID       string   `json:"id"`
	Text     string   `json:"text"`
	Title    string   `json:"title"`
	Expected []string `json:"expected"`
}

// readLines reads JSON lines; a mark of byte order at the beginning is passed over.
func readLines(text, file string, wrong *complaints, each func(where string, q query)) {
	lines := bufio.NewScanner(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	lines.Buffer(nil, len(text)+1)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		where := file + " line " + strconv.Itoa(n)
		var q query
		if json.Unmarshal(lines.Bytes(), &q) != nil {
			wrong.add(where, "is not a JSON object with id and text")
			continue
		}
		each(where, q)
	}
}

// readDocuments gives the title of each document.
func readDocuments(text string, wrong *complaints) map[string]string {
	titles := map[string]string{}
	readLines(text, "body.documents", wrong, func(where string, q query) {
		if q.ID == "" || q.Title == "" {
			wrong.add(where, "needs an id and a title")
			return
		}
		titles[q.ID] = q.Title
	})
	return titles
}

// readQrels gives the names of the documents that answer each question. A grade of 0 says that a document does not.
func readQrels(text string, titles map[string]string, wrong *complaints) map[string][]string {
	names := map[string][]string{}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if line = strings.TrimRight(line, "\r"); strings.TrimSpace(line) == "" {
			continue
		}
		where := "body.qrels line " + strconv.Itoa(i+1)
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			wrong.add(where, "needs a question, a document and a grade with tabs between them")
			continue
		}
		grade, err := strconv.ParseFloat(strings.TrimSpace(f[2]), 64)
		switch name := f[1]; {
		case err != nil && len(names) == 0 && i == 0: // a heading
		case err != nil:
			wrong.add(where, "has a grade that is not a number")
		case grade > 0:
			if title, ok := titles[name]; ok {
				name = title
			}
			names[f[0]] = append(names[f[0]], name)
		}
	}
	return names
}

func readCSV(text string) ([]draft, error) {
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	reader.FieldsPerRecord = -1
	if heading, _, _ := strings.Cut(text, "\n"); strings.Count(heading, ";") > strings.Count(heading, ",") {
		reader.Comma = ';' // as spreadsheets write it where the comma divides a number
	}
	heading, err := reader.Read()
	for i := range heading {
		heading[i] = strings.ToLower(strings.TrimSpace(heading[i]))
	}
	question, expected := slices.Index(heading, "question"), slices.Index(heading, "expected")
	if err != nil || question < 0 || expected < 0 {
		return nil, ErrQuestions.Field("body.csv", "begins with a heading that has the columns question and expected")
	}
	var wrong complaints
	var drafts []draft
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return drafts, wrong.error()
		}
		if err != nil {
			line := 0
			if at, ok := errors.AsType[*csv.ParseError](err); ok {
				line = at.Line
			}
			wrong.add(fmt.Sprintf("body.csv line %d", line), "is not CSV: a quotation mark is not closed or stands within a field")
			return nil, wrong.error()
		}
		line, _ := reader.FieldPos(0)
		where := fmt.Sprintf("body.csv line %d", line)
		if len(row) != len(heading) {
			wrong.add(where, fmt.Sprintf("has %d fields, and the heading %d", len(row), len(heading)))
			continue
		}
		d := draft{Question: Question{Text: row[question]}, where: where}
		for name := range strings.SplitSeq(row[expected], "|") {
			if name = strings.TrimSpace(name); name != "" {
				d.names = append(d.names, name)
			}
		}
		drafts = append(drafts, d)
	}
}
