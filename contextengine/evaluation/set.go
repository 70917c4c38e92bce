package evaluation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// What a business may keep.
const (
	MaxSets      = 50
	MaxQuestions = 1000 // of a set
	MaxName      = 120  // characters
	MaxText      = 500  // characters of a question: retrieval reads no more than 2,000 bytes of one
	MaxExpected  = 20   // items of a question
)

// Question is what is asked, and the items of the knowledge that answer it, in any order. One without items must not be
// answered.
type Question struct {
	Text     string
	Expected []flomastr.ItemID
}

// Answerable tells whether the knowledge should have an answer.
func (q Question) Answerable() bool { return len(q.Expected) > 0 }

// Set is a named list of questions.
type Set struct {
	ID        flomastr.QuestionSetID
	Name      string
	Count     int        // of the questions
	Questions []Question // not in lists
	ChangedBy flomastr.Actor
	CreatedAt time.Time
	UpdatedAt time.Time
	Last      *Run // the latest one; nil when there is none
}

// The errors of sets.
var (
	ErrSetNotFound = flomastr.Errorf(flomastr.NotFound, "question_set_not_found", "There is no such question set.")
	ErrSetName     = flomastr.Errorf(flomastr.Invalid, "question_set_name_invalid", "A question set's name has 1 to 120 characters.").Field("body.name", "must have 1 to 120 characters")
	ErrSetExists   = flomastr.Errorf(flomastr.Conflict, "question_set_exists", "Another question set has this name; choose another, or replace that set's questions.")
	ErrTooManySets = flomastr.Errorf(flomastr.Conflict, "question_sets_full", "A business keeps at most 50 question sets; delete one first.")
	ErrQuestions   = flomastr.Errorf(flomastr.Invalid, "questions_invalid", "Some questions cannot be taken; nothing was saved.")
)

// maxComplaints is how many wrong questions an error names.
const maxComplaints = 20

// complaints gathers what is wrong with questions.
type complaints struct{ err *flomastr.Error }

func (c *complaints) add(location, message string) {
	if c.err == nil {
		c.err = ErrQuestions
	}
	if len(c.err.Fields) < maxComplaints {
		c.err = c.err.Field(location, message)
	}
}

func (c *complaints) error() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// draft is a question before it is saved: what is expected is known by names, and where says where it stands in the request.
type draft struct {
	Question
	names []string
	where string
}

// check trims a set's questions and says what is wrong with them.
func check(name string, drafts []draft) (string, []draft, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxName {
		return "", nil, ErrSetName
	}
	var wrong complaints
	if len(drafts) < 1 || len(drafts) > MaxQuestions {
		wrong.add("body.questions", fmt.Sprintf("a set has 1 to %d questions, and there are %d", MaxQuestions, len(drafts)))
		return "", nil, wrong.error()
	}
	seen := map[string]string{}
	for i := range drafts {
		d := &drafts[i]
		d.Text = strings.TrimSpace(d.Text)
		n := utf8.RuneCountInString(d.Text)
		first, again := seen[d.Text]
		switch {
		case n < 1 || n > MaxText || strings.ContainsRune(d.Text, 0):
			wrong.add(d.where, fmt.Sprintf("a question has 1 to %d characters", MaxText))
		case again:
			wrong.add(d.where, "is the same question as "+first)
		case len(d.Expected)+len(d.names) > MaxExpected:
			wrong.add(d.where, fmt.Sprintf("a question expects at most %d items", MaxExpected))
		}
		seen[d.Text] = d.where
	}
	return name, drafts, wrong.error()
}

// resolve turns the names of expected items into their ids: each is an item's id or its exact title.
func (e *Examiner) resolve(ctx context.Context, tenant flomastr.TenantID, drafts []draft) ([]Question, error) {
	var names []string
	for i := range drafts {
		d := &drafts[i]
		for j, name := range d.names {
			if id, err := flomastr.ParseID[flomastr.ItemID](name); err == nil {
				d.names[j] = id.String() // in its one spelling
			}
		}
		for _, id := range d.Expected {
			d.names = append(d.names, id.String())
		}
		names = append(names, d.names...)
	}
	slices.Sort(names)
	known, err := e.Store.ItemsNamed(ctx, tenant, slices.Compact(names))
	if err != nil {
		return nil, fmt.Errorf("find expected items: %w", err)
	}
	var wrong complaints
	list := make([]Question, len(drafts))
	for i, d := range drafts {
		list[i].Text = d.Text
		for _, name := range d.names {
			id, ok := known[name]
			switch {
			case !ok:
				wrong.add(d.where, "expects an item that is not in the knowledge")
			case !slices.Contains(list[i].Expected, id):
				list[i].Expected = append(list[i].Expected, id)
			}
		}
	}
	return list, wrong.error()
}

// SaveSet makes a set, or, with an id, gives an existing one this name and these questions. Runs that were made keep the
// questions that they asked.
func (e *Examiner) SaveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, list []Question) (Set, error) {
	drafts := make([]draft, len(list))
	for i, q := range list {
		drafts[i] = draft{Question: q, where: fmt.Sprintf("body.questions[%d]", i)}
	}
	return e.save(ctx, tenant, by, id, name, drafts)
}

// Import makes a set of files, or, with an id, replaces one.
func (e *Examiner) Import(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, files Files) (Set, error) {
	drafts, err := files.read()
	if err != nil {
		return Set{}, err
	}
	return e.save(ctx, tenant, by, id, name, drafts)
}

func (e *Examiner) save(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, drafts []draft) (Set, error) {
	name, drafts, err := check(name, drafts)
	if err != nil {
		return Set{}, err
	}
	list, err := e.resolve(ctx, tenant, drafts)
	if err != nil {
		return Set{}, err
	}
	return e.Store.SaveSet(ctx, tenant, by, id, name, list)
}

// Sets lists a tenant's sets by name, each with its latest run.
func (e *Examiner) Sets(ctx context.Context, tenant flomastr.TenantID) ([]Set, error) {
	return e.Store.Sets(ctx, tenant)
}

// Set finds one with its questions.
func (e *Examiner) Set(ctx context.Context, tenant flomastr.TenantID, id flomastr.QuestionSetID) (Set, error) {
	return e.Store.Set(ctx, tenant, id)
}

// RemoveSet deletes a set with its runs.
func (e *Examiner) RemoveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID) error {
	return e.Store.RemoveSet(ctx, tenant, by, id)
}

// Titles are the titles of items that are still there.
func (e *Examiner) Titles(ctx context.Context, tenant flomastr.TenantID, items []flomastr.ItemID) (map[flomastr.ItemID]string, error) {
	return e.Store.Titles(ctx, tenant, items)
}
