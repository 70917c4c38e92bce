package twilio_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/twilio"
)

const content = "HX00000000000000000000000000000001"

// exchange is what a server of a test has seen.
type exchange struct {
	method, path, query, body, user, password, contentType string
}

// service answers each call with the next of its answers, the last one for ever, and remembers what it was asked.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	calls []exchange
}

func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body string)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		s.mu.Lock()
		s.calls = append(s.calls, exchange{r.Method, r.URL.Path, r.URL.RawQuery, string(body), user, password, r.Header.Get("Content-Type")})
		s.mu.Unlock()
		answer(w, r, string(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) seen() []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]exchange(nil), s.calls...)
}

func (s *service) channel() provider.Channel {
	ch := channel
	ch.BaseURL = s.URL
	return ch
}

func (s *service) adapter() *twilio.Provider { return newTwilio(s.URL, time.Second) }

func answering(status int, body string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const taken = `{"sid":"SM00000000000000000000000000000009","status":"queued","error_code":null,"error_message":null,"to":"whatsapp:+385919998888"}`

func TestSendsAreWrittenAsTwilioWantsThem(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, body string) {
		form, _ := url.ParseQuery(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, strings.Replace(taken, "whatsapp:+385919998888", form.Get("To"), 1))
	})
	usual := func(more ...string) url.Values {
		form := url.Values{"To": {"whatsapp:+385919998888"}, "From": {"whatsapp:+447860099299"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	const key = "01900000-0000-7000-8000-000000000001"
	hook := "https://flomastr.example/webhook/twilio/01900000-0000-7000-8000-0000000000aa"
	for name, c := range map[string]struct {
		message provider.Message
		want    url.Values
	}{
		"a text":                  {provider.Message{Text: "Hello 👋 & more"}, usual("Body", "Hello 👋 & more")},
		"a quote has no form":     {provider.Message{Text: "x", ReplyTo: "SM1"}, usual("Body", "x")},
		"reports come with a key": {provider.Message{Text: "x", CallbackURL: hook}, usual("Body", "x", "StatusCallback", hook+"?message="+key)},
		"an address with a query": {provider.Message{Text: "x", CallbackURL: hook + "?a=1"}, usual("Body", "x", "StatusCallback", hook+"?a=1&message="+key)},
		"to a user id, no plus":   {provider.Message{To: "US.1234", Text: "x"}, usual("Body", "x", "To", "whatsapp:US.1234")},
		"to a number with a plus": {provider.Message{To: "+385919998888", Text: "x"}, usual("Body", "x")},
		"as long as it may be":    {provider.Message{Text: strings.Repeat("ä", 1600)}, usual("Body", strings.Repeat("ä", 1600))},
		"an image with a caption": {provider.Message{Media: &provider.Media{Kind: "image", URL: "https://cdn.example/a.jpg", Caption: "see"}}, usual("MediaUrl", "https://cdn.example/a.jpg", "Body", "see")},
		"a document": {
			provider.Message{Media: &provider.Media{Kind: "document", URL: "https://cdn.example/a.pdf", Filename: "a.pdf"}},
			usual("MediaUrl", "https://cdn.example/a.pdf"),
		},
		"a voice note": {provider.Message{Media: &provider.Media{Kind: "voice", URL: "https://cdn.example/a.ogg"}}, usual("MediaUrl", "https://cdn.example/a.ogg")},
		"a template":   {provider.Message{Template: &provider.Template{Name: content, Language: "en"}}, usual("ContentSid", content)},
		"a template with all its values": {
			provider.Message{Template: &provider.Template{
				Name: content, Placeholders: []string{"Ana", `"7"`}, HeaderText: "Order", Buttons: []provider.TemplateButton{{Kind: "url", Value: "o/7"}},
			}},
			usual("ContentSid", content, "ContentVariables", `{"1":"Ana","2":"\"7\"","3":"Order","4":"o/7"}`),
		},
		"a template whose values were counted by others": {
			provider.Message{Template: &provider.Template{
				Name: "order", ID: content, Placeholders: []string{"Ana", "7"}, HeaderText: "Order",
				Buttons: []provider.TemplateButton{{Kind: "quick_reply", Index: 0, Value: "fixed"}, {Kind: "url", Index: 1, Value: "o/7"}},
				Names:   &provider.ValueNames{Body: []string{"2", "name"}, Header: "1", Buttons: []string{"", "5"}},
			}},
			usual("ContentSid", content, "ContentVariables", `{"1":"Order","2":"Ana","5":"o/7","name":"7"}`),
		},
		"a place": {
			provider.Message{Location: &provider.Location{Latitude: 44.8683, Longitude: 13.8481, Name: "Office | Pula", Address: "Forum 1"}},
			usual("PersistentAction", "geo:44.8683,13.8481|Office   Pula, Forum 1", "Body", "Office   Pula, Forum 1"),
		},
		"a place without words": {provider.Message{Location: &provider.Location{}}, usual("PersistentAction", "geo:0,0", "Body", "0,0")},
		"cards as text": {
			provider.Message{Contacts: []provider.ContactCard{{FirstName: "Ana", Name: "Ana B", Phones: []string{"+385911"}, Emails: []string{"a@b.c"}}, {FirstName: "Bo"}}},
			usual("Body", "Ana B\n+385911\na@b.c\n\nBo"),
		},
		"buttons as numbered text": {
			provider.Message{Interactive: &provider.Interactive{Header: "Visit", Body: "When?", Footer: "Reply with a number", Buttons: []provider.Choice{{ID: "a", Title: "Today"}, {ID: "b", Title: "Monday"}}}},
			usual("Body", "*Visit*\n\nWhen?\n\n1. Today\n2. Monday\n\nReply with a number"),
		},
		"a list numbered through its sections": {
			provider.Message{Interactive: &provider.Interactive{Body: "Which?", Label: "Choose", Sections: []provider.Section{
				{Title: "Rooms", Rows: []provider.Choice{{ID: "1", Title: "Small", Description: "for one"}}}, {Rows: []provider.Choice{{ID: "2", Title: "Large"}}},
			}}},
			usual("Body", "Which?\n\nRooms\n1. Small – for one\n\n2. Large"),
		},
		"a link as text":      {provider.Message{Interactive: &provider.Interactive{Body: "Book", Link: &provider.Link{Label: "Open", URL: "https://x.example"}}}, usual("Body", "Book\n\nOpen: https://x.example")},
		"where are you":       {provider.Message{Interactive: &provider.Interactive{Body: "Where are you?", AskLocation: true}}, usual("Body", "Where are you?")},
		"buttons by a header": {provider.Message{Interactive: &provider.Interactive{Body: "Nice?", HeaderMedia: &provider.Media{Kind: "image", URL: "https://x.example/a.png"}, Buttons: []provider.Choice{{Title: "Yes"}}}}, usual("MediaUrl", "https://x.example/a.png", "Body", "Nice?\n\n1. Yes")},
	} {
		c.message.Key = key
		if c.message.To == "" {
			c.message.To = "385919998888"
		}
		got, err := server.adapter().Send(t.Context(), server.channel(), c.message)
		require.NoError(t, err, name)
		require.Equal(t, provider.Accepted{ProviderID: "SM00000000000000000000000000000009", State: provider.StateAccepted}, got, name)
		calls := server.seen()
		last := calls[len(calls)-1]
		form, err := url.ParseQuery(last.body)
		require.NoError(t, err)
		require.Equal(t, c.want, form, name)
		require.Equal(t, exchange{"POST", "/2010-04-01/Accounts/" + account + "/Messages.json", "", last.body, account, "token", "application/x-www-form-urlencoded"}, last, name)
	}
}

func TestAKeyAndAServiceAreUsedWhereTheyAreSet(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusCreated, taken))
	ch := server.channel()
	ch.SenderID, ch.Credentials = "MG00000000000000000000000000000001", provider.Credentials{KeyID: "SK1", APIKey: "secret"}
	_, err := server.adapter().Send(t.Context(), ch, provider.Message{Key: "k", To: "385919998888", Text: "x"})
	require.NoError(t, err)
	last := server.seen()[0]
	require.Equal(t, []string{"SK1", "secret"}, []string{last.user, last.password})
	require.Contains(t, last.body, "MessagingServiceSid="+ch.SenderID)
	require.Contains(t, last.body, "From=whatsapp", "the customer hears from the number that was written to")
}

