package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
)

// platform is what the commands about tenants stand on.
type platform struct {
	base    *foundation
	db      *postgres.DB
	blobs   *blob.Bucket
	tenants *tenant.Engine
}

func openPlatform(ctx context.Context, cfg Config, log *slog.Logger) (_ *platform, err error) {
	p := &platform{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if p.base, err = layFoundation(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err = postgres.Migrate(ctx, p.base.Database); err != nil {
		return nil, err
	}
	if p.db, err = postgres.Open(ctx, p.base.Database); err != nil {
		return nil, err
	}
	if p.blobs, err = openBlobs(ctx, cfg); err != nil {
		return nil, err
	}
	p.tenants = newTenants(cfg, p.base, p.db, p.blobs, nil)
	return p, nil
}

// Close gives up what was opened.
func (p *platform) Close() error {
	var err error
	if p.blobs != nil {
		err = p.blobs.Close()
	}
	if p.db != nil {
		p.db.Close()
	}
	if p.base != nil {
		err = errors.Join(err, p.base.Close())
	}
	return err
}

// with runs a command's work on the platform.
func with(ctx context.Context, c Config, s *surroundings, src *sources, do func(p *platform) error) (err error) {
	cfg, log, err := settle(c, s, src)
	if err != nil {
		return err
	}
	p, err := openPlatform(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return do(p)
}

type tenantList struct {
	Config
}

// Run lists all tenants, by slug.
func (c *tenantList) Run(ctx context.Context, s *surroundings, src *sources) error {
	return with(ctx, c.Config, s, src, func(p *platform) error {
		table := tabwriter.NewWriter(s.stdout, 0, 4, 2, ' ', 0)
		const page = 200
		for skip := 0; ; skip += page {
			tenants, total, err := p.tenants.List(ctx, "", skip, page)
			if err != nil {
				return err
			}
			for _, t := range tenants {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.Slug, t.Status, t.ID, t.Name) // told by Flush
			}
			if skip+page >= total {
				return table.Flush()
			}
		}
	})
}

// named is a tenant on the command line.
type named struct {
	Config
	Tenant string `arg:"" help:"The tenant's slug or id."`
}

type tenantStatus struct{ named }

// Run prints where a tenant is in its life; an erased one is found by its id.
func (c *tenantStatus) Run(ctx context.Context, s *surroundings, src *sources) error {
	return with(ctx, c.Config, s, src, func(p *platform) error {
		found, err := p.tenants.Standing(ctx, c.Tenant)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(s.stdout, 0, 4, 2, ' ', 0)
		_, _ = fmt.Fprintf(table, "tenant\t%s (%s)\nstatus\t%s since %s\n", found.Slug, found.ID, found.Status, found.Since.UTC().Format(time.RFC3339))
		if found.Reason != "" {
			_, _ = fmt.Fprintf(table, "reason\t%s (%s)\n", found.Reason, found.ChangedBy)
		}
		if found.RestorableUntil != nil {
			_, _ = fmt.Fprintf(table, "restorable\tuntil %s at least\n", found.RestorableUntil.UTC().Format(time.RFC3339))
		}
		for _, step := range found.Steps {
			_, _ = fmt.Fprintf(table, "step %s\t%s %s\n", step.Name, step.State, step.Error)
		}
		_, _ = fmt.Fprintf(table, "possible\t%v\n", found.Allowed)
		return table.Flush()
	})
}

// because is a tenant and why something is done with it.
type because struct {
	named
	Reason string `required:"" help:"Why, for the audit log."`
}

func (c *because) act(ctx context.Context, s *surroundings, src *sources, action tenant.Action) error {
	return with(ctx, c.Config, s, src, func(p *platform) error {
		found, err := p.tenants.Find(ctx, c.Tenant)
		if err != nil {
			return err
		}
		moved, err := p.tenants.Act(ctx, flomastr.ActorSystem, found.ID, action, c.Reason)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.stdout, "%s (%s) is %s\n", moved.Slug, moved.ID, moved.Status)
		return err
	})
}

type tenantSuspend struct{ because }

// Run suspends.
func (c *tenantSuspend) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.act(ctx, s, src, tenant.Suspend)
}

type tenantReactivate struct{ because }

// Run reactivates.
func (c *tenantReactivate) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.act(ctx, s, src, tenant.Reactivate)
}

type tenantSoftDelete struct{ because }

// Run deletes softly.
func (c *tenantSoftDelete) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.act(ctx, s, src, tenant.SoftDelete)
}

type tenantRestore struct{ because }

// Run restores.
func (c *tenantRestore) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.act(ctx, s, src, tenant.Restore)
}

type tenantHardDelete struct {
	because
	ConfirmSlug string `required:"" placeholder:"SLUG" help:"The tenant's slug once more: what is erased cannot be brought back."`
}

// Run erases, takes every step itself, and prints the report.
func (c *tenantHardDelete) Run(ctx context.Context, s *surroundings, src *sources) error {
	return with(ctx, c.Config, s, src, func(p *platform) error {
		found, err := p.tenants.Find(ctx, c.Tenant)
		if err != nil {
			return err
		}
		begun, err := p.tenants.HardDelete(ctx, flomastr.ActorSystem, found.ID, c.Reason, c.ConfirmSlug)
		if err != nil {
			return err
		}
		if err := p.tenants.FinishErasure(ctx, begun.ID); err != nil {
			return err
		}
		report, err := p.tenants.ErasureReport(ctx, found.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.stdout, "%s\n", report)
		return err
	})
}

type tenantVerifyErasure struct {
	Config
	File      string `arg:"" help:"The report, as it was downloaded."`
	PublicKey string `placeholder:"BASE64" help:"The Ed25519 key that must have signed it; this installation's own when empty."`
}

// Run checks a report. With a public key it needs neither the installation nor a database.
func (c *tenantVerifyErasure) Run(_ context.Context, s *surroundings, src *sources) error {
	file, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	trusted, err := c.trusted(s, src)
	if err != nil {
		return err
	}
	report, err := tenant.VerifyReport(file, trusted...)
	if err != nil {
		return err
	}
	out := json.NewEncoder(s.stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(report); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "The signature is good: %s (%s) was erased on %s and nothing was left.\n",
		report.TenantSlug, report.TenantID, report.FinishedAt.Format(time.RFC3339))
	return err
}

func (c *tenantVerifyErasure) trusted(s *surroundings, src *sources) ([]ed25519.PublicKey, error) {
	if c.PublicKey != "" {
		key, err := base64.StdEncoding.DecodeString(c.PublicKey)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, errors.New("the public key must be 32 bytes in base64")
		}
		return []ed25519.PublicKey{key}, nil
	}
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	signers, err := erasureKeys(keys)
	if err != nil {
		return nil, err
	}
	trusted := make([]ed25519.PublicKey, len(signers))
	for i, signer := range signers {
		trusted[i], _ = signer.Public().(ed25519.PublicKey) // it is one by construction
	}
	return trusted, nil
}
