package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/twilio"
)

// serveTwilio starts Twilio's stand-in on the common ledger. The returned function ends it and waits for what it still
// writes.
func serveTwilio(ctx context.Context, o options, accepted *ledger.Ledger, stdout io.Writer, log *slog.Logger) (stop func(), err error) {
	listener, err := loopback.Listen(ctx, o.TwilioListen)
	if err != nil {
		return nil, err
	}
	address := "http://" + listener.Addr().String()
	config := twilio.Config{Ledger: accepted, BaseURL: address, TrafficKept: o.traffic(), Log: log}
	if settings := o.settings(); !o.Bench {
		config.DeliveryDelay, config.ReadDelay = time.Duration(settings.DeliveryDelayMS)*time.Millisecond, time.Duration(settings.ReadDelayMS)*time.Millisecond
	}
	standIn := twilio.Open(config)
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(serving, listener, standIn); err != nil {
			log.Error("Twilio's stand-in has ended", "error", err)
		}
		standIn.Close()
	}()
	fmt.Fprintf(stdout, "Twilio's stand-in: %s  ledger: %s/ledger\n", address, address)
	return func() { cancel(); <-ended }, nil
}
