//go:build unix

package pgcluster

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// fresh describes a cluster of the test's own and stops it afterwards. Its folder is one that an unprivileged user can
// enter, which t.TempDir's is not.
func fresh(t *testing.T) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("makes a database")
	}
	if _, err := FindBinaries(); err != nil {
		t.Skip(err)
	}
	base, err := os.MkdirTemp("/tmp", "pgc-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(base, 0o711))
	c := &Cluster{DataDir: filepath.Join(base, "pg"), Settings: map[string]string{"shared_buffers": "4MB"}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		// Another handle of the same folder may have started it again.
		require.NoError(t, (&Cluster{DataDir: c.DataDir, SocketDir: c.SocketDir}).Stop(ctx, Immediate))
		require.NoError(t, os.RemoveAll(base))
	})
	return c
}

// again is another process's view of the same cluster.
func again(c *Cluster) *Cluster {
	return &Cluster{DataDir: c.DataDir, Settings: c.Settings}
}

func sql(t *testing.T, c *Cluster, statements string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	name, password := c.Superuser()
	conn, err := pgx.Connect(ctx, c.DSN("postgres", name, password))
	require.NoError(t, err)
	defer conn.Close(ctx)
	var out string
	for stmt := range strings.SplitSeq(statements, ";;") {
		if strings.HasPrefix(stmt, "SELECT") || strings.HasPrefix(stmt, "SHOW") {
			require.NoError(t, conn.QueryRow(ctx, stmt).Scan(&out))
			continue
		}
		_, err := conn.Exec(ctx, stmt)
		require.NoError(t, err)
	}
	return out
}

func TestAFreshClusterAnswersOnItsSocketAlone(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	c.Fsync = true
	require.NoError(t, c.Ensure(t.Context()))
	require.True(t, c.Alive())
	require.Empty(t, sql(t, c, "SHOW listen_addresses"))
	require.Equal(t, "on", sql(t, c, "SHOW fsync"))
	require.Equal(t, "150", sql(t, c, "SHOW max_connections"))
	require.Equal(t, "UTF8", sql(t, c, "SHOW server_encoding"))
	require.Equal(t, c.DataDir, sql(t, c, "SHOW data_directory"))
	require.Equal(t, "äö", sql(t, c, "SELECT lower('ÄÖ')"), "letters beyond ASCII are known")

	info, err := os.Stat(c.DataDir + ".password")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(c.SocketDir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	_, err = os.Stat(c.DataDir + ".pwfile")
	require.ErrorIs(t, err, os.ErrNotExist, "the password handed to initdb is gone")
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, c.Ensure(t.Context()))
	_, err := pgx.Connect(t.Context(), c.DSN("postgres", "postgres", "guess"))
	require.ErrorContains(t, err, "28P01")
}

func TestALiveClusterIsAdopted(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, c.Ensure(t.Context()))
	sql(t, c, "CREATE TABLE kept (v text);;INSERT INTO kept VALUES ('yes')")

	other := again(c)
	require.NoError(t, other.Ensure(t.Context()))
	require.Equal(t, c.PID(), other.PID())
	require.True(t, other.Alive())
	require.Equal(t, "yes", sql(t, other, "SELECT v FROM kept"))

	require.NoError(t, c.Release(t.Context()))
	require.True(t, other.Alive(), "it runs while somebody uses it")
	require.NoError(t, other.Release(t.Context()))
	require.False(t, other.Alive(), "the last one stops it")
	require.Zero(t, other.runningPID())
}

func TestAdoptStartsNothing(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	running, err := c.Adopt(t.Context())
	require.NoError(t, err)
	require.False(t, running, "there is none")
	_, err = os.Stat(c.DataDir)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, c.Ensure(t.Context()))
	other := again(c)
	running, err = other.Adopt(t.Context())
	require.NoError(t, err)
	require.True(t, running)
	require.Equal(t, "1", sql(t, other, "SELECT '1'"))
	require.NoError(t, c.Stop(t.Context(), Fast))
	running, err = other.Adopt(t.Context())
	require.NoError(t, err)
	require.False(t, running, "it has stopped")
}

func TestManyStartersMakeOneCluster(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	pids := make([]int, 6)
	errs := make([]error, len(pids))
	var all sync.WaitGroup
	for i := range pids {
		all.Go(func() {
			own := again(c)
			errs[i] = own.Ensure(t.Context())
			pids[i] = own.PID()
		})
	}
	all.Wait()
	for i := range pids {
		require.NoError(t, errs[i])
		require.NotZero(t, pids[i])
		require.Equal(t, pids[0], pids[i])
	}
}

