package whatsapp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const (
	messagesSQL = `SELECT count(*) FROM messages WHERE direction = 'in'`
	listedSQL   = `SELECT count(*) FROM inbound_errors`
)

func TestNothingIsStoredWithoutTheChannelsSecret(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	other := b.newChannel(tenantRow(t, b.db), "447860099300")
	body := []byte(textBody("385911111111", ourNumber, "Hello.", ""))
	for name, header := range map[string]http.Header{
		"none":                     {},
		"wrong value":              {"X-Secret": {"wrong"}},
		"a longer value":           {"X-Secret": {"s3cret " + ourNumber + "x"}},
		"the other tenant's":       secretOf(other),
		"twice, the second right":  {"X-Secret": {"wrong", "s3cret " + ourNumber}},
		"in another header":        {"X-Other": {"s3cret " + ourNumber}},
		"as Basic credentials":     {"Authorization": {"Basic czNjcmV0OnMzY3JldA=="}},
		"empty":                    {"X-Secret": {""}},
		"with white space around":  {"X-Secret": {" s3cret " + ourNumber + "\t"}},
		"a guess at a signature":   {"X-Infobip-Signature": {"sha256=00"}},
		"an unauthenticated other": {"X-Forwarded-For": {"127.0.0.1"}},
	} {
		err := b.engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: header, Body: body})
		require.ErrorIs(t, err, provider.ErrUnauthenticated, name)
	}
	require.Zero(t, b.count(messagesSQL))
	require.Zero(t, b.count(`SELECT count(*) FROM inbound_errors`))
}

func TestAnUnknownChannelAndAnotherProvidersPathAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	body := []byte(textBody("385911111111", ourNumber, "Hello.", ""))
	err := b.engine.Receive(t.Context(), "infobip", flomastr.NewID[flomastr.ChannelID](), whatsapp.WebhookRequest{Header: b.header(), Body: body})
	require.ErrorIs(t, err, whatsapp.ErrChannelNotFound)
	err = b.engine.Receive(t.Context(), "meta", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: body})
	require.ErrorIs(t, err, whatsapp.ErrChannelNotFound)
}

func TestBasicCredentialsOpenAChannelThatAsksForThem(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{
		Webhook: &provider.WebhookSecret{Username: "hook", Password: "pa:ss"},
	})
	require.NoError(t, err)
	request := &http.Request{Header: http.Header{}}
	request.SetBasicAuth("hook", "pa:ss")
	body := []byte(textBody("385911111111", ourNumber, "Hello.", ""))
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: request.Header, Body: body}))
	require.ErrorIs(t, b.engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: body}), provider.ErrUnauthenticated, "the old secret")
}

