package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/secret"
)

// parse gives the configuration that serve would run with, from flags, an environment and a .env file.
func parse(t *testing.T, args, environ []string, dotenv string) (Config, *sources, error) {
	t.Helper()
	dir := t.TempDir()
	if dotenv != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte(dotenv), 0o600))
	}
	s := surroundings{environ: append([]string{"HOME=" + dir}, environ...), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, workDir: dir, program: filepath.Join(dir, "bin", "flomastr")}
	src, err := readSources(s)
	if err != nil {
		return Config{}, nil, err
	}
	var grammar struct{ Config }
	parser, err := kong.New(&grammar, kong.Resolvers(src), kong.Exit(func(int) {}))
	require.NoError(t, err)
	if _, err := parser.Parse(args); err != nil {
		return grammar.Config, &src, err
	}
	cfg, _, err := settle(grammar.Config, &s, &src)
	return cfg, &src, err
}

func TestAFlagWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	t.Parallel()
	dotenv := "FLOMASTR_BASE_DOMAIN=file.example\nFLOMASTR_TURN_WORKERS=3\nFLOMASTR_LOG_LEVEL=\n"
	cfg, _, err := parse(t, []string{"--base-domain=flag.example"}, []string{"FLOMASTR_BASE_DOMAIN=env.example", "FLOMASTR_SHUTDOWN_TIMEOUT=7s"}, dotenv)
	require.NoError(t, err)
	require.Equal(t, "flag.example", cfg.BaseDomain)
	require.Equal(t, 3, cfg.TurnWorkers)
	require.Equal(t, 7*time.Second, cfg.ShutdownTimeout)
	require.Equal(t, "info", cfg.LogLevel, "an empty line in .env leaves the default")

	cfg, _, err = parse(t, nil, []string{"FLOMASTR_BASE_DOMAIN=env.example"}, dotenv)
	require.NoError(t, err)
	require.Equal(t, "env.example", cfg.BaseDomain)
	cfg, _, err = parse(t, nil, nil, dotenv)
	require.NoError(t, err)
	require.Equal(t, "file.example", cfg.BaseDomain)
}

func TestWithoutAnySettingTheDefaultsAreTheEmbeddedDemo(t *testing.T) {
	t.Parallel()
	cfg, _, err := parse(t, nil, nil, "")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8000", cfg.Listen)
	require.Equal(t, "http://localhost:8000", cfg.localURL())
	require.True(t, cfg.Embedded())
	require.True(t, cfg.Demo())
}