func TestAHalfMadeClusterIsMadeAgain(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	// initdb was killed in the middle of its work.
	require.NoError(t, os.MkdirAll(filepath.Join(c.DataDir+".init", "base"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(c.DataDir+".init", "PG_VERSION"), []byte("15\n"), 0o600))
	require.NoError(t, os.WriteFile(c.DataDir+".pwfile", []byte("left over"), 0o600))
	require.NoError(t, c.Ensure(t.Context()))
	require.Equal(t, "1", sql(t, c, "SELECT '1'"))
	_, err := os.Stat(c.DataDir + ".init")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAFolderThatIsNoClusterIsKeptAside(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, os.MkdirAll(c.DataDir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(c.DataDir, "letters.txt"), []byte("mine"), 0o600))
	require.NoError(t, c.Ensure(t.Context()))
	found, err := filepath.Glob(c.DataDir + ".broken-*/letters.txt")
	require.NoError(t, err)
	require.Len(t, found, 1)
}

func TestAClusterRecoversFromKillNine(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	c.Fsync = true
	require.NoError(t, c.Ensure(t.Context()))
	sql(t, c, "CREATE TABLE kept (v text);;INSERT INTO kept VALUES ('yes')")
	dead := c.PID()
	require.NoError(t, syscall.Kill(dead, syscall.SIGKILL))
	require.Eventually(t, func() bool { return !c.Alive() }, 10*time.Second, 10*time.Millisecond)

	require.NoError(t, c.Ensure(t.Context()))
	require.NotEqual(t, dead, c.PID())
	require.Equal(t, "yes", sql(t, c, "SELECT v FROM kept"))
}

func TestASessionThatOutlivesItsPostmasterIsEnded(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, c.Ensure(t.Context()))
	session, err := pgx.Connect(t.Context(), c.DSN("postgres", superuser, c.password))
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close(context.Background()) })
	orphan := int(session.PgConn().PID())
	shell := exec.CommandContext(t.Context(), "sleep", "60")
	shell.Dir = c.DataDir
	require.NoError(t, shell.Start())
	t.Cleanup(func() { _ = shell.Process.Kill(); _ = shell.Wait() })
	require.NoError(t, syscall.Kill(orphan, syscall.SIGSTOP)) // it will not notice
	require.NoError(t, syscall.Kill(c.PID(), syscall.SIGKILL))
	require.Eventually(t, func() bool { return !c.Alive() }, 10*time.Second, 10*time.Millisecond)

	require.NoError(t, c.Ensure(t.Context()))
	require.False(t, c.worksHere(orphan))
	require.True(t, c.worksHere(shell.Process.Pid), "a person who looks at the files is left alone")
	require.NoError(t, c.Ping(t.Context()))
}

func TestAPidFileThatNamesAStrangerIsRemoved(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, c.Ensure(t.Context()))
	require.NoError(t, c.Stop(t.Context(), Fast))
	// The machine was reset and the number now belongs to another process: this one.
	stale := strings.Join([]string{strconv.Itoa(os.Getpid()), c.DataDir, "1700000000", strconv.Itoa(c.Port), c.SocketDir, "", "  1234567  7", "ready   "}, "\n")
	require.NoError(t, os.WriteFile(filepath.Join(c.DataDir, "postmaster.pid"), []byte(stale), 0o600))
	require.NoError(t, os.WriteFile(c.socketFile()+".lock", []byte(stale), 0o600))
	require.Zero(t, c.runningPID())
	require.NoError(t, c.Ensure(t.Context()))
	require.NotEqual(t, os.Getpid(), c.PID())
}

func TestStopIsDoneWhenTheProcessHasEnded(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	require.NoError(t, c.Stop(t.Context(), Fast), "stopping one that never ran is no error")
	require.NoError(t, c.Ensure(t.Context()))
	pid := c.PID()
	require.NoError(t, again(c).Stop(t.Context(), Fast), "an adopted one can be stopped too")
	require.Eventually(t, func() bool { return !alive(pid) && !c.Alive() }, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.Stop(t.Context(), Fast))
}

func TestAPostmasterThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	c := fresh(t)
	c.Settings = map[string]string{"no_such_setting": "1"}
	err := c.Ensure(t.Context())
	require.ErrorContains(t, err, "no_such_setting")
	require.ErrorContains(t, err, c.LogFile())
}

func TestALongPathGetsAShortSocketFolder(t *testing.T) {
	t.Parallel()
	long := filepath.Join("/tmp", strings.Repeat("deep/", 40), "pg")
	dir := shortSocketDir(long, account{uid: 7})
	require.LessOrEqual(t, len(dir)+len("/.s.PGSQL.65535"), sunPathMax)
	require.Equal(t, dir, shortSocketDir(long, account{uid: 7}), "the same for every process")
	require.NotEqual(t, dir, shortSocketDir(long+"2", account{uid: 7}))

	c := &Cluster{DataDir: "/tmp/x/pg", SocketDir: "/tmp/" + strings.Repeat("s", 100)}
	if _, err := FindBinaries(); err == nil {
		require.ErrorContains(t, c.prepare(), "shorter")
	}
}

func TestAFolderOfAnotherUserIsNotTrusted(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.Chown(dir, 12345, 12345))
	require.ErrorContains(t, account{uid: 54321, gid: 54321, switched: true}.privateDir(dir), "belongs to another user")
	require.ErrorContains(t, account{name: "nobody", uid: 54321, switched: true}.canEnter(filepath.Dir(dir)), "may not enter")
}

func TestTheDSNCarriesOddPasswords(t *testing.T) {
	t.Parallel()
	c := &Cluster{SocketDir: "/tmp/a b", Port: 7}
	cfg, err := pgx.ParseConfig(c.DSN("d/1", "u@x", "p:/?#%"))
	require.NoError(t, err)
	require.Equal(t, []any{"/tmp/a b", uint16(7), "d/1", "u@x", "p:/?#%"}, []any{cfg.Host, cfg.Port, cfg.Database, cfg.User, cfg.Password})
}

func TestTheDatabaseSeesNoneOfOurSecrets(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "k")
	t.Setenv("DATABASE_URL", "u")
	t.Setenv("FLOMASTR_MASTER_KEY", "m")
	t.Setenv("PGPORT", "1")
	t.Setenv("KEPT", "1")
	env := strings.Join(environment("/home"), "\n")
	require.NotContains(t, env, "OPENAI_API_KEY")
	require.NotContains(t, env, "DATABASE_URL")
	require.NotContains(t, env, "FLOMASTR_MASTER_KEY")
	require.NotContains(t, env, "PGPORT")
	require.Contains(t, env, "KEPT=1")
}
