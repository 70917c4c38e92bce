package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/flomastr/flomastr/sim/infobip"
)

// watchSenders registers the senders of a file now and whenever it changes. A file that is not there yet, or half written,
// is tried again.
func watchSenders(ctx context.Context, standIn *infobip.StandIn, path string, log *slog.Logger) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var read time.Time
	for {
		if info, err := os.Stat(path); err == nil && !info.ModTime().Equal(read) {
			if err := standIn.LoadSenders(path); err != nil {
				log.Warn("senders not registered, will try again", "error", err)
			} else {
				read = info.ModTime()
				log.Info("senders registered", "file", path)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
