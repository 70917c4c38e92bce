package main

import (
	"context"
	"fmt"
)

// scenario is one way of breaking the product while customers write.
type scenario struct {
	name, what string
	often      bool                       // 20 seeds in the short profile as well
	long       bool                       // in the long profile only, or when it is asked for
	alone      bool                       // it fills the machine or waits for no longer than a minute, so nothing is played beside it
	env        func(seed uint64) []string // further settings of the servers
	copies     int                        // of each message
	both       bool                       // every message reaches both servers at once
	breaks     func(ctx context.Context, t *trial) error
	mend       func(ctx context.Context, t *trial) error
}

// points kills at the named places of the code, or at all of them.
func points(chance float64, names string) func(uint64) []string {
	return func(seed uint64) []string {
		return []string{fmt.Sprintf("CHAOS=%d:%g", seed, chance), "CHAOS_POINTS=" + names}
	}
}

// act does something else than ending at the named places, for what holds a word.
func act(what string, chance float64, names, about string, further ...string) func(uint64) []string {
	return func(seed uint64) []string {
		return append(points(chance, names)(seed), append(further, "CHAOS_ACT="+what, "CHAOS_ABOUT="+about)...)
	}
}

// scenarios is all that this program can break, in the words of the fault suite.
func scenarios() []scenario {
	return []scenario{
		{name: "FLT-01", what: "kill -9 one of two servers at random", often: true, breaks: killAtRandom},
		{name: "FLT-02", what: "end at every named point", often: true, env: points(0.01, ""), breaks: wait},
		{name: "FLT-03", what: "kill -9 both servers together", breaks: killBoth},
		{name: "FLT-04", what: "kill a server every two seconds", long: true, breaks: killInALoop},
		{name: "FLT-05", what: "end between the dedupe mark and the work", often: true, env: points(0.1, "before-inbound-commit"), breaks: wait},
		{name: "FLT-06", what: "SIGTERM under load", breaks: terminate},
		{name: "FLT-07", what: "SIGSTOP longer than the lease, then SIGCONT", often: true, breaks: sleepThroughLease},
		{name: "FLT-08", what: "panics, deep JSON, no more memory", env: act("panic", 0.1, "job-claimed,context-built,answering,llm-returned,reply-saved", ""), breaks: exhaust},
		{name: "FLT-09", what: "kill -9 PostgreSQL with its children", breaks: killDatabase},
		{name: "FLT-10", what: "PostgreSQL stopped at once, a while down", breaks: stopDatabase},
		{name: "FLT-18", what: "the connection is cut right after COMMIT", often: true, breaks: cutCommits, mend: calm},
		{name: "FLT-36", what: "both servers get every message at once", often: true, both: true, copies: 1, breaks: wait},
		{name: "FLT-37", what: "one server cannot reach the provider", alone: true, breaks: partProvider},
		{name: "FLT-38", what: "every message five times", alone: true, copies: 4, breaks: wait},
		{name: "FLT-39", what: "one tenant's customers write ten times as much", alone: true, breaks: burst},
		{name: "FLT-40", what: "a contact's first message fails again and again", breaks: failHead},
		{name: "FLT-41", what: "jobs, sends and history that cannot be read", alone: true, breaks: garble},
		{name: "FLT-42", what: "a turn that ends its server each time", alone: true, env: act("end", 1, "answering", poison), breaks: poisoned},
		{name: "FLT-43", what: "turns that heed no cancellation", alone: true, env: act("hang", 1, "answering", poison, "CHAOS_TIMES=10"), breaks: hangs},
		{name: "FLT-44", what: "a turn's job, then its tenant, is deleted while it runs", alone: true, env: act("pause", 1, "context-built", ""), breaks: deleteWhileRunning},
		{name: "FLT-45", what: "a job of twenty minutes whose worker keeps its lease", long: true, breaks: workLong},
		{name: "FLT-46", what: "ten thousand turns without owner among as many with one", alone: true, breaks: orphan},
		{name: "FLT-47", what: "one tenant enqueues a mountain of reading", alone: true, breaks: bury},
		{name: "FLT-48", what: "jobs of a newer version, and of another tenant's things", breaks: shareQueue},
		{name: "FLT-49", what: "the provider is back after an outage", alone: true, breaks: outage},
		faulty("FLT-58", "the provider answers 500, 502, 503, 504", refuse(500, 10), refuse(502, 10), refuse(503, 10), refuse(504, 10)),
		faulty("FLT-59", "the provider answers 429, with and without Retry-After", refuse(429, 5), fault{"on": "send", "kind": "refuse", "status": 429, "retry_after": "1", "times": 5}),
		faulty("FLT-60", "the provider accepts and hangs", accepting("accept_then_hang", 4)).twenty(),
		faulty("FLT-61", "a slow answer, and one without end", accepting("accept_then_drip", 2), accepting("accept_then_endless", 2)),
		{name: "FLT-62", what: "the connection to the provider breaks anywhere", often: true, breaks: cutSends, mend: calm},
		faulty("FLT-63", "200 with nothing, HTML, other JSON, no id, another's id", accepting("accept_then_empty", 5), accepting("accept_then_html", 5),
			accepting("accept_then_other_json", 5), accepting("accept_then_no_id", 5), accepting("accept_then_other_id", 5), accepting("accept_then_reset", 5)),
		faulty("FLT-64", "refusals for good", refuse(400, 10)),
		{name: "FLT-65", what: "401, then the channel is mended", alone: true, breaks: script(refuse(401, 3)), mend: resume},
		faulty("FLT-66", "reports twice, early, of unknown ids, never", reporting("duplicate"), reporting("early"), reporting("unknown_id"), reporting("seen_first"), reporting("never")),
	}
}

func (s scenario) twenty() scenario {
	s.often = true
	return s
}
