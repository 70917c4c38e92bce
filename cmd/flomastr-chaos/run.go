package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// result is one entry of the report.
type result struct {
	Scenario     string   `json:"scenario"`
	Seed         uint64   `json:"seed"`
	Acknowledged int      `json:"acknowledged"`
	Violations   []string `json:"violations"`
}

// profile is how long and how often.
type profile struct {
	before, after, drain time.Duration
	seeds                int
}

// drain is the most; a run that stands still for longer than a lease is given up sooner (checker.drained).
var profiles = map[string]profile{
	"short": {before: 5 * time.Second, after: time.Second, drain: 4 * time.Minute, seeds: 3},
	"long":  {before: time.Minute, after: 2 * time.Minute, drain: 10 * time.Minute, seeds: 20},
}

// play breaks the product once in the scenario's way.
func play(ctx context.Context, l *lab, s scenario, seed uint64, p profile) (r result, err error) {
	r = result{Scenario: s.name, Seed: seed, Violations: []string{}}
	var env []string
	if s.env != nil {
		env = s.env(seed)
	}
	if err := l.begin(ctx, env...); err != nil {
		return r, fmt.Errorf("start the servers: %w", err)
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
	broken := s.breaks(ctx, l, rand.New(rand.NewPCG(seed, 3)))
	if s.mend != nil && broken == nil {
		broken = s.mend(ctx, l)
	}
	sleep(ctx, p.after)
	stop()
	<-written
	for _, server := range l.servers { // kill points no longer: what is left is to come to rest
		server.env = nil
	}
	if env != nil {
		for _, server := range l.servers {
			server.signal(9)
		}
	}
	customers.under.Wait()
	if err := ctx.Err(); err != nil { // told to stop: nothing can be said of this run
		return r, err
	}

	c := &checker{lab: l, load: customers}
	if broken != nil {
		c.violatedf("%v", broken)
	}
	c.drained(ctx, p.drain)
	if err := ctx.Err(); err != nil {
		return r, err
	}
	c.check(ctx)
	r.Acknowledged = len(customers.heard)
	r.Violations = append(r.Violations, c.violations...)
	if len(c.violations) > 0 {
		fmt.Println(l.said())
	}
	return r, nil
}
