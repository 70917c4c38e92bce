package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// remembers is what somebody sees of a contact's memory.
func (l *line) remembers(t *testing.T, bearer, contact, query string) (texts []string) {
	t.Helper()
	got := l.call(t, "GET", "/routes/contacts/"+contact+"/memory"+query, bearer, "")
	require.Equal(t, 200, got.Code, got.Body)
	var body struct {
		Memories []struct{ Subject, Text string }
	}
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
	for _, m := range body.Memories {
		texts = append(texts, m.Subject+" = "+m.Text)
	}
	return texts
}

// contactOf gives whom a thread is with.
func (l *line) contactOf(t *testing.T, thread string) string {
	t.Helper()
	got := l.call(t, "GET", "/routes/conversations/"+thread, l.owner, "")
	var body struct{ Contact struct{ ID string } }
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
	require.NotEmpty(t, body.Contact.ID)
	return body.Contact.ID
}

func TestWhatIsRememberedIsSeenCorrectedAndErased(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	contact := in.contactOf(t, in.threads["nobody"])
	path := "/routes/contacts/" + contact + "/memory"
	noted := in.call(t, "POST", path, in.ana, `{"kind":"preference","subject":"Shirt size","text":"M"}`)
	require.Equal(t, 201, noted.Code, noted.Body)
	require.Equal(t, "member", noted.field("source"))
	require.Equal(t, []string{"shirt size = M"}, in.remembers(t, in.ana, contact, ""))

	corrected := in.call(t, "PATCH", path, in.ana, `{"memory_id":"`+noted.field("id")+`","text":"L"}`)
	require.Equal(t, 200, corrected.Code, corrected.Body)
	require.Equal(t, []string{"shirt size = L"}, in.remembers(t, in.ana, contact, ""))
	require.Equal(t, []string{"shirt size = L", "shirt size = M"}, in.remembers(t, in.ana, contact, "?history=true"))

	require.Equal(t, "consent_missing", in.call(t, "POST", path, in.ana, `{"subject":"allergy: nuts","text":"allergic to nuts"}`).field("code"))
	require.Equal(t, 422, in.call(t, "PUT", path+"/consent", in.ana, `{"sensitive":true}`).Code, "a consent needs its proof")
	require.NotEmpty(t, in.call(t, "PUT", path+"/consent", in.ana, `{"sensitive":true,"proof":"on the phone"}`).field("sensitive_since"))
	require.Equal(t, 201, in.call(t, "POST", path, in.ana, `{"subject":"allergy: nuts","text":"allergic to nuts"}`).Code)
	require.Equal(t, 200, in.call(t, "PUT", path+"/consent", in.ana, `{"sensitive":false}`).Code)
	require.Equal(t, []string{"shirt size = L"}, in.remembers(t, in.ana, contact, ""))

	require.Equal(t, 204, in.call(t, "DELETE", path+"?memory_id="+corrected.field("id"), in.ana, "").Code)
	require.Empty(t, in.remembers(t, in.ana, contact, ""))
	require.Equal(t, "memory_not_found", in.call(t, "DELETE", path+"?memory_id="+corrected.field("id"), in.ana, "").field("code"))
	require.Equal(t, 204, in.call(t, "DELETE", path, in.ana, "").Code)
	require.Empty(t, in.remembers(t, in.ana, contact, "?history=true"))
}

func TestWhatWasSaidIsRecalledAndTheEnvelopeHoldsIt(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	say := func(text string) {
		got := in.call(t, "POST", "/routes/api/v1/conversations/ingest", in.service, `{"contact_number":"+385911111101","contact_name":"Mia","message_content":"`+text+`"}`)
		require.Equal(t, 200, got.Code, got.Body)
	}
	say("I ordered three yellow lanterns for the garden")
	say("Thanks")
	contact := in.contactOf(t, in.threads["nobody"])
	require.Equal(t, 201, in.call(t, "POST", "/routes/contacts/"+contact+"/memory", in.owner, `{"subject":"size","text":"M"}`).Code)

	got := in.call(t, "POST", "/routes/contacts/"+contact+"/recall", in.service, `{"query":"which lanterns did they order?"}`)
	require.Equal(t, 200, got.Code, got.Body)
	var recalled struct {
		Memories []struct{ Memory struct{ Text string } }
		Messages []struct{ Dir, Text string }
	}
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &recalled))
	require.Equal(t, "I ordered three yellow lanterns for the garden", recalled.Messages[0].Text)
	require.Equal(t, "in", recalled.Messages[0].Dir)
	require.Equal(t, "M", recalled.Memories[0].Memory.Text)

	for _, query := range []string{"contact_id=" + contact, "whatsapp=%2B385911111101", "whatsapp=385911111101"} {
		got := in.call(t, "GET", "/routes/envelope?"+query, in.service, "")
		require.Equal(t, 200, got.Code, got.Body)
		var e struct {
			Partial bool
			Contact struct{ ID, Phone string }
			History struct {
				Recent  []struct{ Dir, Text string } `json:"recent_messages"`
				Summary string
			} `json:"conversation_history"`
			Memory []struct{ Text string }
		}
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &e))
		require.False(t, e.Partial)
		require.Equal(t, contact, e.Contact.ID)
		require.Equal(t, "+385911111101", e.Contact.Phone)
		require.Len(t, e.History.Recent, 3)
		require.Equal(t, "Thanks", e.History.Recent[2].Text)
		require.Contains(t, e.History.Summary, "yellow lanterns")
		require.Len(t, e.Memory, 1)
	}
	require.Equal(t, 422, in.call(t, "GET", "/routes/envelope", in.service, "").Code)
	require.Equal(t, 404, in.call(t, "GET", "/routes/envelope?whatsapp=385900000000", in.service, "").Code)
}

func TestMemoryEndsWhereTheCallersReachEnds(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	in.scope(t, "assigned")
	foreign, own := in.contactOf(t, in.threads["ben"]), in.contactOf(t, in.threads["ana"])
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/routes/contacts/{id}/memory", ""},
		{"POST", "/routes/contacts/{id}/memory", `{"subject":"size","text":"M"}`},
		{"PATCH", "/routes/contacts/{id}/memory", `{"memory_id":"0190a3f0-0000-7000-8000-000000000000","text":"L"}`},
		{"DELETE", "/routes/contacts/{id}/memory", ""},
		{"PUT", "/routes/contacts/{id}/memory/consent", `{"sensitive":true,"proof":"x"}`},
		{"POST", "/routes/contacts/{id}/recall", `{"query":"hello"}`},
		{"GET", "/routes/envelope?contact_id={id}", ""},
		{"GET", "/routes/envelope?whatsapp=385911111103", ""},
	} {
		got := in.call(t, c.method, strings.ReplaceAll(c.path, "{id}", foreign), in.ana, c.body)
		require.Equal(t, 404, got.Code, "%s %s: %s", c.method, c.path, got.Body)
		require.Equal(t, "contact_not_found", got.field("code"))
	}
	require.Equal(t, 200, in.call(t, "GET", "/routes/contacts/"+own+"/memory", in.ana, "").Code)
	require.Equal(t, 200, in.call(t, "GET", "/routes/envelope?contact_id="+own, in.ana, "").Code)
}
