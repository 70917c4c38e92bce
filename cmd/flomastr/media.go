package main

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/speech"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/clamd"
)

// documents reads what customers send as the Business Brain reads its own.
type documents struct{ brain *contextengine.Engine }

// ReadDocument implements whatsapp.DocumentReader.
func (d documents) ReadDocument(ctx context.Context, tenant flomastr.TenantID, filename string, content []byte) (string, error) {
	doc, err := d.brain.Convert(ctx, tenant, filename, content)
	return doc.Markdown, err
}

// transcriber writes voice messages down; nil where none is configured.
func transcriber(c Config) llm.Transcriber {
	if c.TranscribeURL == "" {
		return nil
	}
	return speech.New(speech.Config{
		URL: c.TranscribeURL, Key: c.TranscribeAPIKey.Reveal(), Model: c.TranscribeModel,
		HTTP: safehttp.New(safehttp.Config{Allow: []string{originOf(c.TranscribeURL)}, Timeout: time.Minute, MaxBytes: 1 << 20}).HTTP(),
	})
}

// originOf is the origin of an operator's own address, with its port, which may lie inside.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // the settings were checked
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

// engineURL is how providers reach us.
func engineURL(c Config, demo *demoPlan) string {
	return cmp.Or(c.PublicURL, demo.baseURL(), c.ownURL(), "https://engine."+c.BaseDomain)
}

// filesURL is where providers fetch the files that we send; empty where none of them reaches us, because our address is this
// machine's own and they are not stand-ins on it.
func filesURL(c Config, demo *demoPlan) string {
	address := engineURL(c, demo)
	u, err := url.Parse(address)
	if err != nil {
		return "" // the settings were checked
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	inside := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	if inside && c.InfobipStandIn == "" && c.MetaStandIn == "" && c.TwilioStandIn == "" {
		return ""
	}
	return address
}

// scanner checks files for malware; nil where none is configured.
func scanner(c Config) whatsapp.Scanner {
	if c.ClamdAddress == "" {
		return nil
	}
	return clamd.New(c.ClamdAddress)
}
