// Package infobip speaks Infobip's WhatsApp API: its inbound webhooks and reports, in both of its dialects, and its send
// calls.
package infobip

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
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
	// Files fetches customers' files: the same, with more time and room. Nil means HTTP.
	Files *http.Client
	// StandIn is the operator's stand-in for Infobip, an exact scheme://host:port; empty in production. It alone passes
	// the host check beside Infobip's own hosts.
	StandIn string
	// APIKey and BaseURL are the operator's account, for channels that bring none of their own.
	APIKey  string
	BaseURL string
	// Timeout is the total time of one call. Zero means 15 s.
	Timeout time.Duration
}

// Provider is the adapter. It keeps no state.
type Provider struct {
	http    *http.Client
	files   *http.Client
	standIn string
	apiKey  string
	baseURL string
	timeout time.Duration
}

// What the adapter can do besides sending and receiving.
var (
	_ provider.Provider        = (*Provider)(nil)
	_ provider.MediaSource     = (*Provider)(nil)
	_ provider.Presence        = (*Provider)(nil)
	_ provider.StandingSource  = (*Provider)(nil)
	_ provider.TemplateManager = (*Provider)(nil)
)

// New makes the adapter.
func New(cfg Config) *Provider {
	p := &Provider{
		http: provider.Unredirected(cfg.HTTP), files: provider.Unredirected(cfg.Files), standIn: strings.TrimRight(cfg.StandIn, "/"), apiKey: cfg.APIKey, baseURL: cfg.BaseURL,
		timeout: cfg.Timeout,
	}
	if p.files == nil {
		p.files = p.http
	}
	if p.timeout <= 0 {
		p.timeout = 15 * time.Second
	}
	return p
}

// Name implements provider.Provider.
func (*Provider) Name() string { return "infobip" }

// Authenticate implements provider.Provider. Infobip documents no signature, so it shows a secret: a header of our
// choice, or Basic credentials.
func (*Provider) Authenticate(ch provider.Channel, r provider.Request) error {
	secret := ch.Webhook
	switch {
	case secret.HeaderName != "" && secret.HeaderValue != "":
		values := r.Header.Values(secret.HeaderName)
		if len(values) == 1 && believed(values[0], secret.HeaderValue, secret.PreviousKey) {
			return nil
		}
	case secret.Username != "" && secret.Password != "":
		user, password, ok := (&http.Request{Header: r.Header}).BasicAuth()
		// Both are compared in any case, so that the time tells nothing about either.
		userOK, passwordOK := provider.SameSecret(user, secret.Username), believed(password, secret.Password, secret.PreviousKey)
		if ok && userOK && passwordOK {
			return nil
		}
	default:
		return provider.ErrUnauthenticated.Because(errors.New("the channel has no webhook secret"))
	}
	return provider.ErrUnauthenticated
}

// believed compares with both in any case, so that the time tells nothing about either.
func believed(shown, secret, previous string) bool {
	now, before := provider.SameSecret(shown, secret), previous != "" && provider.SameSecret(shown, previous)
	return now || before
}

// CheckSecret implements provider.Provider.
func (*Provider) CheckSecret(secret provider.WebhookSecret) (string, error) {
	secret.PreviousKey = ""
	switch secret {
	case provider.WebhookSecret{HeaderName: secret.HeaderName, HeaderValue: secret.HeaderValue}:
		if secret.HeaderName != "" && secret.HeaderValue != "" {
			return "header", nil
		}
	case provider.WebhookSecret{Username: secret.Username, Password: secret.Password}:
		if secret.Username != "" && secret.Password != "" {
			return "basic", nil
		}
	}
	return "", errors.New("needs a header's name and value, or a username and a password")
}

// CompleteSecret implements provider.Provider. Without a secret a header is made up.
func (*Provider) CompleteSecret(secret, before provider.WebhookSecret) provider.WebhookSecret {
	switch {
	case !secret.IsZero():
		return secret
	case !before.IsZero():
		return before
	default:
		return provider.WebhookSecret{HeaderName: "X-Webhook-Secret", HeaderValue: rand.Text()}
	}
}

// Setup implements provider.Provider. Every account has an address of its own; the operator's account serves channels that
// bring none.
func (p *Provider) Setup() provider.Setup {
	return provider.Setup{
		Fields: []provider.Need{
			{Field: provider.FieldBaseURL, Required: p.standIn == "" && p.apiKey == ""},
			{Field: provider.FieldAPIKey, Required: p.apiKey == ""},
		},
		Address: p.standIn,
		Invents: provider.InventsHeader,
	}
}

// Limits implements provider.Provider. Infobip lets captions of 3,000 characters pass, Meta does not.
func (*Provider) Limits() provider.Limits { return provider.Limits{Text: 4096, Caption: 1024} }

// Check implements provider.Provider.
func (*Provider) Check(msg provider.Message) error {
	_, _, refusal := compose(provider.Channel{}, msg)
	return refusal
}

// errNoKey is a channel that was never given credentials.
var errNoKey = flomastr.Errorf(flomastr.Invalid, "credentials_missing", "The channel has no API key.")

// errForeignHost refuses to show a key to anybody but Infobip.
var errForeignHost = flomastr.Errorf(flomastr.Invalid, "provider_host",
	"The base URL must be https and Infobip's own: your account's prefix followed by .api.infobip.com.")

// CheckAddress implements provider.Provider.
func (p *Provider) CheckAddress(baseURL string) error {
	if p.standIn != "" && strings.TrimRight(baseURL, "/") == p.standIn {
		return nil
	}
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" || u.Port() != "" && u.Port() != "443" {
		return errForeignHost
	}
	host := strings.ToLower(u.Hostname())
	prefix, ok := strings.CutSuffix(host, ".api.infobip.com")
	if host != "api.infobip.com" && (!ok || strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyz0123456789-") != "") {
		return errForeignHost
	}
	return nil
}

// Test implements provider.Provider: it asks for the number's templates, which needs a working key that may use this very
// number, and sends nothing.
func (p *Provider) Test(ctx context.Context, ch provider.Channel) error {
	return p.ask(ctx, ch, http.MethodGet, templatesOf(ch), nil, nil)
}

// ask makes a call that may be made again, and reads its answer into out where one is wanted.
func (p *Provider) ask(ctx context.Context, ch provider.Channel, method, path string, what, out any) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var body io.Reader
	if what != nil {
		raw, err := json.Marshal(what)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := p.request(ctx, ch, method, path, body)
	if err != nil {
		return err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Infobip could not be reached.").Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		refusal := refusalOf(resp, answer)
		return flomastr.Errorf(flomastr.Upstream, "provider_refused", refusal.Sentence).Because(refusal)
	}
	if err != nil || len(answer) > maxAnswer {
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Infobip's answer broke off.").Because(err)
	}
	if out != nil && json.Unmarshal(answer, out) != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_answer", "Infobip answered something that is not its own format.")
	}
	return nil
}

// request builds a call with the channel's key, after the host was checked.
func (p *Provider) request(ctx context.Context, ch provider.Channel, method, path string, body io.Reader) (*http.Request, error) {
	base, key := ch.BaseURL, ch.Credentials.APIKey
	if key == "" {
		// The operator's key goes to the operator's address only, whatever a channel says.
		base, key = p.baseURL, p.apiKey
	}
	if key == "" {
		return nil, errNoKey
	}
	if err := p.CheckAddress(base); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(base, "/")+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "App "+key)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}
