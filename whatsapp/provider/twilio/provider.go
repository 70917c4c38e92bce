// Package twilio speaks Twilio's WhatsApp API: its signed form webhooks, inbound messages and status callbacks alike, and
// its calls to send, to fetch media and to keep templates.
package twilio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Config is what the adapter needs.
type Config struct {
	// HTTP sends the requests, under the guards of the caller. Redirects are never followed, whatever it says.
	HTTP *http.Client
	// Media fetches files, under the same guards and with a cap that fits them. Nil: HTTP.
	Media *http.Client
	// StandIn is the operator's stand-in for Twilio, an exact scheme://host:port that serves all of Twilio's hosts; empty in
	// production.
	StandIn string
	// Timeout is the total time of one call. Zero means 15 s.
	Timeout time.Duration
}

// Provider is the adapter. It keeps no state.
type Provider struct {
	http    *http.Client
	media   *http.Client
	standIn string
	timeout time.Duration
}

// New makes the adapter.
func New(cfg Config) *Provider {
	p := &Provider{http: provider.Unredirected(cfg.HTTP), standIn: strings.TrimRight(cfg.StandIn, "/"), timeout: cfg.Timeout}
	if p.media = p.http; cfg.Media != nil {
		p.media = provider.Unredirected(cfg.Media)
	}
	if p.timeout <= 0 {
		p.timeout = 15 * time.Second
	}
	return p
}

// Name implements provider.Provider.
func (*Provider) Name() string { return "twilio" }

// CheckSecret implements provider.Provider.
func (*Provider) CheckSecret(secret provider.WebhookSecret) (string, error) {
	only := provider.WebhookSecret{SigningKey: secret.SigningKey, PreviousKey: secret.PreviousKey}
	if secret.SigningKey == "" || secret != only {
		return "", errors.New("needs the account's auth token, with which Twilio signs, as the signing key")
	}
	return "signature", nil
}

// CompleteSecret implements provider.Provider. Nothing is ours to choose; a key that is replaced stays believed beside the
// new one, because Twilio changes over when it likes.
func (*Provider) CompleteSecret(secret, before provider.WebhookSecret) provider.WebhookSecret {
	if secret.IsZero() {
		return before
	}
	if secret.PreviousKey == "" && secret.SigningKey != before.SigningKey {
		secret.PreviousKey = before.SigningKey
	}
	return secret
}

// Setup implements provider.Provider. The auth token alone serves for both ways; whoever sends with an API key tells the
// auth token besides, since Twilio signs with it.
func (p *Provider) Setup() provider.Setup {
	address := home
	if p.standIn != "" {
		address = p.standIn
	}
	return provider.Setup{
		Fields: []provider.Need{
			{Field: provider.FieldAccountID, Required: true},
			{Field: provider.FieldAPIKey, Required: true},
			{Field: provider.FieldKeyID},
			{Field: provider.FieldSigningKey},
			{Field: provider.FieldSenderID},
		},
		Address:         address,
		SignsWithAPIKey: true,
	}
}

// Limits implements provider.Provider. A caption is the body of a message with a file, and WhatsApp's own limit is lower.
func (*Provider) Limits() provider.Limits { return provider.Limits{Text: maxBody, Caption: maxCaption} }

// Check implements provider.Provider.
func (*Provider) Check(msg provider.Message) error {
	_, refusal := compose(provider.Channel{}, msg)
	return refusal
}

// home is the only address that credentials are shown to, besides its sisters for templates and presence.
const home = "https://api.twilio.com"

var (
	errNoAccount = flomastr.Errorf(flomastr.Invalid, "account_missing", "The channel needs the account's SID.")
	errNoKey     = flomastr.Errorf(flomastr.Invalid, "credentials_missing", "The channel has no auth token or API key.")
	// errForeignHost refuses to show a key to anybody but Twilio.
	errForeignHost = flomastr.Errorf(flomastr.Invalid, "provider_host", "The base URL must be "+home+".")
)

// CheckAddress implements provider.Provider.
func (p *Provider) CheckAddress(baseURL string) error {
	base := strings.TrimSuffix(baseURL, "/")
	if base == home || p.standIn != "" && base == p.standIn {
		return nil
	}
	return errForeignHost
}

// service is the address of one of Twilio's hosts: api, messaging or content. A stand-in has them all at one.
func (p *Provider) service(ch provider.Channel, name string) string {
	if base := strings.TrimSuffix(ch.BaseURL, "/"); base != home {
		return base
	}
	return "https://" + name + ".twilio.com"
}

// Test implements provider.Provider: it lists one message of the account, which an API key may do as well as the auth
// token, and sends nothing.
func (p *Provider) Test(ctx context.Context, ch provider.Channel) error {
	path := accountPath(ch) + "/Messages.json?PageSize=1"
	return p.call(ctx, ch, http.MethodGet, "api", path, nil, nil)
}

func accountPath(ch provider.Channel) string {
	return "/2010-04-01/Accounts/" + url.PathEscape(ch.AccountID)
}

// maxAnswer caps what is read of an answer.
const maxAnswer = 1 << 20

// request builds a call with the channel's credentials, after the host was checked.
func (p *Provider) request(ctx context.Context, ch provider.Channel, method, address string, body io.Reader) (*http.Request, error) {
	if err := p.CheckAddress(ch.BaseURL); err != nil {
		return nil, err
	}
	switch {
	case ch.AccountID == "":
		return nil, errNoAccount
	case ch.Credentials.APIKey == "":
		return nil, errNoKey
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	user := ch.AccountID
	if ch.Credentials.KeyID != "" {
		user = ch.Credentials.KeyID
	}
	req.SetBasicAuth(user, ch.Credentials.APIKey)
	return req, nil
}
