package whatsapp_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

func TestWhoWouldWaitForNothingIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	b := setup(t, options{})
	var late atomic.Int64 // how far the clock was put forward
	settings := quick()
	settings.ChannelRefresh = 24 * time.Hour
	engine := whatsapp.New(whatsapp.Deps{
		Store: hangingStore{b.store, hang}, Answerer: b.answerer, Sealer: plain{}, Log: slog.New(slog.DiscardHandler), Settings: settings,
		Providers: []provider.Provider{infobip.New(infobip.Config{HTTP: b.ledger.server.Client(), StandIn: b.ledger.server.URL})},
		Clock:     func() time.Time { return time.Now().Add(time.Duration(late.Load())) },
	})
	post := func(ctx context.Context) error {
		return engine.Receive(ctx, "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(textBody("385911111111", ourNumber, "Hello.", ""))})
	}
	waiting := make(chan error, 2)
	for range 2 { // one is being stored, one waits behind it
		go func() { waiting <- post(context.Background()) }()
	}
	time.Sleep(500 * time.Millisecond) // both must be in before the clock moves, or they are the newcomers
	b.eventually("a newcomer is refused before its time is over", func() bool {
		late.Add(int64(settings.StoreTimeout))
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		err := post(ctx)
		return errors.Is(err, whatsapp.ErrBusy) && !errors.Is(err, context.DeadlineExceeded)
	})
	close(hang)
	for range 2 {
		require.NoError(t, <-waiting, "who waited is stored")
	}
	b.eventually("the next one is taken again", func() bool { return post(context.Background()) == nil })
}