func TestEveryRuleNamesItsSetting(t *testing.T) {
	t.Parallel()
	long := secret.Generate()
	for _, c := range []struct {
		name    string
		environ []string
		setting string
	}{
		{"no port", []string{"FLOMASTR_LISTEN=127.0.0.1"}, "FLOMASTR_LISTEN"},
		{"a port too high", []string{"FLOMASTR_LISTEN=:70000"}, "FLOMASTR_LISTEN"},
		{"a host name", []string{"FLOMASTR_LISTEN=example.com:80"}, "FLOMASTR_LISTEN"},
		{"metrics on the server's port", []string{"FLOMASTR_METRICS_LISTEN=127.0.0.1:8000"}, "FLOMASTR_METRICS_LISTEN"},
		{"a scheme in the domain", []string{"FLOMASTR_BASE_DOMAIN=https://x.example"}, "FLOMASTR_BASE_DOMAIN"},
		{"capitals in the domain", []string{"FLOMASTR_BASE_DOMAIN=X.example"}, "FLOMASTR_BASE_DOMAIN"},
		{"a path in an origin", []string{"FLOMASTR_CORS_ORIGINS=https://a.example/app"}, "FLOMASTR_CORS_ORIGINS"},
		{"a star for an origin", []string{"FLOMASTR_CORS_ORIGINS=*"}, "FLOMASTR_CORS_ORIGINS"},
		{"a name for a network", []string{"FLOMASTR_TRUSTED_PROXIES=proxy"}, "FLOMASTR_TRUSTED_PROXIES"},
		{"a name for an e-mail", []string{"SUPER_ADMIN_EMAILS=root"}, "SUPER_ADMIN_EMAILS"},
		{"no workers", []string{"FLOMASTR_TURN_WORKERS=0"}, "FLOMASTR_TURN_WORKERS"},
		{"a short master key", []string{"FLOMASTR_MASTER_KEY=c2hvcnQ="}, "FLOMASTR_MASTER_KEY"},
		{"a token to guess", []string{"BACKEND_API_SECRET_TOKEN=letmein"}, "BACKEND_API_SECRET_TOKEN"},
		{"a database of another kind", []string{"DATABASE_URL=mysql://u:hunter2@h/d", "FLOMASTR_MASTER_KEY=" + long, "SUPER_ADMIN_EMAILS=a@b.example"}, "DATABASE_URL"},
		{"a cold server without a name", []string{"FLOMASTR_COLD_SERVERS=postgres://u:hunter2@h/d"}, "FLOMASTR_COLD_SERVERS"},
		{"a cold server of another kind", []string{"FLOMASTR_COLD_SERVERS=eu-1=mysql://u:hunter2@h/d"}, "FLOMASTR_COLD_SERVERS"},
		{"a cold server called hot", []string{"FLOMASTR_COLD_SERVERS=hot=postgres://u:hunter2@h/d"}, "FLOMASTR_COLD_SERVERS"},
		{"one cold server twice", []string{"FLOMASTR_COLD_SERVERS=a=postgres://u:hunter2@h/d a=postgres://u:hunter2@g/d"}, "FLOMASTR_COLD_SERVERS"},
		{"a database without a key", []string{"DATABASE_URL=postgres://h/d", "SUPER_ADMIN_EMAILS=a@b.example"}, "FLOMASTR_MASTER_KEY"},
		{"a database without an operator", []string{"DATABASE_URL=postgres://h/d", "FLOMASTR_MASTER_KEY=" + long}, "SUPER_ADMIN_EMAILS"},
		{"a stand-in on an open server", []string{"FLOMASTR_LISTEN=:8000", "FLOMASTR_BASE_DOMAIN=x.example", "FLOMASTR_INFOBIP_URL=http://127.0.0.1:8101"}, "FLOMASTR_INFOBIP_URL"},
		{"a stand-in elsewhere", []string{"FLOMASTR_INFOBIP_URL=http://evil.example"}, "FLOMASTR_INFOBIP_URL"},
		{"a stand-in with a user", []string{"FLOMASTR_INFOBIP_URL=http://a:b@127.0.0.1:1"}, "FLOMASTR_INFOBIP_URL"},
		{"Meta's stand-in on an open server", []string{"FLOMASTR_LISTEN=:8000", "FLOMASTR_BASE_DOMAIN=x.example", "FLOMASTR_META_URL=http://127.0.0.1:8102"}, "FLOMASTR_META_URL"},
		{"a version that is none", []string{"FLOMASTR_META_VERSION=25/../.."}, "FLOMASTR_META_VERSION"},
		{"a place for files without its bucket", []string{"FLOMASTR_S3_ENDPOINT=https://s3.example", "FLOMASTR_S3_ACCESS_KEY_ID=k", "FLOMASTR_S3_SECRET_ACCESS_KEY=s"}, "FLOMASTR_S3_BUCKET"},
		{"a bucket nowhere", []string{"FLOMASTR_S3_BUCKET=b"}, "FLOMASTR_S3_ENDPOINT"},
		{"a bucket in the endpoint", []string{"FLOMASTR_S3_ENDPOINT=https://s3.example/b", "FLOMASTR_S3_BUCKET=b", "FLOMASTR_S3_ACCESS_KEY_ID=k", "FLOMASTR_S3_SECRET_ACCESS_KEY=s"}, "FLOMASTR_S3_ENDPOINT"},
		{"a scanner without a port", []string{"FLOMASTR_CLAMD_ADDRESS=clamav"}, "FLOMASTR_CLAMD_ADDRESS"},
		{"a scanner's socket without a path", []string{"FLOMASTR_CLAMD_ADDRESS=unix:clamd.sock"}, "FLOMASTR_CLAMD_ADDRESS"},
		{"vectors of no length", []string{"FLOMASTR_EMBEDDING_DIMENSIONS=0"}, "FLOMASTR_EMBEDDING_DIMENSIONS"},
		{"a reranker that is no address", []string{"FLOMASTR_RERANK_URL=api.jina.ai"}, "FLOMASTR_RERANK_URL"},
		{"a transcriber that is no address", []string{"FLOMASTR_TRANSCRIBE_URL=api.openai.com"}, "FLOMASTR_TRANSCRIBE_URL"},
		{"half an account", []string{"INFOBIP_API_KEY=k"}, "INFOBIP_BASE_URL"},
		{"the other half", []string{"INFOBIP_BASE_URL=https://x.api.infobip.com"}, "INFOBIP_API_KEY"},
		{"an open server called localhost", []string{"FLOMASTR_LISTEN=0.0.0.0:8000"}, "FLOMASTR_BASE_DOMAIN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, _, err := parse(t, nil, c.environ, "")
			require.ErrorIs(t, err, ErrSettings)
			var named []string
			for _, row := range cfg.Settings() {
				if row.Status != SettingOK {
					named = append(named, row.Name)
				}
			}
			require.Contains(t, named, c.setting)
			require.NotContains(t, sentence(err), "hunter2")
			require.NotContains(t, sentence(err), "letmein")
		})
	}
}

