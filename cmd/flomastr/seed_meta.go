package main

import (
	"context"
	"crypto/rand"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// seedMetaChannel gives a business a second number, at Meta's stand-in. The stand-in tests the webhook's address until this
// server answers, and delivers from then on.
func (a *App) seedMetaChannel(ctx context.Context, d *demoTenant, id flomastr.TenantID) error {
	place := -1
	for i, c := range d.Channels {
		if c.Provider == "meta" {
			place = i
		}
	}
	if place < 0 {
		c := demoChannel{
			Provider: "meta", Number: "97142550200", APIKey: rand.Text(), AppSecret: rand.Text(), VerifyToken: rand.Text(),
			WebhookAuthHeader: demoHeader{Name: "X-Hub-Signature-256"}, PhoneNumberID: "106540352242922", AccountID: "102290129340398",
		}
		made, _, err := a.whatsapp.CreateChannel(ctx, id, whatsapp.ChannelDraft{
			Provider: "meta", Name: new("Number at Meta"), Number: &c.Number, BaseURL: &a.cfg.MetaStandIn, AccountID: &c.AccountID, SenderID: &c.PhoneNumberID,
			Credentials: &provider.Credentials{APIKey: c.APIKey},
			Webhook:     &provider.WebhookSecret{SigningKey: c.AppSecret, VerifyToken: c.VerifyToken},
		})
		if err != nil {
			return err
		}
		c.ID = made.ID.String()
		place, d.Channels = len(d.Channels), append(d.Channels, c)
	}
	c := &d.Channels[place]
	c.WebhookURL = a.demo.file.BaseURL + "/webhook/meta/" + c.ID
	if err := writeDemo(a.cfg.DataDir, a.demo.file); err != nil {
		return err
	}
	err := a.put(ctx, a.cfg.MetaStandIn, "/control/numbers/"+c.PhoneNumberID, map[string]any{
		"number": c.Number, "account_id": c.AccountID, "token": c.APIKey, "app_secret": c.AppSecret, "verify_token": c.VerifyToken,
		"webhook_url": a.loopbackURL() + "/webhook/meta/" + c.ID,
	})
	if err != nil {
		a.log.Warn("the stand-in for Meta does not answer, so nothing reaches that number; start it with make run", "error", err)
	}
	return nil
}