func TestWhatCannotBeSentIsNotTried(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusCreated, taken))
	for name, m := range map[string]provider.Message{
		"nothing":                    {},
		"spaces":                     {Text: " \n"},
		"a character too many":       {Text: strings.Repeat("x", 1601)},
		"a caption too long":         {Media: &provider.Media{Kind: "image", URL: "https://x.example/a", Caption: strings.Repeat("x", 1025)}},
		"a file of an unknown kind":  {Media: &provider.Media{Kind: "hologram", URL: "https://x.example/a"}},
		"a template by name":         {Template: &provider.Template{Name: "welcome"}},
		"a template's SID in pieces": {Template: &provider.Template{Name: "HX1"}},
		"a reaction":                 {Reaction: &provider.Reaction{Target: "SM1", Emoji: "👍"}},
		"a form":                     {Interactive: &provider.Interactive{Body: "x", Flow: &provider.Flow{ID: "1"}}},
		"a choice that is too long":  {Interactive: &provider.Interactive{Body: strings.Repeat("x", 1600), Buttons: []provider.Choice{{Title: "y"}}}},
		"a place beyond the pole":    {Location: &provider.Location{Latitude: 91}},
	} {
		m.Key, m.To = "k", "385919998888"
		_, err := server.adapter().Send(t.Context(), server.channel(), m)
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, name)
		require.Equal(t, provider.Refused, failed.Outcome, name)
		require.NotEmpty(t, failed.Sentence)
	}
	_, err := server.adapter().Send(t.Context(), server.channel(), provider.Message{Key: "k", Text: "x"})
	var failed *provider.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.Refused, failed.Outcome, "no recipient")
	require.Empty(t, server.seen())
}

