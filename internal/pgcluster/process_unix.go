//go:build unix

package pgcluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// account is the operating system user that PostgreSQL's programs run as; the zero one means ourselves.
type account struct {
	name     string
	uid, gid int
	groups   []uint32
	switched bool // we are root and they are not
	home     string
}

// findAccount chooses the user. Only root has a choice.
func findAccount(wanted string) (account, error) {
	if os.Geteuid() != 0 {
		home, _ := os.UserHomeDir()
		return account{uid: os.Geteuid(), gid: os.Getegid(), home: home}, nil
	}
	names := []string{"postgres", "flomastr"}
	if wanted != "" {
		names = []string{wanted}
	}
	for _, name := range names {
		if u, err := user.Lookup(name); err == nil {
			return accountOf(u)
		}
	}
	name := names[len(names)-1]
	if err := addUser(name); err != nil {
		return account{}, fmt.Errorf("PostgreSQL does not run as root, and the user %s could not be made for it: %w", name, err)
	}
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, fmt.Errorf("look the user %s up: %w", name, err)
	}
	return accountOf(u)
}

func accountOf(u *user.User) (account, error) {
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, fmt.Errorf("read the ids of user %s: %w", u.Username, err)
	}
	if uid == 0 {
		return account{}, fmt.Errorf("PostgreSQL does not run as root: name another user than %s", u.Username)
	}
	a := account{name: u.Username, uid: uid, gid: gid, switched: true, home: u.HomeDir}
	ids, _ := u.GroupIds() // none is fine: it is then only in its own group
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			a.groups = append(a.groups, uint32(n))
		}
	}
	return a, nil
}

func addUser(name string) error {
	if p, err := exec.LookPath("useradd"); err == nil {
		return exec.Command(p, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name).Run()
	}
	return exec.Command("adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", name).Run() // busybox
}

// attributes run a program as the account, in a session of its own: a Ctrl-C at our terminal must not reach the
// database before we have finished with it.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: a.groups}
	}
	return attr
}

func (a account) run(ctx context.Context, name string, args []string, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = environment(a.home)
	cmd.Dir = dir
	cmd.SysProcAttr = a.attributes()
	// A killed initdb leaves a postgres in single-user mode behind that keeps the pipe open.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// canEnter finds the folder on the way to the cluster that the unprivileged user may not pass, to name it.
func (a account) canEnter(dir string) error {
	if !a.switched {
		return nil
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return fmt.Errorf("look at the database's folder: %w", err)
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && !a.passes(info.Mode(), int(st.Uid), int(st.Gid)) {
			return fmt.Errorf("the user %s, as whom PostgreSQL runs, may not enter %s: put the data directory elsewhere", a.name, d)
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

func (a account) passes(mode os.FileMode, uid, gid int) bool {
	if uid == a.uid {
		return mode&0o100 != 0
	}
	member := gid == a.gid
	for _, g := range a.groups {
		member = member || int(g) == gid
	}
	if member {
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// privateDir makes a folder that only the account may enter, or checks that an existing one is such: one that somebody
// else put there could catch our passwords.
func (a account) privateDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		if a.switched {
			return os.Chown(dir, a.uid, a.gid)
		}
		return nil
	}
	if !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the folder %s: %w", dir, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is in the way: it is not a folder", dir)
	case ok && int(st.Uid) == os.Geteuid() && a.switched:
		// Made by us and interrupted before it was handed over.
		if err := os.Chown(dir, a.uid, a.gid); err != nil {
			return fmt.Errorf("hand the folder %s over: %w", dir, err)
		}
	case ok && int(st.Uid) != a.uid:
		return fmt.Errorf("the folder %s belongs to another user: remove it or choose another", dir)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

func (a account) writeFile(name, content string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if a.switched {
		if err := f.Chown(a.uid, a.gid); err != nil {
			return err
		}
	}
	_, err = f.WriteString(content + "\n")
	return err
}

// shortSocketDir chooses a folder for the socket: beside the data when that is short enough, else in the temporary
// folder under a name derived from the data directory, so that every process of ours finds the same one.
func shortSocketDir(dataDir string, a account) string {
	beside := dataDir + ".sock"
	if len(beside)+len("/.s.PGSQL.65535") <= sunPathMax {
		return beside
	}
	sum := sha256.Sum256([]byte(dataDir))
	return filepath.Join("/tmp", fmt.Sprintf("flomastr-%d-%s", a.uid, hex.EncodeToString(sum[:6])))
}

// child is a postmaster that we started.
type child struct {
	process *os.Process
	done    chan struct{} // closed when it has ended
}

func (c *Cluster) spawn(name string, args []string, logFile string) (*child, error) {
	out, err := os.OpenFile(logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(name, args...) // no context: it outlives whatever asked for it
	cmd.Env = environment(c.account.home)
	cmd.Dir = c.DataDir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = c.account.attributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ch := &child{process: cmd.Process, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(ch.done)
	}()
	return ch, nil
}

func (ch *child) pid() int { return ch.process.Pid }

func (ch *child) kill() {
	// Immediate shutdown rather than SIGKILL: the postmaster then takes its sessions with it.
	_ = ch.process.Signal(syscall.SIGQUIT)
	select {
	case <-ch.done:
	case <-time.After(5 * time.Second):
		_ = ch.process.Kill()
		<-ch.done
	}
}

// running is true for a process that is not our child, about which runningPID knows.
func (ch *child) running(pid int) bool {
	if ch == nil || ch.pid() != pid {
		return true
	}
	select {
	case <-ch.done:
		return false
	default:
		return true
	}
}

func signalStop(pid int, mode Mode) error {
	sig := map[Mode]syscall.Signal{Fast: syscall.SIGINT, Smart: syscall.SIGTERM, Immediate: syscall.SIGQUIT}[mode]
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
