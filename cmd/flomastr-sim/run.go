package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/meta"
)

// grace is how long requests under way may take to end at a stop.
const grace = 3 * time.Second

// run starts the stand-ins and returns when ctx ends and everything is written down. It prints one line for each listener
// once that takes requests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	exited := false
	parser, err := kong.New(&o, kong.Name("flomastr-sim"), kong.Writers(stdout, stderr), kong.Exit(func(int) { exited = true }),
		kong.Description("Stand-ins of the services that FloMastr talks to, for the simulator, tests and benchmarks. They serve this machine only."))
	if err != nil {
		return fmt.Errorf("declare the flags: %w", err)
	}
	if _, err := parser.Parse(args); exited || err != nil {
		return err
	}
	log := logger(o, stderr)

	listener, err := loopback.Listen(ctx, o.InfobipListen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	metaListener, err := loopback.Listen(ctx, o.MetaListen)
	if err != nil {
		return err
	}
	defer func() { _ = metaListener.Close() }()
	accepted, err := ledger.Open(filepath.Join(o.DataDir, "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	if err != nil {
		return err
	}
	defer func() { _ = accepted.Close() }()
	address := "http://" + listener.Addr().String()
	standIn, err := infobip.Open(infobip.Config{
		Ledger: accepted, Dir: filepath.Join(o.DataDir, "infobip"), BaseURL: address, Settings: o.settings(), Log: log, TrafficKept: o.traffic(),
	})
	if err != nil {
		return err
	}
	if o.Senders != "" {
		go watchSenders(ctx, standIn, o.Senders, log)
	}
	go saveNowAndThen(ctx, standIn, log)
	if o.ClerkListen != "" {
		stopClerk, err := serveClerk(ctx, o, stdout, log)
		if err != nil {
			return errors.Join(err, standIn.Close())
		}
		defer stopClerk()
	}
	if o.TwilioListen != "" {
		stopTwilio, err := serveTwilio(ctx, o, accepted, stdout, log)
		if err != nil {
			return errors.Join(err, standIn.Close())
		}
		defer stopTwilio()
	}
	if o.EmbedListen != "" {
		stopEmbeddings, err := serveEmbeddings(ctx, o, stdout, log)
		if err != nil {
			return errors.Join(err, standIn.Close())
		}
		defer stopEmbeddings()
	}
	metaAddress := "http://" + metaListener.Addr().String()
	metaStandIn := meta.New(meta.Config{Ledger: accepted, BaseURL: metaAddress, Settings: o.metaSettings(), Log: log, TrafficKept: o.traffic()})
	fmt.Fprintf(stdout, "Infobip's stand-in: %s  ledger: %s/ledger\n", address, address)
	fmt.Fprintf(stdout, "Meta's stand-in: %s  ledger: %s/ledger\n", metaAddress, metaAddress)
	log.Info("listening", "infobip", address, "meta", metaAddress, "data_dir", o.DataDir)
	// Either's end is the end of both: half a set of stand-ins would be mistaken for a whole one.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var metaFailed error
	var group sync.WaitGroup
	group.Go(func() {
		defer stop()
		metaFailed = serve(ctx, metaListener, metaStandIn)
	})
	err = serve(ctx, listener, standIn)
	stop()
	group.Wait()
	metaStandIn.Close()
	log.Info("stopped")
	return errors.Join(err, metaFailed, standIn.Close())
}

// saveEvery is how much of the phones and of the waiting webhooks a kill may take. The ledger loses nothing.
const saveEvery = 10 * time.Second

func saveNowAndThen(ctx context.Context, standIn *infobip.StandIn, log *slog.Logger) {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := standIn.Save(); err != nil {
				log.Warn("state not saved", "error", err)
			}
		}
	}
}

func logger(o options, stderr io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if o.Debug {
		level = slog.LevelDebug
	}
	handling := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, handling))
	}
	return slog.New(slog.NewTextHandler(stderr, handling))
}

// serve answers requests until ctx ends. Streams end with ctx; other requests get a moment.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// The caller's context is over by now; the grace needs one of its own.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return server.Close()
	}
	return nil
}
