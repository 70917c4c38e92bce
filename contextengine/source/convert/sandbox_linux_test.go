package convert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// misbehave is what a worker does in these tests once it has given up its rights: the worst that a parser which a
// document has taken over could do. The test starts it as Run starts a worker and reads what it managed.
func misbehave(act string) {
	if err := giveUpRights(); err != nil {
		fmt.Println("cannot give up rights:", err)
		os.Exit(3)
	}
	tried := func(err error) { fmt.Println(act, map[bool]string{true: "worked", false: "failed"}[err == nil], err) }
	verb, target, _ := strings.Cut(act, "=")
	switch verb {
	case "connect":
		conn, err := net.DialTimeout("tcp", target, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		tried(err)
	case "read":
		_, err := os.ReadFile(target)
		tried(err)
	case "write":
		tried(os.WriteFile(target, []byte("x"), 0o600))
	case "grow":
		_ = os.WriteFile("big", nil, 0o600)
		f, err := os.OpenFile("big", os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("x"), limitFile+1)
		}
		tried(err)
	case "allocate":
		var kept [][]byte
		for range 2048 {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			kept = append(kept, b)
		}
		tried(nil)
		_ = kept
	case "environment":
		fmt.Println(strings.Join(os.Environ(), " "))
	case "capabilities":
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var caps [2]unix.CapUserData
		_ = unix.Capget(&head, &caps[0])
		fmt.Println(caps[0].Effective, caps[0].Permitted, caps[1].Effective)
	case "linger":
		cmd := exec.Command("/bin/sleep", "300")
		_ = cmd.Start()
		fmt.Println(cmd.Process.Pid)
		_ = os.WriteFile("pid", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
		time.Sleep(300 * time.Second)
	case "spin":
		for { //nolint:revive,staticcheck // this is the point
		}
	}
	os.Exit(0)
}

const misbehaveEnv = "FLOMASTR_TEST_MISBEHAVE"

// start starts a worker that misbehaves.
func start(ctx context.Context, t *testing.T, dir, act string) (string, error) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, executable, Command)
	cmd.Dir = dir
	cmd.Env = append(toolEnvironment(dir), misbehaveEnv+"="+act, "GOMEMLIMIT=384MiB", "GOTRACEBACK=none")
	confine(cmd, Sandbox())
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	leaveNobody(cmd)
	return string(out), err
}

func TestAWorkerCanDoNoHarm(t *testing.T) {
	t.Parallel()
	report := Sandbox()
	if report.Weak {
		t.Skip(report.Detail)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Error("a worker reached us by network")
			_ = conn.Close()
		}
	}()
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	acts := []string{"connect=" + listener.Addr().String(), "connect=192.0.2.1:80"}
	if report.Files == "landlock" {
		acts = append(acts, "read="+secret, "read=/etc/passwd", "read=/root/.bashrc", "write="+filepath.Join(outside, "new"), "write=/tmp/flomastr-was-here", "write=/usr/bin/x")
	}
	acts = append(acts, "grow", "allocate")
	for _, act := range acts {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			out, err := start(t.Context(), t, t.TempDir(), act)
			if strings.Contains(out, "worked") || strings.Contains(out, "cannot give up") {
				t.Errorf("%s (%v)", out, err)
			}
			if err == nil && !strings.Contains(out, "failed") {
				t.Errorf("the test did not do what it should: %q", out)
			}
		})
	}
	dir := t.TempDir()
	if out, err := start(t.Context(), t, dir, "write="+filepath.Join(dir, "own")); err != nil || !strings.Contains(out, "worked") {
		t.Errorf("a worker cannot write to its own folder: %s %v", out, err)
	}
	if out, _ := start(t.Context(), t, dir, "capabilities"); strings.TrimSpace(out) != "0 0 0" {
		t.Errorf("capabilities left: %s", out)
	}
}

func TestAWorkerKnowsNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("FLOMASTR_SECRET", "SECRT-123")
	out, err := start(t.Context(), t, t.TempDir(), "environment")
	if err != nil || strings.Contains(out, "SECRT") {
		t.Errorf("%s %v", out, err)
	}
}

func TestAWorkerDiesWithItsChildren(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = start(ctx, t, dir, "linger")
	}()
	var pid int
	for range 200 {
		time.Sleep(50 * time.Millisecond)
		if b, err := os.ReadFile(filepath.Join(dir, "pid")); err == nil && len(b) > 0 {
			pid, _ = strconv.Atoi(string(b))
			break
		}
	}
	if pid == 0 {
		t.Fatal("the worker started no child")
	}
	cancel()
	<-done
	for range 100 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the child outlived its worker")
}

func TestADeadlineEndsAWorkerThatSpins(t *testing.T) {
	t.Parallel()
	needTools(t)
	// A page that keeps the parser busy for seconds meets a deadline of none.
	page := []byte("<html><body>" + strings.Repeat("<p><b><i><a><u>x", 200_000))
	_, err := New(Config{Timeout: time.Millisecond}).Run(t.Context(), Request{Name: "a.html", Content: page})
	if !errors.Is(err, ErrTooComplex) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Config{}).Run(ctx, Request{Name: "a.html", Content: page}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRiskyKindsAreRefusedWithoutAFence(t *testing.T) {
	t.Parallel()
	weak := SandboxReport{Weak: true, Network: "none", Detail: "none"}
	c := New(Config{})
	c.sandbox = weak
	for _, req := range []Request{{Name: "a.pdf", Content: pdfOf([]string{"x"}, "")}, {Name: "a.docx", Content: docxOf(t, paragraph("x"), nil)}} {
		if _, err := c.Run(t.Context(), req); !errors.Is(err, ErrNoSandbox) {
			t.Errorf("%s: %v", req.Name, err)
		}
	}
	if _, err := c.Run(t.Context(), Request{Name: "a.html", Content: []byte("<html><body><p>words</p></body></html>")}); err != nil {
		t.Errorf("a page needs no fence: %v", err)
	}
	needTools(t)
	c.config.AllowWeakSandbox = true
	if doc, err := c.Run(t.Context(), Request{Name: "a.pdf", Content: pdfOf([]string{"some words"}, "")}); err != nil || !strings.Contains(doc.Markdown, "some words") {
		t.Errorf("allowed and refused all the same: %v", err)
	}
}

func TestLandlockAloneKeepsTheNetworkAway(t *testing.T) {
	t.Parallel()
	if landlockABI() < 4 {
		t.Skip("this kernel's Landlock knows no network")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	executable, _ := os.Executable()
	cmd := exec.CommandContext(t.Context(), executable, Command)
	cmd.Dir = t.TempDir()
	cmd.Env = append(toolEnvironment(cmd.Dir), misbehaveEnv+"=connect="+listener.Addr().String())
	confine(cmd, SandboxReport{Network: "landlock"})
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "permission denied") {
		t.Errorf("%s %v", out, err)
	}
}
