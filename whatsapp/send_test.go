package whatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// dying is a store whose process is killed at a named point: from then on nothing of it reaches the database, and
// whatever it was about to hear it never hears.
type dying struct {
	whatsapp.Store
	mu    sync.Mutex
	point string
	dead  bool
}

var errKilled = errors.New("killed")

// at tells whether the process is dead, killing it when the point has come.
func (d *dying) at(point string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if point == d.point {
		d.dead = true
	}
	return d.dead
}

func (d *dying) ClaimLanes(ctx context.Context, kind whatsapp.LaneKind, want int, lease time.Duration, busy []flomastr.TenantID) ([]whatsapp.Lane, error) {
	if d.at("") {
		return nil, errKilled
	}
	lanes, err := d.Store.ClaimLanes(ctx, kind, want, lease, busy)
	if len(lanes) > 0 && d.at("after claiming a "+string(kind)) {
		return nil, errKilled
	}
	return lanes, err
}

func (d *dying) RenewLane(ctx context.Context, lane whatsapp.Lane, lease time.Duration) error {
	if d.at("") {
		return errKilled
	}
	return d.Store.RenewLane(ctx, lane, lease)
}

func (d *dying) LoadTurn(ctx context.Context, lane whatsapp.Lane, history int) (whatsapp.Work, error) {
	work, err := d.Store.LoadTurn(ctx, lane, history)
	if d.at("after loading the turn") {
		return work, errKilled
	}
	return work, err
}

func (d *dying) SaveDecision(ctx context.Context, lane whatsapp.Lane, out whatsapp.Outcome) (whatsapp.Sending, bool, error) {
	if d.at("before saving the decision") {
		return whatsapp.Sending{}, false, errKilled
	}
	if d.point == "after claiming a send" || d.point == "before the intent" || d.point == "after the intent" {
		out.SendNow = false // take the long way
	}
	s, now, err := d.Store.SaveDecision(ctx, lane, out)
	if d.at("after saving the decision") {
		return whatsapp.Sending{}, false, errKilled
	}
	return s, now, err
}

func (d *dying) BeginSend(ctx context.Context, lane whatsapp.Lane) (whatsapp.Sending, error) {
	if d.at("before the intent") {
		return whatsapp.Sending{}, errKilled
	}
	s, err := d.Store.BeginSend(ctx, lane)
	if d.at("after the intent") {
		return whatsapp.Sending{}, errKilled
	}
	return s, err
}

func (d *dying) MayCall(ctx context.Context, s whatsapp.Sending) (string, error) {
	if d.at("before the call") {
		// A dead process neither calls nor settles.
		<-ctx.Done()
		return "", errKilled
	}
	return d.Store.MayCall(ctx, s)
}

func (d *dying) SettleSend(ctx context.Context, s whatsapp.Sending, r whatsapp.Result) (bool, error) {
	if d.at("after the call") {
		return false, errKilled
	}
	more, err := d.Store.SettleSend(ctx, s, r)
	if d.at("after recording") {
		return false, errKilled
	}
	return more, err
}

