package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type wireRelease struct {
	ID, State   string
	CanRollBack bool `json:"can_roll_back"`
	Changes     []struct {
		ID, Kind, Status, Title, Conflict string
		ItemID                            string `json:"item_id"`
	}
}

// TestAnAdministratorReleasesKnowledge stages changes, asks and measures them, promotes and rolls back.
func TestAnAdministratorReleasesKnowledge(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.bearer("owner")
	tenant, err := flomastr.ParseID[flomastr.TenantID](e.mine)
	require.NoError(t, err)
	item := read[struct{ ID string }](t, e.call(t, "POST", "/routes/knowledge/mine/index", owner, `{"title":"Hours","content":"We open at nine."}`)).ID
	id, err := flomastr.ParseID[flomastr.ItemID](item)
	require.NoError(t, err)
	const releases = "/routes/knowledge/mine/releases"
	one := releases + "/" + read[wireRelease](t, e.call(t, "POST", releases, owner, `{"name":"Spring"}`)).ID
	early := e.call(t, "PUT", one+"/changes", owner, `{"item_id":"`+item+`","content":"We open at ten."}`)
	require.Equal(t, "item_not_ready", early.field("code"), early.Body)
	require.NoError(t, e.knowledge.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: id, Version: 1}))

	stage := func(body string) {
		change, err := flomastr.ParseID[flomastr.ReleaseChangeID](e.call(t, "PUT", one+"/changes", owner, body).field("id"))
		require.NoError(t, err)
		require.NoError(t, e.knowledge.Stage(t.Context(), tenant, contextengine.StageArgs{Tenant: tenant, Change: change}))
	}
	stage(`{"item_id":"` + item + `","content":"We open at ten."}`)
	require.Equal(t, 409, e.call(t, "POST", one+"/rollback", owner, "").Code)
	stage(`{"title":"Terrace","content":"The terrace opens in May."}`)
	staged := read[wireRelease](t, e.call(t, "GET", one, owner, ""))
	require.Equal(t, "ready", staged.State)
	require.Len(t, staged.Changes, 2)
	text := read[struct{ Held, Serving string }](t, e.call(t, "GET", one+"/changes/"+staged.Changes[0].ID, owner, ""))
	require.Equal(t, "We open at ten.", text.Held)
	require.Equal(t, "We open at nine.", text.Serving)

	search := func(release string) string {
		found := read[struct{ Passages []struct{ Text string } }](t, e.call(t, "POST", "/routes/knowledge/mine/search", owner, `{"query":"when do you open?","release":"`+release+`"}`))
		require.NotEmpty(t, found.Passages)
		return found.Passages[0].Text
	}
	found := read[struct{ Passages []struct{ Text string } }](t, e.call(t, "POST", "/routes/knowledge/mine/search", owner, `{"query":"when do you open?"}`))
	require.Equal(t, "We open at nine.", found.Passages[0].Text)
	require.Equal(t, "We open at ten.", search(staged.ID))

	set := read[struct{ ID string }](t, e.call(t, "POST", "/routes/knowledge/mine/evaluations", owner, `{"name":"Set","questions":[{"text":"When do you open?","expected":["`+item+`"]}]}`)).ID
	run := read[struct {
		ID      string
		Release string `json:"release_id"`
	}](t, e.call(t, "POST", "/routes/knowledge/mine/evaluations/"+set+"/runs", owner, `{"release":"`+staged.ID+`"}`))
	require.Equal(t, staged.ID, run.Release)
	e.examine(t, tenant, run.ID)
	require.Equal(t, "finished", read[wireRun](t, e.call(t, "GET", "/routes/knowledge/mine/evaluations/"+set+"/runs/"+run.ID, owner, "")).Status)

	promoted := read[wireRelease](t, e.call(t, "POST", one+"/promote", owner, ""))
	require.Equal(t, "promoted", promoted.State)
	require.True(t, promoted.CanRollBack)
	index := func() string { return e.call(t, "GET", "/routes/knowledge/mine/index", owner, "").Body.String() }
	require.Contains(t, index(), "Terrace")
	require.Equal(t, "rolled_back", read[wireRelease](t, e.call(t, "POST", one+"/rollback", owner, "")).State)
	require.NotContains(t, index(), "Terrace")
	require.Equal(t, 204, e.call(t, "DELETE", one+"/changes/"+staged.Changes[1].ID, owner, "").Code)
	require.Equal(t, 204, e.call(t, "DELETE", one, owner, "").Code)
	require.Equal(t, "release_discarded", e.call(t, "POST", "/routes/knowledge/mine/search", owner, `{"query":"when do you open?","release":"`+staged.ID+`"}`).field("code"))
	list := read[struct{ Releases []wireRelease }](t, e.call(t, "GET", releases, owner, ""))
	require.Equal(t, "discarded", list.Releases[0].State)
}
