package convert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of a worker and of each of its children.
const (
	limitData = raceFactor * (512 << 20)
	limitCPU  = 60 // seconds
	limitFile = 256 << 20
)

// confinedEnv tells a worker which step it is in: empty before it has given up its rights, then "1".
const (
	confinedEnv = "FLOMASTR_CONVERT_CONFINED"
	landlockEnv = "FLOMASTR_CONVERT_LANDLOCK_NET"
)

// Sandbox finds out which fences this machine offers. It starts nothing: a program that does not exist is asked for in
// new namespaces, and which of the two fails tells.
func Sandbox() SandboxReport {
	report := SandboxReport{Network: "none", Files: "none", Limits: true}
	abi := landlockABI()
	if abi >= 1 {
		report.Files = "landlock"
	}
	switch {
	case namespaceWorks():
		report.Network = "namespace"
	case abi >= 4:
		report.Network = "landlock"
	default:
		report.Weak = true
		report.Detail = "neither a network namespace (run as root, or allow unprivileged user namespaces) nor Landlock 4 (Linux 6.7) is available, so PDF documents, office texts, pictures, mails and archives are refused unless a weak sandbox is allowed"
		return report
	}
	report.Detail = fmt.Sprintf("documents are read in a process with limits, network: %s, files: %s", report.Network, report.Files)
	return report
}

func namespaceWorks() bool {
	cmd := exec.Command("/nonexistent/flomastr")
	cmd.Path, cmd.Err = "/nonexistent/flomastr", nil
	cmd.SysProcAttr = namespaces()
	err := cmd.Start()
	return errors.Is(err, fs.ErrNotExist)
}

// namespaces gives a worker an empty network. Root makes one at once; others need a user namespace around it.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

// confine sets what must be set from outside: the namespace, the process group, the tie to the parent's life.
func confine(cmd *exec.Cmd, sandbox SandboxReport) {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if sandbox.Network == "namespace" {
		cmd.SysProcAttr = namespaces()
	}
	if sandbox.Network == "landlock" {
		cmd.Env = append(cmd.Env, landlockEnv+"=1")
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// leaveNobody kills whatever a worker left behind in its process group.
func leaveNobody(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// giveUpRights is the first thing a worker does. Rights belong to threads and the Go runtime has several, so the process
// replaces itself afterwards: what exec starts inherits the one thread's rights, on all of its own threads.
func giveUpRights() error {
	if os.Getenv(confinedEnv) == "1" {
		return nil
	}
	runtime.LockOSThread()
	for _, limit := range []struct {
		what  int
		value uint64
	}{
		{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, limitFile}, {unix.RLIMIT_CPU, limitCPU}, {unix.RLIMIT_NOFILE, 256}, {unix.RLIMIT_DATA, limitData},
	} {
		if err := unix.Setrlimit(limit.what, &unix.Rlimit{Cur: limit.value, Max: limit.value}); err != nil {
			return fmt.Errorf("limit %d: %w", limit.what, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find myself: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find my folder: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := landlock(dir, executable, os.Getenv(landlockEnv) == "1"); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	env := append(os.Environ(), confinedEnv+"=1")
	err = syscall.Exec(executable, os.Args, env)
	return fmt.Errorf("start again: %w", err)
}

// dropCapabilities gives up what root, or a fresh user namespace, has over others. Without new privileges, exec cannot
// bring it back.
func dropCapabilities() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&head, &none[0])
}

func landlockABI() int {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// readable are the folders that programs and their libraries live in.
var readable = []string{
	"/usr", "/bin", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/etc/fonts",
	"/etc/localtime", "/opt/homebrew", "/nix/store", "/gnu/store", "/proc/self", "/dev/urandom", "/sys/kernel/mm/transparent_hugepage",
}

// landlock leaves the process the programs to read and its own folder to write, and no TCP where that is asked for. On
// a kernel without Landlock it does nothing; [Sandbox] has told the operator.
func landlock(dir, executable string, network bool) error {
	abi := landlockABI()
	if abi < 1 {
		return nil
	}
	const read = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	all := uint64(1<<13 - 1) // every right of ABI 1
	if abi >= 2 {
		all |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		all |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	ruleset := unix.LandlockRulesetAttr{Handled_access_fs: all}
	size := unsafe.Offsetof(ruleset.Handled_access_net)
	if abi >= 4 {
		size = unsafe.Offsetof(ruleset.Scoped)
		if network {
			ruleset.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		}
	}
	if abi >= 6 { // no sockets of others by name, no signals to others
		ruleset.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(ruleset.Quiet_access_fs)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&ruleset)), size, 0)
	if errno != 0 {
		return errno
	}
	defer func() { _ = unix.Close(int(fd)) }()
	if err := allowBeneath(int(fd), dir, all); err != nil {
		return fmt.Errorf("allow %s: %w", dir, err)
	}
	if err := allowBeneath(int(fd), os.DevNull, read|unix.LANDLOCK_ACCESS_FS_WRITE_FILE); err != nil {
		return fmt.Errorf("allow %s: %w", os.DevNull, err)
	}
	for _, place := range append([]string{executable}, readable...) {
		if err := allowBeneath(int(fd), place, read); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("allow %s: %w", place, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func allowBeneath(ruleset int, place string, access uint64) error {
	fd, err := unix.Open(place, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR { // rights over folders make no sense for a file
		access &= unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