// At every arrow of the send protocol one process dies and another takes over. The provider removes no duplicates: its
// ledger shows whether the customer got the answer twice. A message is either there once, or it is shown as unknown.
func TestACrashAtAnyPointSendsNothingTwiceAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		point string
		sent  int
		state provider.State
	}{
		{"after claiming a turn", 1, provider.StateAccepted},
		{"after loading the turn", 1, provider.StateAccepted},
		{"before saving the decision", 1, provider.StateAccepted},
		{"after saving the decision", 0, provider.StateUnknown}, // the intent was committed with it
		{"after claiming a send", 1, provider.StateAccepted},
		{"before the intent", 1, provider.StateAccepted},
		{"after the intent", 0, provider.StateUnknown},
		{"before the call", 0, provider.StateUnknown},
		{"after the call", 1, provider.StateUnknown}, // it was taken, and nobody was left to write that down
		{"after recording", 1, provider.StateAccepted},
	} {
		t.Run(c.point, func(t *testing.T) {
			t.Parallel()
			settings, short := quick(), quick()
			settings.Lease, settings.SendLease = 20*time.Second, 20*time.Second // a busy machine must not fence the survivor
			short.Lease, short.SendLease, short.DrainTimeout = 1500*time.Millisecond, 1500*time.Millisecond, time.Millisecond
			victim := &dying{point: c.point}
			b := setup(t, options{settings: settings})
			first := b.another(options{settings: short, wrap: func(s whatsapp.Store) whatsapp.Store { victim.Store = s; return victim }})
			b.says("385911111111", "Only once, please.")
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { _ = first.Work(ctx); close(ended) }()
			b.eventually("the first process dies", func() bool { return victim.at("") })
			stop()
			b.work() // the survivor
			b.eventually("the answer comes to rest", func() bool {
				messages := b.thread()
				return len(messages) == 2 && messages[1].State == c.state
			})
			time.Sleep(1700 * time.Millisecond) // longer than a lease: a second send would come now
			require.Len(t, b.ledger.to("385911111111"), c.sent)
			require.Equal(t, c.state, b.thread()[1].State)
			if c.state == provider.StateUnknown {
				require.NotEmpty(t, b.thread()[1].Problem, "people are told")
			}
			<-ended
			// A report on our own id settles what was unknown.
			require.NoError(t, b.post(deliveryBody(b.thread()[1].ID.String(), 3, 5)))
			require.Equal(t, provider.StateDelivered, b.thread()[1].State)
		})
	}
}

// A worker that sleeps through its lease (a stopped process, a long pause) finds that it may change nothing any more.
func TestAWokenWorkerIsFenced(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.says("385911111111", "Hello?")
	claim := func(lease time.Duration) whatsapp.Lane {
		t.Helper()
		var lanes []whatsapp.Lane
		b.eventually("a claim", func() bool {
			var err error
			lanes, err = b.store.ClaimLanes(t.Context(), whatsapp.LaneTurn, 1, lease, nil)
			require.NoError(t, err)
			return len(lanes) == 1
		})
		return lanes[0]
	}
	sleeper := claim(150 * time.Millisecond)
	out := whatsapp.Outcome{
		State: whatsapp.JobCompleted, Speaker: flomastr.SpeakerAssistant, Useful: time.Hour, Lease: time.Minute,
		Decision: flomastr.Decision{Action: flomastr.ActionAnswer, Text: "late"},
		Messages: []provider.Message{{Key: flomastr.NewID[flomastr.MessageID]().String(), Text: "late"}},
	}
	time.Sleep(200 * time.Millisecond)
	_, _, err := b.store.SaveDecision(t.Context(), sleeper, out)
	require.ErrorIs(t, err, whatsapp.ErrLeaseLost, "the lease has ended although nobody else has claimed")

	heir := claim(time.Minute)
	require.Greater(t, heir.Term, sleeper.Term)
	require.Equal(t, sleeper.Job, heir.Job)
	require.NotEqual(t, sleeper.Token, heir.Token)
	require.ErrorIs(t, b.store.RenewLane(t.Context(), sleeper, time.Minute), whatsapp.ErrLeaseLost)
	require.ErrorIs(t, b.store.RetryTurn(t.Context(), sleeper, 0, "x"), whatsapp.ErrLeaseLost)
	_, err = b.store.LoadTurn(t.Context(), sleeper, 5)
	require.ErrorIs(t, err, whatsapp.ErrLeaseLost)
	_, err = b.store.MayCall(t.Context(), whatsapp.Sending{Lane: sleeper, Message: out.Messages[0]})
	require.ErrorIs(t, err, whatsapp.ErrLeaseLost)
	_, _, err = b.store.SaveDecision(t.Context(), heir, out)
	require.NoError(t, err)
	require.Equal(t, 2, b.count(`SELECT attempts FROM jobs`))
}

