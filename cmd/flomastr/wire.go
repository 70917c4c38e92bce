package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/flomastr/flomastr/postgres"
)

// App is the assembled server.
type App struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	base     *foundation
	db       *postgres.DB
}

// newApp builds the server from the bottom to the top. The port comes first: a taken one is found out before anything
// is started.
func newApp(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	a := &App{cfg: cfg, log: log}
	var err error
	if a.listener, err = listen(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	if a.base, err = layFoundation(ctx, cfg, log); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if err = postgres.Migrate(ctx, a.base.Database); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if a.db, err = postgres.Open(ctx, a.base.Database); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Run serves until the context ends.
func (a *App) Run(ctx context.Context) error {
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: a.cfg.ShutdownTimeout}
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.ShutdownTimeout)
		defer cancel()
		_ = server.Shutdown(ending)
	})
	defer stop()
	a.log.Info("listening", "address", a.listener.Addr().String())
	if err := server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close stops everything in the reverse order of newApp. What was never started is passed over.
func (a *App) Close() error {
	if a.db != nil {
		a.db.Close()
	}
	var err error
	if a.base != nil {
		err = a.base.Close()
	}
	if a.listener != nil {
		_ = a.listener.Close() // the server has usually closed it already
	}
	return err
}
