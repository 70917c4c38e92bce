package pgcluster

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// readPID gives the process id that the cluster's postmaster.pid names, 0 when there is none to read.
func readPID(dataDir string) int {
	lines := pidLines(dataDir)
	if len(lines) == 0 {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(lines[0]), "-"))
	if err != nil {
		return 0
	}
	return pid
}

// readSocket gives the socket folder and port of the postmaster that wrote postmaster.pid (its lines 4 and 5).
func readSocket(dataDir string) (dir string, port int) {
	lines := pidLines(dataDir)
	if len(lines) < 5 {
		return "", 0
	}
	port, err := strconv.Atoi(strings.TrimSpace(lines[3]))
	if err != nil {
		return "", 0
	}
	return strings.TrimSpace(lines[4]), port
}

func pidLines(dataDir string) []string {
	b, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil || len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\n")
}

// runningPID gives the id of a live postmaster of our own data directory, else 0. The pid file alone proves nothing:
// after a crash the number may belong to any other process.
func (c *Cluster) runningPID() int {
	pid := readPID(c.DataDir)
	if pid == 0 || !alive(pid) || !c.worksHere(pid) {
		return 0
	}
	return pid
}

// worksHere says whether a process works in our data directory, which every process of a cluster does and no other has
// reason to. Where the system does not tell, a living process is given the benefit of the doubt.
func (c *Cluster) worksHere(pid int) bool {
	if runtime.GOOS != "linux" {
		return true
	}
	dir, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return err == nil && sameDir(dir, c.DataDir)
}

func sameDir(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

// removeStalePID removes a pid file whose number now belongs to a stranger: PostgreSQL would take the stranger for a
// running postmaster and refuse to start. A file whose process is gone is left to PostgreSQL, which checks through it
// that no session of the old postmaster still holds the shared memory.
func (c *Cluster) removeStalePID() error {
	pid := readPID(c.DataDir)
	if pid == 0 || !alive(pid) || c.worksHere(pid) {
		return nil
	}
	if busy := c.anybodyHere(); busy != 0 {
		return fmt.Errorf("process %d of an earlier database still works in %s: wait until it has ended", busy, c.DataDir)
	}
	c.Log.Info("removing the pid file of a database that is no longer running", "pid", pid)
	for _, name := range []string{filepath.Join(c.DataDir, "postmaster.pid"), c.socketFile() + ".lock", c.socketFile()} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a stale file: %w", err)
		}
	}
	return nil
}

// anybodyHere finds a process that works in our data directory, such as a session that outlives its postmaster.
func (c *Cluster) anybodyHere() int {
	for pid := range c.everybodyHere() {
		return pid
	}
	return 0
}

func (c *Cluster) everybodyHere() iter.Seq[int] {
	return func(yield func(int) bool) {
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			if pid, err := strconv.Atoi(e.Name()); err == nil && c.worksHere(pid) && !yield(pid) {
				return
			}
		}
	}
}

// endOrphans ends the sessions that outlived their postmaster. One that waits for a lock which a killed process holds never
// notices that its postmaster is gone, and while it lives no new one may start.
func (c *Cluster) endOrphans() {
	if runtime.GOOS != "linux" {
		return // nobody says which they are
	}
	for pid := range c.everybodyHere() {
		exe, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		if !strings.HasPrefix(filepath.Base(exe), program("postgres")) {
			continue // such as the shell of somebody who looks for what is wrong
		}
		c.Log.Warn("ending a session that outlived its database", "pid", pid)
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // one that has ended meanwhile is as good
		}
	}
}
