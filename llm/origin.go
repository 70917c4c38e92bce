package llm

import (
	"net"
	"net/url"
	"strings"
)

// Origin is scheme, host and port of an address that keys may be sent to: encrypted, or to this machine itself, which the
// guarded client lets through where the operator says so.
func Origin(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(address) > 1000 {
		return "", false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.ToLower(u.Scheme + "://" + u.Host), u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback()
}
