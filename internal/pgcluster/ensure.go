package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// startPatience is how long a postmaster may take until it answers. Recovery after a crash replays at most
// max_wal_size of log, which a slow disk does in far less.
const startPatience = 2 * time.Minute

// logMax is the size past which the postmaster's log is put aside at the next start; the one before is dropped.
const logMax = 16 << 20

// Ensure makes the cluster run: it makes the data directory if there is none, adopts a postmaster that already runs
// there, else starts one, and returns when it answers. It may be called again at any time, from several processes;
// after a crash of the postmaster it starts a new one. The postmaster outlives a caller that is killed.
func (c *Cluster) Ensure(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.makeFolders(); err != nil {
		return err
	}
	release, err := lock(ctx, c.DataDir+".lock")
	if err != nil {
		return fmt.Errorf("wait for another process that is starting this database: %w", err)
	}
	defer release()

	if err := c.initialise(ctx); err != nil {
		return err
	}
	if c.password, err = c.readPassword(); err != nil {
		return err
	}
	if pid := c.runningPID(); pid != 0 {
		c.Log.Debug("the database is running already", "pid", pid, "data", c.DataDir)
		c.adopt(pid)
	} else if err := c.start(ctx); err != nil {
		return err
	}
	if c.users == nil {
		if c.users, err = shareLock(c.DataDir + ".users"); err != nil {
			return fmt.Errorf("note that we use this database: %w", err)
		}
	}
	return nil
}

// Adopt uses the cluster if it runs already, and says whether it does. Unlike Ensure it makes and starts nothing.
func (c *Cluster) Adopt(ctx context.Context) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.prepare(); err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(c.DataDir, "PG_VERSION")); err != nil {
		return false, nil // none has been made yet
	}
	release, err := lock(ctx, c.DataDir+".lock")
	if err != nil {
		return false, fmt.Errorf("wait for another process that is starting this database: %w", err)
	}
	defer release()
	pid := c.runningPID()
	if pid == 0 {
		return false, nil
	}
	if c.password, err = c.readPassword(); err != nil {
		return false, err
	}
	c.adopt(pid)
	if c.users == nil {
		if c.users, err = shareLock(c.DataDir + ".users"); err != nil {
			return false, fmt.Errorf("note that we use this database: %w", err)
		}
	}
	return true, nil
}

// adopt takes a running postmaster for ours. One that we started ourselves stays our child.
func (c *Cluster) adopt(pid int) {
	if c.child != nil && c.child.pid() == pid {
		return
	}
	c.child, c.pid = nil, pid
	if dir, port := readSocket(c.DataDir); dir != "" {
		// It may have been started by a process with another idea of where the socket goes.
		c.SocketDir, c.Port = dir, port
	}
}

// orphanPatience is how many times, a second apart, a postmaster is tried beside sessions of the one before.
const orphanPatience = 5

// start runs a postmaster and waits for it. Backends of a killed postmaster take a moment to notice its death, and the
// new one refuses to start beside them; that is waited out, and whoever has not noticed by then is ended.
func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := c.removeStalePID(); err != nil {
		return err
	}
	if fileSize(c.LogFile()) > logMax {
		if err := os.Rename(c.LogFile(), c.LogFile()+".1"); err != nil {
			return fmt.Errorf("put the database's old log aside: %w", err)
		}
	}
	for attempt := 1; ; attempt++ {
		began := time.Now()
		offset := fileSize(c.LogFile())
		ch, err := c.spawn(filepath.Join(c.BinDir, program("postgres")), c.arguments(), c.LogFile())
		if err != nil {
			return fmt.Errorf("start postgres: %w", err)
		}
		err = c.waitReady(ctx, ch)
		if err == nil {
			c.child, c.pid = ch, ch.pid()
			c.Log.Info("database started", "pid", c.pid, "data", c.DataDir, "took", time.Since(began).Round(time.Millisecond).String())
			return nil
		}
		said := tail(c.LogFile(), offset)
		if ctx.Err() == nil && attempt < 60 && strings.Contains(said, "shared memory block") {
			c.Log.Info("waiting for the last sessions of the earlier database to end")
			if attempt%orphanPatience == 0 {
				c.endOrphans()
			}
			if sleep(ctx, time.Second) == nil {
				continue
			}
		}
		ch.kill()
		return fmt.Errorf("the database did not start: %w: %s (its log is %s)", err, lastComplaint(said), c.LogFile())
	}
}

// waitReady returns when the postmaster answers a query, or why it will not.
func (c *Cluster) waitReady(ctx context.Context, ch *child) error {
	for {
		err := c.Ping(ctx)
		if err == nil {
			return nil
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == "28P01" {
			return fmt.Errorf("the password in %s.password is not this database's", c.DataDir)
		}
		select {
		case <-ch.done:
			return errors.New("postgres ended at once")
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w", ctx.Err())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// Ping asks the cluster for a connection and closes it.
func (c *Cluster) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.DSN("postgres", superuser, c.password))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Alive says whether the postmaster's process still runs.
func (c *Cluster) Alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.child != nil {
		select {
		case <-c.child.done:
			return false
		default:
			return true
		}
	}
	return c.pid != 0 && c.runningPID() == c.pid
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func fileSize(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// tail reads what was written to a file after an offset, 64 KiB at most.
func tail(name string, offset int64) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	n, _ := f.ReadAt(buf, offset)
	return string(buf[:n])
}

// lastComplaint picks the line of a server log that says why it ended.
func lastComplaint(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for _, line := range slices.Backward(lines) {
		for _, level := range []string{"FATAL:", "PANIC:", "ERROR:", "error:"} {
			if at := strings.Index(line, level); at >= 0 {
				return strings.TrimSpace(line[at:])
			}
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
