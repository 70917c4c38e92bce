package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/mail"
	"github.com/flomastr/flomastr/mail/smtp"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/tenant"
)

// post is how mails leave.
type post struct {
	engine *mail.Engine
	kept   httpapi.KeptMails // nil where mails are sent
}

// newPost sends mails over SMTP where there is a mail server, and keeps them for the operator on the private database.
func newPost(cfg Config, db *postgres.DB, keys *secret.Vault, looks brands) (post, error) {
	var out post
	deps := mail.Deps{Brands: looks, From: cmp.Or(cfg.MailFrom, "no-reply@"+cfg.BaseDomain)}
	switch {
	case cfg.SMTPURL != "":
		carrier, err := smtp.New(smtp.Config{URL: cfg.SMTPURL.Reveal()})
		if err != nil {
			return post{}, err
		}
		deps.Carrier = carrier
	case cfg.Embedded():
		keeper := mail.NewKeeper(postgres.NewMailStore(db), keys)
		deps.Carrier, out.kept = keeper, keeper
	}
	out.engine = mail.New(deps)
	return out, nil
}

// writesMail says whether there is somewhere for a mail to go.
func (c Config) writesMail() bool { return c.SMTPURL != "" || c.Embedded() }

// brands tells mails how a tenant looks.
type brands struct {
	tenants *tenant.Engine
	looks   *branding.Engine
	base    string // how the world reaches us
}

// Brand implements mail.Brands. A logo is shown where a mail reader may fetch it: over https.
func (b brands) Brand(ctx context.Context, id flomastr.TenantID) (mail.Brand, error) {
	t, err := b.tenants.ByID(ctx, id)
	if err != nil {
		return mail.Brand{}, err
	}
	look, err := b.looks.Look(ctx, id)
	out := mail.Brand{Name: cmp.Or(look.CompanyName, t.Name), Colour: look.BrandPrimary}
	if path := look.Path(t.Slug, branding.LogoFile); path != "" && strings.HasPrefix(b.base, "https://") {
		out.LogoURL = b.base + path
	}
	return out, err
}

// publicURL is how people reach us: never by the Host that a request names.
func publicURL(cfg Config, demo *demoPlan) string {
	return strings.TrimSuffix(cmp.Or(cfg.PublicURL, demo.baseURL(), "https://app."+cfg.BaseDomain), "/")
}
