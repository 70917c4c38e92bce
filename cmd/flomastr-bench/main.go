package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/flomastr/flomastr/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	passed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "flomastr-bench:", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

func run(ctx context.Context) (passed bool, err error) {
	only := flag.String("only", "", "measure the figures whose names begin so")
	out := flag.String("out", ".flomastr/bench.json", "where the results are written")
	records := flag.String("records", "docs/benchmarks.md", "the file that records known shortfalls")
	bin := flag.String("bin", "bin", "the folder of the built programs")
	large := flag.Bool("large", false, "measure retrieval at 100,000 passages too, which takes minutes to prepare")
	keep := flag.String("keep", "", "prepare the installation in this folder and keep it, to look into")
	flag.Parse()

	programs, err := filepath.Abs(*bin)
	if err != nil {
		return false, err
	}
	l := &lab{programs: programs, keep: *keep}
	defer func() { err = errors.Join(err, l.close()) }()
	results := bench.Run(ctx, cases(l, *large), *only, os.Stderr)
	recorded := bench.Recorded(*records)
	if err := bench.Print(os.Stdout, results, recorded); err != nil {
		return false, err
	}
	if err := bench.Write(*out, results); err != nil {
		return false, err
	}
	return bench.Passed(results, recorded), nil
}

// cases is everything that is measured, in the order in which it disturbs the rest least. Each one's file says how.
func cases(l *lab, large bool) []bench.Case {
	all := []bench.Case{
		{Name: "server", Measure: l.server},
		{Name: "inbound", Measure: l.inbound},
		{Name: "turn", Measure: l.turn},
		{Name: "ingestion", Measure: l.ingestion},
		{Name: "retrieval.5k", Measure: l.retrieval("5k", smallBrain)},
		{Name: "api", Measure: l.api},
	}
	if large {
		all = append(all, bench.Case{Name: "retrieval.100k", Measure: l.retrieval("100k", largeBrain)})
	}
	return all
}
