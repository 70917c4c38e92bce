package main

import (
	"context"
	"path/filepath"

	"github.com/flomastr/flomastr/internal/bench"
)

type benchCommand struct {
	Config
	Only      string `name:"only" help:"Measure the rows whose name begins so."`
	Shortfall string `name:"shortfalls" default:"docs/benchmarks.md" help:"File that records the known shortfalls."`
}

// Run measures, prints the table and writes bench.json in the data directory. Exit code 1 says that a row missed its
// reach without a recorded cause.
func (c *benchCommand) Run(ctx context.Context, s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	results := bench.Run(ctx, benchRows(s.program), c.Only, s.stderr)
	recorded := bench.Recorded(c.Shortfall)
	if err := bench.Print(s.stdout, results, recorded); err != nil {
		return err
	}
	if err := bench.Write(filepath.Join(cfg.DataDir, "bench.json"), results); err != nil {
		return err
	}
	if !bench.Passed(results, recorded) {
		return exitError(1)
	}
	return nil
}

// benchRows is everything that is measured. Each row's file says how.
func benchRows(program string) []bench.Row {
	return serverRows(program)
}
