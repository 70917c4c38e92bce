package pgcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// makeFolders makes the parent of the data directory and the socket's folder.
func (c *Cluster) makeFolders() error {
	parent := filepath.Dir(c.DataDir)
	if err := makePassable(parent); err != nil {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	if err := c.account.canEnter(parent); err != nil {
		return err
	}
	if err := makePassable(filepath.Dir(c.SocketDir)); err != nil {
		return fmt.Errorf("make the folder of the database's socket: %w", err)
	}
	return c.account.privateDir(c.SocketDir)
}

// makePassable makes a folder and those above it such that the unprivileged user can pass through those that are new,
// whatever the umask.
func makePassable(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makePassable(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o711); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	}
	return os.Chmod(dir, 0o711)
}

// initialise makes the data directory if there is none. initdb works in DataDir.init, which is renamed when it has
// finished: a half-made one is never taken for a cluster, and is simply made again.
func (c *Cluster) initialise(ctx context.Context) error {
	version, err := os.ReadFile(filepath.Join(c.DataDir, "PG_VERSION"))
	if err == nil {
		return c.checkVersion(strings.TrimSpace(string(version)))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look at the database's folder: %w", err)
	}
	if err := c.moveAside(); err != nil {
		return err
	}
	began := time.Now()
	fresh := c.DataDir + ".init"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove a half-made database: %w", err)
	}
	if err := c.account.privateDir(fresh); err != nil {
		return err
	}
	// initdb reads the password as the unprivileged user, from inside the folder it owns; a file there would make the
	// folder not empty, so it lies beside it for that moment.
	password, pwfile := rand.Text(), c.DataDir+".pwfile"
	if err := c.account.writeFile(pwfile, password); err != nil {
		return fmt.Errorf("hand the database its password: %w", err)
	}
	defer os.Remove(pwfile)

	args := []string{
		"-D", fresh, "-U", superuser, "--pwfile=" + pwfile, "--encoding=UTF8", "--locale=" + locale(), "--lc-messages=C",
		"--auth-local=" + c.auth(), "--auth-host=" + c.auth(), "--data-checksums", "--no-instructions",
	}
	if !c.Fsync {
		args = append(args, "--no-sync")
	}
	if out, err := c.account.run(ctx, filepath.Join(c.BinDir, program("initdb")), args, filepath.Dir(c.DataDir)); err != nil {
		return fmt.Errorf("make the database with initdb: %w: %s", err, lastComplaint(out))
	}
	// The password first: a cluster whose password is lost could not be used.
	if err := writePrivate(c.DataDir+".password", password); err != nil {
		return fmt.Errorf("keep the database's password: %w", err)
	}
	if err := os.Rename(fresh, c.DataDir); err != nil {
		return fmt.Errorf("put the new database in its place: %w", err)
	}
	c.Log.Info("database made", "data", c.DataDir, "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// moveAside keeps whatever lies where the cluster should be but is none: nothing of it is ours to delete.
func (c *Cluster) moveAside() error {
	entries, err := os.ReadDir(c.DataDir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the database's folder: %w", err)
	case len(entries) == 0:
		return os.Remove(c.DataDir)
	}
	aside := c.DataDir + ".broken-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(c.DataDir, aside); err != nil {
		return fmt.Errorf("move a folder that is no database out of the way: %w", err)
	}
	c.Log.Warn("a folder without a database was in the way and has been moved", "from", c.DataDir, "to", aside)
	return nil
}

// checkVersion refuses programs of another major version than the data's, which PostgreSQL would refuse less kindly.
// If the matching version is installed too, it is used.
func (c *Cluster) checkVersion(made string) error {
	have, err := BinaryVersion(c.BinDir)
	if err != nil {
		return fmt.Errorf("ask postgres for its version: %w", err)
	}
	if strconv.Itoa(have) == made {
		return nil
	}
	for _, dir := range candidates() {
		if v, err := BinaryVersion(dir); err == nil && strconv.Itoa(v) == made {
			c.BinDir = dir
			return nil
		}
	}
	return fmt.Errorf("the database in %s was made by PostgreSQL %s and version %d is installed: install PostgreSQL %s, or move the data with pg_upgrade",
		c.DataDir, made, have, made)
}

func (c *Cluster) auth() string {
	if c.Trust {
		return "trust"
	}
	return "scram-sha-256"
}

// locale is one that knows Unicode's letters and is always there.
func locale() string {
	if runtime.GOOS == "linux" {
		return "C.UTF-8"
	}
	return "en_US.UTF-8"
}

func (c *Cluster) readPassword() (string, error) {
	b, err := os.ReadFile(c.DataDir + ".password")
	if errors.Is(err, os.ErrNotExist) && c.Trust {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the database's password: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// writePrivate replaces a file that only we may read.
func writePrivate(name, content string) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, []byte(content+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}
