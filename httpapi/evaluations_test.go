package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/identity"
)

// wireRun and wireResult are what the test reads of an answer.
type (
	wireRun struct {
		ID, Status  string
		Total, Done int
		Totals      *struct {
			Right        int
			Unanswerable int
			RefusedRight int `json:"refused_right"`
		}
	}
	wireResult struct {
		Text, Verdict string
		Expected      []struct{ ID, Title string }
		Rank          int
	}
)

func read[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	require.Less(t, a.Code, 300, a.Body)
	require.NoError(t, json.Unmarshal(a.Body.Bytes(), &v))
	return v
}

// TestAnAdministratorMeasuresTheKnowledge makes sets in every form, runs one, reads what came of it and compares.
func TestAnAdministratorMeasuresTheKnowledge(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.bearer("owner")
	tenant, err := flomastr.ParseID[flomastr.TenantID](e.mine)
	require.NoError(t, err)
	item := read[struct{ ID string }](t, e.call(t, "POST", "/routes/knowledge/mine/index", owner, `{"title":"Hours","content":"We open at nine."}`)).ID
	const sets = "/routes/knowledge/mine/evaluations"

	type setAnswer struct {
		ID    string
		Count int `json:"question_count"`
	}
	typed := read[setAnswer](t, e.call(t, "POST", sets, owner, `{"name":"Typed","questions":[{"text":"When do you open?","expected":["`+item+`"]},{"text":"Who won?","expected":[]}]}`))
	require.Equal(t, 2, typed.Count)
	require.Equal(t, 1, read[setAnswer](t, e.call(t, "POST", sets+"/import", owner, `{"name":"Table","csv":"question,expected\nWhen?,Hours\n"}`)).Count)
	require.Equal(t, 2, read[setAnswer](t, e.call(t, "POST", sets+"/import", owner,
		`{"name":"Files","queries":"{\"id\":\"q\",\"text\":\"When?\"}","qrels":"q\td\t1","documents":"{\"id\":\"d\",\"title\":\"Hours\"}","unanswerable":"{\"text\":\"Who?\"}"}`)).Count)
	got := read[struct {
		Sets []struct {
			Name string
			Last *wireRun `json:"last_run"`
		}
	}](t, e.call(t, "GET", sets, owner, ""))
	require.Len(t, got.Sets, 3)
	require.Equal(t, "Files", got.Sets[0].Name)
	require.Nil(t, got.Sets[0].Last)

	one := sets + "/" + typed.ID
	run := e.call(t, "POST", one+"/runs", owner, "")
	require.Equal(t, 202, run.Code, run.Body)
	first := read[wireRun](t, run)
	require.Equal(t, "running", first.Status)
	again := e.call(t, "POST", one+"/runs", owner, "")
	require.Equal(t, 409, again.Code)
	require.Equal(t, "evaluation_running", again.field("code"))
	require.Equal(t, 409, e.call(t, "GET", one+"/runs/"+first.ID+"/comparison?with="+first.ID, owner, "").Code)

	e.examine(t, tenant, first.ID)
	finished := read[wireRun](t, e.call(t, "GET", one+"/runs/"+first.ID, owner, ""))
	require.Equal(t, "finished", finished.Status)
	require.Equal(t, 2, finished.Done)
	require.Equal(t, 1, finished.Totals.RefusedRight)
	page := read[struct {
		Results []wireResult
		Next    string `json:"next_cursor"`
	}](t, e.call(t, "GET", one+"/runs/"+first.ID+"/results?limit=1", owner, ""))
	require.Len(t, page.Results, 1)
	require.Equal(t, "not_found", page.Results[0].Verdict, "nothing was indexed here: what failed comes first")
	require.Equal(t, "Hours", page.Results[0].Expected[0].Title)
	require.NotEmpty(t, page.Next)
	require.Equal(t, 200, e.call(t, "GET", one+"/runs/"+first.ID+"/results?limit=1&cursor="+page.Next, owner, "").Code)

	second := read[wireRun](t, e.call(t, "POST", one+"/runs", owner, ""))
	cancelled := read[wireRun](t, e.call(t, "POST", one+"/runs/"+second.ID+"/cancel", owner, ""))
	require.Equal(t, "cancelled", cancelled.Status)
	third := read[wireRun](t, e.call(t, "POST", one+"/runs", owner, ""))
	e.examine(t, tenant, third.ID)
	compared := read[struct {
		Same       int
		Difference struct{ Right int }
		Better     []any
		Worse      []any
	}](t, e.call(t, "GET", one+"/runs/"+third.ID+"/comparison?with="+first.ID, owner, ""))
	require.Equal(t, 2, compared.Same)
	require.Empty(t, compared.Better)
	require.NotNil(t, compared.Worse, "an empty list, not null")
	require.Len(t, read[struct{ Runs []wireRun }](t, e.call(t, "GET", one+"/runs", owner, "")).Runs, 3)

	require.Equal(t, 1, read[setAnswer](t, e.call(t, "PUT", one, owner, `{"name":"Typed","questions":[{"text":"Who won?","expected":[]}]}`)).Count)
	require.Equal(t, 204, e.call(t, "DELETE", one, owner, "").Code)
	require.Equal(t, 404, e.call(t, "GET", one, owner, "").Code)
}

