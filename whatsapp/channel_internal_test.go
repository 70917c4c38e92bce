package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

type needsNothing struct{ provider.Provider }

func (needsNothing) Setup() provider.Setup { return provider.Setup{} }

func TestANumberSaysItsGravestTrouble(t *testing.T) {
	t.Parallel()
	engine := &Engine{providers: map[string]provider.Provider{"here": needsNothing{}}}
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(*Channel)
		want   Trouble
	}{
		"all is well":                          {func(*Channel) {}, ""},
		"paused by a person, whatever else":    {func(ch *Channel) { ch.Status, ch.SealedWebhook = ChannelPaused, nil }, TroublePaused},
		"at a provider that is not spoken":     {func(ch *Channel) { ch.Provider = "elsewhere" }, TroubleProvider},
		"without a secret":                     {func(ch *Channel) { ch.SealedWebhook = nil }, TroubleSecret},
		"refused since the last good webhook":  {func(ch *Channel) { ch.LastRefusedAt = now.Add(time.Minute) }, TroubleRefused},
		"refused before the last good webhook": {func(ch *Channel) { ch.LastRefusedAt = now.Add(-time.Minute) }, ""},
		"never called":                         {func(ch *Channel) { ch.LastWebhookAt, ch.LastInboundAt = time.Time{}, time.Time{} }, TroubleSilent},
		"heard before webhooks were noted":     {func(ch *Channel) { ch.LastWebhookAt = time.Time{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := Channel{Provider: "here", Status: ChannelActive, SealedWebhook: []byte("sealed"), LastWebhookAt: now, LastInboundAt: now}
			c.change(&ch)
			require.Equal(t, c.want, engine.Trouble(ch))
		})
	}
}
