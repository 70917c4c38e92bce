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
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/spool"
)

// much is more than any of these tests' webhooks, in bytes.
const much = 1 << 30

func open(t *testing.T, dir, key string, most int64) *spool.Folder {
	t.Helper()
	keys, err := secret.Parse(key)
	require.NoError(t, err)
	f, err := spool.Open(dir, most, keys, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// again opens a folder as the next process does.
func again(t *testing.T, f *spool.Folder, dir, key string) *spool.Folder {
	t.Helper()
	require.NoError(t, f.Close())
	return open(t, dir, key, 1<<20)
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

func oldest(t *testing.T, f *spool.Folder, channel flomastr.ChannelID, n int) []whatsapp.Spooled {
	t.Helper()
	list, err := f.Oldest(channel, n, much)
	require.NoError(t, err)
	return list
}

func waiting(f *spool.Folder) int { n, _ := f.Count(); return n }

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Name() != ".lock" {
			out = append(out, entry.Name())
		}
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
	half := fmt.Sprintf("%016d.%s.half", 7, first)
	require.NoError(t, os.WriteFile(filepath.Join(dir, half), []byte("never acknowledged"), 0o600))

	f = again(t, f, dir, key)
	require.NotContains(t, names(t, dir), half)
	require.Equal(t, 6, waiting(f))
	require.Equal(t, []flomastr.ChannelID{second, first}, f.Channels(), "the one that waits longest first")
	list := oldest(t, f, first, 3)
	require.Equal(t, []string{"0", "1", "2"}, bodies(list))
	whole := webhook(first, "0")
	whole.ID = list[0].ID
	require.Equal(t, whole, list[0], "all of the request is there")

	require.NoError(t, f.Remove(list))
	require.NoError(t, f.Remove(list), "again: a person may have been quicker")
	list = oldest(t, f, first, 3)
	require.Equal(t, []string{"3", "4"}, bodies(list))
	require.NoError(t, f.Remove(list))
	require.False(t, f.Holds(first))
	require.True(t, f.Holds(second))
	require.Equal(t, 1, waiting(again(t, f, dir, key)))
}

// The order must not hang on a clock, which may be set back between two processes.
func TestEachProcessGoesOnBehindTheOneBefore(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, key, 1<<20)
	for i := range 12 {
		require.NoError(t, f.Put(webhook(channel, fmt.Sprint(i))))
		if i == 10 {
			require.NoError(t, f.Remove(oldest(t, f, channel, 9)))
		}
		f = again(t, f, dir, key)
	}
	require.Equal(t, []string{"9", "10", "11"}, bodies(oldest(t, f, channel, 100)))
}

func TestAFolderThatAnotherProcessUsesIsRefused(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	keys, err := secret.Parse(key)
	require.NoError(t, err)
	f := open(t, dir, key, 1<<20)
	channel := flomastr.NewID[flomastr.ChannelID]()
	require.NoError(t, f.Put(webhook(channel, "x")))
	_, err = spool.Open(dir, 1<<20, keys, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, spool.ErrInUse)
	require.Equal(t, 1, waiting(again(t, f, dir, key)), "and had once the other is gone")
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	channel := flomastr.NewID[flomastr.ChannelID]()
	theirs := []string{"README", "photo.half", "1." + channel.String(), fmt.Sprintf("%016d.%s.bak", 1, channel), fmt.Sprintf("%016d.%s", 2, strings.Repeat("-", 36))}
	for _, name := range theirs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("theirs"), 0o600))
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.WriteFile(elsewhere, []byte("theirs"), 0o600))
	link := fmt.Sprintf("%016d.%s", 3, channel)
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, link)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, fmt.Sprintf("%016d.%s.half", 4, channel)), 0o700))
	before := names(t, dir)

	f := open(t, dir, key, 1<<20)
	require.Zero(t, waiting(f))
	require.Equal(t, before, names(t, dir))
	require.FileExists(t, elsewhere)
}

func TestNothingOfACustomerIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	channel := flomastr.NewID[flomastr.ChannelID]()
	require.NoError(t, open(t, dir, secret.Generate(), 1<<20).Put(webhook(channel, "my words")))
	require.Len(t, names(t, dir), 1)
	content, err := os.ReadFile(filepath.Join(dir, names(t, dir)[0]))
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
	f := open(t, t.TempDir(), secret.Generate(), 8<<10)
	require.NoError(t, f.Put(webhook(channel, "a")))
	require.ErrorIs(t, f.Put(webhook(channel, strings.Repeat("a", 8<<10))), spool.ErrFull)
	require.NoError(t, f.Put(webhook(channel, "a")))
	require.ErrorIs(t, f.Put(webhook(channel, "a")), spool.ErrFull, "a small file takes a whole block")
	require.Equal(t, 2, waiting(f))
	list := oldest(t, f, channel, 10)
	require.NoError(t, f.SetAside(list[0]))
	require.ErrorIs(t, f.Put(webhook(channel, "a")), spool.ErrFull, "what is set aside counts")
	require.NoError(t, f.Remove(list[1:]))
	require.NoError(t, f.Put(webhook(channel, "a")), "there is room again")
}

