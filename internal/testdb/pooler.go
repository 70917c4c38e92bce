package testdb

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler starts a PgBouncer in transaction mode before the server of a cloned database and gives its address. It keeps
// two sessions for each login, fewer than any test has clients, so that transactions of different tenants follow each
// other on one session. The named logins need no password there, as they need none at the server.
func Pooler(t testing.TB, databaseURL string, logins ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian puts it, which is not on everybody's PATH
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("pgbouncer is missing: make deps-test installs it")
	}
	server, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatalf("read the test database's address: %v", err)
	}
	dir, port := t.TempDir(), freePort(t)
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // PgBouncer reads it as another user
			t.Fatalf("write PgBouncer's settings: %v", err)
		}
		return path
	}
	users := write("users", `"`+strings.Join(logins, "\" \"\"\n\"")+"\" \"\"\n")
	settings := write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`, server.Host, server.Port, port, users))
	args := []string{"-q", settings}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "postgres") // it refuses to be root, and the cluster's socket folder is postgres's
		openTo(t, dir)
	}
	cmd := exec.Command(program, args...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("PgBouncer said:\n%s", said.String())
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return "postgres://" + address + "?sslmode=disable"
		}
		if time.Now().After(deadline) {
			t.Fatal("PgBouncer does not answer")
		}
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// openTo lets the unprivileged user read a test's folder: its parents are private to us.
func openTo(t testing.TB, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatalf("let PgBouncer read its settings: %v", err)
		}
	}
}