func TestAGoodInstallationPasses(t *testing.T) {
	t.Parallel()
	cfg, _, err := parse(t, nil, []string{
		"DATABASE_URL=postgres://u:p@db.example:5432/flomastr?sslmode=verify-full", "FLOMASTR_MASTER_KEY=" + secret.Generate() + "," + secret.Generate(),
		"SUPER_ADMIN_EMAILS=a@b.example,c@d.example", "FLOMASTR_LISTEN=:8000", "FLOMASTR_BASE_DOMAIN=flomastr.example",
		"FLOMASTR_CORS_ORIGINS=https://cdn.example,https://app.example:8443", "FLOMASTR_TRUSTED_PROXIES=10.0.0.0/8,::1",
		"BACKEND_API_SECRET_TOKEN=" + strings.Repeat("0f", 16), "INFOBIP_API_KEY=k", "INFOBIP_BASE_URL=https://x.api.infobip.com",
		"FLOMASTR_COLD_SERVERS=eu-1=postgres://u:p@one.example,two.example/postgres\n  eu-2=postgresql://u:p@three.example/postgres?sslmode=require",
	}, "")
	require.NoError(t, err)
	servers, err := cfg.coldServers()
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"eu-1": "postgres://u:p@one.example,two.example/postgres", "eu-2": "postgresql://u:p@three.example/postgres?sslmode=require",
	}, servers)
	require.False(t, cfg.Demo())
	require.Equal(t, []string{"a@b.example", "c@d.example"}, cfg.SuperAdmins)
}

func TestASecretMayStandInAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "key")
	key := secret.Generate()
	require.NoError(t, os.WriteFile(name, []byte(key+"\n"), 0o600))
	cfg, src, err := parse(t, nil, []string{"FLOMASTR_MASTER_KEY_FILE=" + name}, "")
	require.NoError(t, err)
	require.Equal(t, key, cfg.MasterKey.Reveal())
	require.Empty(t, src.unknown())

	_, _, err = parse(t, nil, []string{"FLOMASTR_MASTER_KEY_FILE=" + name, "FLOMASTR_MASTER_KEY=" + key}, "")
	require.ErrorContains(t, err, "both")
	_, _, err = parse(t, nil, []string{"FLOMASTR_MASTER_KEY_FILE=/nowhere/key"}, "")
	require.ErrorContains(t, err, "FLOMASTR_MASTER_KEY_FILE")
}

