package openai

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/flomastr/flomastr"
)

const (
	attempts  = 4
	firstWait = 500 * time.Millisecond
	// longestWait is what is waited for here; a service that wants more is left to whoever asks, who has other things to do.
	longestWait = 20 * time.Second
)

// tryAgain asks until there is an answer, the refusal is final, or waiting would take longer than the caller does.
func (e *Embedder) tryAgain(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error) {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		vectors, tokens, err = e.ask(ctx, texts)
		if err == nil || attempt == attempts || !passes(err) {
			return vectors, tokens, err
		}
		pause := wait/2 + rand.N(wait/2) // apart from the others who were refused at the same moment
		var known *flomastr.Error
		if errors.As(err, &known) && known.RetryAfter > 0 {
			pause = known.RetryAfter
		}
		deadline, ok := ctx.Deadline()
		if pause > longestWait || ok && time.Until(deadline) < pause || e.cfg.Wait(ctx, pause) != nil {
			return nil, 0, err
		}
		wait *= 2
	}
}

// passes tells the refusals that time may mend.
func passes(err error) bool {
	switch flomastr.KindOf(err) {
	case flomastr.Limited, flomastr.Unavailable, flomastr.UpstreamTimeout:
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
