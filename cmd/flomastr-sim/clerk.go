package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/flomastr/flomastr/sim/clerk"
	"github.com/flomastr/flomastr/sim/loopback"
)

// clerkSecretKey is known to everybody: it opens a stand-in that holds nobody's data.
const clerkSecretKey = "sk_test_stand_in"

// serveClerk runs Clerk's stand-in beside the others and prints what the product must be told. The returned function
// waits for its end, which comes with ctx.
func serveClerk(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) (stop func(), err error) {
	listener, err := loopback.Listen(ctx, o.ClerkListen)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	address := "http://" + listener.Addr().String()
	stand := clerk.New(clerk.Config{Issuer: address, SecretKey: clerkSecretKey})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serve(ctx, listener, loopback.Guard(stand)); err != nil {
			log.Error("stopped", "stand_in", "clerk", "error", err)
		}
	}()
	fmt.Fprintf(stdout, `Clerk's stand-in: %[1]s  for the product:
  CLERK_FRONTEND_API_URL=%[1]s
  CLERK_PUBLISHABLE_KEY=%[2]s
  CLERK_SECRET_KEY=%[3]s
  FLOMASTR_CLERK_URL=%[1]s
  FLOMASTR_CLERK_AUTHORIZED_PARTIES=%[4]s
`, address, clerk.PublishableKey(address), clerkSecretKey, o.ClerkApp)
	return func() {
		cancel()
		<-done
	}, nil
}
