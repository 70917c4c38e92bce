package main

import (
	"time"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/meta"
)

// options are the flags and environment variables of flomastr-sim. Each stand-in has a listener of its own, because the
// product's settings name a stand-in by one exact scheme, host and port.
type options struct {
	InfobipListen string `help:"Where Infobip's stand-in listens; loopback only. The product's FLOMASTR_INFOBIP_URL is http:// and this." env:"FLOMASTR_SIM_INFOBIP_LISTEN" default:"127.0.0.1:8101"`
	MetaListen    string `help:"Where Meta's stand-in listens; loopback only. The product's FLOMASTR_META_URL is http:// and this." env:"FLOMASTR_SIM_META_LISTEN" default:"127.0.0.1:8102"`
	TwilioListen  string `help:"Where Twilio's stand-in listens; loopback only, off when empty. The product's FLOMASTR_TWILIO_URL is http:// and this." env:"FLOMASTR_SIM_TWILIO_LISTEN" placeholder:"ADDRESS"`
	ClerkListen   string `help:"Where Clerk's stand-in listens, to try the sign-in with Clerk; loopback only, off when empty. What to set in the product is printed at the start. It believes any address that is typed, and asks for no password." env:"FLOMASTR_SIM_CLERK_LISTEN" placeholder:"ADDRESS"`
	ClerkApp      string `help:"The app's own origin, which the printed settings name." env:"FLOMASTR_SIM_CLERK_APP" default:"http://localhost:8000"`
	EmbedListen   string `help:"Where the stand-in for embedding services listens; loopback only, off when empty. A business's embedder is http:// and this and /v1." env:"FLOMASTR_SIM_EMBED_LISTEN" placeholder:"ADDRESS"`
	DataDir       string `help:"Where ledger, phones, media and waiting webhooks are kept." env:"FLOMASTR_SIM_DATA_DIR" default:".flomastr/sim" type:"path"`
	Senders       string `help:"A JSON array of Infobip senders to register, read again whenever it changes." env:"FLOMASTR_SIM_SENDERS" type:"path"`

	Reports       infobip.Reports `help:"Which reports follow an accepted message: ${enum}." enum:"all,delivered,none" default:"all" env:"FLOMASTR_SIM_REPORTS"`
	DeliveryDelay time.Duration   `help:"How long a message takes to the phone." default:"300ms" env:"FLOMASTR_SIM_DELIVERY_DELAY"`
	ReadDelay     time.Duration   `help:"How long a phone that reads at once takes to read." default:"1200ms" env:"FLOMASTR_SIM_READ_DELAY"`
	RetryUnit     time.Duration   `help:"One minute of Infobip's formula for retrying webhooks." default:"1s" env:"FLOMASTR_SIM_RETRY_UNIT"`
	Limits        bool            `help:"Keep Infobip's rate limits." default:"true" negatable:"" env:"FLOMASTR_SIM_LIMITS"`
	Bench         bool            `help:"For benchmarks: no reports, no delays, no rate limits, no record of traffic."`
	Traffic       int             `help:"How many exchanges /control/traffic remembers." default:"500" env:"FLOMASTR_SIM_TRAFFIC"`

	LogFormat string `help:"How to log: ${enum}." enum:"text,json" default:"text" env:"FLOMASTR_SIM_LOG_FORMAT"`
	Debug     bool   `help:"Log more." env:"FLOMASTR_SIM_DEBUG"`
}

// settings are the stand-in's settings at start.
func (o options) settings() infobip.Settings {
	if o.Bench {
		return infobip.Settings{Reports: infobip.NoReports, RetryUnitMS: int(o.RetryUnit.Milliseconds())}
	}
	return infobip.Settings{
		Reports: o.Reports, DeliveryDelayMS: int(o.DeliveryDelay.Milliseconds()), ReadDelayMS: int(o.ReadDelay.Milliseconds()),
		RetryUnitMS: int(o.RetryUnit.Milliseconds()), Limits: o.Limits,
	}
}

// metaSettings are the same for Meta's stand-in.
func (o options) metaSettings() meta.Settings {
	set := meta.Settings{RetryUnitMS: max(int(o.RetryUnit.Milliseconds()), 1)}
	if o.Bench {
		return set
	}
	set.Statuses, set.PairLimit, set.ApprovalDelayMS = o.Reports != infobip.NoReports, o.Limits, 3000
	set.DeliveryDelayMS, set.ReadDelayMS = int(o.DeliveryDelay.Milliseconds()), int(o.ReadDelay.Milliseconds())
	return set
}

// traffic is how many exchanges are remembered.
func (o options) traffic() int {
	if o.Bench {
		return 0
	}
	return o.Traffic
}