// A hostile or broken body never costs more than itself: it is refused once, or kept on the error list with 200, so that
// the provider does not bring it again for days.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	fine := func() string { return textResult("385911111111", ourNumber, "I am fine.", "") }
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	manyKeys := &bytes.Buffer{}
	manyKeys.WriteString(`{"results":[],"x":{`)
	for i := range 200_000 {
		fmt.Fprintf(manyKeys, `"k%d":1,`, i)
	}
	manyKeys.WriteString(`"z":1}}`)
	with := func(field, value string) string {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(textResult("385911111111", ourNumber, "Hi.", "")), &m); err != nil {
			t.Fatal(err)
		}
		m[field] = json.RawMessage(value)
		out, err := json.Marshal(m)
		if err != nil {
			// The value is not JSON that Go would write; splice it in by hand.
			m[field] = json.RawMessage(`"@@"`)
			out, _ = json.Marshal(m)
			return envelope(strings.ReplaceAll(string(out), `"@@"`, value))
		}
		return envelope(string(out))
	}
	for name, c := range map[string]struct {
		body      string
		malformed bool // 400
		messages  int
		listed    int
	}{
		"empty":                              {body: "", malformed: true, listed: 1},
		"truncated":                          {body: envelope(fine())[:60], malformed: true, listed: 1},
		"two documents":                      {body: `{"results":[]}{"results":[]}`, malformed: true, listed: 1},
		"a comment":                          {body: `/* hi */ {"results":[]}`, malformed: true, listed: 1},
		"NaN":                                {body: `{"results":[NaN]}`, malformed: true, listed: 1},
		"HTML":                               {body: `<html>`, malformed: true, listed: 1},
		"100,000 levels deep":                {body: deep, malformed: true, listed: 1},
		"200,000 keys":                       {body: manyKeys.String()},
		"an empty object":                    {body: `{}`, listed: 1},
		"an array":                           {body: `[]`, listed: 1},
		"a string":                           {body: `"results"`, listed: 1},
		"null":                               {body: `null`, listed: 1},
		"results null":                       {body: `{"results":null}`, listed: 1},
		"results a string":                   {body: `{"results":"x"}`, listed: 1},
		"results empty":                      {body: `{"results":[]}`},
		"null beside a good one":             {body: envelope("null", fine()), messages: 1, listed: 1},
		"a number beside a good one":         {body: envelope("7", fine()), messages: 1, listed: 1},
		"a foreign number beside a good one": {body: envelope(textResult("385911111111", "447860000000", "x", ""), fine()), messages: 1, listed: 1},
		"our own number as the sender":       {body: textBody(ourNumber, ourNumber, "echo", ""), listed: 1},
		"an unknown event":                   {body: `{"beam":{"type":"HOLOGRAM"}}`, listed: 1},
		"no message id":                      {body: with("messageId", `""`), listed: 1},
		"a message id of 513 characters":     {body: with("messageId", `"`+strings.Repeat("x", 513)+`"`), listed: 1},
		"a control character in the id":      {body: with("messageId", `"a\u0007b"`), listed: 1},
		"message a string":                   {body: with("message", `"TEXT"`), listed: 1},
		"message empty":                      {body: with("message", `{}`), messages: 1},
		"contact null":                       {body: with("contact", `null`), messages: 1},
		"contact a number":                   {body: with("contact", `5`), messages: 1},
		"contact empty":                      {body: with("contact", `{}`), messages: 1},
		"price absurd":                       {body: with("price", `{"pricePerMessage":1e999,"currency":"EUR"}`), messages: 1},
		"an id that is a number":             {body: with("messageId", `12345678901234567890`), messages: 1},
		"a sender that is a number":          {body: with("from", `385911111111`), messages: 1},
		"a sender with an apostrophe":        {body: with("from", `"38591'; DROP TABLE"`), listed: 1},
		"a user id with a slash":             {body: with("contact", `{"name":"x","userId":"BR.15/0"}`), listed: 1},
		"a user id with a newline":           {body: with("contact", `{"name":"x","userId":"BR.150\n"}`), listed: 1},
		"a user id of 129 characters":        {body: with("contact", `{"userId":"BR.`+strings.Repeat("a", 129)+`"}`), listed: 1},
		"a user id of 128 characters":        {body: with("contact", `{"userId":"BR.`+strings.Repeat("a", 128)+`"}`), messages: 1},
		"no sender at all":                   {body: with("from", `null`), listed: 1},
		"NUL in the text":                    {body: with("message", `{"type":"TEXT","text":"a\u0000b"}`), messages: 1},
		"a lone surrogate in the text":       {body: with("message", `{"type":"TEXT","text":"a\ud800b"}`), messages: 1},
		"invalid UTF-8 in the text":          {body: with("message", "{\"type\":\"TEXT\",\"text\":\"a\xff\xfeb\"}"), messages: 1},
		"a duplicate key":                    {body: with("message", `{"type":"TEXT","text":"a","text":"b"}`), messages: 1},
		"a huge number":                      {body: with("message", `{"type":"TEXT","text":1e999}`), messages: 1},
		"a name of 10,000 characters":        {body: with("contact", `{"name":"`+strings.Repeat("ä", 10_000)+`"}`), messages: 1},
		"a time that is not one":             {body: with("receivedAt", `"yesterday"`), messages: 1},
		"a time in the year 9999":            {body: with("receivedAt", `"9999-12-31T23:59:59.000+0000"`), messages: 1},
		"a negative time":                    {body: with("receivedAt", `-1`), messages: 1},
		"a type nobody knows":                {body: with("message", `{"type":"HOLOGRAM","beam":{}}`), messages: 1},
		"escaped and spaced like Meta does":  {body: " \r\n" + with("message", `{"type":"TEXT","text":"\u00e9\/ 😀"}`) + "\n", messages: 1},
	} {
		t.Run(name, func(t *testing.T) {
			messages, listed := b.count(messagesSQL), b.count(listedSQL)
			for range 2 { // and again: nothing is added the second time
				err := b.post(c.body)
				if c.malformed {
					require.ErrorIs(t, err, provider.ErrNotJSON)
				} else {
					require.NoError(t, err)
				}
			}
			require.Equal(t, c.messages, b.count(messagesSQL)-messages)
			require.Equal(t, c.listed, b.count(listedSQL)-listed)
		})
	}
}

func TestForeignTextIsStoredClean(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	require.NoError(t, b.post(strings.Replace(
		textBody("385911111111", ourNumber, "one\x1b[31m two\r\nthree \u202emirror", ""), `"Ana"`, `"\u0000  A\u202en\ta \n<b>"`, 1)))
	list, _, err := b.engine.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 5})
	require.NoError(t, err)
	require.Equal(t, "An a <b>", list[0].Contact.Name)
	require.Equal(t, "+385911111111", list[0].Contact.Phone)
	require.Equal(t, "one[31m two\nthree \u202emirror", b.thread()[0].Text, "marks of right-to-left text stay in a text")
}

