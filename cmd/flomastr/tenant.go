package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/tenant"
)

type tenantCommand struct {
	Provision     tenantProvision     `cmd:"" help:"Make a tenant with its owner and its own database, or finish what an interrupted call began."`
	List          tenantList          `cmd:"" help:"List the tenants."`
	Status        tenantStatus        `cmd:"" help:"Say where a tenant is in its life, and what can be done about it."`
	Suspend       tenantSuspend       `cmd:"" help:"Suspend a tenant: messages to it are stored, nothing is answered or sent."`
	Reactivate    tenantReactivate    `cmd:"" help:"Let a suspended tenant work again; what has waited is answered."`
	SoftDelete    tenantSoftDelete    `cmd:"" help:"Delete a tenant so that it can be restored."`
	Restore       tenantRestore       `cmd:"" help:"Bring a soft-deleted tenant back as it was."`
	HardDelete    tenantHardDelete    `cmd:"" help:"Erase a soft-deleted tenant for good, and print the signed erasure report."`
	MoveCold      tenantMoveCold      `cmd:"" help:"Move a tenant's own database to another PostgreSQL server while it serves."`
	VerifyErasure tenantVerifyErasure `cmd:"" help:"Check the signature of an erasure report."`
}

type tenantProvision struct {
	Config
	Slug     string `arg:"" help:"The tenant's DNS label, such as bright-smile."`
	Owner    string `required:"" placeholder:"E-MAIL" help:"Who owns it. A first password is printed once when they have none."`
	Name     string `name:"name" placeholder:"NAME" help:"What it is called; made from the slug when empty."`
	TimeZone string `name:"time-zone" placeholder:"ZONE" help:"Its time zone, such as Asia/Dubai; UTC when empty."`
	N8NURL   string `name:"n8n-url" placeholder:"URL" help:"Where its own n8n answers, if it has one."`
	JSON     bool   `name:"json" help:"Print the result as JSON."`
}

// provisioned is what the command prints.
type provisioned struct {
	TenantID   string `json:"tenant_id"`
	TenantSlug string `json:"tenant_slug"`
	TenantName string `json:"tenant_name"`
	Status     string `json:"status"`
	OwnerEmail string `json:"owner_email"`
	Created    bool   `json:"created"`
	Password   string `json:"password,omitempty"` // only when this call has set it
}

// Run provisions. Called again with the same slug and owner it changes nothing and prints the same ids.
func (c *tenantProvision) Run(ctx context.Context, s *surroundings, src *sources) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	email, err := identity.CanonicalEmail(c.Owner)
	if err != nil {
		return err
	}
	p, err := openPlatform(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()

	made, err := p.tenants.Provision(ctx, flomastr.ActorSystem, tenant.Setup{
		Draft: tenant.Draft{Slug: c.Slug, Name: c.Name, TimeZone: c.TimeZone, N8NURL: c.N8NURL}, OwnerEmail: email,
	})
	if err != nil {
		return err
	}
	accounts := local.New(local.Deps{Store: postgres.NewIdentityStore(p.db), Seal: secret.NewVault(p.base.Keys, postgres.NewKeyStore(p.db)), Clock: time.Now})
	password, err := accounts.SetUpPassword(ctx, flomastr.ActorSystem, email)
	if err != nil && !errors.Is(err, local.ErrHasPassword) {
		return fmt.Errorf("give the owner a first password: %w", err)
	}
	return c.print(s, provisioned{
		TenantID: made.Tenant.ID.String(), TenantSlug: made.Tenant.Slug, TenantName: made.Tenant.Name, Status: string(made.Tenant.Status),
		OwnerEmail: made.OwnerEmail, Created: made.Created, Password: password,
	})
}

func (c *tenantProvision) print(s *surroundings, p provisioned) error {
	if c.JSON {
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		return out.Encode(p)
	}
	what := "is there already"
	if p.Created {
		what = "is made"
	}
	_, err := fmt.Fprintf(s.stdout, "%s (%s) %s: %s, id %s\nowner %s\n", p.TenantName, p.TenantSlug, what, p.Status, p.TenantID, p.OwnerEmail)
	if err == nil && p.Password != "" {
		_, err = fmt.Fprintf(s.stdout, "first password %s (shown this once)\n", p.Password)
	}
	return err
}
