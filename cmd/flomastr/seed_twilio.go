package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// seedTwilioChannel connects a number of the business at Twilio's stand-in.
func (a *App) seedTwilioChannel(ctx context.Context, d *demoTenant, id flomastr.TenantID) error {
	place := slices.IndexFunc(d.Channels, func(c demoChannel) bool { return c.Provider == "twilio" })
	if place < 0 {
		c := demoChannel{
			Provider: "twilio", Number: "97142550300", APIKey: rand.Text(), AccountID: fmt.Sprintf("AC%032x", 1),
			WebhookAuthHeader: demoHeader{Name: "X-Twilio-Signature"},
		}
		made, _, err := a.whatsapp.CreateChannel(ctx, id, whatsapp.ChannelDraft{
			Provider: "twilio", Name: new("Number at Twilio"), Number: &c.Number, BaseURL: &a.cfg.TwilioStandIn, AccountID: &c.AccountID,
			Credentials: &provider.Credentials{APIKey: c.APIKey}, Webhook: &provider.WebhookSecret{SigningKey: c.APIKey},
		})
		if err != nil {
			return err
		}
		c.ID = made.ID.String()
		place, d.Channels = len(d.Channels), append(d.Channels, c)
	}
	c := &d.Channels[place]
	c.WebhookURL = a.demo.file.BaseURL + "/webhook/twilio/" + c.ID
	if err := writeDemo(a.cfg.DataDir, a.demo.file); err != nil {
		return err
	}
	// Twilio signs the address that it calls, so the stand-in calls the very one that the product knows itself by.
	err := a.put(ctx, a.cfg.TwilioStandIn, "/control/senders/"+c.Number, map[string]any{
		"account_sid": c.AccountID, "auth_token": c.APIKey, "webhook_url": c.WebhookURL,
	})
	if err != nil {
		a.log.Warn("the stand-in for Twilio does not answer, so nothing reaches that number; start it with make run", "error", err)
	}
	return nil
}