func TestAChannelWithoutAccountOrKeyIsPausedAndCallsNobody(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusCreated, taken))
	for _, spoil := range []func(*provider.Channel){
		func(ch *provider.Channel) { ch.AccountID = "" },
		func(ch *provider.Channel) { ch.Credentials.APIKey = "" },
		func(ch *provider.Channel) { ch.BaseURL = "https://evil.example" },
	} {
		ch := server.channel()
		spoil(&ch)
		_, err := server.adapter().Send(t.Context(), ch, provider.Message{Key: "k", To: "1", Text: "x"})
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, []any{provider.NotSent, provider.PauseChannel}, []any{failed.Outcome, failed.Effect})
		require.Error(t, server.adapter().Test(t.Context(), ch))
	}
	require.Empty(t, server.seen())
}

func TestARefusalSaysWhatFollows(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Outcome   provider.Outcome
		Effect    provider.Effect
		Throttled bool
	}
	throttled, transient, paused := outcome{provider.NotSent, 0, true}, outcome{provider.NotSent, 0, false}, outcome{provider.NotSent, provider.PauseChannel, false}
	refused := func(e provider.Effect) outcome { return outcome{provider.Refused, e, false} }
	unknown := outcome{provider.Unknown, 0, false}
	cases := map[string]outcome{}
	for want, codes := range map[outcome][]int{
		throttled:                        {63018, 63017, 14107, 20429, 63038},
		transient:                        {63012, 63009, 63010, 63021, 30001, 30008},
		paused:                           {63007, 63020, 63001, 63025, 63032, 63062, 20003, 63013},
		refused(provider.CloseWindow):    {63016},
		refused(provider.Unreachable):    {63003, 63024, 21211, 21614, 63033, 30003, 30005},
		refused(provider.StopAll):        {21610, 63014},
		refused(provider.StopMarketing):  {63049},
		refused(provider.CheckTemplates): {21655, 21656, 63027, 63028, 63029, 63040, 63041},
		refused(0):                       {63005, 63019, 63034, 11751, 21617, 63030, 63036, 12345},
	} {
		for _, code := range codes {
			cases[fmt.Sprintf(`400 {"code":%d,"message":"m","more_info":"https://www.twilio.com/docs/errors","status":400}`, code)] = want
		}
	}
	maps.Copy(cases, map[string]outcome{
		`401 {"code":20003,"message":"Authenticate","status":401}`: paused,
		`401 `:                            paused,
		`403 <html>`:                      paused,
		`404 {"code":20404,"status":404}`: paused,
		`302 `:                            paused,
		`429 `:                            throttled,
		`429 <html>`:                      throttled,
		`500 {"code":20500,"status":500}`: transient,
		`503 <html>`:                      transient,
		`500 `:                            unknown,
		`502 <html>Bad Gateway</html>`:    unknown,
		`504 `:                            unknown,
		`202 `:                            unknown,
		`201 <html>`:                      unknown,
		`201 {}`:                          unknown,
		`201 {"sid":null}`:                unknown,
		`201 {"sid":"../x"}`:              unknown,
		`201 `:                            unknown,
		`400 `:                            refused(0),
		`201 {"sid":"SM00000000000000000000000000000009","status":"failed","error_code":63016}`: refused(provider.CloseWindow),
		`201 {"sid":"SM00000000000000000000000000000009","status":"failed","error_code":null}`:  refused(0),
	})
	for answer, want := range cases {
		var status int
		_, err := fmt.Sscanf(answer, "%d", &status)
		require.NoError(t, err)
		server := serve(t, answering(status, answer[4:]))
		_, err = server.adapter().Send(t.Context(), server.channel(), provider.Message{Key: "k", To: "385919998888", Text: "x"})
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, answer)
		require.Equal(t, want, outcome{failed.Outcome, failed.Effect, failed.Throttled}, answer)
		require.NotEmpty(t, failed.Sentence, answer)
		require.NotContains(t, failed.Error(), "token")
		require.Len(t, server.seen(), 1, "one call, whatever comes")
	}
}

