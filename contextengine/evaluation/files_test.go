package evaluation

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// asked is what the test compares of a draft.
type asked struct {
	text     string
	expected []string
}

func TestFilesAreReadAsTheyAreDocumented(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files Files
		want  []asked
	}{
		"CSV": {Files{CSV: "question,expected\r\n\"When, please?\",Hours | Holidays\r\nWho won?,\r\n"}, []asked{
			{"When, please?", []string{"Hours", "Holidays"}}, {"Who won?", nil},
		}},
		"CSV with semicolons, a mark of byte order and columns of its own": {Files{CSV: "\ufeffnote;Expected;Question\nx;Hours;When?\n"}, []asked{{"When?", []string{"Hours"}}}},
		"the files of flomastr eval": {
			Files{
				Queries: "{\"id\":\"q1\",\"text\":\"When?\"}\n\n{\"id\":\"q2\",\"text\":\"Where?\"}\n", Qrels: "query\tdocument\tgrade\nq1\td1\t1\nq1\td2\t0\nq2\td2\t2\r\n",
				Documents: `{"id":"d1","title":"Hours","text":"…"}`, Unanswerable: `{"id":"u","text":"Who won?"}`,
			},
			[]asked{{"When?", []string{"Hours"}}, {"Where?", []string{"d2"}}, {"Who won?", nil}},
		},
		"JSON lines that carry what is expected": {Files{Queries: `{"text":"When?","expected":["Hours"]}`}, []asked{{"When?", []string{"Hours"}}}},
	} {
		drafts, err := c.files.read()
		require.NoError(t, err, name)
		var got []asked
		for _, d := range drafts {
			got = append(got, asked{d.Text, d.names})
		}
		require.Equal(t, c.want, got, name)
	}
}

func TestALineThatCannotBeTakenIsNamedAndNothingIsPassedOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files Files
		where string
	}{
		"nothing":                          {Files{}, "body"},
		"two forms at once":                {Files{CSV: "question,expected\n", Queries: "{}"}, "body.csv"},
		"no heading":                       {Files{CSV: "When?,Hours\n"}, "body.csv"},
		"a field too few":                  {Files{CSV: "question,expected\nWhen?,Hours\nWhere?\n"}, "body.csv line 3"},
		"an open quotation mark":           {Files{CSV: "question,expected\n\"When?,Hours\n"}, "body.csv line 2"},
		"not JSON":                         {Files{Unanswerable: "{}\nWhen?"}, "body.unanswerable line 2"},
		"a query without a document":       {Files{Queries: `{"id":"q","text":"When?"}`}, "body.queries line 1"},
		"a judgement of an unknown query":  {Files{Queries: `{"text":"When?","expected":["Hours"]}`, Qrels: "q\tHours\t1"}, "body.qrels"},
		"a judgement of two columns":       {Files{Queries: `{"text":"When?","expected":["Hours"]}`, Qrels: "q Hours 1"}, "body.qrels line 1"},
		"a judgement that is not a number": {Files{Queries: `{"id":"q","text":"When?"}`, Qrels: "q\tHours\t1\nq\tDays\tyes"}, "body.qrels line 2"},
		"a document without a title":       {Files{Unanswerable: `{"text":"When?"}`, Documents: `{"id":"d"}`}, "body.documents line 1"},
	} {
		_, err := c.files.read()
		require.ErrorIs(t, err, ErrQuestions, name)
		known, _ := errors.AsType[*flomastr.Error](err)
		require.Equal(t, c.where, known.Fields[0].Location, name)
	}
}

func TestASetKeepsItsLimits(t *testing.T) {
	t.Parallel()
	ask := func(texts ...string) (drafts []draft) {
		for _, text := range texts {
			drafts = append(drafts, draft{Question: Question{Text: text}, where: "here"})
		}
		return drafts
	}
	many := make([]draft, MaxQuestions+1)
	for name, c := range map[string]struct {
		name   string
		drafts []draft
		want   error
	}{
		"fits":              {strings.Repeat("ñ", MaxName), ask(strings.Repeat("ñ", MaxText)), nil},
		"no name":           {"  ", ask("When?"), ErrSetName},
		"a long name":       {strings.Repeat("ñ", MaxName+1), ask("When?"), ErrSetName},
		"no question":       {"a", nil, ErrQuestions},
		"too many":          {"a", many, ErrQuestions},
		"an empty question": {"a", ask("When?", " "), ErrQuestions},
		"a long question":   {"a", ask(strings.Repeat("ñ", MaxText+1)), ErrQuestions},
		"one twice":         {"a", ask("When?", " When? "), ErrQuestions},
		"too much expected": {"a", []draft{{Question: Question{Text: "When?"}, names: make([]string, MaxExpected+1)}}, ErrQuestions},
	} {
		_, _, err := check(c.name, c.drafts)
		require.ErrorIs(t, err, c.want, name)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add("question,expected\nWhen?,Hours\n", "", "", "", "")
	f.Add("", "{\"id\":\"q\",\"text\":\"When?\"}", "q\td\t1", "{\"id\":\"d\",\"title\":\"Hours\"}", "{\"text\":\"Who?\"}")
	f.Fuzz(func(t *testing.T, table, queries, qrels, documents, unanswerable string) {
		drafts, err := Files{CSV: table, Queries: queries, Qrels: qrels, Documents: documents, Unanswerable: unanswerable}.read()
		if err != nil && !errors.Is(err, ErrQuestions) {
			t.Fatal(err)
		}
		for _, d := range drafts {
			if err == nil && d.where == "" {
				t.Fatal("a question that does not know where it stands")
			}
		}
	})
}
