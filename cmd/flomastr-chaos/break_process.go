package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// window is how long the short profile breaks things.
const window = 8 * time.Second

func wait(ctx context.Context, _ *trial) error {
	sleep(ctx, window)
	return nil
}

func killAtRandom(ctx context.Context, t *trial) error {
	for range 5 {
		s := t.lab.servers[t.dice.IntN(len(t.lab.servers))]
		s.signal(syscall.SIGKILL)
		sleep(ctx, window/5)
	}
	return nil
}

func killBoth(ctx context.Context, t *trial) error {
	for range 2 {
		for _, s := range t.lab.servers {
			s.signal(syscall.SIGKILL)
		}
		sleep(ctx, window/2)
	}
	return nil
}

func terminate(ctx context.Context, t *trial) error {
	for _, s := range t.lab.servers {
		s.signal(syscall.SIGTERM)
		<-s.ended
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			return fmt.Errorf("a server that was told to stop ended with %d", code)
		}
		sleep(ctx, time.Second)
		if err := s.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sleepThroughLease is longer than a turn's lease of 15 s; the woken server must find that it may change nothing.
func sleepThroughLease(ctx context.Context, t *trial) error {
	s := t.lab.servers[t.dice.IntN(len(t.lab.servers))]
	s.signal(syscall.SIGSTOP)
	sleep(ctx, 18*time.Second)
	s.signal(syscall.SIGCONT)
	return nil
}

// killInALoop leaves no server more than four seconds. Some turns come to an end all the same.
func killInALoop(ctx context.Context, t *trial) error {
	done := t.lab.done(ctx)
	for until := time.Now().Add(5 * time.Minute); time.Now().Before(until); {
		for _, s := range t.lab.servers {
			s.signal(syscall.SIGKILL)
			sleep(ctx, 2*time.Second)
		}
	}
	if now := t.lab.done(ctx); now <= done {
		return errors.New("nothing came to an end while servers were killed every two seconds")
	}
	return nil
}

// exhaust sends what is nested without end to servers whose workers panic, and then takes one's memory. A panic is one
// turn's; only without memory a server may end.
func exhaust(ctx context.Context, t *trial) error {
	ch := t.lab.channels[0]
	for _, deep := range []string{
		strings.Repeat("[", 1_000_000), strings.Repeat(`{"results":`, 100_000),
		`{"results":[{"message":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + "}]}",
	} {
		for _, s := range t.lab.servers {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/webhook/infobip/"+ch.ID.String(), strings.NewReader(deep))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Webhook-Secret", "secret "+ch.Number)
			answer, err := t.load.client.Do(req)
			if err != nil {
				return fmt.Errorf("a server did not answer to deep JSON: %w", err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusInternalServerError {
				return fmt.Errorf("deep JSON was answered %d", answer.StatusCode)
			}
		}
	}
	err := until(ctx, time.Minute, func() bool { return t.lab.logged("panicked") || t.lab.deaths() > 0 })
	if n := t.lab.deaths(); n > 0 {
		return fmt.Errorf("a panic or deep JSON ended %d servers", n)
	}
	if err != nil {
		return fmt.Errorf("not checked: nothing panicked: %w", err)
	}
	// Not one byte more than it has.
	s := t.lab.servers[t.dice.IntN(len(t.lab.servers))]
	if out, err := exec.CommandContext(ctx, "prlimit", "--pid", fmt.Sprint(s.cmd.Process.Pid), "--data=1").CombinedOutput(); err != nil {
		return fmt.Errorf("take a server's memory: %w: %s", err, out)
	}
	sleep(ctx, window/2)
	return nil
}