// The lease is lost between the intent and the call: nothing has left, and that is known, so the message goes again,
// unless a later one was begun meanwhile.
func TestAMessageWhoseCallWasNeverMadeIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ overtaken, dealt bool }{
		"and sent again":                {},
		"but never overtakes":           {overtaken: true},
		"but not once it is dealt with": {dealt: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overtaken := c.overtaken
			b := setup(t, options{})
			b.says("385911111111", "Hello.")
			send := func(text string) flomastr.MessageID {
				t.Helper()
				m, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{To: "385911111111", Message: provider.Message{Text: text}, Speaker: flomastr.SpeakerExternal})
				require.NoError(t, err)
				return m.ID
			}
			first := send("first")
			claim := func(lease time.Duration) whatsapp.Lane {
				t.Helper()
				var lanes []whatsapp.Lane
				b.eventually("a claim", func() bool {
					var err error
					lanes, err = b.store.ClaimLanes(t.Context(), whatsapp.LaneSend, 1, lease, nil)
					require.NoError(t, err)
					return len(lanes) == 1
				})
				return lanes[0]
			}
			sleeper, err := b.store.BeginSend(t.Context(), claim(time.Second))
			require.NoError(t, err)
			if overtaken {
				send("second")
			}
			heir := claim(time.Minute) // once the sleeper's lease has ended
			next, err := b.store.BeginSend(t.Context(), heir)
			state := func() provider.State {
				t.Helper()
				m, err := b.engine.Message(t.Context(), b.tenant, first)
				require.NoError(t, err)
				return m.State
			}
			require.Equal(t, provider.StateUnknown, state(), "nobody else can know")
			notSent := whatsapp.Result{Err: &provider.SendError{Outcome: provider.NotSent, Sentence: "x"}, Retry: true}
			if overtaken {
				require.NoError(t, err)
				require.Equal(t, "second", next.Message.Text)
				_, err = b.store.SettleSend(t.Context(), sleeper, notSent)
				require.NoError(t, err)
				require.Equal(t, provider.StateFailed, state())
				return
			}
			require.ErrorIs(t, err, whatsapp.ErrNothingDue)
			if c.dealt {
				tenantExec(t, b, `UPDATE outbox SET dealt_at = now(), dealt_how = 'resent'`)
				_, err = b.store.SettleSend(t.Context(), sleeper, notSent)
				require.NoError(t, err)
				require.Equal(t, provider.StateFailed, state())
				return
			}
			_, err = b.store.SettleSend(t.Context(), sleeper, notSent)
			require.NoError(t, err)
			require.Equal(t, provider.StateQueued, state())
			b.work()
			b.eventually("it is sent", func() bool { return contains(fmt.Sprint(b.ledger.to("385911111111")), "first") })
		})
	}
}

func TestAJobThatEndsItsWorkerEachTimeIsGivenUpWithTheTruth(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.TurnAttempts, settings.Texts.Fallback = 2, "Sorry."
	b := setup(t, options{settings: settings})
	b.says("385911111111", "Kill me.")
	for range 2 { // two workers die with it
		b.eventually("a claim", func() bool {
			lanes, err := b.store.ClaimLanes(t.Context(), whatsapp.LaneTurn, 1, 50*time.Millisecond, nil)
			require.NoError(t, err)
			return len(lanes) == 1
		})
	}
	b.work()
	b.eventually("the fallback", func() bool { return len(b.ledger.all()) == 1 })
	require.Contains(t, b.ledger.all()[0].Text, "Sorry.")
	require.Empty(t, b.answerer.seen(), "it is not run a third time")
}

