package whatsapp_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// halting is a store that stops once at a stage of a turn, lets something happen there, and goes on.
type halting struct {
	whatsapp.Store
	stage string
	once  sync.Once
	then  func()
}

func (h *halting) at(stage string) {
	if stage == h.stage {
		h.once.Do(h.then)
	}
}

func (h *halting) LoadTurn(ctx context.Context, lane whatsapp.Lane, history int) (whatsapp.Work, error) {
	h.at("claimed")
	return h.Store.LoadTurn(ctx, lane, history)
}

func (h *halting) SaveDecision(ctx context.Context, lane whatsapp.Lane, out whatsapp.Outcome) (whatsapp.Sending, bool, error) {
	h.at("decided")
	out.SendNow = out.SendNow && h.stage != "answer queued" && h.stage != "intent of a queued answer"
	return h.Store.SaveDecision(ctx, lane, out)
}

func (h *halting) BeginSend(ctx context.Context, lane whatsapp.Lane) (whatsapp.Sending, error) {
	h.at("answer queued")
	return h.Store.BeginSend(ctx, lane)
}

func (h *halting) MayCall(ctx context.Context, s whatsapp.Sending) (string, error) {
	h.at("intent")
	h.at("intent of a queued answer")
	return h.Store.MayCall(ctx, s)
}

// A person's word, whichever way it comes, stops what the assistant is doing at every stage before its call.
func TestAPersonsWordStopsTheAssistantAtEveryStage(t *testing.T) {
	t.Parallel()
	words := provider.Message{Text: "From a person."}
	routes := map[string]func(*bundle){
		"inbox": func(b *bundle) {
			_, err := b.engine.Reply(context.Background(), b.tenant, b.only().ID, whatsapp.Author{ID: "agent-1"}, words)
			require.NoError(b.t, err)
		},
		"API": func(b *bundle) {
			_, err := b.engine.Send(context.Background(), b.tenant, whatsapp.Request{
				Channel: b.channel.ID, To: "+385911111111", Message: words, Speaker: flomastr.SpeakerMember, Author: whatsapp.Author{ID: "agent-1"},
			})
			require.NoError(b.t, err)
		},
		"the business's own app": func(b *bundle) { b.hears(provider.Inbound{Text: words.Text, Echo: true}) },
	}
	for route, write := range routes {
		for _, stage := range []string{"waiting", "claimed", "thinking", "decided", "answer queued", "intent", "intent of a queued answer"} {
			t.Run(route+", "+stage, func(t *testing.T) {
				t.Parallel()
				b := setup(t, options{})
				b.speak()
				happened := make(chan struct{})
				human := func() { write(b); close(happened) }
				store := &halting{stage: stage, then: human}
				engine := b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store { store.Store = s; return store }})
				b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
					store.at("thinking")
					return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "From the machine."}, nil
				}
				b.hears(provider.Inbound{Text: "Hello?"})
				store.at("waiting")
				b.work(engine)
				b.eventually("the person has written", func() bool {
					select {
					case <-happened:
						return true
					default:
						return false
					}
				})
				b.settled()
				b.eventually("everything has come to rest", func() bool {
					return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0
				})
				for _, s := range b.ledger.all() {
					require.Equal(t, "From a person.", s.Text)
				}
				require.Equal(t, whatsapp.OwnerMember, b.only().OwnerKind)
				for _, m := range b.messagesOf(b.only().ID) {
					if m.Speaker == flomastr.SpeakerAssistant {
						require.Equal(t, provider.StateFailed, m.State)
						require.Contains(t, m.Problem, "a person took over")
					}
				}
			})
		}
	}
}

func TestAnOutsideWorkerIsNotGivenAConversationThatAPersonHas(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.outside(whatsapp.WorkerBoth)
	b.hears(provider.Inbound{Text: "Hello?"}, provider.Inbound{Text: "Hello as well?", From: provider.Address{Phone: "385922222222"}})
	b.hears(provider.Inbound{Text: "From a person.", Echo: true})
	claimed, err := b.engine.NextJob(t.Context(), b.tenant, "", 20*time.Second)
	require.NoError(t, err)
	require.Equal(t, "Hello as well?", claimed.Messages[0].Text)
	_, err = b.engine.NextJob(t.Context(), b.tenant, "", 0)
	require.ErrorIs(t, err, whatsapp.ErrNoJob)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'completed' AND result->>'action' = 'silent'`))
}