func TestASecretPrintsItsValueNowhere(t *testing.T) {
	t.Parallel()
	const value = "sk-very-secret"
	cfg := Config{OpenAIAPIKey: value}
	asJSON, err := json.Marshal(cfg)
	require.NoError(t, err)
	var logged bytes.Buffer
	newLogger(&logged, "debug", "json").Info("x", "config", cfg, "value", cfg.OpenAIAPIKey)
	for _, text := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v %#v %s %q", cfg, cfg, cfg.OpenAIAPIKey, cfg.OpenAIAPIKey), string(asJSON), logged.String()} {
		require.NotContains(t, text, value)
	}
	for _, row := range cfg.Settings() {
		require.NotContains(t, fmt.Sprint(row), value)
	}
}

func TestAMisspeltNameIsNoticed(t *testing.T) {
	t.Parallel()
	_, src, err := parse(t, nil, []string{"FLOMASTR_LISTNE=:1", "OTHER=1"}, "FLOMASTR_INFOBIB_URL=x\n")
	require.NoError(t, err)
	require.Equal(t, []string{"FLOMASTR_INFOBIB_URL", "FLOMASTR_LISTNE"}, src.unknown())
}

func TestABrokenFileIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	_, _, err := parse(t, nil, nil, "INFOBIP_API_KEY='hunter2\n")
	require.ErrorContains(t, err, ".env")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestTheTableIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	parser, err := kong.New(&struct{ Config }{})
	require.NoError(t, err)
	flags := map[string]bool{}
	for _, f := range parser.Model.Flags {
		flags[f.Name] = true
	}
	for _, row := range table() {
		require.NotEmpty(t, row.Name)
		require.False(t, seen[row.Name], "%s stands there twice", row.Name)
		seen[row.Name] = true
		require.NotEmpty(t, row.Help, row.Name)
		require.NotEmpty(t, row.Group, row.Name)
		require.Equal(t, !row.Secret, flags[row.Flag], "%s has a flag exactly when it is no secret", row.Name)
		require.True(t, row.Secret || !strings.Contains(row.Name, "SECRET") && !strings.HasSuffix(row.Name, "API_KEY"), "%s sounds like a secret", row.Name)
	}
	// The names that are fixed for operators; every other one begins with FLOMASTR_.
	fixed := strings.FieldsSeq(`DATABASE_URL SUPER_ADMIN_EMAILS BACKEND_API_SECRET_TOKEN OPENAI_API_KEY OPENAI_BASE_URL ANTHROPIC_API_KEY CLERK_SECRET_KEY
		CLERK_PUBLISHABLE_KEY CLERK_FRONTEND_API_URL CLERK_JWKS_URL N8N_API_KEY N8N_MASTER_API_KEY N8N_MASTER_URL INFOBIP_API_KEY INFOBIP_BASE_URL SMTP_URL`)
	for name := range fixed {
		require.True(t, seen[name], name)
		delete(seen, name)
	}
	for name := range seen {
		require.True(t, strings.HasPrefix(name, "FLOMASTR_"), name)
	}
}

var update = flag.Bool("update", false, "write .env.example anew from the table of settings")

func TestTheEnvironmentExampleIsTheTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Every setting of FloMastr. Copy this file to .env and fill in what you need; without any setting at all the server\n" +
		"# keeps a database of its own under .flomastr/ and shows a demo. A flag or a variable of the environment wins over .env.\n" +
		"# A secret may also stand in a file of its own that NAME_FILE names.\n")
	group := ""
	for _, row := range table() {
		if row.Group != group {
			group = row.Group
			fmt.Fprintf(&b, "\n# --- %s ---\n", group)
		}
		note := ""
		if row.Unused {
			note = " (This version does not use it yet.)"
		}
		fmt.Fprintf(&b, "\n# %s%s\n#%s=%s\n", row.Help, note, row.Name, row.Default)
	}
	const name = "../../.env.example"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
		require.NoError(t, os.Chmod(name, 0o644))
	}
	have, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "the table has changed: go test ./cmd/flomastr -run EnvironmentExample -update")
}

