package pgcluster

import (
	"context"
	"fmt"
	"time"
)

// Mode says how a postmaster is asked to stop.
type Mode uint8

// The modes of PostgreSQL's own shutdown.
const (
	Fast      Mode = iota // sessions are cut, their transactions rolled back, everything is written
	Smart                 // sessions may finish
	Immediate             // nothing is written; the next start recovers from the log
)

// Stop stops the postmaster, whoever uses it, and returns when its process has ended. Stopping one that does not run
// is no error.
func (c *Cluster) Stop(ctx context.Context, mode Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.prepare(); err != nil {
		return err
	}
	release, err := lock(ctx, c.DataDir+".lock")
	if err != nil {
		return fmt.Errorf("wait for another process that is starting this database: %w", err)
	}
	defer release()
	c.dropUse()
	return c.stop(ctx, mode)
}

// Release says that we no longer use the cluster, and stops it if nobody else does.
func (c *Cluster) Release(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		return nil
	}
	release, err := lock(ctx, c.DataDir+".lock")
	if err != nil {
		return fmt.Errorf("wait for another process that is starting this database: %w", err)
	}
	defer release()
	c.dropUse()
	if inUse(c.DataDir + ".users") {
		c.Log.Debug("the database stays: another process uses it", "data", c.DataDir)
		return nil
	}
	return c.stop(ctx, Fast)
}

func (c *Cluster) dropUse() {
	if c.users != nil {
		c.users.Close() // which gives the lock back
		c.users = nil
	}
}

func (c *Cluster) stop(ctx context.Context, mode Mode) error {
	pid := c.runningPID()
	if pid == 0 {
		c.child, c.pid = nil, 0
		return nil
	}
	began := time.Now()
	if err := signalStop(pid, mode); err != nil {
		return fmt.Errorf("ask postgres to stop: %w", err)
	}
	for c.child.running(pid) && c.runningPID() == pid {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("wait for postgres to stop: %w", err)
		}
	}
	c.child, c.pid = nil, 0
	c.Log.Info("database stopped", "pid", pid, "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}
