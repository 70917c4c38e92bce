// Package meta speaks Meta's WhatsApp Cloud API: signed webhooks of messages, statuses and news of accounts, send calls,
// files and templates.
package meta

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Home is where the Graph API lives.
const Home = "https://graph.facebook.com"

// Version is the Graph API's version where neither the operator nor the channel's address names one.
const Version = "v25.0"

// Config is what the adapter needs.
type Config struct {
	// HTTP sends the requests, under the guards of the caller. Redirects are never followed, whatever it says.
	HTTP *http.Client
	// Files fetches customers' files: the same, with more time and room. Nil means HTTP.
	Files *http.Client
	// StandIn is the operator's stand-in for Meta, an exact scheme://host:port; empty in production. It alone passes the
	// host check beside Meta's own hosts, and is the home of channels that name no address.
	StandIn string
	// Version is the Graph API's version for channels whose address names none; empty means Version.
	Version string
	// Timeout is the total time of one call. Zero means 15 s.
	Timeout time.Duration
}

// Provider is the adapter. It keeps no state.
type Provider struct {
	http    *http.Client
	files   *http.Client
	standIn string
	version string
	timeout time.Duration
}

// What the adapter can do besides sending and receiving.
var (
	_ provider.Provider        = (*Provider)(nil)
	_ provider.Challenger      = (*Provider)(nil)
	_ provider.MediaSource     = (*Provider)(nil)
	_ provider.MediaTaker      = (*Provider)(nil)
	_ provider.Presence        = (*Provider)(nil)
	_ provider.TemplateManager = (*Provider)(nil)
)

// New makes the adapter.
func New(cfg Config) *Provider {
	p := &Provider{http: provider.Unredirected(cfg.HTTP), files: provider.Unredirected(cfg.Files), standIn: strings.TrimRight(cfg.StandIn, "/"), version: cfg.Version, timeout: cfg.Timeout}
	if p.files == nil {
		p.files = p.http
	}
	if p.version == "" {
		p.version = Version
	}
	if p.timeout <= 0 {
		p.timeout = 15 * time.Second
	}
	return p
}

// Name implements provider.Provider.
func (*Provider) Name() string { return "meta" }

// Limits implements provider.Provider.
func (*Provider) Limits() provider.Limits { return provider.Limits{Text: 4096, Caption: 1024} }

// Check implements provider.Provider.
func (*Provider) Check(msg provider.Message) error {
	_, refusal := compose(msg)
	return refusal
}

// signatureForm is the one form in which Meta writes a signature.
var signatureForm = regexp.MustCompile(`^sha256=[0-9a-f]{64}$`)

// Authenticate implements provider.Provider: an HMAC of the body's raw bytes by the app's secret. The older SHA-1
// signature beside it is ignored.
func (*Provider) Authenticate(ch provider.Channel, r provider.Request) error {
	if ch.Webhook.SigningKey == "" {
		return provider.ErrUnauthenticated.Because(errors.New("the channel has no app secret"))
	}
	values := r.Header.Values("X-Hub-Signature-256")
	if len(values) != 1 || !signatureForm.MatchString(values[0]) {
		return provider.ErrUnauthenticated
	}
	for _, key := range []string{ch.Webhook.SigningKey, ch.Webhook.PreviousKey} {
		if key == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		_, _ = mac.Write(r.Body)
		if hmac.Equal([]byte(values[0]), []byte("sha256="+hex.EncodeToString(mac.Sum(nil)))) {
			return nil
		}
	}
	return provider.ErrUnauthenticated
}

// CheckSecret implements provider.Provider.
func (*Provider) CheckSecret(secret provider.WebhookSecret) (string, error) {
	known := provider.WebhookSecret{SigningKey: secret.SigningKey, PreviousKey: secret.PreviousKey, VerifyToken: secret.VerifyToken}
	switch {
	case secret.SigningKey == "":
		return "", errors.New("needs the app's secret as signing_key: Meta signs webhooks with it")
	case secret.VerifyToken == "":
		return "", errors.New("needs a verify_token, which Meta shows when it tests the webhook's address")
	case secret != known:
		return "", errors.New("takes signing_key, previous_key and verify_token only")
	}
	return "signature", nil
}

// Setup implements provider.Provider.
func (p *Provider) Setup() provider.Setup {
	home := Home
	if p.standIn != "" {
		home = p.standIn
	}
	return provider.Setup{
		Fields: []provider.Need{
			{Field: provider.FieldSenderID, Required: true},
			{Field: provider.FieldAccountID, Required: true},
			{Field: provider.FieldAPIKey, Required: true},
			{Field: provider.FieldSigningKey, Required: true},
		},
		Address: home,
		Invents: provider.InventsVerifyToken,
	}
}

// CompleteSecret implements provider.Provider. The verify token is ours to make up.
func (*Provider) CompleteSecret(secret, before provider.WebhookSecret) provider.WebhookSecret {
	if secret.VerifyToken == "" {
		secret.VerifyToken = before.VerifyToken
	}
	if secret.VerifyToken == "" {
		secret.VerifyToken = rand.Text()
	}
	if secret.SigningKey == "" {
		secret.SigningKey = before.SigningKey
	}
	return secret
}

