package pgcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

// FindBinaries gives the folder that holds initdb and postgres, of the newest version that is at least MinVersion:
// the one named in FLOMASTR_PG_BIN and no other when that is set, else any of PATH, pg_config's and the usual places.
func FindBinaries() (string, error) {
	if named := os.Getenv("FLOMASTR_PG_BIN"); named != "" {
		v, err := BinaryVersion(named)
		if err != nil {
			return "", fmt.Errorf("FLOMASTR_PG_BIN names %s, where no PostgreSQL server was found: %w", named, err)
		}
		if v < MinVersion {
			return "", fmt.Errorf("FLOMASTR_PG_BIN names PostgreSQL %d, and version %d or newer is needed", v, MinVersion)
		}
		return named, nil
	}
	best, bestVersion := "", 0
	for _, dir := range candidates() {
		v, err := BinaryVersion(dir)
		if err == nil && v >= MinVersion && v > bestVersion && preferred(dir, best) {
			best, bestVersion = dir, v
		}
	}
	if best == "" {
		return "", ErrNoBinaries
	}
	return best, nil
}

// preferred keeps a folder that has pgvector beside it over a newer one that has not: the newest server is of no use
// without the extension.
func preferred(dir, best string) bool {
	return best == "" || hasVector(dir) || !hasVector(best)
}

func hasVector(bin string) bool {
	dir, err := ShareDir(bin)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "extension", "vector.control"))
	return err == nil
}

// ShareDir asks a server's pg_config where its extensions' control files lie. Some packages put pg_config in another
// package; the usual places are tried then.
func ShareDir(bin string) (string, error) {
	if out, err := run(filepath.Join(bin, "pg_config"), "--sharedir"); err == nil {
		return strings.TrimSpace(out), nil
	}
	root := filepath.Dir(bin)
	for _, dir := range []string{
		filepath.Join("/usr/share/postgresql", filepath.Base(root)),
		filepath.Join(root, "share"),
		filepath.Join(root, "share", "postgresql"),
		"/usr/share/pgsql",
	} {
		if _, err := os.Stat(filepath.Join(dir, "extension")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no extension folder was found for %s", bin)
}

func candidates() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		dirs = append(dirs, found...)
	}
	if out, err := run("pg_config", "--bindir"); err == nil {
		dirs = append(dirs, strings.TrimSpace(out))
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	sort.Strings(dirs)
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// BinaryVersion gives the major version of the server whose programs lie in a folder.
func BinaryVersion(dir string) (int, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(dir, program(name))); err != nil {
			return 0, err
		}
	}
	out, err := run(filepath.Join(dir, program("postgres")), "--version")
	if err != nil {
		return 0, err
	}
	m := versionPattern.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("postgres --version said %q", strings.TrimSpace(out))
	}
	return strconv.Atoi(m[1])
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w", name, err)
	}
	return string(out), nil
}
