package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/demo"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// demoOperator is the demo's platform operator.
const demoOperator = "operator@flomastr.example"

var errDemoNotReady = flomastr.Errorf(flomastr.Unavailable, "demo_not_ready", "The demo is still being prepared; ask again in a moment.")

// demoPlan is the demo's file and whether the demo is complete. Without a demo it is nil, and its methods say nothing.
type demoPlan struct {
	file demoFile
	done chan struct{}
}

// prepareDemo reads the demo's file, or begins one with fresh secrets. It is written before anything uses them, so that a
// start that was interrupted goes on with the same.
func prepareDemo(cfg Config) (*demoPlan, error) {
	if !cfg.Demo() {
		return nil, nil //nolint:nilnil // no demo is no error, and the nil plan answers for itself
	}
	file, err := readDemo(cfg.DataDir)
	if errors.Is(err, errNoDemo) {
		file = demoFile{
			SuperAdmin:    demoSignIn{Email: demoOperator, Password: local.NewPassword()},
			PlatformToken: rand.Text() + rand.Text(),
		}
	} else if err != nil {
		return nil, err
	}
	file.BaseURL = cfg.localURL()
	file.EngineURL = strings.Replace(file.BaseURL, "://localhost", "://engine."+cfg.BaseDomain, 1)
	file.StandIns = demoStandIns{InfobipURL: cfg.InfobipStandIn, MetaURL: cfg.MetaStandIn, TwilioURL: cfg.TwilioStandIn}
	for _, standIn := range []string{cfg.TwilioStandIn, cfg.MetaStandIn, cfg.InfobipStandIn} { // they keep one ledger
		if standIn != "" {
			file.StandIns.LedgerURL = standIn + "/ledger"
		}
	}
	return &demoPlan{file: file, done: make(chan struct{})}, writeDemo(cfg.DataDir, file)
}

func (p *demoPlan) superAdmins() []string {
	if p == nil {
		return nil
	}
	return []string{p.file.SuperAdmin.Email}
}

// baseURL is where the demo is reached; it listens on loopback alone, whatever Host a request names.
func (p *demoPlan) baseURL() string {
	if p == nil {
		return ""
	}
	return p.file.BaseURL
}

func (p *demoPlan) platformToken() string {
	if p == nil {
		return ""
	}
	return p.file.PlatformToken
}

// ready is the health check of a server that shows the demo: nobody is shown half of it.
func (p *demoPlan) ready(context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
		return nil
	default:
		return errDemoNotReady
	}
}

// seedDemo makes what is missing of the demo and waits until its knowledge can be searched. Every step can be taken
// again; what a person changed or deleted afterwards stays as they left it.
func (a *App) seedDemo(ctx context.Context) error {
	p := a.demo
	if !slices.ContainsFunc(p.file.Tenants, func(d demoTenant) bool { return d.Seeded }) { // an earlier start has come further
		if _, err := a.accounts.Enrol(ctx, flomastr.ActorSystem, p.file.SuperAdmin.Email, p.file.SuperAdmin.Password); err != nil {
			return fmt.Errorf("seed the demo's operator: %w", err)
		}
	}
	for i, business := range demo.Tenants() {
		if i == len(p.file.Tenants) {
			p.file.Tenants = append(p.file.Tenants, demoTenant{Slug: business.Slug})
		}
		if err := a.seedTenant(ctx, &p.file.Tenants[i], business, i); err != nil {
			return fmt.Errorf("seed the demo business %s: %w", business.Slug, err)
		}
	}
	if err := a.awaitKnowledge(ctx); err != nil {
		return err
	}
	close(p.done)
	debug.FreeOSMemory() // comparing the demo's passwords took 64 MB at a time, and the next collection may be minutes away
	a.log.Info("the demo is ready", "url", p.file.BaseURL)
	return nil
}

