package whatsapp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// hasty is a store under which something happens between a message's intent and its call.
type hasty struct {
	whatsapp.Store
	then func(whatsapp.Sending)
}

func (h *hasty) MayCall(ctx context.Context, s whatsapp.Sending) (string, error) {
	h.then(s)
	return h.Store.MayCall(ctx, s)
}

func TestAReportThatIsFasterThanTheSendMeansWhatALaterOneMeansOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect provider.Effect
		meant  string // counts 1 when the effect is there
		undo   string
	}{
		"the channel is paused": {
			provider.PauseChannel, `SELECT count(*) FROM channels WHERE status = 'paused' AND pause_reason = 'No money.'`,
			`UPDATE channels SET status = 'active'`,
		},
		"the window is closed": {
			provider.CloseWindow, `SELECT count(*) FROM conversations WHERE window_until <= now()`,
			`UPDATE conversations SET window_until = now() + interval '1 day'`,
		},
		"the contact stopped us": {provider.StopAll, `SELECT count(*) FROM suppressions WHERE scope = 'all'`, `DELETE FROM suppressions`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.speak()
			failed := func(s whatsapp.Sending) provider.Report {
				return provider.Report{
					Key: "wamid." + s.Message.Key, Mark: "failed", State: provider.StateFailed, At: time.Now(), Detail: "No money.", Effect: c.effect,
				}
			}
			var early whatsapp.Sending
			b.work(b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store {
				return &hasty{s, func(s whatsapp.Sending) { early = s; b.tell(provider.Batch{Reports: []provider.Report{failed(s)}}) }}
			}}))
			b.hears(provider.Inbound{Text: "Open?"})
			b.eventually("the send is settled", func() bool { return b.count(`SELECT count(*) FROM outbox WHERE phase = 'settled'`) == 1 })
			require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE state = 'failed'`))
			require.Equal(t, 1, b.count(c.meant))
			require.Zero(t, b.count(`SELECT count(*) FROM parked_reports`))

			require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(), c.undo)))
			b.tell(provider.Batch{Reports: []provider.Report{failed(early)}})
			require.Zero(t, b.count(c.meant), "told again, it has been dealt with")
		})
	}
}

// accepted makes so many messages of ours that the provider has taken, and returns its ids of them.
func accepted(tb testing.TB, b *bundle, n int) []string {
	tb.Helper()
	b.hears(provider.Inbound{Text: "Hello."})
	ids := make([]string, n)
	for i := range n {
		m, err := b.engine.Send(tb.Context(), b.tenant, whatsapp.Request{
			Channel: b.channel.ID, To: "+385911111111", Message: provider.Message{Text: "News."}, Speaker: flomastr.SpeakerExternal,
		})
		require.NoError(tb, err)
		ids[i] = "wamid." + m.ID.String()
	}
	for _, statement := range []string{
		`UPDATE outbox SET phase = 'settled', settled_at = now(), provider_message_id = 'wamid.' || message_id`,
		`UPDATE messages SET state = 'accepted' WHERE direction = 'out'`,
	} {
		require.NoError(tb, b.db.InTenant(tb.Context(), b.tenant, execFn(tb.Context(), statement)))
	}
	return ids
}

func TestABodyOfHundredsOfReportsCountsEachOnceAndInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	ids := accepted(t, b, 60)
	var reports []provider.Report
	for i, id := range append(ids, "wamid.nobody", "wamid.nobody either") {
		steps := []provider.State{provider.StateRead, provider.StateSent, provider.StateDelivered, provider.StateRead}
		if i%3 == 0 {
			steps = []provider.State{provider.StateFailed, provider.StateFailed, provider.StateDelivered}
		}
		for _, state := range steps {
			reports = append(reports, provider.Report{Key: id, Mark: string(state), State: state, At: time.Now()})
		}
	}
	events := b.count(`SELECT count(*) FROM events WHERE type = 'message.state'`)
	for range 2 {
		b.tell(provider.Batch{Reports: reports})
		require.Equal(t, 40, b.count(`SELECT count(*) FROM messages WHERE state = 'read'`))
		require.Equal(t, 20, b.count(`SELECT count(*) FROM messages WHERE state = 'delivered'`), "a delivery after a failure wins")
		require.Equal(t, 40*3+20*2, b.count(`SELECT count(*) FROM message_events`))
		require.Equal(t, 40+20*2, b.count(`SELECT count(*) FROM events WHERE type = 'message.state'`)-events, "what moves nothing is told to nobody")
		require.Equal(t, 2+3, b.count(`SELECT count(*) FROM parked_reports`), "one of them failed and was delivered, the other was read")
	}
}

func TestAReportWithOurIDTeachesUsTheProviders(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	cloud := newCloud(t)
	cloud.lost = true
	e := cloud.engine(b)
	ch := metaChannel(t, e, b.tenant, "97140000001", "101", "s")
	b.work(e)
	require.NoError(t, deliverMeta(e, ch.ID, "s", metaEntry("101", metaText("385911111111", "wamid.in", "Hello."))))
	var answer whatsapp.Message
	b.eventually("the send ends unknown", func() bool {
		list, _, err := e.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 1})
		require.NoError(t, err)
		messages, _, err := e.Messages(t.Context(), b.tenant, list[0].ID, whatsapp.Page{Limit: 1})
		require.NoError(t, err)
		answer = messages[0]
		return answer.State == provider.StateUnknown
	})
	state := func() provider.State {
		m, err := e.Message(t.Context(), b.tenant, answer.ID)
		require.NoError(t, err)
		return m.State
	}
	tell := func(status, key string) {
		require.NoError(t, deliverMeta(e, ch.ID, "s", metaEntry("101", metaStatus("wamid.out0", status, key))))
	}
	tell("delivered", "")
	require.Equal(t, provider.StateUnknown, state(), "nobody knows yet whose it is")
	tell("sent", answer.ID.String())
	require.Equal(t, provider.StateDelivered, state(), "what waited is adopted")
	tell("read", "")
	require.Equal(t, provider.StateRead, state())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE provider_message_id = 'wamid.out0'`))
	require.Len(t, cloud.all(), 1, "never sent again")
}

