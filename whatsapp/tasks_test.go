package whatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// unsure has something to say and does not dare to.
func unsure(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	said := turn.Messages[len(turn.Messages)-1].Text
	return flomastr.Decision{
		Action: flomastr.ActionRefuse, Text: "We do not know.", Confidence: 0.4, Reason: "not sure",
		Draft: &flomastr.Draft{Text: "Perhaps: " + said, Notice: "A colleague will answer.", Evidence: []flomastr.Evidence{{Title: "Prices", Quote: "It is 5."}}},
	}, nil
}

// tasks lists the tenant's tasks in a status, the oldest first.
func (b *bundle) tasks(status task.Status) []task.Task {
	b.t.Helper()
	list, _, err := b.taskStore().Tasks(context.Background(), b.tenant, task.Page{Limit: 50, Status: status})
	require.NoError(b.t, err)
	return list
}

func (b *bundle) taskStore() *postgres.TaskStore { return postgres.NewTaskStore(b.db) }

// asking is a bundle in whose only conversation a task is open.
func asking(t *testing.T, mode whatsapp.Mode, answer func(context.Context, flomastr.Turn) (flomastr.Decision, error)) (*bundle, task.Task) {
	t.Helper()
	b := setup(t, options{})
	b.speak()
	b.mode(mode)
	b.answerer.fn = answer
	b.work()
	b.hears(provider.Inbound{Text: "How much is it?"})
	b.eventually("the task", func() bool { return len(b.tasks(task.Open)) == 1 })
	b.settled()
	b.rest()
	return b, b.tasks(task.Open)[0]
}

// rest waits until nothing is left to be sent.
func (b *bundle) rest() {
	b.t.Helper()
	b.eventually("everything has been sent", func() bool { return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0 })
}

func (b *bundle) mode(mode whatsapp.Mode) {
	b.t.Helper()
	require.NoError(b.t, b.db.InTenant(context.Background(), b.tenant, execFn(context.Background(), `UPDATE channels SET mode = $1`, mode)))
}

func (b *bundle) resolve(id flomastr.TaskID, r task.Resolution) (task.Task, error) {
	return b.engine.ResolveTask(context.Background(), b.tenant, whatsapp.TaskResolution{
		Resolution: r, ID: id, By: whatsapp.Author{ID: "ana", Actor: "user:x|ana"}, Speaker: flomastr.SpeakerMember,
	})
}

func TestEachModeSaysAndAsksAsItShould(t *testing.T) {
	t.Parallel()
	sure := func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "It is 5.", Confidence: 0.9}, nil
	}
	person := func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionHandOver, Text: "A colleague comes.", Reason: "asked for a person"}, nil
	}
	broken := func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{}, errors.New("on purpose")
	}
	for name, c := range map[string]struct {
		mode   whatsapp.Mode
		answer func(context.Context, flomastr.Turn) (flomastr.Decision, error)
		says   []string
		kind   task.Kind // empty: no task
		draft  string
		due    bool
	}{
		"automatic, sure":            {whatsapp.ModeAutomatic, sure, []string{"It is 5."}, "", "", false},
		"automatic, unsure":          {whatsapp.ModeAutomatic, unsure, []string{"A colleague will answer."}, task.Draft, "Perhaps: How much is it?", true},
		"automatic, a person wanted": {whatsapp.ModeAutomatic, person, []string{"A colleague comes."}, task.HandOver, "", true},
		"approve, sure":              {whatsapp.ModeApprove, sure, nil, task.Draft, "It is 5.", true},
		"approve, unsure":            {whatsapp.ModeApprove, unsure, nil, task.Draft, "Perhaps: How much is it?", true},
		"approve, a person wanted":   {whatsapp.ModeApprove, person, []string{"A colleague comes."}, task.HandOver, "", true},
		"approve, broken":            {whatsapp.ModeApprove, broken, nil, task.Draft, "", true},
		"suggest, sure":              {whatsapp.ModeSuggest, sure, nil, task.Draft, "It is 5.", false},
		"off":                        {whatsapp.ModeOff, sure, nil, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.speak()
			b.policies()
			b.mode(c.mode)
			b.answerer.fn = c.answer
			b.work()
			b.hears(provider.Inbound{Text: "How much is it?"})
			b.settled()
			b.rest()
			require.Equal(t, c.says, b.ledger.to("385911111111"))
			open := b.tasks(task.Open)
			if c.kind == "" {
				require.Empty(t, open)
				return
			}
			require.Len(t, open, 1)
			require.Equal(t, c.kind, open[0].Kind)
			require.Equal(t, c.draft, open[0].Draft)
			require.Equal(t, "How much is it?", open[0].Asked)
			require.Equal(t, c.due, !open[0].DueAt.IsZero())
		})
	}
}