func TestWhatAProviderAnswersDecidesWhatHappensNext(t *testing.T) {
	t.Parallel()
	status := func(code int, body string, header ...string) func(http.ResponseWriter, sent, int) bool {
		return func(w http.ResponseWriter, _ sent, _ int) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
			return false
		}
	}
	thenFine := func(first func(http.ResponseWriter, sent, int) bool) func(http.ResponseWriter, sent, int) bool {
		return func(w http.ResponseWriter, s sent, n int) bool {
			if n <= 2 {
				return first(w, s, n)
			}
			accept(w, s)
			return true
		}
	}
	cut := func(w http.ResponseWriter, _ sent, _ int) bool { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, sent, int) bool
		state  provider.State
		calls  int
		paused bool
	}{
		"503 twice, then taken":         {answer: thenFine(status(503, "<html>")), state: provider.StateAccepted, calls: 3},
		"429 twice, then taken":         {answer: thenFine(status(429, `{}`, "Retry-After", "0")), state: provider.StateAccepted, calls: 3},
		"500 for ever":                  {answer: status(500, ""), state: provider.StateFailed, calls: 3},
		"400":                           {answer: status(400, `{"requestError":{"serviceException":{"messageId":"BAD_REQUEST"}}}`), state: provider.StateFailed, calls: 1},
		"401 pauses the channel":        {answer: status(401, `{}`), state: provider.StateQueued, calls: 1, paused: true},
		"a redirect pauses the channel": {answer: status(302, ``, "Location", "http://127.0.0.1:1/"), state: provider.StateQueued, calls: 1, paused: true},
		"cut off after the request":     {answer: cut, state: provider.StateUnknown, calls: 1},
		"200 without a body":            {answer: status(200, ""), state: provider.StateUnknown, calls: 1},
		"200 with HTML":                 {answer: status(200, "<html>fine</html>"), state: provider.StateUnknown, calls: 1},
		"200 about another message":     {answer: status(200, `{"messageId":"other","status":{"groupId":1,"id":7}}`), state: provider.StateUnknown, calls: 1},
		"200 without an id":             {answer: status(200, `{"status":{"groupId":1,"id":7}}`), state: provider.StateUnknown, calls: 1},
		"204":                           {answer: status(204, ""), state: provider.StateUnknown, calls: 1},
		"200 but rejected, no credit": {state: provider.StateQueued, calls: 1, paused: true, answer: func(w http.ResponseWriter, s sent, _ int) bool {
			_, _ = fmt.Fprintf(w, `{"messageId":%q,"status":{"groupId":5,"id":12,"name":"REJECTED_NOT_ENOUGH_CREDITS"}}`, s.ID)
			return false
		}},
		"200 but blocked": {state: provider.StateFailed, calls: 1, answer: func(w http.ResponseWriter, s sent, _ int) bool {
			_, _ = fmt.Fprintf(w, `{"messageId":%q,"status":{"groupName":"REJECTED","id":14}}`, s.ID)
			return false
		}},
		"slower than the deadline": {state: provider.StateUnknown, calls: 1, answer: func(w http.ResponseWriter, s sent, _ int) bool {
			time.Sleep(2300 * time.Millisecond)
			accept(w, s)
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := quick()
			settings.SendLease, settings.SendAttempts = 9*time.Second, 3 // fewer than make an outage, in which tries cost nothing
			b := setup(t, options{settings: settings})
			b.ledger.answer = c.answer
			b.work()
			b.says("385911111111", "Hello?")
			b.eventually("it comes to rest", func() bool {
				messages := b.thread()
				return len(messages) == 2 && messages[1].State == c.state && b.count(`SELECT count(*) FROM lanes WHERE lease_until IS NOT NULL`) == 0
			})
			time.Sleep(200 * time.Millisecond)
			b.ledger.mu.Lock()
			calls := b.ledger.calls
			b.ledger.mu.Unlock()
			require.Equal(t, c.calls, calls)
			require.LessOrEqual(t, len(b.ledger.all()), 1)
			last := b.thread()[1]
			require.Equal(t, c.state, last.State)
			require.Equal(t, c.state != provider.StateAccepted, last.Problem != "", "people are told: %q", last.Problem)
			ch, err := b.engine.Channel(t.Context(), b.tenant, b.channel.ID)
			require.NoError(t, err)
			require.Equal(t, c.paused, ch.Status == whatsapp.ChannelPaused)
			require.Equal(t, c.paused, ch.PauseReason != "")
			if c.paused {
				// Once it is mended, what was kept goes out.
				b.ledger.mu.Lock()
				b.ledger.answer = nil
				b.ledger.mu.Unlock()
				_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Status: new("active")})
				require.NoError(t, err)
				b.eventually("it is sent", func() bool { return len(b.ledger.all()) == 1 })
			}
		})
	}
}

func TestAProviderThatCannotBeReachedIsTriedAgain(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.SendAttempts = 2
	b := setup(t, options{settings: settings})
	b.ledger.server.Close()
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it fails for good", func() bool {
		messages := b.thread()
		return len(messages) == 2 && messages[1].State == provider.StateFailed
	})
	require.Equal(t, "Infobip could not be reached.", b.thread()[1].Problem)
	require.Equal(t, 2, b.count(`SELECT attempts FROM outbox`))
}

