package safehttp

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
	"golang.org/x/net/idna"
)

// insideNames end the names that a private network answers, whatever their addresses.
var insideNames = []string{
	"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa",
	"private", "test", "invalid", "onion", "ip6-localhost", "ip6-loopback",
}

// extraIPv4 are inside although every registry calls them public: the wire server of one large cloud, the metadata
// service of another (within the shared range, named here because it is what attackers ask for).
var extraIPv4 = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("255.255.255.255/32"),
}

// rules judge URLs and dialled addresses.
type rules struct {
	guardian  *ssrf.Guardian
	allow     map[string]bool
	denyHosts []string
}

func newRules(config Config) rules {
	v4, v6 := append([]netip.Prefix(nil), extraIPv4...), []netip.Prefix(nil)
	for _, prefix := range config.DenyPrefixes {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix.Masked())
		} else {
			v6 = append(v6, prefix.Masked())
		}
	}
	r := rules{
		guardian: ssrf.New(ssrf.WithDeniedV4Prefixes(v4...), ssrf.WithDeniedV6Prefixes(v6...)),
		allow:    make(map[string]bool),
	}
	for _, host := range config.DenyHosts {
		r.denyHosts = append(r.denyHosts, strings.ToLower(strings.Trim(host, ".")))
	}
	for _, allowed := range config.Allow {
		u, err := url.Parse(allowed)
		if err != nil || u.Host == "" || u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.User != nil {
			panic(fmt.Sprintf("safehttp: %q is not scheme://host:port", allowed))
		}
		r.allow[origin(u)] = true
	}
	return r
}

// allows reports whether the URL lies at an origin that the operator has opened.
func (r rules) allows(u *url.URL) bool { return r.allow[origin(u)] }

// check parses an address once and gives back the only form that may be used afterwards. What it refuses, it refuses by
// its looks; where a name leads is for the dialer to judge.
func (r rules) check(address string) (*url.URL, error) {
	for i := range len(address) {
		if b := address[i]; b <= ' ' || b == 0x7f || b == '\\' {
			return nil, ErrInvalidURL.Because(errors.New("blank, control character or backslash"))
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, ErrInvalidURL.Because(err)
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, ErrInvalidURL.Because(fmt.Errorf("scheme %q", u.Scheme))
	}
	if u.Opaque != "" || u.Host == "" || u.User != nil {
		return nil, ErrInvalidURL.Because(errors.New("no host, or a user name"))
	}
	u.Fragment, u.RawFragment = "", ""
	if r.allows(u) {
		return u, nil
	}
	port := u.Port()
	if strings.HasSuffix(u.Host, ":") || (port != "" && port != "80" && port != "443") {
		return nil, ErrInvalidURL.Because(fmt.Errorf("port %q", port))
	}
	host, err := r.checkHost(u.Hostname())
	if err != nil {
		return nil, err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	u.Host = host
	return u, nil
}

// checkHost gives the host in the form that will be dialled: lower case, ASCII, without a final dot. The transport would
// map "①②⑦.⓪.⓪.①" to 127.0.0.1 by itself; we map first and judge the result.
func (r rules) checkHost(host string) (string, error) {
	if strings.Contains(host, "%") {
		return "", ErrInvalidURL.Because(errors.New("percent sign or zone in the host"))
	}
	if strings.Contains(host, ":") { // an IPv6 literal
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "", ErrInvalidURL.Because(err)
		}
		return addr.String(), r.checkAddr(addr)
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", ErrInvalidURL.Because(err)
	}
	ascii = strings.TrimSuffix(strings.ToLower(ascii), ".")
	if ascii == "" || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") || strings.HasSuffix(ascii, ".") || len(ascii) > 253 {
		return "", ErrInvalidURL.Because(errors.New("empty label or endless host"))
	}
	// Some input maps to a name that is no name itself; the transport would map it once more.
	if again, err := idna.Lookup.ToASCII(ascii); err != nil || again != ascii {
		return "", ErrInvalidURL.Because(errors.New("the host does not map to a stable name"))
	}
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if numeric(last) {
		addr, err := netip.ParseAddr(ascii)
		if err != nil {
			// "127.1", "0177.0.0.1", "2130706433": addresses to a C library, names to nobody.
			return "", ErrUnreachable.Because(fmt.Errorf("unusual form of an address: %w", err))
		}
		return addr.String(), r.checkAddr(addr)
	}
	if last == ascii {
		return "", ErrUnreachable.Because(errors.New("a name without a dot is inside"))
	}
	for _, name := range insideNames {
		if hasSuffixHost(ascii, name) {
			return "", ErrUnreachable.Because(fmt.Errorf("names under %q are inside", name))
		}
	}
	for _, name := range r.denyHosts {
		if hasSuffixHost(ascii, name) {
			return "", ErrUnreachable.Because(fmt.Errorf("%q is our own", name))
		}
	}
	return ascii, nil
}

// control is the dialer's hook: it sees the address that is about to be dialled, whatever name led to it.
func (r rules) control(network, address string, _ syscall.RawConn) error {
	if err := r.guardian.Safe(network, address, nil); err != nil {
		return ErrUnreachable.Because(err)
	}
	addrPort, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrUnreachable.Because(err)
	}
	return r.checkAddr(addrPort.Addr())
}

// checkAddr judges one address, and the IPv4 address inside it where it is an ISATAP one: that form lives in ordinary
// global prefixes, so no table of prefixes can hold it. All other embeddings lie in denied prefixes.
func (r rules) checkAddr(addr netip.Addr) error {
	if addr.Zone() != "" {
		return ErrUnreachable.Because(errors.New("an address with a zone is local"))
	}
	if err := r.guardian.SafeAddr(addr); err != nil {
		return ErrUnreachable.Because(err)
	}
	if addr.Is6() {
		b := addr.As16()
		if (b[8] == 0x00 || b[8] == 0x02) && b[9] == 0x00 && b[10] == 0x5e && b[11] == 0xfe {
			return r.checkAddr(netip.AddrFrom4([4]byte(b[12:])))
		}
	}
	return nil
}

// numeric reports whether a last label makes the host an address, as the URL standard has it.
func numeric(label string) bool {
	if label == "" {
		return false
	}
	if _, err := strconv.ParseUint(label, 10, 64); err == nil {
		return true
	}
	if strings.HasPrefix(label, "0x") {
		for _, c := range label[2:] {
			if !strings.ContainsRune("0123456789abcdef", c) {
				return false
			}
		}
		return true
	}
	return strings.Trim(label, "0123456789") == ""
}

// origin is scheme://host:port in one spelling.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

func sameOrigin(a, b *url.URL) bool { return origin(a) == origin(b) }
