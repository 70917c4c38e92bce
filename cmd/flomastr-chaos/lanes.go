package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// turn is a scenario that is to be played with a seed.
type turn struct {
	scenario scenario
	seed     uint64
}

// playAll plays all turns, so many side by side, each lane in a lab of its own. The first that cannot be played ends them all.
func playAll(ctx context.Context, programs string, turns []turn, lanes int, p profile, r *report) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	next := make(chan turn)
	var playing sync.WaitGroup
	for lane := range lanes {
		playing.Go(func() {
			if err := playLane(ctx, programs, turns[lane].seed, lanes, next, p, r); err != nil {
				end(err)
			}
		})
	}
hand:
	for _, t := range turns {
		select {
		case next <- t:
		case <-ctx.Done():
			break hand
		}
	}
	close(next)
	playing.Wait()
	return context.Cause(ctx)
}

func playLane(ctx context.Context, programs string, seed uint64, beside int, next <-chan turn, p profile, r *report) (err error) {
	l, err := openLab(ctx, programs, seed)
	if err != nil {
		return err
	}
	l.beside = beside
	defer func() { err = errors.Join(err, l.close()) }()
	for t := range next {
		found, said, err := play(ctx, l, t.scenario, t.seed, p)
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", t.scenario.name, t.seed, err)
		}
		if err := r.add(found, t.scenario, said); err != nil {
			return err
		}
	}
	return nil
}
