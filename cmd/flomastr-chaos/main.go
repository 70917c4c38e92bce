package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	held, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "flomastr-chaos:", err)
	}
	if err != nil || !held {
		os.Exit(1)
	}
}

func run(ctx context.Context) (held bool, err error) {
	only := flag.String("only", "", "play the scenarios whose names begin so, separated by commas")
	seed := flag.Uint64("seed", 0, "the first seed, and the only one without -seeds; by chance otherwise")
	seeds := flag.Int("seeds", 0, "how many seeds each; as many as the profile says otherwise")
	name := flag.String("profile", "short", "short or long")
	out := flag.String("out", ".flomastr/chaos.json", "where the results are written")
	bin := flag.String("bin", "bin/chaos", "the folder of the programs, built with the tag chaos")
	flag.Parse()

	p, ok := profiles[*name]
	if !ok {
		return false, errors.New("the profile is short or long")
	}
	programs, err := filepath.Abs(*bin)
	if err != nil {
		return false, err
	}
	first, times := *seed, *seeds
	if *seed == 0 {
		first = uint64(time.Now().UnixNano() % 1_000_000)
	} else if times == 0 {
		times = 1
	}
	l, err := openLab(ctx, programs, first)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var results []result
	held = true
	for _, s := range scenarios() {
		if !chosen(s.name, *only) {
			continue
		}
		if s.long && *name != "long" && *only == "" {
			fmt.Printf("%s: in the long profile only  (%s)\n", s.name, s.what)
			continue
		}
		for n := range cmp.Or(times, p.seedsFor(s)) {
			seed := first + uint64(n)
			r, err := play(ctx, l, s, seed, p)
			if err != nil {
				return false, fmt.Errorf("%s, seed %d: %w", s.name, seed, err)
			}
			results = append(results, r)
			held = held && len(r.Violations) == 0
			fmt.Printf("%s seed %d: %d acknowledged, 99%% within %d ms, %d violations  (%s)\n", r.Scenario, r.Seed, r.Acknowledged, r.SlowestMS, len(r.Violations), s.what)
			for _, v := range r.Violations {
				fmt.Println("   ", v)
			}
			if err := write(*out, results); err != nil {
				return false, err
			}
		}
	}
	fmt.Printf("profile %s: %d runs\n", *name, len(results))
	return held, ctx.Err()
}

func chosen(name, only string) bool {
	if only == "" {
		return true
	}
	for want := range strings.SplitSeq(only, ",") {
		if strings.HasPrefix(name, want) {
			return true
		}
	}
	return false
}

func write(name string, results []result) error {
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, append(content, '\n'), 0o600)
}
