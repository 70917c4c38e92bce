//go:build unix && !linux

package convert

import (
	"os/exec"
	"syscall"
)

// Sandbox says that this system offers us no fence.
func Sandbox() SandboxReport {
	return SandboxReport{
		Network: "none", Files: "none", Limits: true, Weak: true,
		Detail: "this system offers no fence that we use, so PDF documents, office texts, pictures, mails and archives are refused unless a weak sandbox is allowed",
	}
}

func confine(cmd *exec.Cmd, _ SandboxReport) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func leaveNobody(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// giveUpRights sets the one limit that all of these systems keep.
func giveUpRights() error {
	return syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: 60, Max: 60})
}
