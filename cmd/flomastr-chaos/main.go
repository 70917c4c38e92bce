package main

import (
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
	seed := flag.Uint64("seed", 0, "play this seed alone; as many as the profile says otherwise")
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
	seeds := []uint64{*seed}
	if *seed == 0 {
		seeds = seeds[:0]
		for range p.seeds {
			seeds = append(seeds, uint64(time.Now().UnixNano()%1_000_000)+uint64(len(seeds)))
		}
	}
	l, err := openLab(ctx, programs, seeds[0])
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
		for _, seed := range seeds {
			r, err := play(ctx, l, s, seed, p)
			if err != nil {
				return false, fmt.Errorf("%s, seed %d: %w", s.name, seed, err)
			}
			results = append(results, r)
			held = held && len(r.Violations) == 0
			fmt.Printf("%s seed %d: %d acknowledged, %d violations  (%s)\n", r.Scenario, r.Seed, r.Acknowledged, len(r.Violations), s.what)
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