func (a *App) seedTenant(ctx context.Context, d *demoTenant, business demo.Tenant, place int) error {
	made, err := a.tenants.Provision(ctx, flomastr.ActorSystem, tenant.Setup{
		Draft:      tenant.Draft{Slug: business.Slug, Name: business.Name, TimeZone: business.TimeZone, BrandPrimary: strings.ToUpper(business.BrandColour)},
		OwnerEmail: business.Owner.Email,
	})
	if err != nil {
		return err
	}
	id := made.Tenant.ID
	d.ID = id.String()
	if err := a.seedPeople(ctx, d, id, business); err != nil {
		return err
	}
	if err := a.seedToken(ctx, d, id); err != nil {
		return err
	}
	if a.cfg.InfobipStandIn == "" {
		a.log.Warn("no stand-in for Infobip is set, so the demo has no channel and no simulator; start it with make run", "tenant", d.Slug)
		return errors.Join(a.seedKnowledge(ctx, id, business), writeDemo(a.cfg.DataDir, a.demo.file))
	}
	channel, err := a.seedChannel(ctx, d, id, place)
	if err != nil {
		return err
	}
	if place == 0 && a.cfg.MetaStandIn != "" {
		if err := a.seedMetaChannel(ctx, d, id); err != nil {
			return err
		}
	}
	if place == 0 && a.cfg.TwilioStandIn != "" {
		if err := a.seedTwilioChannel(ctx, d, id); err != nil {
			return err
		}
	}
	if !d.Seeded {
		if err := a.seedKnowledge(ctx, id, business); err != nil {
			return err
		}
		if err := a.seedHistory(ctx, id, channel, business); err != nil {
			return err
		}
		d.Seeded = true
	}
	return writeDemo(a.cfg.DataDir, a.demo.file)
}

func (a *App) seedPeople(ctx context.Context, d *demoTenant, id flomastr.TenantID, business demo.Tenant) error {
	for _, person := range append([]demo.Person{business.Owner}, business.Members...) {
		if slices.ContainsFunc(d.Users, func(u demoUser) bool { return u.Email == person.Email }) {
			continue
		}
		user := demoUser{Email: person.Email, Password: local.NewPassword(), Role: person.Role}
		account, err := a.accounts.Enrol(ctx, flomastr.ActorSystem, user.Email, user.Password)
		if err != nil {
			return err
		}
		if user.Role != string(identity.RoleOwner) { // provisioning has made the owner
			if err := a.tokens.Grant(ctx, flomastr.ActorSystem, id, account, identity.Role(user.Role)); err != nil {
				return err
			}
		}
		d.Users = append(d.Users, user)
		if err := writeDemo(a.cfg.DataDir, a.demo.file); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) seedToken(ctx context.Context, d *demoTenant, id flomastr.TenantID) error {
	if d.APIToken != "" {
		return nil
	}
	secret, hash, prefix := identity.NewTokenSecret()
	_, err := a.tokens.CreateToken(ctx, flomastr.ActorSystem, identity.APIToken{
		ID: flomastr.NewID[flomastr.TokenID](), Tenant: id, Name: "Demo", Prefix: prefix, Scopes: identity.Scopes(),
	}, hash)
	if err != nil {
		return err
	}
	d.APIToken = secret
	return writeDemo(a.cfg.DataDir, a.demo.file)
}

// seedChannel connects the business's number to the stand-in, and tells the stand-in where its webhooks go.
func (a *App) seedChannel(ctx context.Context, d *demoTenant, id flomastr.TenantID, place int) (flomastr.ChannelID, error) {
	if len(d.Channels) == 0 {
		number, name := fmt.Sprintf("97142%06d", 550100+place), "Main number"
		key := rand.Text()
		header := provider.WebhookSecret{HeaderName: "X-Webhook-Secret", HeaderValue: rand.Text()}
		made, _, err := a.whatsapp.CreateChannel(ctx, id, whatsapp.ChannelDraft{
			Provider: "infobip", Name: &name, Number: &number, BaseURL: &a.cfg.InfobipStandIn,
			Credentials: &provider.Credentials{APIKey: key}, Webhook: &header,
		})
		if err != nil {
			return flomastr.ChannelID{}, err
		}
		d.Channels = []demoChannel{{
			ID: made.ID.String(), Provider: "infobip", Number: number, APIKey: key,
			WebhookAuthHeader: demoHeader{Name: header.HeaderName, Value: header.HeaderValue},
		}}
	}
	c := &d.Channels[0]
	c.WebhookURL = a.demo.file.BaseURL + "/webhook/infobip/" + c.ID
	if err := writeDemo(a.cfg.DataDir, a.demo.file); err != nil {
		return flomastr.ChannelID{}, err
	}
	if err := a.tellStandIn(ctx, *c); err != nil {
		a.log.Warn("the stand-in for Infobip does not answer, so the simulator will not work; start it with make run", "error", err)
	}
	return flomastr.ParseID[flomastr.ChannelID](c.ID)
}

// tellStandIn registers a number with Infobip's stand-in. It calls webhooks on loopback addresses alone.
func (a *App) tellStandIn(ctx context.Context, c demoChannel) error {
	return a.put(ctx, a.cfg.InfobipStandIn, "/control/senders/"+url.PathEscape(c.Number), map[string]any{
		"api_key": c.APIKey, "webhook_url": a.loopbackURL() + "/webhook/infobip/" + c.ID, "auth_header": c.WebhookAuthHeader,
	})
}

// loopbackURL is how a stand-in reaches this server.
func (a *App) loopbackURL() string {
	_, port, _ := strings.Cut(strings.TrimPrefix(a.demo.file.BaseURL, "http://"), ":")
	return "http://127.0.0.1:" + port
}

// put tells a stand-in something.
func (a *App) put(ctx context.Context, standIn, path string, what map[string]any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, standIn+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := safehttp.New(safehttp.Config{Allow: []string{standIn}, Timeout: 15 * time.Second})
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the stand-in answered %s", answer.Status)
	}
	return nil
}

