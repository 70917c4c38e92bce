package convert

import "os/exec"

// Sandbox says that this system offers us no fence.
func Sandbox() SandboxReport {
	return SandboxReport{
		Network: "none", Files: "none", Weak: true,
		Detail: "this system offers no fence that we use, so PDF documents, office texts, pictures, mails and archives are refused unless a weak sandbox is allowed",
	}
}

func confine(*exec.Cmd, SandboxReport) {}

func leaveNobody(*exec.Cmd) {}

func giveUpRights() error { return nil }
