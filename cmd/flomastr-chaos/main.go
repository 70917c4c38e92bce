package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
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
	lanes := flag.Int("lanes", 0, "how many are played side by side, of those that may, and customers write the slower; twice the processors otherwise")
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
	var together, alone []turn
	for _, s := range scenarios() {
		if !chosen(s.name, *only) {
			continue
		}
		if s.long && *name != "long" && *only == "" {
			fmt.Printf("%s: in the long profile only  (%s)\n", s.name, s.what)
			continue
		}
		for n := range cmp.Or(times, p.seedsFor(s)) {
			if t := (turn{s, first + uint64(n)}); s.alone {
				alone = append(alone, t)
			} else {
				together = append(together, t)
			}
		}
	}
	r := &report{name: *out, held: true}
	for _, part := range []struct {
		turns []turn
		lanes int
	}{{together, min(cmp.Or(max(*lanes, 0), 2*runtime.NumCPU()), len(together))}, {alone, min(1, len(alone))}} {
		if err := playAll(ctx, programs, part.turns, part.lanes, p, r); err != nil {
			return false, err
		}
	}
	fmt.Printf("profile %s: %d runs\n", *name, len(r.results))
	return r.held, ctx.Err()
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