func TestTheLogTakesSecretsAndNumbersOut(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var b bytes.Buffer
		log := newLogger(&b, "info", format)
		log.Info("x", "Authorization", "Bearer abc", "api_key", "abc", slog.Group("in", "refresh_token", "abc"), "phone", "+971501234567", "count", 3)
		log.Debug("below the level")
		require.NotContains(t, b.String(), "abc")
		require.NotContains(t, b.String(), "971501234567")
		require.NotContains(t, b.String(), "below")
		require.Contains(t, b.String(), "3")
		require.Contains(t, b.String(), "+971…67")
	}
}

func TestTheDemoFileHasTheFieldsThatScriptsRead(t *testing.T) {
	t.Parallel()
	d := demoFile{
		BaseURL: "http://localhost:8000", EngineURL: "http://engine.localhost:8000", SuperAdmin: demoSignIn{"a@b.example", "pw"},
		Tenants: []demoTenant{{
			ID: "1", Slug: "demo", Users: []demoUser{{"o@b.example", "pw2", "owner"}}, APIToken: "fm_live_x",
			Channels: []demoChannel{{
				ID: "2", Provider: "infobip", Number: "971", WebhookURL: "http://localhost:8000/webhook/infobip/2",
				WebhookAuthHeader: demoHeader{"Authorization", "Basic x"}, APIKey: "k",
			}},
		}},
		PlatformToken: "p", StandIns: demoStandIns{InfobipURL: "http://127.0.0.1:8101", LedgerURL: "http://127.0.0.1:8101/ledger"},
	}
	dir := t.TempDir()
	require.NoError(t, writeDemo(dir, d))
	info, err := os.Stat(demoPath(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	var out bytes.Buffer
	code := run(t.Context(), []string{"demo", "--json", "--data-dir", dir}, surroundings{stdout: &out, stderr: &out, workDir: dir, program: "/x"})
	require.Zero(t, code, out.String())
	var shape map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &shape))
	keys := func(v any) []string {
		var names []string
		for _, k := range reflect.ValueOf(v).MapKeys() {
			names = append(names, k.String())
		}
		return names
	}
	require.ElementsMatch(t, []string{"base_url", "engine_url", "super_admin", "tenants", "platform_token", "standins"}, keys(shape))
	tenant := shape["tenants"].([]any)[0].(map[string]any)
	require.ElementsMatch(t, []string{"id", "slug", "users", "api_token", "channels", "seeded"}, keys(tenant))
	require.ElementsMatch(t, []string{"email", "password", "role"}, keys(tenant["users"].([]any)[0]))
	require.ElementsMatch(t, []string{"id", "provider", "number", "webhook_url", "webhook_auth_header", "api_key"}, keys(tenant["channels"].([]any)[0]))
	require.ElementsMatch(t, []string{"infobip_url", "meta_url", "twilio_url", "ledger_url"}, keys(shape["standins"]))

	for _, c := range []struct {
		name, want string
		environ    []string
	}{
		{"another database", "DATABASE_URL", []string{"DATABASE_URL=postgres://h/d", "FLOMASTR_MASTER_KEY=" + secret.Generate(), "SUPER_ADMIN_EMAILS=a@b.example"}},
		{"an open server", "loopback", []string{"FLOMASTR_LISTEN=:8000", "FLOMASTR_BASE_DOMAIN=x.example"}},
		{"nothing seeded", "make run", []string{"FLOMASTR_DATA_DIR=" + t.TempDir()}},
	} {
		var out bytes.Buffer
		args := []string{"demo", "--json"}
		code := run(t.Context(), args, surroundings{environ: append(c.environ, "HOME="+t.TempDir()), stdout: &out, stderr: &out, workDir: dir, program: "/x"})
		require.Equal(t, 1, code, c.name)
		require.Contains(t, out.String(), c.want, c.name)
		require.NotContains(t, out.String(), "pw2")
	}
}
