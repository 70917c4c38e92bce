package whatsapp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// As large as a provider may make one: nothing of it is lost, and told again it is nothing new.
func TestABodyOfThreeMegabytesIsStoredWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	var results []string
	for i, size := 0, 0; size < 3<<20; i++ {
		results = append(results, textResult(fmt.Sprintf("3859%08d", i%50), ourNumber, strings.Repeat("é", 4000), fmt.Sprintf("wamid.large-%d", i)))
		size += len(results[i])
	}
	for range 2 {
		require.NoError(t, b.post(envelope(results...)))
		require.Equal(t, len(results), b.count(messagesSQL))
	}
	require.Zero(t, b.count(listedSQL))
}

// What is authentic and another provider's is kept on the list of errors, and nothing of it becomes a message.
func TestABodyOfAnotherProviderIsListedAndDoesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body      string
		malformed bool
	}{
		"Meta's message": {body: `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",
			"metadata":{"display_phone_number":"` + ourNumber + `","phone_number_id":"101"},"contacts":[{"profile":{"name":"Ana"},"wa_id":"385911111111"}],
			"messages":[{"from":"385911111111","id":"wamid.x","timestamp":"1790000000","type":"text","text":{"body":"Hi"}}]}}]}]}`},
		"Meta's status": {body: `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
			"metadata":{"phone_number_id":"101"},"statuses":[{"id":"wamid.x","status":"read","timestamp":"1790000000","recipient_id":"385911111111"}]}}]}]}`},
		"Twilio's form":        {body: "SmsMessageSid=SM1&From=whatsapp%3A%2B385911111111&To=whatsapp%3A%2B" + ourNumber + "&Body=Hi", malformed: true},
		"a list of Meta's":     {body: `[{"object":"whatsapp_business_account","entry":[]}]`},
		"Infobip's own e-mail": {body: `{"results":[{"messageId":"m","from":"a@example.com","to":"b@example.com","subject":"x"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			err := b.post(c.body)
			if c.malformed {
				require.ErrorIs(t, err, provider.ErrNotJSON)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, 1, b.count(listedSQL))
			require.Zero(t, b.count(`SELECT count(*) FROM messages`)+b.count(`SELECT count(*) FROM contacts`)+b.count(`SELECT count(*) FROM parked_reports`))
		})
	}
}

// Reports come in any order, again, and through both servers: the end is the same.
func TestReportsInEveryOrderEndTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	second := b.another(options{settings: quick()})
	reports := []func(id string) string{
		func(id string) string { return deliveryBody(id, 3, 2) },
		func(id string) string { return deliveryBody(id, 3, 5) },
		seenBody,
		func(id string) string { return deliveryBody(id, 2, 9) },
	}
	orders := permutations(len(reports))
	b.work(b.engine, second)
	for i := range orders {
		b.says(fmt.Sprintf("38591%07d", i), "Hello?")
	}
	const answersSQL = `SELECT count(*) FROM messages WHERE direction = 'out' AND state = $1`
	b.eventually("all are accepted", func() bool { return b.count(answersSQL, "accepted") == len(orders) })
	for i, s := range b.ledger.all() {
		for _, at := range orders[i] {
			for _, engine := range []*whatsapp.Engine{b.engine, second, b.engine} {
				require.NoError(t, engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(reports[at](s.ID))}))
			}
		}
	}
	require.Equal(t, len(orders), b.count(answersSQL, "read"), "seen is seen, whatever else was said before or after")
	require.Equal(t, len(orders)*len(reports), b.count(`SELECT count(*) FROM message_events WHERE mark <> 'accepted'`), "each once")
}

func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, rest := range permutations(n - 1) {
		for at := range n {
			one := append(append(append([]int{}, rest[:at]...), n-1), rest[at:]...)
			all = append(all, one)
		}
	}
	return all
}

// A storm of reports, most of them of messages that nobody knows, is taken, and a customer is answered meanwhile.
func TestAStormOfReportsIsTakenAndCustomersAreAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("accepted", func() bool { m := b.thread(); return len(m) == 2 && m[1].State == provider.StateAccepted })
	known := b.thread()[1].ID.String()
	result := func(body string) string {
		return strings.TrimSuffix(strings.TrimPrefix(body, `{"results":[`), `],"messageCount":1,"pendingMessageCount":0}`)
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			var results []string
			for j := range 50 {
				results = append(results, result(deliveryBody(fmt.Sprintf("nobody-%d-%d", i, j%25), 3, 5)), result(deliveryBody(known, 3, 5)))
			}
			err := b.post(envelope(results...))
			for flomastr.KindOf(err) == flomastr.Unavailable && t.Context().Err() == nil {
				time.Sleep(50 * time.Millisecond) // a provider brings again what was too much at once, after a while
				err = b.post(envelope(results...))
			}
			if err != nil {
				t.Errorf("storm %d: %v", i, err)
			}
		})
	}
	b.says("385922222222", "In the middle of it?")
	b.eventually("it is answered", func() bool { return len(b.ledger.to("385922222222")) == 1 })
	group.Wait()
	require.Equal(t, 1, b.count(`SELECT count(*) FROM message_events WHERE message_id = $1 AND state = 'delivered'`, known))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE id = $1 AND state = 'delivered'`, known))
	require.LessOrEqual(t, b.count(`SELECT count(*) FROM parked_reports`), 4*25, "what nobody knows is kept once for each report")
	require.Equal(t, 4, b.count(`SELECT count(*) FROM messages`), "and makes no message")
}