// examine does the job of a run.
func (e *estate) examine(t *testing.T, tenant flomastr.TenantID, run string) {
	t.Helper()
	id, err := flomastr.ParseID[flomastr.EvaluationID](run)
	require.NoError(t, err)
	_, err = e.asks.Examine(t.Context(), tenant, evaluation.RunArgs{Tenant: tenant, Run: id})
	require.NoError(t, err)
}

func TestQuestionsThatCannotBeTakenAreNamed(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.bearer("owner")
	const sets = "/routes/knowledge/mine/evaluations"
	long := strings.Repeat("x", evaluation.MaxText+1)
	for name, c := range map[string]struct{ path, body, says string }{
		"an item that is not there":   {sets, `{"name":"a","questions":[{"text":"When?","expected":["` + nowhere + `"]}]}`, "body.questions[0]"},
		"a question twice":            {sets, `{"name":"a","questions":[{"text":"When?","expected":[]},{"text":" When?","expected":[]}]}`, "body.questions[1]"},
		"no word of what is expected": {sets, `{"name":"a","questions":[{"text":"When?"}]}`, "body.questions[0]"},
		"a long question":             {sets, `{"name":"a","questions":[{"text":"` + long + `","expected":[]}]}`, "body.questions[0].text"},
		"a long question in a file":   {sets + "/import", `{"name":"a","csv":"question,expected\n` + long + `,\n"}`, "body.csv line 2"},
		"a title that is not there":   {sets + "/import", `{"name":"a","csv":"question,expected\nWhen?,Nowhere\n"}`, "body.csv line 2"},
		"no file":                     {sets + "/import", `{"name":"a"}`, `"body"`},
	} {
		got := e.call(t, "POST", c.path, owner, c.body)
		require.Equal(t, 422, got.Code, "%s: %s", name, got.Body)
		require.Contains(t, got.Body.String(), c.says, name)
		require.NotContains(t, got.Body.String(), "Nowhere", "a value is never echoed")
	}
	many := `{"text":"` + strings.Join(make([]string, evaluation.MaxQuestions+1), `","expected":[]},{"text":"`) + `","expected":[]}`
	got := e.call(t, "POST", sets, owner, `{"name":"a","questions":[`+many+`]}`)
	require.Equal(t, 422, got.Code)
}

func TestQuestionSetsAreAnAdministratorsAlone(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, row := range e.api.Rows() {
		if strings.Contains(row.Path, "/evaluations") {
			require.Equal(t, identity.Admin.String(), row.Permission.String(), row.Path)
		}
	}
	require.Equal(t, 403, e.call(t, "GET", "/routes/knowledge/mine/evaluations", e.bearer("member"), "").Code)
}