func TestTwiliosWishToWaitIsKept(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := server.adapter().Send(t.Context(), server.channel(), provider.Message{Key: "k", To: "385919998888", Text: "x"})
	var failed *provider.SendError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 7*time.Second, failed.RetryAfter)
	day := serve(t, answering(http.StatusTooManyRequests, `{"code":63038}`))
	_, err = day.adapter().Send(t.Context(), day.channel(), provider.Message{Key: "k", To: "385919998888", Text: "x"})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, time.Hour, failed.RetryAfter)
}

func TestTheTestListsAMessageAndNeverSends(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusOK, `{"messages":[]}`))
	require.NoError(t, server.adapter().Test(t.Context(), server.channel()))
	require.Equal(t, []exchange{{"GET", "/2010-04-01/Accounts/" + account + "/Messages.json", "PageSize=1", "", account, "token", ""}}, server.seen())
	refusing := serve(t, answering(http.StatusUnauthorized, `{"code":20003,"status":401}`))
	require.ErrorContains(t, refusing.adapter().Test(t.Context(), refusing.channel()), "credentials")
}

func TestTypingNamesTheMessageThatIsAnswered(t *testing.T) {
	t.Parallel()
	server := serve(t, answering(http.StatusOK, `{"success":true}`))
	require.NoError(t, server.adapter().Typing(t.Context(), server.channel(), "385919998888", "SM1/2"))
	require.NoError(t, server.adapter().MarkRead(t.Context(), server.channel(), "SM1"))
	calls := server.seen()
	require.Len(t, calls, 1)
	require.Equal(t, "/v3/Indicators/Typing.json", calls[0].path)
	require.JSONEq(t, `{"channel":"WHATSAPP","messageId":"SM1"}`, calls[0].body)
}

