// Command flomastr-sim runs the stand-ins of the services that FloMastr talks to, on this machine only: Infobip's, Meta's and
// Twilio's WhatsApp API, with the customers' phones. See package sim for the idea and package sim/infobip for every call.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "flomastr-sim:", err)
		os.Exit(1)
	}
}
