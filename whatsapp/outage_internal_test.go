package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnOutageBeginsAfterAFewCallsInARowAndAsksEverMoreRarely(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	o := Outage{}
	for range outageAfter - 1 {
		o = o.Failed(now, time.Second, false)
		require.False(t, o.Open())
	}
	require.False(t, o.Answered(now).Open())
	require.Zero(t, o.Answered(now).Failures, "an answer in between begins the count anew")
	require.Zero(t, o.Answered(now).OverAt, "nothing has ended")

	o = o.Failed(now, time.Second, false)
	require.True(t, o.Open())
	require.Equal(t, now, o.Since)
	began := o
	require.Equal(t, began, o.Failed(now.Add(time.Second), time.Second, false), "what was under way says nothing new")
	longest := time.Duration(0)
	for range 20 {
		require.Positive(t, o.Wait(now))
		longest = max(longest, o.Wait(now))
		now = o.ProbeAt
		require.Zero(t, o.Wait(now))
		o = o.Probing(now)
		require.Equal(t, ProbeFor, o.Wait(now), "one at a time")
		o = o.Failed(now, time.Second, true)
		require.Equal(t, began.Since, o.Since)
	}
	require.LessOrEqual(t, longest, probeMost)
	require.Greater(t, longest, probeMost/2)

	over := o.Answered(now)
	require.Equal(t, Outage{OverAt: now}, over)
	require.Equal(t, now, over.Failed(now.Add(time.Hour), time.Second, false).Answered(now.Add(2*time.Hour)).OverAt)
}

func TestTheFateOfAMessageWhoseTurnHasCome(t *testing.T) {
	t.Parallel()
	answer := Standing{Kind: KindAnswer, First: true, Owner: OwnerAssistant, WindowOpen: true}
	with := func(change func(*Standing)) Standing {
		s := answer
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		standing Standing
		want     Fate
	}{
		"an answer in time":                   {answer, Goes},
		"a stale answer":                      {with(func(s *Standing) { s.Stale = true }), AskedAgain},
		"one whose time is over":              {with(func(s *Standing) { s.Expired = true }), AskedAgain},
		"a later part of one that has begun":  {with(func(s *Standing) { s.Stale, s.First = true, false }), Goes},
		"a person took over":                  {with(func(s *Standing) { s.Stale, s.Owner = true, OwnerMember }), CalledOff},
		"the customer said stop":              {with(func(s *Standing) { s.Stale, s.OptOut = true, ScopeAll }), CalledOff},
		"the window closed":                   {with(func(s *Standing) { s.WindowOpen = false }), HandedOver},
		"the window closed, with a template":  {with(func(s *Standing) { s.WindowOpen, s.Fallback = false, true }), Replaced},
		"stale, and the window closed":        {with(func(s *Standing) { s.Stale, s.WindowOpen, s.Fallback = true, false, true }), Replaced},
		"the template itself is late":         {with(func(s *Standing) { s.Template, s.Expired, s.WindowOpen, s.Fallback = true, true, false, true }), CalledOff},
		"a person's reply outside the window": {with(func(s *Standing) { s.Kind, s.First, s.WindowOpen = KindReply, false, false }), CalledOff},
		"a reply that has a template instead": {with(func(s *Standing) { s.Kind, s.First, s.WindowOpen, s.Fallback = KindReply, false, false, true }), Replaced},
		"a reply of no use any more": {with(func(s *Standing) {
			s.Kind, s.First, s.WindowOpen, s.Fallback, s.Expired = KindReply, false, false, true, true
		}), CalledOff},
		"a later part outside the window":       {with(func(s *Standing) { s.First, s.WindowOpen, s.Fallback = false, false, true }), CalledOff},
		"a caller's message after its validity": {with(func(s *Standing) { s.Kind, s.First, s.Expired = KindReply, false, true }), CalledOff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.standing.Fate(c.standing.CallOff()))
		})
	}
}
