package main

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/mail/smtp"
	"github.com/flomastr/flomastr/secret"
)

// problem is one thing that is wrong with a setting. The sentence never holds a secret's value.
type problem struct{ setting, sentence string }

// ErrSettings is what a server answers that cannot start with the settings it was given.
var ErrSettings = flomastr.Errorf(flomastr.Invalid, "settings", "Some settings are wrong; flomastr doctor says more.")

// Check gives an error that names every wrong or missing setting, or nil.
func (c Config) Check() error {
	err := ErrSettings
	for _, row := range c.Settings() {
		switch row.Status {
		case SettingInvalid:
			err = err.Field(row.Name, row.Problem)
		case SettingMissing:
			err = err.Field(row.Name, "is needed with the other settings as they are")
		}
	}
	if len(err.Fields) == 0 {
		return nil
	}
	return err
}

// required names the settings that must be given, by the others: none for the embedded default, and for an installation
// with a database of its own what several servers have to agree on.
func (c Config) required() map[string]bool {
	required := map[string]bool{}
	if !c.Embedded() {
		required = map[string]bool{"DATABASE_URL": true, "FLOMASTR_MASTER_KEY": true, "SUPER_ADMIN_EMAILS": true}
	}
	c.requiredForClerk(required)
	if c.S3Endpoint != "" || c.S3Bucket != "" || c.S3KeyID != "" || c.S3SecretKey != "" {
		for _, name := range []string{"FLOMASTR_S3_ENDPOINT", "FLOMASTR_S3_BUCKET", "FLOMASTR_S3_ACCESS_KEY_ID", "FLOMASTR_S3_SECRET_ACCESS_KEY"} {
			required[name] = true
		}
	}
	return required
}

var domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// problems is every rule over the settings, each alone first and then across them.
func (c Config) problems() []problem {
	var out []problem
	say := func(setting, format string, args ...any) {
		out = append(out, problem{setting, fmt.Sprintf(format, args...)})
	}
	if err := checkAddress(c.Listen); err != nil {
		say("FLOMASTR_LISTEN", "%v", err)
	}
	if c.MetricsListen != "" {
		if err := checkAddress(c.MetricsListen); err != nil {
			say("FLOMASTR_METRICS_LISTEN", "%v", err)
		} else if c.MetricsListen == c.Listen {
			say("FLOMASTR_METRICS_LISTEN", "is the same address as FLOMASTR_LISTEN")
		}
	}
	if len(c.BaseDomain) > 200 || !domainPattern.MatchString(c.BaseDomain) {
		say("FLOMASTR_BASE_DOMAIN", "must be a domain in lower case without scheme or port, such as flomastr.example")
	}
	out = append(out, c.addressProblems()...)
	for _, origin := range c.CORSOrigins {
		if err := checkURL(origin, true); err != nil {
			say("FLOMASTR_CORS_ORIGINS", "%v", err)
		}
	}
	for _, network := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			if _, err := netip.ParseAddr(network); err != nil {
				say("FLOMASTR_TRUSTED_PROXIES", "must be networks such as 10.0.0.0/8, or addresses")
			}
		}
	}
	for _, address := range c.SuperAdmins {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			say("SUPER_ADMIN_EMAILS", "must be plain e-mail addresses, separated by commas")
		}
	}
	for _, n := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"FLOMASTR_TURN_WORKERS", c.TurnWorkers, 1, 1024},
		{"FLOMASTR_NETWORK_RATE", c.NetworkRate, 1, 1_000_000},
		{"FLOMASTR_JOB_WORKERS", c.JobWorkers, 1, 256},
		{"FLOMASTR_SPOOL_MB", c.SpoolMB, 1, 1 << 20},
		{"FLOMASTR_DATABASE_MAX_CONNS", c.DatabaseMaxConns, 4, 1000},
		{"FLOMASTR_MODEL_TOKENS", c.ModelTokens, 0, 1_000_000_000_000},
	} {
		if n.value < n.min || n.value > n.max {
			say(n.name, "must be between %d and %d", n.min, n.max)
		}
	}
	if c.ShutdownTimeout <= 0 {
		say("FLOMASTR_SHUTDOWN_TIMEOUT", "must be longer than nothing, such as 20s")
	}
	if c.MasterKey != "" {
		if _, err := secret.Parse(c.MasterKey.Reveal()); err != nil {
			say("FLOMASTR_MASTER_KEY", "must be 32 random bytes in base64; make one with: openssl rand -base64 32")
		}
	}
	if t := c.BackendToken.Reveal(); t != "" && len(t) < 32 {
		say("BACKEND_API_SECRET_TOKEN", "is shorter than 32 characters and could be guessed; make one with: openssl rand -hex 32")
	}
	if path, local := strings.CutPrefix(c.ClamdAddress, "unix:"); c.ClamdAddress != "" && (local && !strings.HasPrefix(path, "/") || !local && checkAddress(c.ClamdAddress) != nil) {
		say("FLOMASTR_CLAMD_ADDRESS", "must be HOST:PORT, or unix:/PATH of a socket")
	}
	if c.DatabaseURL != "" {
		if _, err := pgx.ParseConfig(c.DatabaseURL.Reveal()); err != nil {
			say("DATABASE_URL", "is not a PostgreSQL address of the form postgres://USER:PASSWORD@HOST:5432/DATABASE") // the cause may quote it
		}
	}
	if c.PoolerURL != "" {
		switch _, err := pgx.ParseConfig(c.PoolerURL.Reveal()); {
		case err != nil:
			say("FLOMASTR_POOLER_URL", "is not a PostgreSQL address of the form postgres://HOST:6432")
		case c.DatabaseURL == "":
			say("FLOMASTR_POOLER_URL", "goes with DATABASE_URL: the private database needs no pooler")
		}
	}
	if _, err := c.coldServers(); err != nil {
		say("FLOMASTR_COLD_SERVERS", "%v", err)
	}
	return slices.Concat(out, c.mailProblems(), c.crossProblems(), c.signInProblems())
}