// A number is deleted while its webhooks, its answers and its sends are under way: each ends, and harms nobody else's.
func TestAChannelThatIsDeletedMidFlightHarmsNoOther(t *testing.T) {
	t.Parallel()
	t.Run("before a webhook of another server's memory", func(t *testing.T) {
		t.Parallel()
		settings := quick()
		settings.ChannelRefresh = 1 << 40 // it never looks again by itself
		b := setup(t, options{settings: settings})
		other := b.newChannel(b.tenant, "447860099300")
		b.says("385911111111", "Hello?") // now it remembers the channel
		tenantExec(t, b, `DELETE FROM channels WHERE id = '`+b.channel.ID.String()+`'`)
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				if err := b.post(textBody("385911111111", ourNumber, fmt.Sprint(i), "")); flomastr.KindOf(err) != flomastr.NotFound {
					t.Errorf("a webhook of a deleted number: %v", err)
				}
			})
			group.Go(func() {
				body := []byte(textBody("385911111111", other.Number, fmt.Sprint(i), ""))
				if err := b.engine.Receive(context.Background(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: body}); err != nil {
					t.Errorf("a webhook of another number: %v", err)
				}
			})
		}
		group.Wait()
		require.Equal(t, 10, b.count(messagesSQL), "the other number's, all of them")
	})
	t.Run("while an answer is made", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{})
		other := b.newChannel(b.tenant, "447860099300")
		thinking, further := make(chan struct{}), make(chan struct{})
		var once sync.Once
		b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
			if turn.Messages[0].Text == "Slowly." {
				once.Do(func() { close(thinking); <-further })
			}
			return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re", Confidence: 1}, nil
		}
		b.work()
		b.says("385911111111", "Slowly.")
		<-thinking
		require.NoError(t, b.engine.DeleteChannel(t.Context(), b.tenant, flomastr.ActorSystem, b.channel.ID))
		close(further)
		body := []byte(textBody("385922222222", other.Number, "Hello?", ""))
		require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: body}))
		b.eventually("the other number answers", func() bool { return len(b.ledger.to("385922222222")) == 1 })
		require.Empty(t, b.ledger.to("385911111111"))
		require.Zero(t, b.count(`SELECT count(*) FROM jobs WHERE channel_id = $1`, b.channel.ID))
	})
}