func TestCredentialsDoNotFollowAFileToItsPlace(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch r.URL.Path {
		case "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1":
			http.Redirect(w, r, "/cdn/ME1", http.StatusTemporaryRedirect)
		case "/cdn/ME1":
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, "bytes")
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	open := func(address string) (provider.MediaFile, error) {
		return server.adapter().OpenMedia(t.Context(), server.channel(), provider.Attachment{URL: address})
	}
	file, err := open(server.URL + "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1")
	require.NoError(t, err)
	body, err := io.ReadAll(file.Body)
	require.NoError(t, err)
	require.NoError(t, file.Body.Close())
	require.Equal(t, []any{"bytes", "image/png", int64(5)}, []any{string(body), file.Type, file.Size})
	calls := server.seen()
	require.Equal(t, []string{account, ""}, []string{calls[0].user, calls[1].user})

	_, err = open(server.URL + "/gone")
	require.ErrorIs(t, err, provider.ErrMediaGone)
	for _, bad := range []string{server.URL + "/round", server.URL + "/inside", server.URL + "/refused"} {
		_, err = open(bad)
		require.Error(t, err, bad)
		require.NotErrorIs(t, err, provider.ErrMediaGone)
	}
	before := len(server.seen())
	for _, foreign := range []string{"", "https://evil.example/x", "http://169.254.169.254/", server.URL + ".evil.example/x", server.URL + "@evil.example/x", "file:///etc/passwd"} {
		_, err = open(foreign)
		require.Error(t, err, foreign)
	}
	require.Len(t, server.seen(), before, "nobody else is asked")
}

func TestTemplatesAreListedOverAllPages(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.URL.Query().Get("PageToken") == "" {
			_, _ = io.WriteString(w, `{"contents":[{"sid":"`+content+`","friendly_name":"f","language":"en","variables":{"1":"Ana","2":"7"},
				"types":{"twilio/text":{"body":"plain"},"whatsapp/card":{"body":"Hi {{1}}, order {{2}}","header_text":"Order","footer":"Bye","media":null,
				"actions":[{"type":"QUICK_REPLY","title":"Yes","id":"y"},{"type":"URL","title":"Open","url":"https://x.example/{{3}}"},{"type":"PHONE_NUMBER","title":"Call","phone":"+385"}]}},
				"approval_requests":{"name":"order_ready","category":"UTILITY","content_type":"whatsapp/card","status":"approved","rejection_reason":"","allow_category_change":true}}],
				"meta":{"key":"contents","next_page_url":"https://evil.example/v1/ContentAndApprovals?PageSize=500&PageToken=2"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"contents":[
			{"sid":"HX00000000000000000000000000000002","friendly_name":"picture","language":"de","variables":{},
			"types":{"twilio/media":{"body":"Schau","media":["https://x.example/a.JPG"]}},"approval_requests":{"name":"bild","category":"MARKETING","status":"paused"}},
			{"sid":"HX00000000000000000000000000000003","friendly_name":"order_ready","language":"en","variables":{},
			"types":{"twilio/text":{"body":"of another use"}},"approval_requests":{}},
			{"sid":"HX00000000000000000000000000000004","friendly_name":"order_ready","language":"en","variables":{},
			"types":{"twilio/text":{"body":"of another use"}},"approval_requests":{"name":"order_ready","status":"unsubmitted"}},
			{"sid":"HX00000000000000000000000000000005","friendly_name":"f","language":"en","variables":{"1":"7","2":"Ana","name":"Bo","9":"a"},
			"types":{"whatsapp/card":{"header_text":"Order {{1}}","body":"{{ name }} and {{2}}, {{2}}","actions":[{"type":"URL","title":"Open","url":"https://x.example/{{9}}"}]}},
			"approval_requests":{"name":"counted","category":"UTILITY","status":"approved"}}],"meta":{"next_page_url":null}}`)
	})
	list, err := server.adapter().Templates(t.Context(), server.channel())
	require.NoError(t, err)
	require.Equal(t, []provider.TemplateState{
		{
			ID: content, Name: "order_ready", Language: "en", Category: "utility", Status: "approved", Header: &provider.TemplateHeader{Kind: "text", Text: "Order"},
			Body: "Hi {{1}}, order {{2}}", Footer: "Bye", Examples: []string{"Ana", "7"}, Buttons: []provider.TemplateChoice{
				{Kind: "quick_reply", Text: "Yes"}, {Kind: "url", Text: "Open", Value: "https://x.example/{{1}}"}, {Kind: "phone_number", Text: "Call", Value: "+385"},
			},
			Names: &provider.ValueNames{Body: []string{"1", "2"}, Buttons: []string{"", "3", ""}},
		},
		{
			ID: "HX00000000000000000000000000000002", Name: "bild", Language: "de", Category: "marketing", Status: "paused", Body: "Schau",
			Header: &provider.TemplateHeader{Kind: "image", Example: "https://x.example/a.JPG"}, Names: &provider.ValueNames{},
		},
		{
			ID: "HX00000000000000000000000000000005", Name: "counted", Language: "en", Category: "utility", Status: "approved",
			Header: &provider.TemplateHeader{Kind: "text", Text: "Order {{1}}", Example: "7"}, Body: "{{2}} and {{1}}, {{1}}", Examples: []string{"Ana", "Bo"},
			Buttons: []provider.TemplateChoice{{Kind: "url", Text: "Open", Value: "https://x.example/{{1}}", Example: "a"}},
			Names:   &provider.ValueNames{Body: []string{"2", "name"}, Header: "1", Buttons: []string{"9"}},
		},
	}, list, "what WhatsApp was not asked about is no template; each part's values are counted from 1")
	require.Len(t, server.seen(), 2)
}

