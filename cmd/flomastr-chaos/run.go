package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

// result is one entry of the report.
type result struct {
	Scenario     string   `json:"scenario"`
	Seed         uint64   `json:"seed"`
	Acknowledged int      `json:"acknowledged"`
	SlowestMS    int64    `json:"p99_ms"` // of the acknowledgements
	Violations   []string `json:"violations"`
}

// trial is one run of a scenario while it breaks things.
type trial struct {
	lab      *lab
	load     *load
	dice     *rand.Rand
	profile  profile
	patience context.Context //nolint:containedctx // until when what customers wrote is delivered
	finally  []func(ctx context.Context, c *checker)
}

// afterwards is checked when everything has come to rest, besides what is checked in every scenario.
func (t *trial) afterwards(check func(ctx context.Context, c *checker)) {
	t.finally = append(t.finally, check)
}

// visit lets a visitor write something, and returns when it is acknowledged. The message's id is returned.
func (t *trial) visit(who int, text string) string {
	u := t.load.utter(visitor+who, text)
	t.load.deliver(t.patience, u, t.lab.front.listener.Addr().String())
	return u.id
}

// profile is how long and how often.
type profile struct {
	before, after, drain time.Duration
	seeds                int
	long                 bool
}

// drain is the most; a run that stands still for longer than a lease is given up sooner (checker.drained).
var profiles = map[string]profile{
	"short": {before: 5 * time.Second, after: time.Second, drain: 4 * time.Minute, seeds: 3},
	"long":  {before: time.Minute, after: 2 * time.Minute, drain: 10 * time.Minute, seeds: 20, long: true},
}

// seedsFor is how often a scenario is played; those that hit another place each time are played more often.
func (p profile) seedsFor(s scenario) int {
	if s.often {
		return max(p.seeds, 20)
	}
	return p.seeds
}

// enough is how many acknowledged messages make a run worth its name.
const enough = 20

// play breaks the product once in the scenario's way, and tells the servers' last lines.
func play(ctx context.Context, l *lab, s scenario, seed uint64, p profile) (r result, said string, err error) {
	r = result{Scenario: s.name, Seed: seed, Violations: []string{}}
	var env []string
	if s.env != nil {
		env = s.env(seed)
	}
	if err := l.begin(ctx, env...); err != nil {
		return r, "", fmt.Errorf("start the servers: %w", err)
	}
	defer l.end()
	watching, unwatch := context.WithCancel(ctx)
	supervised := make(chan struct{})
	go func() { l.supervise(watching); close(supervised) }()
	defer func() { unwatch(); <-supervised }()

	customers := newLoad(l, fmt.Sprintf("%05d", time.Now().UnixMilli()/100%100_000), seed)
	customers.copies, customers.both = s.copies, s.both
	patience, impatient := context.WithTimeout(ctx, p.before+p.after+p.drain+time.Minute)
	defer impatient()
	writing, stop := context.WithCancel(ctx)
	written := make(chan struct{})
	go func() { customers.write(writing, patience); close(written) }()
	sleep(ctx, p.before)
	t := &trial{lab: l, load: customers, profile: p, dice: rand.New(rand.NewPCG(seed, 3)), patience: patience}
	broken := s.breaks(ctx, t)
	if s.mend != nil {
		broken = errors.Join(broken, s.mend(ctx, t))
	}
	sleep(ctx, p.after)
	stop()
	<-written
	for _, server := range l.servers { // kill points no longer: what is left is to come to rest
		server.env = nil
	}
	if env != nil {
		for _, server := range l.servers {
			server.signal(syscall.SIGKILL)
		}
	}
	customers.under.Wait()
	if err := ctx.Err(); err != nil { // told to stop: nothing can be said of this run
		return r, "", err
	}

	c := &checker{lab: l, load: customers}
	if broken != nil {
		c.violatedf("%v", broken)
	}
	c.drained(ctx, p.drain)
	if err := ctx.Err(); err != nil {
		return r, "", err
	}
	c.check(ctx)
	for _, check := range t.finally {
		check(ctx, c)
	}
	if len(customers.heard) < enough {
		c.violatedf("not checked: %d messages were acknowledged, which proves nothing", len(customers.heard))
	}
	r.Acknowledged, r.SlowestMS = len(customers.heard), slowest(customers.waits).Milliseconds()
	r.Violations = append(r.Violations, c.violations...)
	return r, l.said(), nil
}

// slowest is the 99th percentile.
func slowest(waits []time.Duration) time.Duration {
	if len(waits) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(waits))[(len(waits)-1)*99/100]
}
