package whatsapp_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

func TestAMachineIsKnownByWhatItSaysAgainAndHowSoon(t *testing.T) {
	t.Parallel()
	const times = 7 // the first of which answers nothing
	talk := func(gap time.Duration, text func(i int) string, between flomastr.Speaker) (said []flomastr.TurnMessage) {
		at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		for i := range times {
			said = append(said, flomastr.TurnMessage{Speaker: flomastr.SpeakerContact, Type: "text", Text: text(i), At: at})
			speaker := flomastr.SpeakerAssistant
			if i == 3 {
				speaker = between
			}
			said = append(said, flomastr.TurnMessage{Speaker: speaker, Text: "re", At: at.Add(time.Second)})
			at = at.Add(time.Second + gap)
		}
		return said[:len(said)-1]
	}
	same := func(int) string { return "We are closed." }
	as := func(kind string, said []flomastr.TurnMessage) []flomastr.TurnMessage {
		for i := range said {
			if said[i].Speaker == flomastr.SpeakerContact {
				said[i].Type = kind
			}
		}
		return said
	}
	for name, c := range map[string]struct {
		said []flomastr.TurnMessage
		loop bool
	}{
		"the same at once":                   {talk(time.Second, same, flomastr.SpeakerAssistant), true},
		"in other spelling":                  {talk(time.Second, func(i int) string { return []string{"We are closed.", " we ARE  closed. "}[i%2] }, flomastr.SpeakerAssistant), true},
		"two in turn":                        {talk(time.Second, func(i int) string { return fmt.Sprint("Press ", i%2) }, flomastr.SpeakerAssistant), true},
		"to an outside worker":               {talk(time.Second, same, flomastr.SpeakerExternal), true},
		"once less":                          {talk(time.Second, same, flomastr.SpeakerAssistant)[2:], false},
		"a quick person with many questions": {talk(time.Second, func(i int) string { return fmt.Sprint("Question ", i) }, flomastr.SpeakerAssistant), false},
		"a slow person":                      {talk(31*time.Second, same, flomastr.SpeakerAssistant), false},
		"over more than ten minutes":         {talk(110*time.Second, same, flomastr.SpeakerAssistant), false},
		"a person of ours in between":        {talk(time.Second, same, flomastr.SpeakerMember), false},
		"the same button":                    {as("button", talk(time.Second, func(int) string { return "Next" }, flomastr.SpeakerAssistant)), false},
		"pictures":                           {as("image", talk(time.Second, func(int) string { return "[image]" }, flomastr.SpeakerAssistant)), false},
		"nothing":                            {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.loop, whatsapp.Looping(c.said))
		})
	}
}

func TestALoopEndsWithAPersonAndAnAlert(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	for i := range 6 {
		b.says("385911111111", "We are closed.")
		b.eventually("an answer", func() bool { return len(b.ledger.all()) == i+1 && b.thread()[2*i+1].State == "accepted" })
	}
	b.says("385911111111", "We are closed.")
	b.settled()
	require.Len(t, b.ledger.all(), 6, "the seventh gets none")
	require.Equal(t, whatsapp.OwnerMember, b.only().OwnerKind)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE kind = 'loop' AND resolved_at IS NULL`))
	b.says("385911111111", "We are closed.")
	b.settled()
	require.Len(t, b.ledger.all(), 6, "nor do the next ones")
	_, err := b.engine.Resume(context.Background(), b.tenant, b.only().ID, flomastr.ActorSystem)
	require.NoError(t, err)
	b.says("385922222222", "Hello?")
	b.eventually("others are answered", func() bool { return len(b.ledger.to("385922222222")) == 1 })
}