func TestATemplateIsMadeAndHandedOver(t *testing.T) {
	t.Parallel()
	var refuse atomic.Bool
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, `{"contents":[],"meta":{}}`)
		case r.URL.Path == "/v1/Content":
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sid":"`+content+`"}`)
		case refuse.Load():
			w.WriteHeader(http.StatusBadRequest)
		default:
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"name":"order_ready","category":"UTILITY","status":"received","rejection_reason":""}`)
		}
	})
	draft := provider.TemplateState{
		Name: "order_ready", Language: "en", Category: "utility", Header: &provider.TemplateHeader{Kind: "text", Text: "Order {{1}}", Example: "seven"},
		Body: "Hi {{1}}, {{2}}", Footer: "Bye", Examples: []string{"Ana", "it is ready"},
		Buttons: []provider.TemplateChoice{{Kind: "url", Text: "Open", Value: "https://x.example/{{1}}", Example: "o/7"}, {Kind: "quick_reply", Text: "Yes"}},
	}
	made, err := server.adapter().CreateTemplate(t.Context(), server.channel(), draft)
	require.NoError(t, err)
	require.Equal(t, []string{content, "received"}, []string{made.ID, made.Status})
	calls := server.seen()[1:] // after a look for what an earlier try left
	require.Len(t, calls, 2)
	require.JSONEq(t, `{"friendly_name":"order_ready","language":"en","variables":{"1":"Ana","2":"it is ready","3":"seven","4":"o/7"},
		"types":{"whatsapp/card":{"body":"Hi {{1}}, {{2}}","header_text":"Order {{3}}","footer":"Bye","actions":[
		{"type":"URL","title":"Open","url":"https://x.example/{{4}}"},{"type":"QUICK_REPLY","title":"Yes","id":"button_2"}]}}}`, calls[0].body)
	require.Equal(t, "/v1/Content/"+content+"/ApprovalRequests/whatsapp", calls[1].path)
	require.JSONEq(t, `{"name":"order_ready","category":"UTILITY"}`, calls[1].body)

	refuse.Store(true)
	_, err = server.adapter().CreateTemplate(t.Context(), server.channel(), draft)
	require.Error(t, err)
	calls = server.seen()
	require.Equal(t, exchange{"DELETE", "/v1/Content/" + content, "", "", account, "token", ""}, calls[len(calls)-1], "nothing is left behind")

	before := len(server.seen())
	for name, bad := range map[string]provider.TemplateState{
		"a name in capitals":      {Name: "Order", Category: "utility", Body: "x"},
		"no category":             {Name: "order", Body: "x"},
		"no example":              {Name: "order", Category: "utility", Body: "{{1}}"},
		"a place as the header":   {Name: "order", Category: "utility", Body: "x", Header: &provider.TemplateHeader{Kind: "location"}},
		"an unknown button":       {Name: "order", Category: "utility", Body: "x", Buttons: []provider.TemplateChoice{{Kind: "flow"}}},
		"a code without a button": {Name: "order", Category: "authentication", Body: "x"},
	} {
		_, err := server.adapter().CreateTemplate(t.Context(), server.channel(), bad)
		require.Error(t, err, name)
	}
	require.Len(t, server.seen(), before)
}

// Whoever submits again, because the answer of the first try was lost, must not make a second one.
func TestWhatAnEarlierTryLeftIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		approval string
		body     string
		calls    []string
	}{
		"made and not handed over": {`{}`, "Hi {{1}}", []string{"POST /v1/Content/" + content + "/ApprovalRequests/whatsapp"}},
		"handed over":              {`{"name":"order_ready","category":"UTILITY","status":"pending"}`, "Hi {{1}}", nil},
		"another text of the name": {`{}`, "Ho {{1}}", []string{"POST /v1/Content", "POST /v1/Content/HX00000000000000000000000000000009/ApprovalRequests/whatsapp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				switch {
				case r.Method == http.MethodGet:
					_, _ = io.WriteString(w, `{"contents":[{"sid":"`+content+`","friendly_name":"order_ready","language":"en","variables":{"1":"Ana"},
						"types":{"twilio/text":{"body":"`+c.body+`"}},"approval_requests":`+c.approval+`}],"meta":{}}`)
				case r.URL.Path == "/v1/Content":
					_, _ = io.WriteString(w, `{"sid":"HX00000000000000000000000000000009"}`)
				default:
					_, _ = io.WriteString(w, `{"name":"order_ready","category":"UTILITY","status":"received"}`)
				}
			})
			made, err := server.adapter().CreateTemplate(t.Context(), server.channel(), provider.TemplateState{
				Name: "order_ready", Language: "en", Category: "utility", Body: "Hi {{1}}", Examples: []string{"Ana"},
			})
			require.NoError(t, err)
			require.NotEmpty(t, made.ID)
			var calls []string
			for _, call := range server.seen()[1:] {
				calls = append(calls, call.method+" "+call.path)
			}
			require.Equal(t, c.calls, calls)
		})
	}
}

func TestOnlyTheContentsThatPeopleSeeAreDeleted(t *testing.T) {
	t.Parallel()
	ids := []string{"HX00000000000000000000000000000001", "HX00000000000000000000000000000002", "HX00000000000000000000000000000003"}
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case strings.HasSuffix(r.URL.Path, ids[0]):
			w.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, ids[2]):
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	require.NoError(t, server.adapter().DeleteTemplate(t.Context(), server.channel(), "order", []string{"", "../Accounts", ids[0], ids[1]}))
	var gone []string
	for _, c := range server.seen() {
		gone = append(gone, c.method+" "+c.path)
	}
	require.Equal(t, []string{"DELETE /v1/Content/" + ids[0], "DELETE /v1/Content/" + ids[1]}, gone, "one that is gone already keeps no other")
	require.Error(t, server.adapter().DeleteTemplate(t.Context(), server.channel(), "order", ids[2:]))
}