func TestWhatIsGivenAtOnceIsBounded(t *testing.T) {
	t.Parallel()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, t.TempDir(), secret.Generate(), 64<<20)
	large := strings.Repeat("a", 1<<20)
	for i := range 6 {
		require.NoError(t, f.Put(webhook(channel, fmt.Sprint(i, large))))
	}
	for _, c := range []struct {
		what string
		n    int
		size int64
		want int
	}{
		{"in number", 4, 64 << 20, 4},
		{"in bytes", 100, 4 << 20, 2}, // a file holds a body in base64
		{"and at least one is given", 100, 1 << 10, 1},
	} {
		list, err := f.Oldest(channel, c.n, c.size)
		require.NoError(t, err)
		require.Len(t, list, c.want, c.what)
	}
}

func TestAFolderThatIsGoneRefusesAndHoldsNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "spool")
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 8<<10)
	require.NoError(t, os.RemoveAll(dir))
	for range 3 {
		require.Error(t, f.Put(webhook(channel, "x")))
		require.False(t, f.Holds(channel), "what was not kept must not keep others from being stored")
	}
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, f.Put(webhook(channel, "x")), "what was not kept takes no room")
}

func TestWhatCannotBeReadIsGivenAsBroken(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), secret.Generate()
	channel, other := flomastr.NewID[flomastr.ChannelID](), flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 1<<20)
	require.NoError(t, f.Put(webhook(channel, "of another key")))
	f = again(t, f, dir, key)
	for _, body := range []string{"cut off", "of another channel", "a folder now", "good"} {
		require.NoError(t, f.Put(webhook(channel, body)))
	}
	files := names(t, dir)
	require.NoError(t, os.Truncate(filepath.Join(dir, files[1]), 30))
	moved := strings.Replace(files[2], channel.String(), other.String(), 1)
	require.NoError(t, os.Rename(filepath.Join(dir, files[2]), filepath.Join(dir, moved)))
	f = again(t, f, dir, key)
	require.NoError(t, os.Remove(filepath.Join(dir, files[3])))
	require.NoError(t, os.Mkdir(filepath.Join(dir, files[3]), 0o700))

	list := oldest(t, f, channel, 10)
	require.Len(t, list, 4)
	for _, w := range list[:3] {
		require.ErrorIs(t, w.Broken, spool.ErrUnreadable)
		require.Equal(t, channel, w.Channel)
		require.Empty(t, w.Request.Body)
		require.NoError(t, f.SetAside(w))
	}
	require.Equal(t, "good", string(list[3].Request.Body))
	list = oldest(t, f, other, 10)
	require.Len(t, list, 1)
	require.ErrorIs(t, list[0].Broken, spool.ErrUnreadable, "a webhook is bound to its channel")
}

func TestWhatIsSetAsideIsTriedAgainByTheNextProcess(t *testing.T) {
	t.Parallel()
	dir, before, key := t.TempDir(), secret.Generate(), secret.Generate()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, before, 1<<20)
	require.NoError(t, f.Put(webhook(channel, "by the old key")))
	f = again(t, f, dir, key)
	require.NoError(t, f.Put(webhook(channel, "by the new key")))
	list := oldest(t, f, channel, 10)
	require.Error(t, list[0].Broken)
	require.NoError(t, f.SetAside(list[0]))
	require.Equal(t, []string{"by the new key"}, bodies(oldest(t, f, channel, 10)))
	n, aside := f.Count()
	require.Equal(t, []int{1, 1}, []int{n, aside})

	f = again(t, f, dir, key+","+before)
	require.Equal(t, []string{"by the old key", "by the new key"}, bodies(oldest(t, f, channel, 10)), "readable with both keys, in its order")
	n, aside = f.Count()
	require.Equal(t, []int{2, 0}, []int{n, aside})
}

func TestAFileThatIsGoneKeepsNothingWaiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 1<<20)
	require.NoError(t, f.Put(webhook(channel, "removed")))
	require.NoError(t, os.Remove(filepath.Join(dir, names(t, dir)[0])))
	require.NoError(t, f.Put(webhook(channel, "there")))
	list := oldest(t, f, channel, 10)
	require.Equal(t, []string{"there"}, bodies(list))
	require.NoError(t, f.Remove(list))
	require.False(t, f.Holds(channel))
}

// What is put while others are taken out comes out once, and what one hand put before another thing stays before it.
func TestPuttingAndTakingAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, t.TempDir(), secret.Generate(), 1<<30)
	const hands, each = 4, 40
	var putting sync.WaitGroup
	var done atomic.Bool
	for hand := range hands {
		putting.Go(func() {
			for i := range each {
				if err := f.Put(webhook(channel, fmt.Sprintf("%d %d", hand, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { putting.Wait(); done.Store(true) }()
	next := [hands]int{}
	for last := false; !last; {
		last = done.Load()
		for list := oldest(t, f, channel, 7); len(list) > 0; list = oldest(t, f, channel, 7) {
			for _, body := range bodies(list) {
				var hand, i int
				_, err := fmt.Sscan(body, &hand, &i)
				require.NoError(t, err)
				require.Equal(t, next[hand], i)
				next[hand]++
			}
			require.NoError(t, f.Remove(list))
		}
	}
	require.Equal(t, [hands]int{each, each, each, each}, next)
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
	list := oldest(t, f, channel, 100)
	require.Len(t, list, 40)
	require.Equal(t, bodies(list), bodies(oldest(t, again(t, f, dir, key), channel, 100)), "the next process keeps this one's order")
}
