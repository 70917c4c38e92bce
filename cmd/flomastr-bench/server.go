package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flomastr/flomastr/internal/bench"
)

// server measures the program itself: how soon it serves on a migrated database that runs already, what it weighs a
// minute later with nothing to do, and how large it is.
func (l *lab) server(ctx context.Context) ([]bench.Figure, error) {
	program := filepath.Join(l.programs, "flomastr")
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	var waits []float64
	var resident float64
	if err := l.lay(ctx); err != nil {
		return nil, err
	}
	// The first start migrates and seeds; it does not count.
	for round := range 4 {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		began := time.Now()
		p, err := start(io.Discard, program, l.dir, serverEnvironment(l.dir, address, "http://127.0.0.1:9"), "serve")
		if err != nil {
			return nil, err
		}
		err = p.ready(ctx, address)
		took := time.Since(began)
		if err == nil && round == 3 {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			resident = memoryOf(p.pid(), "VmRSS")
		}
		if stopped := p.stop(); err == nil {
			err = stopped
		}
		if err != nil {
			return nil, err
		}
		if round > 0 {
			waits = append(waits, took.Seconds())
		}
	}
	slices.Sort(waits)
	return []bench.Figure{
		{Name: "server.start", Unit: "s", Value: waits[1], Reach: 1, Rule: bench.AtMost, What: "start to ready on a migrated database that runs, median of 3"},
		{Name: "server.idle_memory", Unit: "MB", Value: resident / 1e6, Reach: 100, Rule: bench.AtMost, What: "resident 60 s after the start"},
		{Name: "server.binary", Unit: "MB", Value: float64(info.Size()) / 1e6, Reach: 110, Rule: bench.AtMost, What: "stripped, the web app in it"},
	}, nil
}
