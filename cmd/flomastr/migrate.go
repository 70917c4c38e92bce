package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flomastr/flomastr/postgres"
)

type migrateCommand struct {
	Config
}

// Run migrates and ends. It may run beside servers and beside itself.
func (c *migrateCommand) Run(ctx context.Context, s *surroundings, src *sources) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	began := time.Now()
	base, err := layFoundation(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	if err := postgres.Migrate(ctx, base.Database); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "The database is at this version's schema (%s).\n", time.Since(began).Round(time.Millisecond))
	return err
}
