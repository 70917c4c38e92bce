package main

import (
	"context"
	"fmt"
	"time"

	"github.com/flomastr/flomastr/postgres"
)

type tenantMoveCold struct {
	named
	To   string        `required:"" placeholder:"SERVER" help:"Where to: a name of FLOMASTR_COLD_SERVERS, or hot for the hot database's own server."`
	Keep time.Duration `name:"keep" placeholder:"TIME" help:"How long the database it leaves is kept there, shut, such as 24h. It is removed at once without."`
}

// Run moves, and prints each step with its time when it is done.
func (c *tenantMoveCold) Run(ctx context.Context, s *surroundings, src *sources) error {
	return with(ctx, c.Config, s, src, func(p *platform) error {
		found, err := p.tenants.Find(ctx, c.Tenant)
		if err != nil {
			return err
		}
		began, steps := time.Now(), 0
		to := c.To
		if to == hotServer {
			to = ""
		}
		err = p.db.MoveCold(ctx, postgres.ColdMove{Tenant: found.ID, To: to, Keep: c.Keep, Told: func(step string, took time.Duration, detail string) {
			steps++
			fmt.Fprintf(s.stdout, "%-8s %9.3f s  %s\n", step, took.Seconds(), detail)
		}})
		switch {
		case err != nil:
			return err
		case steps == 0:
			_, err = fmt.Fprintf(s.stdout, "%s lies on %s already; nothing was left to do.\n", found.Slug, c.To)
		default:
			_, err = fmt.Fprintf(s.stdout, "%s lies on %s (%.1f s).\n", found.Slug, c.To, time.Since(began).Seconds())
		}
		return err
	})
}
