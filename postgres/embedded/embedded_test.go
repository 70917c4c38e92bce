//go:build unix

package embedded

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

func TestTheDataDirectoryIsFoundByTheRulesInOrder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "with", "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "with", "Makefile"), nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "without", "Makefile"), 0o755), "a folder of that name is no Makefile")
	env := func(kv map[string]string) func(string) string { return func(k string) string { return kv[k] } }
	real, err := filepath.EvalSymlinks(root)
	require.NoError(t, err)

	for _, c := range []struct {
		name, named, program string
		env                  map[string]string
		want                 string
	}{
		{"named", "/srv/flo", filepath.Join(root, "with/bin/flomastr"), nil, "/srv/flo"},
		{"beside the Makefile", "", filepath.Join(root, "with/bin/flomastr"), map[string]string{"HOME": "/home/u"}, filepath.Join(real, "with/.flomastr")},
		{"XDG", "", filepath.Join(root, "without/flomastr"), map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/x"}, "/x/flomastr"},
		{"home", "", filepath.Join(root, "without/flomastr"), map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/flomastr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := DataDir(c.named, c.program, env(c.env))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	_, err = DataDir("", filepath.Join(root, "without/flomastr"), env(nil))
	require.ErrorContains(t, err, "FLOMASTR_DATA_DIR")
}

func TestRootKeepsItsClusterWhereAnotherUserMayEnter(t *testing.T) {
	t.Parallel()
	dir, user := ClusterDir("/root/my project/.flomastr", true)
	require.Regexp(t, `^/var/lib/flomastr/myproject-[0-9a-f]{8}/pg$`, dir)
	require.Empty(t, user)
	other, _ := ClusterDir("/root/other/my project/.flomastr", true)
	require.NotEqual(t, dir, other, "two checkouts of one name do not meet")
	mine, _ := ClusterDir("/home/u/p/.flomastr", false)
	require.Equal(t, "/home/u/p/.flomastr/pg", mine)
}

// started gives a running private database in a folder of the test's own, whoever runs the test.
func started(t *testing.T) (*Embedded, string) {
	t.Helper()
	if testing.Short() {
		t.Skip("makes a database")
	}
	if _, err := pgcluster.FindBinaries(); err != nil {
		t.Skip(err)
	}
	dataDir := filepath.Join(t.TempDir(), ".flomastr")
	e, err := Start(t.Context(), dataDir, "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.Stop(context.Background()))
		if dir, _ := ClusterDir(dataDir, os.Geteuid() == 0); os.Geteuid() == 0 {
			require.NoError(t, os.RemoveAll(filepath.Dir(dir)))
		}
	})
	return e, dataDir
}

func query(t *testing.T, e *Embedded, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), e.AdminURL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var out string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&out))
	return out
}

func TestAKilledDatabaseComesBackByItself(t *testing.T) {
	t.Parallel()
	e, _ := started(t)
	require.Equal(t, "flomastr", query(t, e, "SELECT current_database()"))
	require.Equal(t, "on", query(t, e, "SHOW fsync"))
	dead := e.cluster.PID()
	require.NoError(t, syscall.Kill(dead, syscall.SIGKILL))
	require.Eventually(t, func() bool {
		pid := e.cluster.PID()
		return pid != dead && pid != 0 && e.cluster.Ping(context.Background()) == nil
	}, time.Minute, 50*time.Millisecond)
}

func TestASecondProcessSharesTheDatabase(t *testing.T) {
	t.Parallel()
	e, dataDir := started(t)
	other, err := Start(t.Context(), dataDir, "", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, e.cluster.PID(), other.cluster.PID())
	require.NoError(t, other.Stop(t.Context()))
	require.Equal(t, "1", query(t, e, "SELECT '1'"), "it runs on for the first")
}
