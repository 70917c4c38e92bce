package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/flomastr/flomastr/internal/pgcluster"
	"github.com/flomastr/flomastr/whatsapp"
)

// scenario is one way of breaking the product while customers write.
type scenario struct {
	name, what string
	env        func(seed uint64) []string // further settings of the servers
	copies     int                        // of each message
	both       bool                       // every message reaches both servers at once
	breaks     func(ctx context.Context, l *lab, dice *rand.Rand) error
	mend       func(ctx context.Context, l *lab) error
}

// points kills at the named places of the code, or at all of them.
func points(chance float64, names string) func(uint64) []string {
	return func(seed uint64) []string {
		return []string{fmt.Sprintf("CHAOS=%d:%g", seed, chance), "CHAOS_POINTS=" + names}
	}
}

// scenarios is all that this program can break, in the words of the fault suite.
func scenarios() []scenario {
	return []scenario{
		{name: "FLT-01", what: "kill -9 one of two servers at random", breaks: killAtRandom},
		{name: "FLT-02", what: "end at every named point", env: points(0.01, ""), breaks: wait},
		{name: "FLT-03", what: "kill -9 both servers together", breaks: killBoth},
		{name: "FLT-05", what: "end between the dedupe mark and the work", env: points(0.1, "before-inbound-commit"), breaks: wait},
		{name: "FLT-06", what: "SIGTERM under load", breaks: terminate},
		{name: "FLT-07", what: "SIGSTOP longer than the lease, then SIGCONT", breaks: sleepThroughLease},
		{name: "FLT-09", what: "kill -9 PostgreSQL with its children", breaks: killDatabase},
		{name: "FLT-10", what: "PostgreSQL stopped at once, a while down", breaks: stopDatabase},
		{name: "FLT-18", what: "the connection is cut right after COMMIT", breaks: cutCommits, mend: calm},
		{name: "FLT-36", what: "both servers get every message at once", both: true, copies: 1, breaks: wait},
		{name: "FLT-38", what: "every message five times", copies: 4, breaks: wait},
		faulty("FLT-58", "the provider answers 500, 502, 503, 504", refuse(500, 10), refuse(502, 10), refuse(503, 10), refuse(504, 10)),
		faulty("FLT-59", "the provider answers 429, with and without Retry-After", refuse(429, 5), fault{"on": "send", "kind": "refuse", "status": 429, "retry_after": "1", "times": 5}),
		faulty("FLT-60", "the provider accepts and hangs", accepting("accept_then_hang", 4)),
		faulty("FLT-61", "a slow answer, and one without end", accepting("accept_then_drip", 2), accepting("accept_then_endless", 2)),
		{name: "FLT-62", what: "the connection to the provider breaks anywhere", breaks: cutSends, mend: calm},
		faulty("FLT-63", "200 with nothing, HTML, other JSON, no id, another's id", accepting("accept_then_empty", 5), accepting("accept_then_html", 5),
			accepting("accept_then_other_json", 5), accepting("accept_then_no_id", 5), accepting("accept_then_other_id", 5), accepting("accept_then_reset", 5)),
		faulty("FLT-64", "refusals for good", refuse(400, 10)),
		{name: "FLT-65", what: "401, then the channel is mended", breaks: script(refuse(401, 3)), mend: resume},
		faulty("FLT-66", "reports twice, early, of unknown ids, never", reporting("duplicate"), reporting("early"), reporting("unknown_id"), reporting("seen_first"), reporting("never")),
	}
}

// window is how long the short profile breaks things.
const window = 8 * time.Second

func wait(ctx context.Context, _ *lab, _ *rand.Rand) error {
	sleep(ctx, window)
	return nil
}

func killAtRandom(ctx context.Context, l *lab, dice *rand.Rand) error {
	for range 5 {
		s := l.servers[dice.IntN(len(l.servers))]
		s.signal(syscall.SIGKILL)
		sleep(ctx, window/5)
	}
	return nil
}

func killBoth(ctx context.Context, l *lab, _ *rand.Rand) error {
	for range 2 {
		for _, s := range l.servers {
			s.signal(syscall.SIGKILL)
		}
		sleep(ctx, window/2)
	}
	return nil
}

func terminate(ctx context.Context, l *lab, _ *rand.Rand) error {
	for _, s := range l.servers {
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
func sleepThroughLease(ctx context.Context, l *lab, dice *rand.Rand) error {
	s := l.servers[dice.IntN(len(l.servers))]
	s.signal(syscall.SIGSTOP)
	sleep(ctx, 18*time.Second)
	s.signal(syscall.SIGCONT)
	return nil
}

func killDatabase(ctx context.Context, l *lab, _ *rand.Rand) error {
	for range 2 {
		pid := l.cluster.PID()
		children := childrenOf(pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for _, child := range children {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		sleep(ctx, time.Second)
		if err := l.cluster.Ensure(ctx); err != nil {
			return err
		}
		sleep(ctx, window/3)
	}
	return nil
}

func stopDatabase(ctx context.Context, l *lab, _ *rand.Rand) error {
	if err := l.cluster.Stop(ctx, pgcluster.Immediate); err != nil {
		return err
	}
	sleep(ctx, window)
	return l.cluster.Ensure(ctx)
}

func cutCommits(ctx context.Context, l *lab, _ *rand.Rand) error {
	l.database.behave(behaviour{CutAfter: []byte("commit"), Chance: 0.05})
	sleep(ctx, window)
	return nil
}

func cutSends(ctx context.Context, l *lab, _ *rand.Rand) error {
	l.provider.behave(behaviour{RandomByte: 1500, Chance: 0.3})
	sleep(ctx, window)
	return nil
}

// calm lets every connection pass again.
func calm(_ context.Context, l *lab) error {
	l.database.behave(behaviour{})
	l.provider.behave(behaviour{})
	return nil
}

// fault is a misbehaviour of the stand-in.
type fault map[string]any

func refuse(status, times int) fault {
	return fault{"on": "send", "kind": "refuse", "status": status, "times": times}
}

func accepting(kind string, times int) fault {
	return fault{"on": "send", "kind": kind, "times": times}
}
func reporting(kind string) fault { return fault{"on": "report", "kind": kind, "times": 10} }

// script gives the stand-in its faults.
func script(faults ...fault) func(context.Context, *lab, *rand.Rand) error {
	return func(ctx context.Context, l *lab, _ *rand.Rand) error {
		for _, f := range faults {
			if err := l.control(ctx, http.MethodPost, "/control/faults", f); err != nil {
				return err
			}
		}
		sleep(ctx, window)
		return nil
	}
}

func faulty(name, what string, faults ...fault) scenario {
	return scenario{name: name, what: what, breaks: script(faults...), mend: func(ctx context.Context, l *lab) error {
		return l.control(ctx, http.MethodDelete, "/control/faults", nil)
	}}
}

// resume is what a person does once the credentials are right again.
func resume(ctx context.Context, l *lab) error {
	if err := l.control(ctx, http.MethodDelete, "/control/faults", nil); err != nil {
		return err
	}
	paused := 0
	for _, ch := range l.channels {
		now, err := l.engine.Channel(ctx, ch.Tenant, ch.ID)
		if err != nil {
			return err
		}
		if now.Status == whatsapp.ChannelPaused {
			paused++
		}
		active := whatsapp.ChannelActive
		if _, err := l.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Status: &active}); err != nil {
			return err
		}
	}
	if paused == 0 {
		return fmt.Errorf("no channel was paused")
	}
	return nil
}