// Whatever the provider does, the customer gets the answers in the order of the questions, and never two at once.
func TestAMessageThatCannotBeReadIsGivenUpAndTheNextOneGoes(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.BackoffUnit, settings.SendAttempts = 50*time.Millisecond, 1000
	b := setup(t, options{settings: settings})
	mend := b.refusing(http.StatusServiceUnavailable)
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it waits to be sent again", func() bool {
		tenantExec(t, b, `UPDATE outbox SET content = '"of another shape"' WHERE phase = 'queued'`)
		return b.count(`SELECT count(*) FROM outbox WHERE content = '"of another shape"'`) == 1
	})
	mend()
	b.says("385911111111", "And on Sunday?")
	b.eventually("the next one is sent", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "re: And on Sunday?", b.ledger.all()[0].Text)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE 'Not sent: %cannot be read%'`))
}

func TestSendsOfAConversationKeepTheirOrder(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.Lease, settings.SendLease = 20*time.Second, 30*time.Second // a busy machine must not cost an answer
	b := setup(t, options{settings: settings})
	second := b.another(options{settings: settings})
	var flying sync.Map
	b.ledger.answer = func(w http.ResponseWriter, s sent, n int) bool {
		if _, twice := flying.LoadOrStore(s.To, true); twice {
			t.Errorf("two calls at once for %s", s.To)
		}
		defer flying.Delete(s.To)
		if n%3 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
		accept(w, s)
		return true
	}
	b.work(b.engine, second)
	const contacts, each = 5, 8
	var group sync.WaitGroup
	for c := range contacts {
		group.Go(func() {
			from := fmt.Sprintf("38591110000%d", c)
			for i := range each {
				engine := []*whatsapp.Engine{b.engine, second}[(c+i)%2]
				body := textBody(from, ourNumber, fmt.Sprintf("Message %d.", i), "")
				if err := engine.Receive(context.Background(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(body)}); err != nil {
					t.Errorf("receive: %v", err)
				}
				time.Sleep(time.Duration(c*7) * time.Millisecond)
			}
		})
	}
	group.Wait()
	b.eventually("every turn is answered", func() bool {
		return b.count(`SELECT count(*) FROM jobs WHERE state <> 'completed'`) == 0 && b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0
	})
	for c := range contacts {
		next := 0
		for _, text := range b.ledger.to(fmt.Sprintf("38591110000%d", c)) {
			for next < each && contains(text, fmt.Sprintf("Message %d.", next)) {
				next++
			}
		}
		require.Equal(t, each, next, "contact %d: every message answered, in order: %v\n%s", c, b.ledger.to(fmt.Sprintf("38591110000%d", c)), b.problems())
	}
}

func TestThePaceToOneContactIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{
		Limits: &whatsapp.Limits{PerSecond: 1000, PairInterval: time.Hour, PairBurst: 2},
	})
	require.NoError(t, err)
	b.work()
	for i := range 4 {
		b.says("385911111111", fmt.Sprintf("Message %d.", i))
		b.eventually("it is decided", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state = 'completed'`) == i+1 })
	}
	b.says("385922222222", "Somebody else.")
	b.eventually("somebody else is not held up", func() bool { return len(b.ledger.to("385922222222")) == 1 })
	time.Sleep(200 * time.Millisecond)
	require.Len(t, b.ledger.to("385911111111"), 2, "the burst, and then nothing for an hour")
	require.Equal(t, 2, b.count(`SELECT count(*) FROM outbox WHERE phase = 'queued'`))
}

func TestNothingButATemplateGoesOutOfTheWindow(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("hello", "utility"))
	send := func(m provider.Message) error {
		_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{To: "+385911111111", Message: m, Speaker: flomastr.SpeakerExternal})
		return err
	}
	require.ErrorIs(t, send(provider.Message{Text: "Hi"}), whatsapp.ErrWindowClosed, "they never wrote")
	require.Zero(t, b.count(`SELECT count(*) FROM conversations`), "without side effect")
	b.says("385911111111", "Hello.")
	require.NoError(t, send(provider.Message{Text: "Hi"}))
	tenantExec(t, b, `UPDATE conversations SET window_until = now() + interval '1 minute'`)
	require.ErrorIs(t, send(provider.Message{Text: "Hi"}), whatsapp.ErrWindowClosed, "a margin is kept")
	require.NoError(t, send(provider.Message{Template: &provider.Template{Name: "hello", Language: "en"}}))
	b.work()
	b.eventually("all come to rest", func() bool { return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0 })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND text = 'Hi' AND problem LIKE '%24-hour%'`), "the window is checked when it is sent")
}

func TestAnAnswerWhoseWindowClosesBeforeItsCallIsNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work(b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store {
		return &hasty{s, func(whatsapp.Sending) { tenantExec(t, b, `UPDATE conversations SET window_until = now()`) }}
	}}))
	b.hears(provider.Inbound{Text: "Open?"})
	b.eventually("all come to rest", func() bool { return b.count(`SELECT count(*) FROM outbox WHERE phase = 'settled'`) == 1 })
	require.Empty(t, b.ledger.all())
	require.Equal(t, whatsapp.OwnerMember, b.only().OwnerKind, "a person goes on")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE '%24-hour%'`))
}

