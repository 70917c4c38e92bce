package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

func TestAServerThatCannotReachTheProviderLeavesMessagesToOthers(t *testing.T) {
	t.Parallel()
	s := newStepBack(time.Second)
	one, other := flomastr.NewID[flomastr.ChannelID](), flomastr.NewID[flomastr.ChannelID]()
	now := time.Now()
	s.note(one, true, now)
	require.Zero(t, s.wait(one, now), "once may be chance")
	s.note(one, true, now)
	require.Positive(t, s.wait(one, now))
	require.Zero(t, s.wait(other, now), "another number is not concerned")
	now = now.Add(2 * time.Second)
	require.Zero(t, s.wait(one, now), "one is tried")
	require.Positive(t, s.wait(one, now), "one alone")
	s.note(one, true, now)
	now = now.Add(2 * time.Second)
	require.Positive(t, s.wait(one, now), "each failure takes longer")
	for range 100 {
		s.note(one, true, now)
	}
	require.Zero(t, s.wait(one, now.Add(stepBackMost*time.Second)), "but not for ever")
	s.note(one, false, now)
	require.Zero(t, s.wait(one, now), "whoever gets through stays")
}