func (a *App) seedKnowledge(ctx context.Context, id flomastr.TenantID, business demo.Tenant) error {
	for _, page := range business.Pages {
		_, err := a.knowledge.Add(ctx, id, contextengine.Draft{
			Title: page.Title, Filename: page.Filename, Source: contextengine.FromFile, Content: page.Content, Intent: page.Intent, Tags: page.Tags,
		})
		if err != nil {
			return fmt.Errorf("add %q: %w", page.Title, err)
		}
	}
	return nil
}

// seedHistory tells the engine of conversations that took place before. Nothing of it is answered or sent.
func (a *App) seedHistory(ctx context.Context, id flomastr.TenantID, channel flomastr.ChannelID, business demo.Tenant) error {
	now := a.clock()
	for _, conversation := range business.Conversations {
		for i, message := range conversation.Messages {
			direction := whatsapp.In
			if !message.FromContact {
				direction = whatsapp.Out
			}
			_, err := a.whatsapp.Ingest(ctx, id, whatsapp.Neutral{
				Channel: channel, From: conversation.Phone, Text: message.Text, ContactName: conversation.ContactName,
				MessageID: fmt.Sprintf("demo-%s-%d", strings.TrimPrefix(conversation.Phone, "+"), i), At: now.Add(-message.Before),
				Direction: direction, NoAnswer: true,
			})
			if err != nil {
				return fmt.Errorf("tell of a conversation with %s: %w", conversation.ContactName, err)
			}
		}
	}
	return nil
}

// awaitKnowledge waits until nothing of the demo's knowledge is being read any more, so that the first question has its
// answer. Items that cannot be read show their error in the app.
func (a *App) awaitKnowledge(ctx context.Context) error {
	for {
		waiting := 0
		for _, d := range a.demo.file.Tenants {
			id, err := flomastr.ParseID[flomastr.TenantID](d.ID)
			if err != nil {
				return fmt.Errorf("read the demo file: %w", err)
			}
			counts, err := a.knowledge.Status.CountItems(ctx, id)
			if err != nil {
				return err
			}
			waiting += counts.Processing
		}
		if waiting == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}
