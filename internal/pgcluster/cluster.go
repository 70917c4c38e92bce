package pgcluster

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// MinVersion is the oldest major version of PostgreSQL that is accepted.
const MinVersion = 15

// superuser is the cluster's first role. It is not an operating system user.
const superuser = "postgres"

// sunPathMax is the longest path of a unix socket that every system here can bind (macOS allows 104 bytes with the
// terminating zero, Linux 108).
const sunPathMax = 103

// ErrUnsupported says that this system cannot run a private cluster at all.
var ErrUnsupported = errors.New("a private PostgreSQL cluster cannot run on this system; set DATABASE_URL to a server of your own")

// ErrNoBinaries says that no PostgreSQL server of a sufficient version is installed.
var ErrNoBinaries = fmt.Errorf("no PostgreSQL server programs of version %d or newer were found; install them (Debian and Ubuntu: "+
	"apt-get install postgresql), or name their folder in FLOMASTR_PG_BIN, or set DATABASE_URL", MinVersion)

// Cluster is one private PostgreSQL cluster. Only DataDir is required. Fields may not change after the first Ensure.
type Cluster struct {
	BinDir    string            // folder of initdb and postgres; found by FindBinaries when empty
	DataDir   string            // the cluster's own data directory; its parent must exist or be creatable
	SocketDir string            // folder of the unix socket; a short private one is chosen when empty
	Port      int               // names the socket, and the port should listen_addresses be set; 54320 when 0
	User      string            // operating system user under root; `postgres`, else `flomastr`, when empty
	Fsync     bool              // off only for data that may be lost, such as a test's
	Trust     bool              // no passwords; only for a throwaway cluster
	Settings  map[string]string // further server settings, passed at every start
	Log       *slog.Logger      // told what happens; silent when nil

	mu       sync.Mutex
	account  account
	password string
	users    *os.File // shared lock: we use this cluster
	child    *child   // nil when adopted or not running
	pid      int
}

// Superuser gives the name and password of the cluster's superuser. The password is known after the first Ensure.
func (c *Cluster) Superuser() (name, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return superuser, c.password
}

// DSN gives a connection string for one database and role of this cluster, through its unix socket.
func (c *Cluster) DSN(database, user, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database}
	if password == "" {
		u.User = url.User(user)
	}
	q := url.Values{}
	q.Set("host", c.SocketDir)
	q.Set("port", strconv.Itoa(c.Port))
	q.Set("sslmode", "disable")
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // PostgreSQL's clients read a plus as a plus
	return u.String()
}

// PID gives the postmaster's process id, 0 when it is not known to run.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

// LogFile is where the postmaster writes its own log.
func (c *Cluster) LogFile() string { return c.DataDir + ".log" }

// Throwaway describes a cluster for tests: no fsync, no passwords, under the system's temporary folder. Every process
// of the same user that asks for the same name shares it.
func Throwaway(name string) *Cluster {
	base := filepath.Join(os.TempDir(), fmt.Sprintf("flomastr-%s-%d", name, os.Getuid()))
	return &Cluster{
		DataDir:   filepath.Join(base, "pg"),
		SocketDir: filepath.Join(base, "s"),
		Trust:     true,
		Settings: map[string]string{
			"synchronous_commit": "off",
			"full_page_writes":   "off",
			"max_connections":    "300",
			"autovacuum":         "off", // would fight CREATE DATABASE … TEMPLATE for the template
		},
	}
}

// prepare fills the defaults in and checks what the caller gave.
func (c *Cluster) prepare() error {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.DataDir == "" {
		return errors.New("pgcluster: no data directory was named")
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return fmt.Errorf("resolve the data directory: %w", err)
	}
	c.DataDir = dir
	if c.Port == 0 {
		c.Port = 54320
	}
	if c.BinDir == "" {
		bin, err := FindBinaries()
		if err != nil {
			return err
		}
		c.BinDir = bin
	} else if v, err := BinaryVersion(c.BinDir); err != nil || v < MinVersion {
		return fmt.Errorf("no PostgreSQL server of version %d or newer was found in %s", MinVersion, c.BinDir)
	}
	if c.account, err = findAccount(c.User); err != nil {
		return err
	}
	if c.SocketDir == "" {
		c.SocketDir = shortSocketDir(c.DataDir, c.account)
	}
	if c.SocketDir, err = filepath.Abs(c.SocketDir); err != nil {
		return fmt.Errorf("resolve the socket folder: %w", err)
	}
	if n := len(c.socketFile()); n > sunPathMax {
		return fmt.Errorf("the socket's path %s is %d bytes long and a socket's path may have %d: choose a shorter socket folder",
			c.socketFile(), n, sunPathMax)
	}
	return nil
}

func (c *Cluster) socketFile() string {
	return filepath.Join(c.SocketDir, ".s.PGSQL."+strconv.Itoa(c.Port))
}

// arguments are the postmaster's. They are passed at every start rather than written to postgresql.conf, so that a
// cluster made by an older version of us runs with today's settings.
func (c *Cluster) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.SocketDir,
		"unix_socket_permissions": "0700",
		"port":                    strconv.Itoa(c.Port),
		"max_connections":         "150",
		"fsync":                   onOff(c.Fsync),
		"log_timezone":            "UTC",
		"timezone":                "UTC",
		"password_encryption":     "scram-sha-256",
		"log_line_prefix":         "%m [%p] ",
	}
	maps.Copy(settings, c.Settings)
	args := []string{"-D", c.DataDir}
	for k, v := range settings {
		args = append(args, "-c", k+"="+v)
	}
	return args
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// environment is ours without the variables that would change what PostgreSQL's programs do.
func environment(home string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "LC_") || name == "LANG" || name == "HOME" || name == "LANGUAGE" {
			continue
		}
		// Our own secrets are none of the database's business, and /proc shows an environment to its user.
		if strings.HasPrefix(name, "FLOMASTR_") || strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "_TOKEN") || strings.HasSuffix(name, "_URL") {
			continue
		}
		env = append(env, kv)
	}
	return append(env, "HOME="+home, "LC_ALL=C")
}
