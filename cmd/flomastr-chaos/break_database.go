package main

import (
	"context"
	"syscall"
	"time"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

func killDatabase(ctx context.Context, t *trial) error {
	for range 2 {
		pid := t.lab.cluster.PID()
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it has no more children
		children := childrenOf(pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for _, child := range children {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		sleep(ctx, time.Second)
		if err := t.lab.cluster.Ensure(ctx); err != nil {
			return err
		}
		sleep(ctx, window/3)
	}
	return nil
}

func stopDatabase(ctx context.Context, t *trial) error {
	if err := t.lab.cluster.Stop(ctx, pgcluster.Immediate); err != nil {
		return err
	}
	sleep(ctx, window)
	return t.lab.cluster.Ensure(ctx)
}

func cutCommits(ctx context.Context, t *trial) error {
	t.lab.database.behave(behaviour{CutAfter: []byte("commit"), Chance: 0.05})
	sleep(ctx, window)
	return nil
}

// calm lets every connection pass again.
func calm(_ context.Context, t *trial) error {
	t.lab.database.behave(behaviour{})
	for _, wire := range t.lab.provider {
		wire.behave(behaviour{})
	}
	return nil
}