func TestAnEditIsAnsweredHoweverManyTriesTheTurnHasHad(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	tries := 0 // one turn of a conversation at a time
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		tries++
		switch tries {
		case 1, 2:
			return flomastr.Decision{}, context.DeadlineExceeded
		case 3:
			b.hears(edit("wamid.q", "Open on Monday?"))
		case 4:
			b.hears(edit("wamid.q", "Open on Tuesday?"))
		case 5:
			b.hears(edit("wamid.q", "Open on Wednesday?"))
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
	}
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Open on Sunday?"})
	b.work()
	b.eventually("an answer", func() bool { return len(b.ledger.all()) > 0 })
	b.settled()
	require.Equal(t, []string{"re: Open on Wednesday?"}, b.ledger.to("385911111111"))
}

func TestAnOutsideWorkersReplyMustSaySomething(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.outside(whatsapp.WorkerBoth)
	b.says("385911111111", "Hello.")
	claimed, err := b.engine.NextJob(t.Context(), b.tenant, "", 5*time.Second)
	require.NoError(t, err)
	for _, text := range []string{"", " \n\t", "\x00\u200b\u00a0\x01", strings.Repeat("x", 4097)} {
		_, err = b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, whatsapp.Completion{Reply: &provider.Message{Text: text}})
		require.Equal(t, flomastr.Invalid, flomastr.KindOf(err), "%.20q", text)
	}
	require.Zero(t, b.count(`SELECT count(*) FROM outbox`))
	job, err := b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, whatsapp.Completion{Reply: &provider.Message{Text: "Hi\x00."}})
	require.NoError(t, err, "it is still theirs")
	require.Equal(t, whatsapp.JobCompleted, job.State)
	b.work()
	b.eventually("the answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "Hi.", b.ledger.all()[0].Text)
}

func TestWhatMetaTellsOfAnAccountConcernsAllItsChannelsOfTheTenant(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	e := newCloud(t).engine(b)
	stranger := tenantRow(t, b.db)
	account := func(tenant flomastr.TenantID, number, sender string) whatsapp.Channel {
		ch := metaChannel(t, e, tenant, number, sender, "shared")
		ch, err := e.UpdateChannel(t.Context(), tenant, ch.ID, whatsapp.ChannelDraft{AccountID: new("acc1")})
		require.NoError(t, err)
		return ch
	}
	account(stranger, "97140000003", "103")
	one, two := account(b.tenant, "97140000001", "101"), account(b.tenant, "97140000002", "102")
	other := metaChannel(t, e, b.tenant, "97140000004", "104", "shared")
	tell := func(field, value string) {
		require.NoError(t, deliverMeta(e, one.ID, "shared", `{"id":"acc1","time":1764000000,"changes":[{"field":"`+field+`","value":`+value+`}]}`))
	}
	objects := func(tenant flomastr.TenantID) (out []string) {
		list, _, err := e.Alerts(t.Context(), tenant, whatsapp.AlertPage{Limit: 100, Open: true})
		require.NoError(t, err)
		for _, a := range list {
			out = append(out, a.Object)
		}
		return out
	}
	for range 2 {
		tell("account_update", `{"event":"ACCOUNT_RESTRICTION"}`)
	}
	require.ElementsMatch(t, []string{"channel " + one.ID.String(), "channel " + two.ID.String()}, objects(b.tenant))
	require.Empty(t, objects(stranger))
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(), `UPDATE alerts SET resolved_at = now()`)))
	tell("phone_number_quality_update", `{"display_phone_number":"+971 4000 0002","event":"FLAGGED","current_limit":"TIER_1K"}`)
	require.Equal(t, []string{"channel " + two.ID.String()}, objects(b.tenant), "of one number")
	tell("message_template_status_update", `{"event":"PAUSED","message_template_id":1,"message_template_name":"news","message_template_language":"en"}`)
	require.Contains(t, objects(b.tenant), "template news en")
	require.NotContains(t, objects(b.tenant), "channel "+other.ID.String())
	require.Empty(t, objects(stranger))
}