// policies gives the tenant the defaults, which tests that need none do without.
func (b *bundle) policies() {
	b.t.Helper()
	platformExec(b.t, b.db, `INSERT INTO tenant_policies (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING`, b.tenant)
}

func TestAnApprovedDraftIsSentOnceWhoeverElseApprovesIt(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]whatsapp.Mode{"that was held": whatsapp.ModeApprove, "that was not sure": whatsapp.ModeAutomatic} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, asked := asking(t, mode, unsure)
			engines := []*whatsapp.Engine{b.engine, b.another(options{settings: quick()})}
			var group sync.WaitGroup
			results := make([]error, 8)
			for i := range results {
				group.Go(func() {
					_, results[i] = engines[i%2].ResolveTask(context.Background(), b.tenant, whatsapp.TaskResolution{
						Resolution: task.Resolution{Action: task.Approved}, ID: asked.ID, By: whatsapp.Author{ID: "ana", Actor: "user:x|ana"}, Speaker: flomastr.SpeakerMember,
					})
				})
			}
			group.Wait()
			done := 0
			for _, err := range results {
				if err == nil {
					done++
					continue
				}
				require.ErrorIs(t, err, task.ErrEnded)
			}
			require.Equal(t, 1, done)
			b.rest()
			sent := 0
			for _, text := range b.ledger.to("385911111111") {
				if text == "Perhaps: How much is it?" {
					sent++
				}
			}
			require.Equal(t, 1, sent)
			ended := b.tasks(task.Approved)
			require.Len(t, ended, 1)
			require.Equal(t, flomastr.Actor("user:x|ana"), ended[0].Resolved.By)
			require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE id = (SELECT message_id FROM tasks) AND text = 'Perhaps: How much is it?'`))
		})
	}
}

// resolving is a store whose commit of a resolution is followed, or preceded, by the end of the server.
type resolving struct {
	whatsapp.Store
	before bool
}

var errCrash = errors.New("the server ends")

func (s *resolving) ResolveTask(ctx context.Context, tenant flomastr.TenantID, r whatsapp.TaskResolution) (task.Task, error) {
	if s.before {
		return task.Task{}, errCrash
	}
	if _, err := s.Store.ResolveTask(ctx, tenant, r); err != nil {
		return task.Task{}, err
	}
	return task.Task{}, errCrash
}

func TestACrashWhileADraftIsApprovedLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"before the commit": true, "after the commit": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, asked := asking(t, whatsapp.ModeApprove, nil)
			dying := b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store { return &resolving{s, before} }})
			_, err := dying.ResolveTask(t.Context(), b.tenant, whatsapp.TaskResolution{
				Resolution: task.Resolution{Action: task.Approved}, ID: asked.ID, By: whatsapp.Author{ID: "ana", Actor: "user:x|ana"}, Speaker: flomastr.SpeakerMember,
			})
			require.ErrorIs(t, err, errCrash)
			_, err = b.resolve(asked.ID, task.Resolution{Action: task.Approved}) // they try again
			if before {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, task.ErrEnded)
			}
			b.eventually("the answer", func() bool { return len(b.ledger.all()) > 0 })
			b.rest()
			require.Equal(t, []string{"re: How much is it?"}, b.ledger.to("385911111111"))
		})
	}
}

func TestNothingIsSentForATaskThatNeedsNobodyAnyMore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		happens func(b *bundle)
		status  task.Status
		refusal error
	}{
		"a member replies": {func(b *bundle) {
			_, err := b.engine.Reply(ctx, b.tenant, b.only().ID, whatsapp.Author{ID: "bo"}, provider.Message{Text: "By hand."})
			require.NoError(b.t, err)
		}, task.Answered, task.ErrAnswered},
		"a member sends through the API": {func(b *bundle) {
			_, err := b.engine.Send(ctx, b.tenant, whatsapp.Request{
				Channel: b.channel.ID, To: "+385911111111", Message: provider.Message{Text: "By hand."}, Speaker: flomastr.SpeakerMember, Author: whatsapp.Author{ID: "bo"},
			})
			require.NoError(b.t, err)
		}, task.Answered, task.ErrAnswered},
		"a colleague writes in WhatsApp": {func(b *bundle) { b.hears(provider.Inbound{Text: "By hand.", Echo: true}) }, task.Answered, task.ErrAnswered},
		"the customer opts out":          {func(b *bundle) { b.hears(provider.Inbound{Text: "STOP"}) }, task.Closed, task.ErrEnded},
		"the customer is somebody who has opted out": {func(b *bundle) {
			other := provider.Address{Phone: "385922222222"}
			b.hears(provider.Inbound{Text: "STOP", From: other})
			require.NoError(b.t, b.db.InTenant(ctx, b.tenant, func(tx pgx.Tx) error {
				var mine, theirs flomastr.ContactID
				if err := tx.QueryRow(ctx, `SELECT min(id::text) FROM contacts WHERE phone LIKE '%911111111'`).Scan(&mine); err != nil {
					return err
				}
				if err := tx.QueryRow(ctx, `SELECT min(id::text) FROM contacts WHERE phone LIKE '%922222222'`).Scan(&theirs); err != nil {
					return err
				}
				_, err := b.engine.MergeContacts(ctx, b.tenant, "user:x|ana", mine, theirs)
				return err
			}))
		}, task.Closed, task.ErrEnded},
		"the conversation is closed": {func(b *bundle) {
			_, err := b.engine.Close(ctx, b.tenant, b.only().ID, "user:x|ana")
			require.NoError(b.t, err)
		}, task.Closed, task.ErrEnded},
		"the customer takes it back": {func(b *bundle) {
			b.hears(revoke(b.messagesOf(b.only().ID)[0].ProviderID))
			require.Empty(b.t, b.tasks(task.Closed)[0].Asked)
		}, task.Closed, task.ErrEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, asked := asking(t, whatsapp.ModeApprove, unsure)
			c.happens(b)
			require.Empty(t, b.tasks(task.Open))
			require.Len(t, b.tasks(c.status), 1)
			for _, r := range []task.Resolution{
				{Action: task.Approved},
				{Action: task.Approved, Reply: "Edited."},
				{Action: task.ReworkRequested, Feedback: "shorter"},
				{Action: task.Rejected},
			} {
				_, err := b.resolve(asked.ID, r)
				require.ErrorIs(t, err, c.refusal)
			}
			b.settled()
			b.rest()
			for _, text := range b.ledger.to("385911111111") {
				require.NotContains(t, text, "Perhaps")
			}
		})
	}
}

func TestAHeldDraftIsMadeAnewWithWhatTheCustomerWritesNext(t *testing.T) {
	t.Parallel()
	b, first := asking(t, whatsapp.ModeApprove, nil)
	b.hears(provider.Inbound{Text: "And in blue?"})
	_, err := b.resolve(first.ID, task.Resolution{Action: task.Approved})
	require.ErrorIs(t, err, task.ErrOutdated, "whether or not the new words have been read yet")
	b.eventually("the new draft", func() bool {
		open := b.tasks(task.Open)
		return len(open) == 1 && open[0].ID != first.ID
	})
	second := b.tasks(task.Open)[0]
	require.Equal(t, "re: How much is it? | And in blue?", second.Draft)
	require.Equal(t, "How much is it?\nAnd in blue?", second.Asked)
	require.Len(t, b.tasks(task.Superseded), 1)
	_, err = b.resolve(first.ID, task.Resolution{Action: task.Approved})
	require.ErrorIs(t, err, task.ErrOutdated)
	_, err = b.resolve(second.ID, task.Resolution{Action: task.Approved})
	require.NoError(t, err)
	b.eventually("the answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, []string{second.Draft}, b.ledger.to("385911111111"))
}

func TestADraftThatWasPromisedStaysWhenTheCustomerWritesOn(t *testing.T) {
	t.Parallel()
	b, first := asking(t, whatsapp.ModeAutomatic, unsure)
	b.answerer.fn = nil
	b.hears(provider.Inbound{Text: "Thank you!"})
	b.eventually("the second answer", func() bool { return len(b.ledger.all()) == 2 })
	b.settled()
	require.Equal(t, first.ID, b.tasks(task.Open)[0].ID)
	_, err := b.resolve(first.ID, task.Resolution{Action: task.Approved, Reply: "It is 6."})
	require.NoError(t, err)
	b.eventually("the promised answer", func() bool { return len(b.ledger.all()) == 3 })
	require.Equal(t, []string{"A colleague will answer.", "re: Thank you!", "It is 6."}, b.ledger.to("385911111111"))
	thread := b.messagesOf(b.only().ID)
	require.Equal(t, flomastr.SpeakerMember, thread[len(thread)-1].Speaker, "an edited reply is the person's own")
}

func TestAReworkGoesBackWithTheFeedbackAndYieldsANewDraft(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]whatsapp.Mode{"of a held draft": whatsapp.ModeApprove, "of one that was not sure": whatsapp.ModeAutomatic} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, first := asking(t, mode, func(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
				if turn.Rework != nil {
					return flomastr.Decision{Action: flomastr.ActionAnswer, Text: fmt.Sprintf("Not %q but %s", turn.Rework.Draft, turn.Rework.Feedback), Confidence: 0.9}, nil
				}
				return unsure(ctx, turn)
			})
			before := len(b.ledger.all())
			_, err := b.resolve(first.ID, task.Resolution{Action: task.ReworkRequested})
			require.ErrorIs(t, err, task.ErrNoFeedback)
			_, err = b.resolve(first.ID, task.Resolution{Action: task.ReworkRequested, Feedback: "shorter"})
			require.NoError(t, err)
			b.eventually("the new draft", func() bool { return len(b.tasks(task.Open)) == 1 })
			second := b.tasks(task.Open)[0]
			require.Equal(t, first.ID, second.ReworkOf)
			require.Equal(t, `Not "Perhaps: How much is it?" but shorter`, second.Draft)
			require.Len(t, b.ledger.all(), before, "sure or not, a person has to let it go")
			_, err = b.resolve(second.ID, task.Resolution{Action: task.Approved})
			require.NoError(t, err)
			b.eventually("the answer", func() bool { return len(b.ledger.all()) == before+1 })
			require.Equal(t, second.Draft, b.ledger.all()[before].Text)
		})
	}
}

func TestAnApprovalIsUnderEverythingThatForbidsAMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql     string
		refusal error
	}{
		"the window is closed":       {`UPDATE conversations SET window_until = now() - interval '1 second'`, whatsapp.ErrWindowClosed},
		"the channel is paused":      {`UPDATE channels SET status = 'paused'`, whatsapp.ErrChannelPaused},
		"somebody else has taken it": {`UPDATE conversations SET owner_kind = 'member', owner_id = 'bo'`, whatsapp.ErrConversationOwned},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, asked := asking(t, whatsapp.ModeApprove, nil)
			require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(), c.sql)))
			_, err := b.resolve(asked.ID, task.Resolution{Action: task.Approved})
			require.ErrorIs(t, err, c.refusal)
			require.Len(t, b.tasks(task.Open), 1, "it can be approved once nothing forbids it")
			require.Empty(t, b.ledger.all())
		})
	}
}

func TestAHandOverIsOneTaskThatAReplyOrHandingBackEnds(t *testing.T) {
	t.Parallel()
	handOver := func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionHandOver, Text: "A colleague comes.", Reason: "asked for a person"}, nil
	}
	for name, c := range map[string]struct {
		ends   func(b *bundle, id flomastr.TaskID) error
		status task.Status
	}{
		"reply": {func(b *bundle, _ flomastr.TaskID) error {
			_, err := b.engine.Reply(context.Background(), b.tenant, b.only().ID, whatsapp.Author{ID: "bo"}, provider.Message{Text: "By hand."})
			return err
		}, task.Answered},
		"handed back": {func(b *bundle, _ flomastr.TaskID) error {
			_, err := b.engine.Resume(context.Background(), b.tenant, b.only().ID, "user:x|ana")
			return err
		}, task.Closed},
		"answered in the task": {func(b *bundle, id flomastr.TaskID) error {
			_, err := b.resolve(id, task.Resolution{Action: task.Approved, Reply: "Here I am."})
			return err
		}, task.Approved},
		"put aside": {func(b *bundle, id flomastr.TaskID) error {
			_, err := b.resolve(id, task.Resolution{Action: task.Rejected})
			return err
		}, task.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, asked := asking(t, whatsapp.ModeAutomatic, handOver)
			b.hears(provider.Inbound{Text: "Hello? Anybody?"})
			b.settled()
			_, err := b.engine.Assign(t.Context(), b.tenant, b.only().ID, "user:x|ana", "", "once more")
			require.NoError(t, err)
			require.Len(t, b.tasks(task.Open), 1, "it is handed over once at a time")
			_, err = b.resolve(asked.ID, task.Resolution{Action: task.ReworkRequested, Feedback: "x"})
			require.ErrorIs(t, err, task.ErrNotAsked)
			_, err = b.resolve(asked.ID, task.Resolution{Action: task.Approved})
			require.ErrorIs(t, err, task.ErrNothingToSay)
			require.NoError(t, c.ends(b, asked.ID))
			require.Empty(t, b.tasks(task.Open))
			require.Len(t, b.tasks(c.status), 1)
		})
	}
}

func TestATaskGoesToWhoeverHasTheFewestAndIsToldOnceWhenItIsLate(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.policies()
	b.hire("ana")
	b.hire("bo")
	b.mode(whatsapp.ModeApprove)
	b.work()
	for i, from := range []string{"385911111111", "385922222222", "385933333333"} {
		b.hears(provider.Inbound{Text: "Hello?", From: provider.Address{Phone: from}})
		b.eventually("the task", func() bool { return len(b.tasks(task.Open)) == i+1 })
	}
	var who []string
	for _, t := range b.tasks(task.Open) {
		who = append(who, t.AssignedTo)
	}
	require.Equal(t, []string{"ana", "bo", "ana"}, who)
	late := b.tasks(task.Open)[0]
	require.WithinDuration(t, late.CreatedAt.Add(time.Hour), late.DueAt, time.Second)
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(), `UPDATE tasks SET due_at = now() WHERE id = $1`, late.ID)))
	require.NoError(t, b.engine.CheckOverdue(t.Context()))
	require.NoError(t, b.engine.CheckOverdue(t.Context()))
	open := `SELECT count(*) FROM alerts WHERE kind = 'task' AND resolved_at IS NULL`
	require.Equal(t, 1, b.count(open))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM tasks WHERE overdue_at IS NOT NULL`))
	_, err := b.resolve(late.ID, task.Resolution{Action: task.Rejected})
	require.NoError(t, err)
	require.Zero(t, b.count(open))
}

func TestATaskOfAnotherTenantIsNotThere(t *testing.T) {
	t.Parallel()
	b, asked := asking(t, whatsapp.ModeApprove, nil)
	stranger := tenantRow(t, b.db)
	_, err := b.engine.ResolveTask(t.Context(), stranger, whatsapp.TaskResolution{Resolution: task.Resolution{Action: task.Approved}, ID: asked.ID, By: whatsapp.Author{Actor: "user:x|eve"}})
	require.ErrorIs(t, err, task.ErrNotFound)
	_, err = b.taskStore().Task(t.Context(), stranger, asked.ID, task.Reach{})
	require.ErrorIs(t, err, task.ErrNotFound)
	_, err = b.taskStore().AssignTask(t.Context(), stranger, "user:x|eve", asked.ID, "")
	require.ErrorIs(t, err, task.ErrNotFound)
	_, err = b.taskStore().CreateTask(t.Context(), stranger, task.Task{
		ID: flomastr.NewID[flomastr.TaskID](), Kind: task.Question, Title: "Mine?", Conversation: asked.Conversation, CreatedBy: "user:x|eve",
	})
	require.ErrorIs(t, err, whatsapp.ErrConversationNotFound)
}