func TestFiftyConcurrentCopiesAreOneMessageAndOneAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	second := b.another(options{settings: quick()})
	b.work(b.engine, second)
	body := []byte(textBody("385911111111", ourNumber, "Only once, please.", "wamid.same"))
	var group sync.WaitGroup
	for i := range 50 {
		engine := []*whatsapp.Engine{b.engine, second}[i%2]
		group.Go(func() {
			if err := engine.Receive(context.Background(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: body}); err != nil {
				t.Errorf("copy %d: %v", i, err)
			}
		})
	}
	group.Wait()
	b.eventually("an answer", func() bool { return len(b.ledger.all()) > 0 })
	time.Sleep(300 * time.Millisecond) // a second answer would come now
	require.Len(t, b.ledger.all(), 1)
	require.Equal(t, 1, b.count(messagesSQL))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs`))
}

func TestTheSameIDOnTwoChannelsIsTwoMessages(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	other := b.newChannel(tenantRow(t, b.db), "447860099300")
	require.NoError(t, b.post(textBody("385911111111", ourNumber, "Hello A.", "wamid.shared")))
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385911111111", other.Number, "Hello B.", "wamid.shared"))}))
	require.Equal(t, "Hello A.", b.thread()[0].Text)
	b.tenant = other.Tenant
	require.Equal(t, "Hello B.", b.thread()[0].Text)
}

func TestManyRequestsShareACommitAndEachGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	counting := &countingStore{}
	settings := quick()
	b := setup(t, options{settings: settings, wrap: counting.wrap})
	counting.delay = 20 * time.Millisecond
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			from := fmt.Sprintf("3859111%05d", i)
			if err := b.post(textBody(from, ourNumber, "Hello.", "")); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 100, b.count(messagesSQL))
	require.Less(t, counting.commits(), 50, "commits are shared")
}

// countingStore slows commits down and counts them.
type countingStore struct {
	whatsapp.Store
	mu    sync.Mutex
	n     int
	delay time.Duration
}

func (c *countingStore) wrap(s whatsapp.Store) whatsapp.Store { c.Store = s; return c }

func (c *countingStore) commits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *countingStore) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) ([]whatsapp.Stored, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	time.Sleep(c.delay)
	return c.Store.SaveIntake(ctx, tenant, intake)
}

// poisonStore refuses whatever batch holds a certain text, as a database refuses a value that it cannot hold.
type poisonStore struct{ whatsapp.Store }

func (p poisonStore) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) ([]whatsapp.Stored, error) {
	time.Sleep(20 * time.Millisecond) // so that requests meet in a batch
	for _, in := range intake {
		if in.Inbound != nil && in.Inbound.Text == "poison" {
			return nil, fmt.Errorf("invalid byte sequence")
		}
	}
	return p.Store.SaveIntake(ctx, tenant, intake)
}

func TestAPoisonedElementHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	b := setup(t, options{wrap: func(s whatsapp.Store) whatsapp.Store { return poisonStore{s} }})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			from := fmt.Sprintf("3859111%05d", i)
			body := textBody(from, ourNumber, "Hello.", "")
			if i == 7 {
				body = envelope(textResult(from, ourNumber, "before", ""), textResult(from, ourNumber, "poison", ""), textResult(from, ourNumber, "after", ""))
			}
			if err := b.post(body); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 21, b.count(messagesSQL))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM inbound_errors WHERE reason = 'cannot_store'`))
}

// hangingStore is a database that does not answer.
type hangingStore struct {
	whatsapp.Store
	hang chan struct{}
}

func (h hangingStore) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) ([]whatsapp.Stored, error) {
	select {
	case <-h.hang:
		return h.Store.SaveIntake(ctx, tenant, intake)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestADatabaseThatHangsIsAnsweredUnavailableAndTheBacklogIsBounded(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	settings := quick()
	settings.StoreTimeout, settings.PendingItems = time.Second, 10
	b := setup(t, options{settings: settings, wrap: func(s whatsapp.Store) whatsapp.Store { return hangingStore{s, hang} }})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			err := b.post(textBody(fmt.Sprintf("3859111%05d", i), ourNumber, "Hello.", ""))
			if flomastr.KindOf(err) != flomastr.Unavailable {
				t.Errorf("request %d: %v", i, err)
			}
		})
	}
	group.Wait()
	close(hang)
	b.eventually("it recovers by itself", func() bool { return b.post(textBody("385911111111", ourNumber, "Hello.", "")) == nil })
}

func TestASuspendedTenantsMessagesAreStoredAndNotAnsweredUntilItIsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	setStatus := func(status string) {
		platformExec(t, b.db, `UPDATE tenants SET status = $2 WHERE id = $1`, b.tenant, status)
	}
	setStatus("suspended")
	b.work()
	b.says("385911111111", "Anybody there?")
	time.Sleep(300 * time.Millisecond)
	require.Empty(t, b.ledger.all())
	require.Equal(t, 1, b.count(messagesSQL))
	setStatus("active")
	b.eventually("it is answered", func() bool { return len(b.ledger.all()) == 1 })
}
