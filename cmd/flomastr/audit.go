package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Walk over the audit logs and name the first line that was changed, removed, added or cut off. Exit code 1 when a log is broken."`
}

type auditVerify struct {
	Config
	Tenant string `placeholder:"SLUG" help:"Only this tenant's log; otherwise every tenant's and the platform's."`
}

// Run verifies. It prints the number and hash of each log's last line: whoever keeps those outside of the database can
// see later that the log still holds them, even against a database that was restored to an earlier day.
func (c *auditVerify) Run(ctx context.Context, s *surroundings, src *sources) error {
	return onDatabase(ctx, c.Config, s, src, func(_ *foundation, db *postgres.DB) error {
		logs, err := tenantsAndPlatform(ctx, db, c.Tenant)
		if err != nil {
			return err
		}
		broken := 0
		for _, one := range logs {
			verdict, err := postgres.NewAuditStore(db).Verify(ctx, one.ID)
			if err != nil {
				return fmt.Errorf("verify the log of %s: %w", one.Slug, err)
			}
			if verdict.Break != nil {
				broken++
				fmt.Fprintf(s.stdout, "%s: BROKEN at %v\n", one.Slug, verdict.Break)
				continue
			}
			fmt.Fprintf(s.stdout, "%s: whole, %d lines and %d from before the chain, ends with %x\n", one.Slug, verdict.Lines, verdict.Past, verdict.Hash)
		}
		if broken > 0 {
			return exitError(1)
		}
		return nil
	})
}

// chosenTenant is a tenant that a command works on; without an ID it is the platform.
type chosenTenant struct {
	ID   flomastr.TenantID
	Slug string
}

// tenantsAndPlatform is the one tenant that was named, or all of them and the platform.
func tenantsAndPlatform(ctx context.Context, db *postgres.DB, slug string) ([]chosenTenant, error) {
	owners, err := chosenTenants(ctx, db, slug)
	if err == nil && slug == "" {
		owners = append(owners, chosenTenant{Slug: "(platform)"})
	}
	return owners, err
}

// chosenTenants is the one tenant that was named, or all of them.
func chosenTenants(ctx context.Context, db *postgres.DB, slug string) ([]chosenTenant, error) {
	store := postgres.NewTenantStore(db)
	if slug != "" {
		found, err := store.BySlug(ctx, slug)
		return []chosenTenant{{found.ID, found.Slug}}, err
	}
	var all []chosenTenant
	for {
		page, total, err := store.List(ctx, "", len(all), 500)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			all = append(all, chosenTenant{t.ID, t.Slug})
		}
		if len(page) == 0 || len(all) >= total {
			return all, nil
		}
	}
}

// onDatabase runs a command on the hot database at this version's schema.
func onDatabase(ctx context.Context, cfg Config, s *surroundings, src *sources, do func(*foundation, *postgres.DB) error) (err error) {
	cfg, log, err := settle(cfg, s, src)
	if err != nil {
		return err
	}
	base, err := layFoundation(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	if err := postgres.Migrate(ctx, base.Database); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, base.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(base, db)
}
