package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

type serveCommand struct {
	Config
}

// Run runs the server until the context ends, and stops it in good order.
func (c *serveCommand) Run(ctx context.Context, s *surroundings, src *sources) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	for _, row := range cfg.Settings() {
		if row.Unused && row.Given {
			log.Warn("a setting is given that this version does not use yet", "name", row.Name)
		}
	}
	app, err := newApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	return app.Run(ctx)
}

// Help lists the settings that have no flag.
func (c *serveCommand) Help() string {
	var b strings.Builder
	b.WriteString("Secrets are read from the environment or .env alone, or from the file that NAME_FILE names:\n")
	for _, row := range table() {
		if row.Secret {
			note := ""
			if row.Unused {
				note = " (not used by this version yet)"
			}
			fmt.Fprintf(&b, "\n  %s\n      %s%s", row.Name, row.Help, note)
		}
	}
	return b.String()
}
