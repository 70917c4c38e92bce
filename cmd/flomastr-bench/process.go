package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc's times: a hundredth of a second on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the processor time that a process has used. Where there is no /proc it is 0, and so are the figures.
func cpuOf(pid int) time.Duration {
	user, system, _, _, _ := stat(pid) //nolint:dogsled // /proc gives them all at once
	return user + system
}

// cpuOfTree is the time of a process, of its children that run, and of those that have ended.
func cpuOfTree(pid int) time.Duration {
	user, system, childUser, childSystem, _ := stat(pid)
	total := user + system + childUser + childSystem
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if user, system, _, _, parent := stat(child); parent == pid {
			total += user + system
		}
	}
	return total
}

// stat reads a process's times and its parent.
func stat(pid int) (user, system, childUser, childSystem time.Duration, parent int) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, 0, 0, 0
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	number := func(i int) time.Duration { n, _ := strconv.Atoi(fields[i]); return time.Duration(n) }
	return number(11) * tick, number(12) * tick, number(13) * tick, number(14) * tick, int(number(1)) //nolint:durationcheck // counts of ticks
}

// ownCPU is the load generator's time.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memoryOf reads one line of a process's status in bytes: VmRSS, what is resident now, or VmHWM, the most there was.
func memoryOf(pid int, line string) float64 {
	content, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	for l := range strings.SplitSeq(string(content), "\n") {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024
		}
	}
	return 0
}

// forgetPeak lets VmHWM begin anew.
func forgetPeak(pid int) {
	_ = os.WriteFile(filepath.Join("/proc", strconv.Itoa(pid), "clear_refs"), []byte("5"), 0o200)
}
