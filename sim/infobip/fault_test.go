package infobip_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }

func TestSendsMisbehaveAsScriptedAndTheLedgerKnowsWhetherTheyWereAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, fault string
		accepted    int
		check       func(t *testing.T, a answer, err error)
	}{
		{"500", `"kind":"refuse"`, 0, func(t *testing.T, a answer, err error) {
			require.NoError(t, err)
			require.Equal(t, 500, a.status)
		}},
		{"503", `"kind":"refuse","status":503`, 0, func(t *testing.T, a answer, _ error) { require.Equal(t, 503, a.status) }},
		{"429 with a wait", `"kind":"refuse","status":429,"retry_after":"0"`, 0, func(t *testing.T, a answer, _ error) {
			require.Equal(t, 429, a.status)
			require.Equal(t, "0", a.header.Get("Retry-After"))
			id, _ := a.refusal(t)
			require.Equal(t, "TOO_MANY_REQUESTS", id)
		}},
		{"401", `"kind":"refuse","status":401`, 0, func(t *testing.T, a answer, _ error) {
			id, _ := a.refusal(t)
			require.Equal(t, "UNAUTHORIZED", id)
		}},
		{"a proxy's page", `"kind":"refuse","status":502,"body":"<html>","content_type":"text/html"`, 0, func(t *testing.T, a answer, _ error) {
			require.Equal(t, 502, a.status)
			require.Equal(t, "<html>", string(a.body))
			require.Equal(t, "text/html", a.header.Get("Content-Type"))
		}},
		{"reset before reading", `"kind":"reset_before_read"`, 0, func(t *testing.T, _ answer, err error) { require.True(t, isReset(err), "%v", err) }},
		{"reset after reading", `"kind":"reset_after_read"`, 0, func(t *testing.T, _ answer, err error) { require.True(t, isReset(err), "%v", err) }},
		{"rejected", `"kind":"reject","status":12`, 0, func(t *testing.T, a answer, _ error) {
			require.Equal(t, 200, a.status)
			require.Contains(t, string(a.body), `"REJECTED_NOT_ENOUGH_CREDITS"`)
		}},
		{"slow", `"kind":"delay","delay_ms":20`, 1, func(t *testing.T, a answer, _ error) { require.Equal(t, 200, a.status) }},
		{"accepted, 500", `"kind":"accept_then_status"`, 1, func(t *testing.T, a answer, _ error) { require.Equal(t, 500, a.status) }},
		{"accepted, hangs", `"kind":"accept_then_hang","delay_ms":20`, 1, func(t *testing.T, _ answer, err error) { require.True(t, isReset(err), "%v", err) }},
		{"accepted, reset", `"kind":"accept_then_reset"`, 1, func(t *testing.T, _ answer, err error) { require.True(t, isReset(err), "%v", err) }},
		{"accepted, empty", `"kind":"accept_then_empty"`, 1, func(t *testing.T, a answer, _ error) {
			require.Equal(t, 200, a.status)
			require.Empty(t, a.body)
		}},
		{"accepted, a page", `"kind":"accept_then_html"`, 1, func(t *testing.T, a answer, _ error) { require.Contains(t, string(a.body), "<html>") }},
		{"accepted, other JSON", `"kind":"accept_then_other_json"`, 1, func(t *testing.T, a answer, _ error) { require.NotContains(t, string(a.body), "status") }},
		{"accepted, no id", `"kind":"accept_then_no_id"`, 1, func(t *testing.T, a answer, _ error) {
			require.Equal(t, 200, a.status)
			require.NotContains(t, string(a.body), "messageId")
		}},
		{"accepted, other id", `"kind":"accept_then_other_id"`, 1, func(t *testing.T, a answer, _ error) {
			var body struct{ MessageID string }
			a.into(t, &body)
			require.NotEmpty(t, body.MessageID)
			require.NotEqual(t, "m-1", body.MessageID)
		}},
		{"accepted, drips", `"kind":"accept_then_drip","delay_ms":1`, 1, func(t *testing.T, a answer, _ error) { require.Contains(t, string(a.body), "PENDING_ENROUTE") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), nil)
			b.fault(`{"on":"send",` + c.fault + `}`)
			a, err := b.text("m-1")
			c.check(t, a, err)
			require.Len(t, b.sent(ana), c.accepted)
			b.quiet(c.accepted) // what was accepted is reported on

			a, err = b.text("m-2")
			require.NoError(t, err)
			require.Equal(t, 200, a.status, "one fault happens once")
		})
	}
}

func TestAnEndlessAnswerEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.fault(`{"on":"send","kind":"accept_then_endless"}`)
	ctx, leave := context.WithTimeout(t.Context(), 5*time.Second)
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.URL+"/whatsapp/1/message/text", strings.NewReader(textBody(ana, "m-1")))
	require.NoError(t, err)
	request.Header = http.Header{"Authorization": {"App " + key}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	response, err := b.server.Client().Do(request)
	require.NoError(t, err)
	n, err := io.CopyN(io.Discard, response.Body, 1<<20)
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, n)
	require.NoError(t, response.Body.Close())
	require.Len(t, b.sent(ana), 1)
}

func TestFaultsAreNarrowedCountedAndForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	status := func(to string) int {
		a := b.call("POST", "/whatsapp/1/message/text", textBody(to, "m"))
		return a.status
	}
	b.fault(`{"on":"send","kind":"refuse","to":"111","times":2,"skip":1}`)
	require.Equal(t, 200, status("222"), "somebody else")
	require.Equal(t, []int{200, 500, 500, 200}, []int{status("111"), status("111"), status("111"), status("111")}, "skip one, then two, then none")

	b.fault(`{"on":"send","kind":"refuse","from":"` + shop + `","times":-1}`)
	require.Equal(t, []int{500, 500, 500}, []int{status("1"), status("2"), status("3")})
	var left struct {
		Faults []struct{ ID, Fired int }
	}
	b.control("GET", "faults", "", 200).into(t, &left)
	require.Equal(t, 3, left.Faults[0].Fired)
	b.control("DELETE", "faults/2", "", 204)
	b.control("DELETE", "faults/2", "", 404)
	b.control("DELETE", "faults/x", "", 404)
	require.Equal(t, 200, status("1"))

	b.fault(`{"on":"send","kind":"refuse","times":-1}`)
	b.control("DELETE", "faults", "", 204)
	require.Equal(t, 200, status("1"))
}

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for _, body := range []string{
		`{}`, `{"on":"send"}`, `{"on":"send","kind":"never"}`, `{"on":"report","kind":"refuse"}`, `{"on":"moon","kind":"refuse"}`,
		`{"on":"send","kind":"reset_before_read","to":"1"}`, `{"on":"send","kind":"refuse","status":42}`, `{"on":"send","kind":"refuse","times":-2}`,
		`{"on":"webhook","kind":"duplicate","copies":1000000}`, `{"on":"send","kind":"refuse","colour":"red"}`, `[]`, `{`,
	} {
		b.control("POST", "faults", body, 400)
	}
}