// addressProblems looks at the settings that are one address.
func (c Config) addressProblems() (out []problem) {
	for _, u := range []struct {
		name, value string
		originOnly  bool
	}{
		{"FLOMASTR_PUBLIC_URL", c.PublicURL, true},
		{"FLOMASTR_INFOBIP_URL", c.InfobipStandIn, true},
		{"FLOMASTR_META_URL", c.MetaStandIn, true},
		{"FLOMASTR_TWILIO_URL", c.TwilioStandIn, true},
		{"INFOBIP_BASE_URL", c.InfobipBaseURL, true},
		{"FLOMASTR_EMBEDDING_URL", c.EmbeddingBaseURL, false},
		{"FLOMASTR_RERANK_URL", c.RerankURL, false},
		{"OPENAI_BASE_URL", c.OpenAIBaseURL, false},
		{"FLOMASTR_ANTHROPIC_URL", c.AnthropicURL, false},
		{"FLOMASTR_TRANSCRIBE_URL", c.TranscribeURL, false},
		{"FLOMASTR_S3_ENDPOINT", c.S3Endpoint, true},
		{"N8N_MASTER_URL", c.N8NMasterURL, false},
	} {
		if u.value == "" {
			continue
		}
		if err := checkURL(u.value, u.originOnly); err != nil {
			out = append(out, problem{u.name, err.Error()})
		}
	}
	return out
}

// mailProblems is the rules of how mails leave.
func (c Config) mailProblems() []problem {
	var out []problem
	if c.MailFrom != "" {
		if a, err := mail.ParseAddress(c.MailFrom); err != nil || a.Address != c.MailFrom {
			out = append(out, problem{"FLOMASTR_MAIL_FROM", "must be a plain e-mail address"})
		}
	}
	if c.SMTPURL != "" {
		if _, err := smtp.New(smtp.Config{URL: c.SMTPURL.Reveal()}); err != nil {
			out = append(out, problem{"SMTP_URL", smtp.ErrURL.Message}) // the cause may quote it
		}
	}
	return out
}

// crossProblems is the rules that look at two settings.
func (c Config) crossProblems() []problem {
	var out []problem
	for _, origin := range c.FetchAllow {
		switch u, err := url.Parse(origin); {
		case checkURL(origin, true) != nil || err != nil || !isLoopback(u.Hostname()):
			out = append(out, problem{"FLOMASTR_FETCH_ALLOW", "must be origins on this machine, such as http://127.0.0.1:8080"})
		case !c.OnLoopback():
			out = append(out, problem{"FLOMASTR_FETCH_ALLOW", "is refused while the server listens on " + c.Listen + ": it opens the guard for tests alone"})
		}
	}
	for _, standIn := range []struct{ name, address string }{{"FLOMASTR_INFOBIP_URL", c.InfobipStandIn}, {"FLOMASTR_META_URL", c.MetaStandIn}, {"FLOMASTR_TWILIO_URL", c.TwilioStandIn}} {
		if standIn.address == "" {
			continue
		}
		if !c.OnLoopback() {
			out = append(out, problem{standIn.name, "is refused while the server listens on " + c.Listen + ": a stand-in is for a server that listens on loopback alone"})
		}
		if u, err := url.Parse(standIn.address); err == nil && !isLoopback(u.Hostname()) {
			out = append(out, problem{standIn.name, "must name this machine, such as http://127.0.0.1:8101"})
		}
	}
	if c.EmbeddingDimensions < 1 || c.EmbeddingDimensions > 4000 {
		out = append(out, problem{"FLOMASTR_EMBEDDING_DIMENSIONS", "must be 1 to 4000"})
	}
	if !graphVersion.MatchString(c.MetaVersion) {
		out = append(out, problem{"FLOMASTR_META_VERSION", "must be a version of the Graph API, such as v25.0"})
	}
	if (c.InfobipAPIKey == "") != (c.InfobipBaseURL == "") {
		missing := "INFOBIP_BASE_URL"
		if c.InfobipAPIKey == "" {
			missing = "INFOBIP_API_KEY"
		}
		out = append(out, problem{missing, "is needed together with the other INFOBIP_ setting"})
	}
	if !c.OnLoopback() && c.Embedded() && c.BaseDomain == "localhost" {
		out = append(out, problem{"FLOMASTR_BASE_DOMAIN", "must be a real domain when others than this machine can reach the server"})
	}
	return out
}

var graphVersion = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)

// OnLoopback says whether the server can be reached from this machine alone.
func (c Config) OnLoopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	return err == nil && isLoopback(host)
}

// Demo says whether the demo is shown: on the embedded default, on loopback alone.
func (c Config) Demo() bool { return c.Embedded() && c.OnLoopback() }

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("must be ADDRESS:PORT, such as 127.0.0.1:8000, or :8000 for every address")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("must end with a port between 0 and 65535")
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("must begin with an IP address or localhost")
		}
	}
	return nil
}

func checkURL(raw string, originOnly bool) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return fmt.Errorf("must be http:// or https:// and a host, without a user")
	}
	if originOnly && (u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "") {
		return fmt.Errorf("must end after the host and port")
	}
	return nil
}
