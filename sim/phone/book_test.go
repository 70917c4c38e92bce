package phone_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/phone"
)

var at = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

func message(customer, id string) phone.Message {
	return phone.Message{ID: id, Business: "447", Customer: customer, Author: phone.Business, Type: "text", Text: id, State: phone.Sent, At: at}
}

func texts(messages []phone.Message) []string {
	list := []string{}
	for _, m := range messages {
		list = append(list, m.Text)
	}
	return list
}

func TestTicksOnlyMoveForward(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves []phone.State
		want  phone.State
		moved []bool
	}{
		"delivered then read":       {[]phone.State{phone.Delivered, phone.Read}, phone.Read, []bool{true, true}},
		"read implies delivered":    {[]phone.State{phone.Read, phone.Delivered}, phone.Read, []bool{true, false}},
		"twice is once":             {[]phone.State{phone.Delivered, phone.Delivered}, phone.Delivered, []bool{true, false}},
		"failed is final":           {[]phone.State{phone.Failed, phone.Read}, phone.Failed, []bool{true, false}},
		"read does not fail":        {[]phone.State{phone.Read, phone.Failed}, phone.Read, []bool{true, false}},
		"nothing goes back to sent": {[]phone.State{phone.Delivered, phone.Sent}, phone.Delivered, []bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			book := phone.NewBook(10)
			m := book.Add(message("111", "m"))
			for i, state := range c.moves {
				_, moved := book.Move(m.Seq, "m", state, at, "")
				require.Equal(t, c.moved[i], moved, i)
			}
			got := book.Thread("111", "", 0)[0]
			require.Equal(t, c.want, got.State)
			if got.State == phone.Read {
				require.NotNil(t, got.DeliveredAt)
				require.NotNil(t, got.ReadAt)
			}
		})
	}
}

func TestAnIdUsedTwiceIsTwoBubbles(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	first, second := book.Add(message("111", "m")), book.Add(message("111", "m"))
	require.NotEqual(t, first.Seq, second.Seq)
	_, moved := book.Move(second.Seq, "m", phone.Read, at, "")
	require.True(t, moved)
	thread := book.Thread("111", "", 0)
	require.Equal(t, []phone.State{phone.Sent, phone.Read}, []phone.State{thread[0].State, thread[1].State})
}

func TestTheBookForgetsTheOldestOfAllPhonesTogether(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(100)
	for i := range 1000 {
		book.Add(message(fmt.Sprint(i%7), fmt.Sprint(i)))
	}
	kept := 0
	for _, p := range book.Phones("") {
		thread := book.Thread(p.Number, "", 0)
		require.Equal(t, fmt.Sprint(p.Number), thread[len(thread)-1].Customer)
		kept += len(thread)
	}
	require.LessOrEqual(t, kept, 100)
	require.Greater(t, kept, 80)
	require.Empty(t, book.Find("0"))
	require.Len(t, book.Find("999"), 1)

	for i := range 200 {
		book.Add(message("last", fmt.Sprint(i)))
	}
	require.Len(t, book.Phones(""), 1, "a phone is forgotten with its last message")
}

func TestAThreadIsWithOneBusinessOrAll(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	book.Add(message("111", "a"))
	other := message("111", "b")
	other.Business = "448"
	second := book.Add(other)
	book.Add(message("222", "c"))
	require.Equal(t, []string{"a", "b"}, texts(book.Thread("111", "", 0)))
	require.Equal(t, []string{"b"}, texts(book.Thread("111", "448", 0)))
	require.Empty(t, book.Thread("111", "", second.Seq))
	require.Empty(t, book.Thread("333", "", 0))
	require.Len(t, book.Phones("448"), 1)
}

func TestAUserIdLeadsToThePhoneWithTheNumber(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	book.Add(message("AE.abc", "early"))
	_, err := book.Configure("111", func(p *phone.Profile) { p.Number, p.UserID, p.HideNumber = "111", "AE.abc", true })
	require.NoError(t, err)
	book.Add(message("111", "by number"))
	book.Add(message("AE.abc", "by id"))
	require.Equal(t, []string{"early", "by number", "by id"}, texts(book.Thread("111", "", 0)))
	require.Equal(t, []string{"early", "by number", "by id"}, texts(book.Thread("AE.abc", "", 0)))
	require.Equal(t, "AE.abc", book.Profile("111").Address())
	require.Len(t, book.Phones(""), 1)
}

func TestWatchersHearWhatHappensOnTheirPhoneOnly(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	events, end := book.Watch("111")
	m := book.Add(message("111", "m"))
	book.Add(message("222", "other"))
	book.Move(m.Seq, "m", phone.Delivered, at, "")
	book.Typing("111", "447")
	end()
	kinds := []string{}
	for event := range events {
		kinds = append(kinds, event.Kind)
	}
	require.Equal(t, []string{"message", "state", "typing"}, kinds)
	end()
}

func TestASlowWatcherIsLetGoInsteadOfHeldFor(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	events, end := book.Watch("111")
	defer end()
	for i := range 1000 {
		book.Add(message("111", fmt.Sprint(i)))
	}
	n := 0
	for range events {
		n++
	}
	require.Less(t, n, 1000)
}

func TestASnapshotRestoresProfilesThreadsAndStates(t *testing.T) {
	t.Parallel()
	book := phone.NewBook(10)
	_, err := book.Configure("111", func(p *phone.Profile) { p.Number, p.Name, p.UserID = "111", "Aisha", "AE.abc" })
	require.NoError(t, err)
	m := book.Add(message("111", "m"))
	book.Move(m.Seq, "m", phone.Delivered, at, "")
	before := book.Changes()

	again := phone.NewBook(10)
	require.NoError(t, again.Restore(book.Snapshot()))
	require.Equal(t, before, book.Changes(), "looking is no change")
	require.Equal(t, "Aisha", again.Profile("AE.abc").Name)
	require.Equal(t, phone.Delivered, again.Thread("111", "", 0)[0].State)
	next := again.Add(message("111", "n"))
	require.Greater(t, next.Seq, again.Thread("111", "", 0)[0].Seq)
}
