package main

import (
	"net"
	"time"
)

// Config holds every setting. The tags are the one table of them: `setting` is the name in the environment and in .env,
// `name` the flag, and help, default and group are what --help, .env.example, doctor and /routes/preflight show. A field
// of type Secret has no flag, because a command line can be read by everybody on the machine; its value may also stand
// in a file that NAME_FILE names. `unused` marks a name that is fixed but that this version does not act on.
type Config struct {
	Listen          string        `setting:"FLOMASTR_LISTEN" name:"listen" group:"Server" default:"127.0.0.1:8000" help:"Address and port to listen on."`
	BaseDomain      string        `setting:"FLOMASTR_BASE_DOMAIN" name:"base-domain" group:"Server" default:"localhost" help:"Domain that the tenants' hosts stand under: {tenant}.DOMAIN, app.DOMAIN, engine.DOMAIN."`
	PublicURL       string        `setting:"FLOMASTR_PUBLIC_URL" name:"public-url" group:"Server" placeholder:"URL" help:"How browsers and providers reach us; derived from the base domain and the port when empty."`
	CORSOrigins     []string      `setting:"FLOMASTR_CORS_ORIGINS" name:"cors-origins" group:"Server" placeholder:"URL" help:"Origins, exactly as browsers send them, from which the web app may call us besides our own."`
	TrustedProxies  []string      `setting:"FLOMASTR_TRUSTED_PROXIES" name:"trusted-proxies" group:"Server" placeholder:"CIDR" help:"Networks of the proxies whose X-Forwarded-* headers are believed."`
	MetricsListen   string        `setting:"FLOMASTR_METRICS_LISTEN" name:"metrics-listen" group:"Server" placeholder:"ADDRESS" help:"Address and port of a listener of its own for what the world must not ask: /internal/tls-ask and /healthz. :PORT alone is this machine only; none when empty."`
	ShutdownTimeout time.Duration `setting:"FLOMASTR_SHUTDOWN_TIMEOUT" name:"shutdown-timeout" group:"Server" default:"20s" help:"How long running requests and turns may take to finish when the server stops."`
	TurnWorkers     int           `setting:"FLOMASTR_TURN_WORKERS" name:"turn-workers" group:"Server" default:"16" help:"Conversation turns that are worked on at once."`
	JobWorkers      int           `setting:"FLOMASTR_JOB_WORKERS" name:"job-workers" group:"Server" default:"4" help:"Background jobs, such as indexing, that are worked on at once."`
	NetworkRate     int           `setting:"FLOMASTR_NETWORK_RATE" name:"network-rate" group:"Server" default:"1200" help:"Requests a minute that one network may make before a tenant is known, such as signing in; each server counts for itself."`
	FetchAllow      []string      `setting:"FLOMASTR_FETCH_ALLOW" name:"fetch-allow" group:"Server" placeholder:"URL" help:"Origins on this machine that pages may be read from, for tests; only while the server listens on loopback."`
	WeakSandbox     bool          `setting:"FLOMASTR_WEAK_SANDBOX" name:"weak-sandbox" group:"Server" help:"Convert risky document types although this system cannot shut the converter in."`

	DatabaseURL      Secret `setting:"DATABASE_URL" kong:"-" group:"Database" help:"PostgreSQL 15 or newer with pgvector, as a role that may create roles and databases. Empty: a private database under the data directory."`
	PoolerURL        Secret `setting:"FLOMASTR_POOLER_URL" kong:"-" group:"Database" help:"A PgBouncer in transaction mode before that database, such as postgres://HOST:6432; the logins flomastr_app and flomastr_platform go through it. Empty: none."`
	ColdServers      Secret `setting:"FLOMASTR_COLD_SERVERS" kong:"-" group:"Database" help:"Further PostgreSQL servers for tenants' own databases, NAME=postgres://…, separated by spaces or lines, each as a role that may create roles and databases. The same on every server of ours. Empty: all lie beside the hot database."`
	DataDir          string `setting:"FLOMASTR_DATA_DIR" name:"data-dir" group:"Database" placeholder:"FOLDER" help:"Where everything is kept that is not in a database of yours. Empty: .flomastr beside the Makefile above the program, else your state folder."`
	S3Endpoint       string `setting:"FLOMASTR_S3_ENDPOINT" name:"s3-endpoint" group:"Database" placeholder:"URL" help:"Where uploads and customers' files are kept instead of in the data directory: the address of a server that speaks S3, without the bucket. Several servers need it."`
	S3Bucket         string `setting:"FLOMASTR_S3_BUCKET" name:"s3-bucket" group:"Database" placeholder:"NAME" help:"The bucket there, which must exist."`
	S3Region         string `setting:"FLOMASTR_S3_REGION" name:"s3-region" group:"Database" default:"us-east-1" placeholder:"REGION" help:"The region that requests are signed for."`
	S3KeyID          Secret `setting:"FLOMASTR_S3_ACCESS_KEY_ID" kong:"-" group:"Database" help:"The access key there."`
	S3SecretKey      Secret `setting:"FLOMASTR_S3_SECRET_ACCESS_KEY" kong:"-" group:"Database" help:"Its secret."`
	PostgresBin      string `setting:"FLOMASTR_PG_BIN" name:"pg-bin" group:"Database" placeholder:"FOLDER" help:"Folder of the PostgreSQL programs for the private database; found when empty."`
	DatabaseMaxConns int    `setting:"FLOMASTR_DATABASE_MAX_CONNS" name:"database-max-conns" group:"Database" default:"24" help:"Connections to the database at once, besides those to tenants' own."`

	MasterKey           Secret   `setting:"FLOMASTR_MASTER_KEY" kong:"-" group:"Security" help:"32 random bytes in base64 (openssl rand -base64 32) that seal stored secrets; several, the newest first, separated by commas. Empty: a key made once and kept in the data directory."`
	SuperAdmins         []string `setting:"SUPER_ADMIN_EMAILS" name:"super-admin-emails" group:"Security" placeholder:"E-MAIL" help:"Verified e-mail addresses of the platform's operators."`
	BackendToken        Secret   `setting:"BACKEND_API_SECRET_TOKEN" kong:"-" group:"Security" help:"The platform token: a service that may act for every tenant."`
	InfobipAPIKey       Secret   `setting:"INFOBIP_API_KEY" kong:"-" group:"WhatsApp" help:"Infobip account for channels that bring no key of their own."`
	InfobipBaseURL      string   `setting:"INFOBIP_BASE_URL" name:"infobip-base-url" group:"WhatsApp" placeholder:"URL" help:"That account's address, https://PREFIX.api.infobip.com."`
	MetaVersion         string   `setting:"FLOMASTR_META_VERSION" name:"meta-version" default:"v25.0" group:"WhatsApp" placeholder:"VERSION" help:"The version of Meta's Graph API for channels whose address names none."`
	MetaStandIn         string   `setting:"FLOMASTR_META_URL" name:"meta-url" group:"WhatsApp" placeholder:"URL" help:"A stand-in for Meta on this machine, used for every Meta channel that names no address; only while the server listens on loopback."`
	InfobipStandIn      string   `setting:"FLOMASTR_INFOBIP_URL" name:"infobip-url" group:"WhatsApp" placeholder:"URL" help:"A stand-in for Infobip on this machine, used for every Infobip channel; only while the server listens on loopback."`
	TwilioStandIn       string   `setting:"FLOMASTR_TWILIO_URL" name:"twilio-url" group:"WhatsApp" placeholder:"URL" help:"A stand-in for Twilio on this machine, used for every Twilio channel; only while the server listens on loopback."`
	SpoolDir            string   `setting:"FLOMASTR_SPOOL_DIR" name:"spool-dir" group:"WhatsApp" placeholder:"FOLDER" help:"Where webhooks are kept, sealed, while the database is away, and stored once it is back. A folder of this server's own, on a disk that lasts. Empty: they are answered 503 and the provider brings them again, which Twilio does not."`
	SpoolMB             int      `setting:"FLOMASTR_SPOOL_MB" name:"spool-mb" group:"WhatsApp" default:"512" placeholder:"MB" help:"How much may be kept there, in megabytes."`
	ClamdAddress        string   `setting:"FLOMASTR_CLAMD_ADDRESS" name:"clamd-address" group:"WhatsApp" placeholder:"ADDRESS" help:"ClamAV's daemon, HOST:PORT or unix:/PATH, that checks what customers send. Empty: files are kept and called not scanned."`
	TranscribeURL       string   `setting:"FLOMASTR_TRANSCRIBE_URL" name:"transcribe-url" group:"Models" placeholder:"URL" help:"OpenAI-compatible API that writes voice messages down, such as https://api.openai.com/v1. Empty: a person listens to them."`
	TranscribeAPIKey    Secret   `setting:"FLOMASTR_TRANSCRIBE_API_KEY" kong:"-" group:"Models" help:"Key of that API."`
	TranscribeModel     string   `setting:"FLOMASTR_TRANSCRIBE_MODEL" name:"transcribe-model" group:"Models" default:"whisper-1" placeholder:"MODEL" help:"The model that it is asked for."`
	EmbeddingBaseURL    string   `setting:"FLOMASTR_EMBEDDING_URL" name:"embedding-url" group:"Models" placeholder:"URL" help:"OpenAI-compatible API that embeds knowledge instead of the built-in embedder, such as https://api.openai.com/v1; at Azure up to and with the deployment and its api-version. What was indexed before is embedded again in the background."`
	EmbeddingAPIKey     Secret   `setting:"FLOMASTR_EMBEDDING_API_KEY" kong:"-" group:"Models" help:"Key of that API."`
	EmbeddingKeyHeader  string   `setting:"FLOMASTR_EMBEDDING_KEY_HEADER" name:"embedding-key-header" group:"Models" enum:"authorization,api-key" default:"authorization" help:"The header that carries the key: authorization or, at Azure, api-key."`
	EmbeddingModel      string   `setting:"FLOMASTR_EMBEDDING_MODEL" name:"embedding-model" group:"Models" default:"text-embedding-3-small" placeholder:"MODEL" help:"The model that it is asked for."`
	EmbeddingDimensions int      `setting:"FLOMASTR_EMBEDDING_DIMENSIONS" name:"embedding-dimensions" group:"Models" default:"1536" placeholder:"N" help:"How many numbers that model's vectors have, 1 to 4000."`
	RerankURL           string   `setting:"FLOMASTR_RERANK_URL" name:"rerank-url" group:"Models" placeholder:"URL" help:"API of a reranking model that puts the best passages in order, what comes before /rerank: https://api.jina.ai/v1, https://api.cohere.com/v2, or a text-embeddings-inference of your own. Empty: none."`
	RerankAPIKey        Secret   `setting:"FLOMASTR_RERANK_API_KEY" kong:"-" group:"Models" help:"Key of that API."`
	RerankModel         string   `setting:"FLOMASTR_RERANK_MODEL" name:"rerank-model" group:"Models" placeholder:"MODEL" help:"The model that it is asked for. Empty: text-embeddings-inference, which serves one."`
	OpenAIAPIKey        Secret   `setting:"OPENAI_API_KEY" kong:"-" group:"Models" help:"Key of an OpenAI-compatible model that writes the answers of all businesses. Without any of these they are quoted from what the business knows."`
	OpenAIBaseURL       string   `setting:"OPENAI_BASE_URL" name:"openai-base-url" group:"Models" default:"https://api.openai.com/v1" placeholder:"URL" help:"Address of that model's API, what comes before /chat/completions. Another than the default is asked without a key as well, such as a server of one's own."`
	OpenAIModel         string   `setting:"FLOMASTR_OPENAI_MODEL" name:"openai-model" group:"Models" default:"gpt-4.1-mini" placeholder:"MODEL" help:"The model that it is asked for."`
	AnthropicAPIKey     Secret   `setting:"ANTHROPIC_API_KEY" kong:"-" group:"Models" help:"Key of an Anthropic model that writes the answers; with both keys it does when the other fails."`
	AnthropicURL        string   `setting:"FLOMASTR_ANTHROPIC_URL" name:"anthropic-url" group:"Models" default:"https://api.anthropic.com" placeholder:"URL" help:"Address of Anthropic's API, what comes before /v1/messages."`
	AnthropicModel      string   `setting:"FLOMASTR_ANTHROPIC_MODEL" name:"anthropic-model" group:"Models" default:"claude-haiku-4-5" placeholder:"MODEL" help:"The model that it is asked for."`
	ModelTokens         int      `setting:"FLOMASTR_MODEL_TOKENS" name:"model-tokens" group:"Models" default:"0" placeholder:"N" help:"How many tokens those models may use for one business in a month, by UTC; then its answers are quoted again. 0: no bound."`

	ClerkSecretKey      Secret   `setting:"CLERK_SECRET_KEY" kong:"-" group:"Clerk" help:"Clerk's secret key, with which a person's e-mail address is asked for where the session token carries none."`
	ClerkPublishableKey string   `setting:"CLERK_PUBLISHABLE_KEY" name:"clerk-publishable-key" also:"VITE_CLERK_PUBLISHABLE_KEY" group:"Clerk" placeholder:"KEY" help:"Clerk's publishable key; the web app is told it."`
	ClerkFrontendAPIURL string   `setting:"CLERK_FRONTEND_API_URL" name:"clerk-frontend-api-url" group:"Clerk" placeholder:"URL" help:"Clerk's frontend API, the issuer of its tokens, without a slash at the end. With it people sign in with Clerk."`
	ClerkJWKSURL        string   `setting:"CLERK_JWKS_URL" name:"clerk-jwks-url" group:"Clerk" placeholder:"URL" help:"Where Clerk publishes its signing keys; under the frontend API when empty."`
	ClerkParties        []string `setting:"FLOMASTR_CLERK_AUTHORIZED_PARTIES" name:"clerk-authorized-parties" group:"Clerk" placeholder:"URL" help:"Origins of our own pages, which a token's azp must be one of: https://app.flomastr.example, and https://*.flomastr.example for the tenants' hosts."`
	ClerkWebhookSecret  Secret   `setting:"FLOMASTR_CLERK_WEBHOOK_SECRET" kong:"-" group:"Clerk" help:"Signing secret (whsec_…) of the endpoint /webhook/clerk in Clerk's dashboard, for user and session events. Empty: that endpoint refuses everything."`
	ClerkStandIn        string   `setting:"FLOMASTR_CLERK_URL" name:"clerk-url" group:"Clerk" placeholder:"URL" help:"A stand-in for Clerk on this machine, asked for keys and people instead; only while the server listens on loopback."`

	OIDCIssuers   string `setting:"FLOMASTR_OIDC_ISSUERS" name:"oidc-issuers" group:"Sign-in" placeholder:"JSON" help:"Further issuers of sign-in tokens, a JSON list of objects with issuer, jwks_url, audience or authorized_parties, and optionally algorithms (RS256) and types (JWT)."`
	BuiltInSignIn string `setting:"FLOMASTR_BUILT_IN_SIGN_IN" name:"built-in-sign-in" group:"Sign-in" default:"auto" enum:"auto,on,off" help:"The built-in identity provider: on, off, or auto: on unless Clerk or another issuer is configured."`

	N8NAPIKey       Secret `setting:"N8N_API_KEY" kong:"-" group:"n8n" unused:"true" help:"API key of the n8n that installs templates."`
	N8NMasterAPIKey Secret `setting:"N8N_MASTER_API_KEY" kong:"-" group:"n8n" unused:"true" help:"API key of the n8n that holds the templates."`
	N8NMasterURL    string `setting:"N8N_MASTER_URL" name:"n8n-master-url" group:"n8n" placeholder:"URL" unused:"true" help:"Address of the n8n that holds the templates."`
	SMTPURL         Secret `setting:"SMTP_URL" kong:"-" group:"Mail" help:"Mail server, smtp://USER:PASSWORD@HOST:PORT (STARTTLS) or smtps:// (TLS at once). Empty: the private database keeps mails and shows them to the operator; with a database of yours none are sent."`
	MailFrom        string `setting:"FLOMASTR_MAIL_FROM" name:"mail-from" group:"Mail" placeholder:"ADDRESS" help:"Address that mails come from; no-reply at the base domain when empty."`

	LogLevel  string `setting:"FLOMASTR_LOG_LEVEL" name:"log-level" group:"Logs" default:"info" enum:"debug,info,warn,error" help:"Least serious level that is logged: debug, info, warn or error."`
	LogFormat string `setting:"FLOMASTR_LOG_FORMAT" name:"log-format" group:"Logs" default:"auto" enum:"auto,text,json" help:"text, json, or auto: text on a terminal and json elsewhere."`
}

// Secret is a value that must not be shown. Its printed forms say only whether there is one.
type Secret string

// Reveal gives the value to whoever needs it.
func (s Secret) Reveal() string { return string(s) }

// String says whether there is a value.
func (s Secret) String() string {
	if s == "" {
		return "unset"
	}
	return "set"
}

// GoString keeps the value out of %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps the value out of JSON and of logs, which marshal.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil } //nolint:unparam // the interface asks for it

// Embedded says whether the installation keeps its own database.
func (c Config) Embedded() bool { return c.DatabaseURL == "" }

// internalAddress is where the internal listener listens: on loopback, unless another address is said out loud.
func (c Config) internalAddress() string {
	if host, port, err := net.SplitHostPort(c.MetricsListen); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return c.MetricsListen
}

// ownURL is where browsers reach a server without a domain; empty for one that has a domain.
func (c Config) ownURL() string {
	if c.BaseDomain != "localhost" {
		return ""
	}
	return c.localURL()
}
