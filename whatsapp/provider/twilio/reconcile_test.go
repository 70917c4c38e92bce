package twilio_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestAMessageIsFoundOnlyWhereItCanBeNoOther(t *testing.T) {
	t.Parallel()
	const sid, other = "SM00000000000000000000000000000009", "SM00000000000000000000000000000008"
	from := time.Date(2026, 11, 23, 0, 0, 20, 0, time.UTC)
	to := from.Add(40 * time.Second)
	listed := func(change func(map[string]any)) map[string]any {
		m := map[string]any{
			"sid": sid, "from": "whatsapp:+447860099299", "to": "whatsapp:+385919998888", "body": "We open at nine.", "status": "delivered",
			"direction": "outbound-api", "date_created": from.Add(10 * time.Second).Format(time.RFC1123Z), "date_sent": nil, "error_code": nil, "num_media": "0",
		}
		if change != nil {
			change(m)
		}
		return m
	}
	set := func(name string, value any) func(map[string]any) {
		return func(m map[string]any) { m[name] = value }
	}
	text := provider.Message{Text: "We open at nine."}
	for name, c := range map[string]struct {
		list  []map[string]any
		next  any
		send  provider.Message
		known []string
		want  provider.State // empty: not found
	}{
		"the only one":                {list: []map[string]any{listed(nil)}, send: text, want: provider.StateDelivered},
		"among others":                {list: []map[string]any{listed(set("body", "We close at six.")), listed(nil)}, send: text, want: provider.StateDelivered},
		"it has failed":               {list: []map[string]any{listed(func(m map[string]any) { m["status"], m["error_code"] = "undelivered", 63016 })}, send: text, want: provider.StateFailed},
		"it waits":                    {list: []map[string]any{listed(set("status", "queued"))}, send: text, want: provider.StateAccepted},
		"a new word for its state":    {list: []map[string]any{listed(set("status", "pondering"))}, send: text, want: provider.StateAccepted},
		"which picture, it tells not": {list: []map[string]any{listed(set("num_media", "1"))}, send: provider.Message{Media: &provider.Media{Kind: "image", URL: "https://cdn.example/a.jpg", Caption: "We open at nine."}}},
		"a picture of those words":    {list: []map[string]any{listed(set("num_media", "1"))}, send: text},
		"nothing":                     {send: text},
		"two of them":                 {list: []map[string]any{listed(nil), listed(set("sid", other))}, send: text},
		"two, and one is known":       {list: []map[string]any{listed(nil), listed(set("sid", other))}, send: text, known: []string{other}, want: provider.StateDelivered},
		"it is another of ours":       {list: []map[string]any{listed(nil)}, send: text, known: []string{sid}},
		"other words":                 {list: []map[string]any{listed(set("body", "We open at ten."))}, send: text},
		"somebody else":               {list: []map[string]any{listed(set("to", "whatsapp:+1"))}, send: text},
		"another number of ours":      {list: []map[string]any{listed(set("from", "whatsapp:+1"))}, send: text},
		"the customer said it":        {list: []map[string]any{listed(set("direction", "inbound"))}, send: text},
		"long before":                 {list: []map[string]any{listed(set("date_created", from.Add(-2*time.Minute).Format(time.RFC1123Z)))}, send: text},
		"long after":                  {list: []map[string]any{listed(set("date_created", to.Add(2*time.Minute).Format(time.RFC1123Z)))}, send: text},
		"no date":                     {list: []map[string]any{listed(set("date_created", "yesterday"))}, send: text},
		"no id":                       {list: []map[string]any{listed(set("sid", "x"))}, send: text},
		"more than one page":          {list: []map[string]any{listed(nil)}, next: "/2010-04-01/x", send: text},
		"a template's words are its":  {list: []map[string]any{listed(nil)}, send: provider.Message{Template: &provider.Template{Name: content, Language: "en"}}},
		"a file says nothing":         {list: []map[string]any{listed(set("body", ""))}, send: provider.Message{Media: &provider.Media{Kind: "audio", URL: "https://cdn.example/a.ogg"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]any{"messages": c.list, "next_page_uri": c.next})
			require.NoError(t, err)
			server := serve(t, answering(http.StatusOK, string(body)))
			c.send.Key, c.send.To = "01900000-0000-7000-8000-000000000001", "385919998888"
			report, err := server.adapter().FindSent(t.Context(), server.channel(), provider.Sought{Message: c.send, From: from, To: to, Known: c.known})
			for _, call := range server.seen() {
				query, err := url.ParseQuery(call.query)
				require.NoError(t, err)
				require.Equal(t, http.MethodGet, call.method)
				require.Equal(t, "whatsapp:+385919998888", query.Get("To"))
				require.Equal(t, "2026-11-22", query.Get("DateSent>"), "the day before is asked for as well where clocks may differ")
			}
			if c.want == "" {
				require.ErrorIs(t, err, provider.ErrNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, report.State)
			require.Equal(t, c.send.Key, report.Key)
			require.Equal(t, sid, report.ProviderID)
			require.NotEmpty(t, report.Mark)
			if c.want == provider.StateFailed {
				require.Equal(t, provider.CloseWindow, report.Effect)
			}
		})
	}
	server := serve(t, answering(http.StatusInternalServerError, "x"))
	_, err := server.adapter().FindSent(t.Context(), server.channel(), provider.Sought{Message: provider.Message{Key: "k", To: "1234567", Text: "x"}, From: from, To: to})
	require.Error(t, err)
	require.NotErrorIs(t, err, provider.ErrNotFound)
}