// The ways in which a test of the webhook's address fails.
var (
	errChallengeForm  = flomastr.Errorf(flomastr.Malformed, "challenge_malformed", "The test of the webhook's address needs hub.mode, hub.verify_token and hub.challenge, once each.")
	errChallengeToken = flomastr.Errorf(flomastr.Forbidden, "verify_token_wrong", "The verify token is not this channel's.")
)

// Challenge implements provider.Challenger.
func (*Provider) Challenge(ch provider.Channel, query url.Values) (string, error) {
	for _, name := range []string{"hub.mode", "hub.verify_token", "hub.challenge"} {
		if len(query[name]) != 1 || query.Get(name) == "" {
			return "", errChallengeForm
		}
	}
	same := provider.SameSecret(query.Get("hub.verify_token"), ch.Webhook.VerifyToken)
	if ch.Webhook.VerifyToken == "" || !same || query.Get("hub.mode") != "subscribe" {
		return "", errChallengeToken
	}
	return query.Get("hub.challenge"), nil
}

var (
	// errNoToken is a channel that was never given credentials.
	errNoToken = flomastr.Errorf(flomastr.Invalid, "credentials_missing", "The channel has no access token.")
	// errNoSender is a channel without the id by which Meta's calls name the number.
	errNoSender = flomastr.Errorf(flomastr.Invalid, "sender_missing", "The channel has no phone number id; copy it from Meta's WhatsApp Manager.")
	// errNoAccount is the same for the account.
	errNoAccount = flomastr.Errorf(flomastr.Invalid, "account_missing", "The channel has no WhatsApp business account id; copy it from Meta's WhatsApp Manager.")
	// errForeignHost refuses to show a token to anybody but Meta.
	errForeignHost = flomastr.Errorf(flomastr.Invalid, "provider_host",
		"The base URL must be "+Home+", with a version such as /"+Version+" or without one.")
	// errWrongNumber is a phone number id of another number.
	errWrongNumber = flomastr.Errorf(flomastr.Upstream, "provider_number", "Meta says that this phone number id belongs to another number.")
)

var versionForm = regexp.MustCompile(`^/?$|^/v[0-9]{1,3}\.[0-9]{1,2}/?$`)

// CheckAddress implements provider.Provider.
func (p *Provider) CheckAddress(baseURL string) error {
	u, err := url.Parse(baseURL)
	if err != nil || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "" || !versionForm.MatchString(u.Path) {
		return errForeignHost
	}
	if p.standIn != "" && u.Scheme+"://"+u.Host == p.standIn {
		return nil
	}
	if u.Scheme != "https" || !strings.EqualFold(u.Hostname(), "graph.facebook.com") || u.Port() != "" && u.Port() != "443" {
		return errForeignHost
	}
	return nil
}

// base is the address of a channel's calls, with the version.
func (p *Provider) base(ch provider.Channel) (string, error) {
	base := strings.TrimRight(ch.BaseURL, "/")
	switch {
	case base == "" && p.standIn != "":
		base = p.standIn
	case base == "":
		base = Home
	}
	if err := p.CheckAddress(base); err != nil {
		return "", err
	}
	if strings.Count(base, "/") == 2 {
		base += "/" + p.version
	}
	return base, nil
}

// request builds a call with the channel's token, after the host was checked. The path's parts are escaped.
func (p *Provider) request(ctx context.Context, ch provider.Channel, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	if ch.Credentials.APIKey == "" {
		return nil, errNoToken
	}
	base, err := p.base(ch)
	if err != nil {
		return nil, err
	}
	address := base + "/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+ch.Credentials.APIKey)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// maxAnswer caps what is read of an answer.
const maxAnswer = 1 << 20

// ask makes a call that may be made again, and reads its answer into out.
func (p *Provider) ask(ctx context.Context, ch provider.Channel, method, path string, query url.Values, body io.Reader, out any) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	req, err := p.request(ctx, ch, method, path, query, body)
	if err != nil {
		return err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Meta could not be reached.").Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode != http.StatusOK {
		refusal := refusalOf(resp, answer)
		return flomastr.Errorf(flomastr.Upstream, "provider_refused", refusal.Sentence).Because(refusal)
	}
	if err != nil || len(answer) > maxAnswer {
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Meta's answer broke off.").Because(err)
	}
	if json.Unmarshal(answer, out) != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_answer", "Meta answered something that is not its own format.")
	}
	return nil
}

// Test implements provider.Provider: it asks for the number, which needs a working token that may use this very number,
// and sends nothing.
func (p *Provider) Test(ctx context.Context, ch provider.Channel) error {
	if ch.SenderID == "" {
		return errNoSender
	}
	var number struct {
		Display provider.Word `json:"display_phone_number"`
	}
	if err := p.ask(ctx, ch, http.MethodGet, url.PathEscape(ch.SenderID), url.Values{"fields": {"display_phone_number,verified_name,quality_rating"}}, nil, &number); err != nil {
		return err
	}
	if digits := onlyDigits(string(number.Display)); digits != "" && digits != ch.Number {
		return errWrongNumber
	}
	if ch.AccountID == "" {
		return nil
	}
	var list json.RawMessage
	return p.ask(ctx, ch, http.MethodGet, url.PathEscape(ch.AccountID)+"/message_templates", url.Values{"limit": {"1"}}, nil, &list)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