func TestReportsMoveTheStateForwardOnly(t *testing.T) {
	t.Parallel()
	type step struct {
		group, status int // 0: seen
		want          provider.State
	}
	for name, steps := range map[string][]step{
		"seen before delivered before sent": {{0, 0, provider.StateRead}, {3, 5, provider.StateRead}, {3, 2, provider.StateRead}},
		"failed after delivered":            {{3, 5, provider.StateDelivered}, {2, 9, provider.StateDelivered}},
		"delivered after failed":            {{2, 9, provider.StateFailed}, {1, 7, provider.StateFailed}, {3, 2, provider.StateFailed}, {3, 5, provider.StateDelivered}},
		"an unknown group":                  {{42, 1, provider.StateAccepted}, {3, 5, provider.StateDelivered}},
		"twice the same":                    {{3, 5, provider.StateDelivered}, {3, 5, provider.StateDelivered}, {0, 0, provider.StateRead}, {0, 0, provider.StateRead}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.work()
			b.says("385911111111", "Hello?")
			b.eventually("accepted", func() bool { m := b.thread(); return len(m) == 2 && m[1].State == provider.StateAccepted })
			id := b.thread()[1].ID.String()
			for i, s := range steps {
				body := deliveryBody(id, s.group, s.status)
				if s.group == 0 {
					body = seenBody(id)
				}
				require.NoError(t, b.post(body))
				require.Equal(t, s.want, b.thread()[1].State, "step %d", i)
			}
		})
	}
}

func TestAReportThroughAnotherChannelChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	other := b.newChannel(tenantRow(t, b.db), "447860099300")
	sibling := b.newChannel(b.tenant, "447860099301")
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("accepted", func() bool { m := b.thread(); return len(m) == 2 && m[1].State == provider.StateAccepted })
	id := b.thread()[1].ID.String()
	for _, ch := range []whatsapp.Channel{other, sibling} {
		require.NoError(t, b.engine.Receive(t.Context(), "infobip", ch.ID, whatsapp.WebhookRequest{Header: secretOf(ch), Body: []byte(deliveryBody(id, 3, 5))}))
	}
	require.Equal(t, provider.StateAccepted, b.thread()[1].State)
}

func TestAReportThatIsFasterThanOurOwnCommitIsNotLost(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.answer = func(w http.ResponseWriter, s sent, _ int) bool {
		if err := b.post(deliveryBody(s.ID, 3, 5)); err != nil {
			t.Errorf("report: %v", err)
		}
		accept(w, s)
		return true
	}
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("delivered", func() bool { m := b.thread(); return len(m) == 2 && m[1].State == provider.StateDelivered })
	time.Sleep(100 * time.Millisecond)
	require.Equal(t, provider.StateDelivered, b.thread()[1].State, "our own commit does not move it back")
}

func TestTenantsAreServedInTurn(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.Workers = 4
	b := setup(t, options{settings: settings})
	other := b.newChannel(tenantRow(t, b.db), "447860099300")
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		time.Sleep(20 * time.Millisecond)
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re"}, nil
	}
	for i := range 200 {
		b.says(fmt.Sprintf("3859111%05d", i), "Hello?")
	}
	b.work()
	b.eventually("the flood is being worked on", func() bool { return len(b.ledger.all()) > 5 })
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385933333333", other.Number, "Me?", ""))}))
	b.eventually("the other tenant is served", func() bool { return len(b.ledger.to("385933333333")) == 1 })
	require.Less(t, len(b.ledger.all()), 150, "long before the flood is over")
}

func tenantExec(t testing.TB, b *bundle, sql string) {
	t.Helper()
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(), sql)))
}
