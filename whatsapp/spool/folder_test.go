package spool_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/spool"
)

func open(t *testing.T, dir, key string, most int64) *spool.Folder {
	t.Helper()
	keys, err := secret.Parse(key)
	require.NoError(t, err)
	f, err := spool.Open(dir, most, keys, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return f
}

func webhook(channel flomastr.ChannelID, body string) whatsapp.Spooled {
	return whatsapp.Spooled{Provider: "twilio", Channel: channel, Request: whatsapp.WebhookRequest{
		Header: http.Header{"X-Twilio-Signature": {"signed"}}, URL: "https://engine.example/webhook", Body: []byte(body), ReceivedAt: time.Unix(1_790_000_000, 0).UTC(),
	}}
}

func bodies(list []whatsapp.Spooled) (out []string) {
	for _, w := range list {
		out = append(out, string(w.Request.Body))
	}
	return out
}

func TestAnotherProcessFindsWhatWasKeptInItsOrder(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	first, second := flomastr.NewID[flomastr.ChannelID](), flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, key, 1<<20)
	require.NoError(t, f.Put(webhook(second, "x")))
	for i := range 5 {
		require.NoError(t, f.Put(webhook(first, fmt.Sprint(i))))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "018f0000-0000-7000-8000-000000000000."+first.String()+".half"), []byte("never acknowledged"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), nil, 0o600))

	f = open(t, dir, key, 1<<20)
	require.Equal(t, 6, f.Waiting())
	require.Equal(t, []flomastr.ChannelID{second, first}, f.Channels(), "the one that waits longest first")
	list, err := f.Oldest(first, 3)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1", "2"}, bodies(list))
	whole := webhook(first, "0")
	whole.ID = list[0].ID
	require.Equal(t, whole, list[0], "all of the request is there")

	require.NoError(t, f.Remove(list))
	require.NoError(t, f.Remove(list), "again: another process may have been quicker")
	list, err = f.Oldest(first, 3)
	require.NoError(t, err)
	require.Equal(t, []string{"3", "4"}, bodies(list))
	require.NoError(t, f.Remove(list))
	require.False(t, f.Holds(first))
	require.True(t, f.Holds(second))
	require.Equal(t, 1, open(t, dir, key, 1<<20).Waiting())
}

func TestNothingOfACustomerIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	channel := flomastr.NewID[flomastr.ChannelID]()
	require.NoError(t, open(t, dir, secret.Generate(), 1<<20).Put(webhook(channel, "my words")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	content, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	require.NoError(t, err)
	encoded, err := json.Marshal([]byte("my words"))
	require.NoError(t, err)
	require.NotContains(t, string(content), "my words")
	require.NotContains(t, string(content), strings.Trim(string(encoded), `"`))
	require.NotContains(t, string(content), "signed")
}

func TestAFullFolderRefuses(t *testing.T) {
	t.Parallel()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, t.TempDir(), secret.Generate(), 4000)
	require.NoError(t, f.Put(webhook(channel, strings.Repeat("a", 1000))))
	require.ErrorIs(t, f.Put(webhook(channel, strings.Repeat("a", 4000))), spool.ErrFull)
	require.Equal(t, 1, f.Waiting())
	list, err := f.Oldest(channel, 10)
	require.NoError(t, err)
	require.NoError(t, f.Remove(list))
	require.NoError(t, f.Put(webhook(channel, strings.Repeat("a", 1000))), "there is room again")
}

func TestAFolderThatIsGoneRefusesAndHoldsNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "spool")
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 1<<20)
	require.NoError(t, os.Remove(dir))
	require.Error(t, f.Put(webhook(channel, "x")))
	require.False(t, f.Holds(channel), "what was not kept must not keep others from being stored")
}

func TestWhatCannotBeOpenedIsSetAsideAndKept(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	channel := flomastr.NewID[flomastr.ChannelID]()
	require.NoError(t, open(t, dir, secret.Generate(), 1<<20).Put(webhook(channel, "of another key")))
	f := open(t, dir, key, 1<<20)
	require.NoError(t, f.Put(webhook(channel, "readable")))
	list, err := f.Oldest(channel, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"readable"}, bodies(list))
	aside, err := filepath.Glob(filepath.Join(dir, "*.unreadable"))
	require.NoError(t, err)
	require.Len(t, aside, 1)
	require.Equal(t, 1, open(t, dir, key, 1<<20).Waiting())
}

func TestAFileThatIsGoneKeepsNothingWaiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 1<<20)
	require.NoError(t, f.Put(webhook(channel, "removed")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, entries[0].Name())))
	require.NoError(t, f.Put(webhook(channel, "there")))
	list, err := f.Oldest(channel, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"there"}, bodies(list))
	require.NoError(t, f.Remove(list))
	require.False(t, f.Holds(channel))
}

func TestManyAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, key, 1<<20)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := f.Put(webhook(channel, fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := open(t, dir, key, 1<<20).Oldest(channel, 100)
	require.NoError(t, err)
	require.Len(t, list, 40)
	same, err := f.Oldest(channel, 100)
	require.NoError(t, err)
	require.Equal(t, bodies(same), bodies(list), "the next process keeps this one's order")
}
