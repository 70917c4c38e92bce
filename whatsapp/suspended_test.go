package whatsapp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
)

// act does something with the life of the bundle's tenant, as an operator does.
func (b *bundle) act(action tenant.Action) {
	b.t.Helper()
	engine := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(b.db)})
	_, err := engine.Act(context.Background(), flomastr.ActorSystem, b.tenant, action, "a test")
	require.NoError(b.t, err)
}

func TestASuspendedTenantsMessagesWaitAndAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ away, back tenant.Action }{
		{tenant.Suspend, tenant.Reactivate}, {tenant.SoftDelete, tenant.Restore},
	} {
		t.Run(string(c.away), func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.act(c.away)
			for _, text := range []string{"one", "two", "three"} {
				b.says("385911111111", text)
			}
			b.says("385922222222", "another")
			b.work()
			// A tenant beside it is served meanwhile, so the workers were there and passed it by.
			other := tenantRow(t, b.db)
			channel := b.newChannel(other, "447860099300")
			require.NoError(t, b.engine.Receive(t.Context(), "infobip", channel.ID, whatsapp.WebhookRequest{Header: secretOf(channel), Body: []byte(textBody("385933333333", "447860099300", "hello", ""))}))
			b.eventually("the other tenant is answered", func() bool { return len(b.ledger.to("385933333333")) == 1 })
			require.Empty(t, b.ledger.to("385911111111"))
			require.Equal(t, 4, b.count(`SELECT count(*) FROM messages WHERE direction = 'in'`), "stored")

			b.act(c.back)
			b.eventually("what waited is answered", func() bool {
				return len(b.ledger.to("385911111111")) == 1 && len(b.ledger.to("385922222222")) == 1
			})
			require.Equal(t, []string{"re: one | two | three"}, b.ledger.to("385911111111"))
		})
	}
}

// A turn that was under way when its tenant was suspended is finished, and its answer waits.
func TestAnAnswerDecidedDuringASuspensionIsSentAfterIt(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	asked, answer := make(chan struct{}), make(chan struct{})
	b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		close(asked)
		<-answer
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "late", Confidence: 0.9}, nil
	}
	b.says("385911111111", "hello")
	b.work()
	<-asked
	b.act(tenant.Suspend)
	close(answer)
	b.eventually("the answer is decided", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state = 'completed'`) == 1 })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE phase = 'queued'`))
	require.Empty(t, b.ledger.all())
	b.act(tenant.Reactivate)
	b.eventually("it is sent", func() bool { return len(b.ledger.to("385911111111")) == 1 })
}

func TestAnOutsideWorkerThatWaitsIsGivenNothingOfASuspendedTenant(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.outside(whatsapp.WorkerBoth)
	b.act(tenant.Suspend)
	b.says("385911111111", "hello")
	_, err := b.engine.NextJob(t.Context(), b.tenant, "", 200*time.Millisecond)
	require.ErrorIs(t, err, whatsapp.ErrNoJob)
	b.act(tenant.Reactivate)
	b.eventually("the job is handed out", func() bool {
		_, err := b.engine.NextJob(t.Context(), b.tenant, "", 0)
		return !errors.Is(err, whatsapp.ErrNoJob)
	})
}
