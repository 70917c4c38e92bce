//go:build unix

package spool_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
)

// full names the folder that a process of this test's own writes to, which may make no file longer than a block.
const full = "SPOOL_TEST_FULL"

func TestADiskThatTakesOnlyThePartOfAFileKeepsNothingOfIt(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(full)
	if dir == "" { // the limit is a whole process's
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), full+"="+t.TempDir())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: "+t.Name())
		return
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = 4 << 10
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	channel := flomastr.NewID[flomastr.ChannelID]()
	f := open(t, dir, secret.Generate(), 1<<20)
	for range 3 {
		require.ErrorIs(t, f.Put(webhook(channel, strings.Repeat("a", 16<<10))), syscall.EFBIG)
		require.False(t, f.Holds(channel), "what was not kept must not keep others from being stored")
		require.Empty(t, names(t, dir), "no half of it is left")
	}
	require.NoError(t, f.Put(webhook(channel, "short")))
	require.Equal(t, []string{"short"}, bodies(oldest(t, f, channel, 10)))
}
