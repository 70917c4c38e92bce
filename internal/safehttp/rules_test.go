package safehttp

import (
	"errors"
	"net/netip"
	"net/url"
	"testing"

	"code.dny.dev/ssrf"
	"github.com/flomastr/flomastr"
	"pgregory.net/rapid"
)

func TestCheckRefusesWhatLeadsInside(t *testing.T) {
	t.Parallel()
	r := newRules(Config{DenyHosts: []string{"app.example.com"}, DenyPrefixes: []netip.Prefix{netip.MustParsePrefix("8.8.4.0/24")}})
	groups := map[string][]string{
		"SSRF-01 loopback":    {"http://127.0.0.1:9000/", "https://127.0.0.1/", "http://127.127.127.127/", "http://127.0.1.3/"},
		"SSRF-02 unspecified": {"http://0.0.0.0/", "http://[::]/", "http://0/"},
		"SSRF-03 names": {
			"http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://ip6-localhost/", "http://x.localhost/",
			"http://printer/", "http://db.internal/", "http://nas.local/", "http://router.lan/", "http://localhost../",
		},
		"SSRF-04 odd numbers": {
			"http://2130706433/", "http://0177.0.0.1/", "http://0x7f000001/", "http://127.1/", "http://0x7f.1/",
			"http://017700000001/", "http://127.0.0.1./", "http://1.2.3.4.5/", "http://example.0x7f/",
		},
		"SSRF-05 IDNA": {"http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://１２７．０．０．１/"},
		"SSRF-06 userinfo and parsers": {
			"http://ok.com@127.0.0.1/", "http://127.0.0.1#@ok.com/", "http://ok.com\\@127.0.0.1/",
			"http://127.0.0.1%00.ok.com/", "http://user:pass@example.com/", "http://@example.com/", "http://ok.com%2f@x.com/", "http://127.0.0.1?@ok.com/",
		},
		"SSRF-07 special ranges": {
			"http://10.1.2.3/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://169.254.1.1/",
			"http://100.64.0.1/", "http://192.0.0.1/", "http://192.0.2.1/", "http://198.18.0.1/", "http://198.51.100.7/", "http://203.0.113.9/",
			"http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://0.1.2.3/",
		},
		"SSRF-08 metadata": {
			"http://169.254.169.254/latest/meta-data", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/",
			"http://[fd00:ec2::254]/", "http://metadata.google.internal/", "http://metadata/",
		},
		"SSRF-09 schemes": {
			"file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "dict://example.com/", "ldap://example.com/",
			"jar:http://example.com!/", "data:text/html,hi", "unix:/var/run/docker.sock", "view-source:http://example.com/", "javascript:alert(1)",
		},
		"SSRF-10 shapes": {
			"hTtP:127.0.0.1", "http:///127.0.0.1", "//127.0.0.1", " http://example.com/", "\thttp://example.com/", "http://example.com/\n",
			"", "http://", "http:", "example.com", "http://exa mple.com/", "http://:80/", "http://[::1", "http://.../",
		},
		"SSRF-11 ports": {
			"http://example.com:22/", "http://example.com:25/", "http://example.com:5432/", "http://example.com:6379/",
			"http://example.com:11211/", "http://example.com:9090/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:0080/",
			"http://example.com:/", "http://example.com:-1/",
		},
		"SSRF-12 our own":                 {"http://app.example.com/", "https://x.app.example.com/", "https://APP.example.COM./", "http://8.8.4.4/"},
		"SSRF-14 IPv6 loopback and zones": {"http://[::1]/", "http://[0000::1]/", "http://[::1%25lo]/", "http://[fe80::1%25eth0]/", "http://[2606:4700::1%25eth0]/"},
		"SSRF-15 mapped":                  {"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::ffff:169.254.169.254]/"},
		"SSRF-16 NAT64":                   {"http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a9fe:a9fe]/"},
		"SSRF-17 6to4":                    {"http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::]/"},
		"SSRF-18 Teredo, compatible":      {"http://[2001::1]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/"},
		"SSRF-19 other IPv6": {
			"http://[fd00::1]/", "http://[fec0::1]/", "http://[2001:db8::1]/", "http://[100::1]/", "http://[ff02::1]/", "http://[3fff::1]/",
			"http://[5f00::1]/",
		},
		"ISATAP": {"http://[2606:4700:1:2:0:5efe:7f00:1]/", "http://[2606:4700:1:2:200:5efe:10.0.0.1]/"},
	}
	for name, addresses := range groups {
		for _, address := range addresses {
			u, err := r.check(address)
			if !errors.Is(err, ErrInvalidURL) && !errors.Is(err, ErrUnreachable) {
				t.Errorf("%s: %q passed as %v with error %v", name, address, u, err)
			}
		}
	}
}

func TestCheckKeepsPublicAddressesInOneForm(t *testing.T) {
	t.Parallel()
	r := newRules(Config{})
	for address, want := range map[string]string{
		"http://example.com":                "http://example.com",
		"HTTP://EXAMPLE.com./a?b=c#frag":    "http://example.com/a?b=c",
		"https://example.com:443/":          "https://example.com:443/",
		"https://bücher.example/":           "https://xn--bcher-kva.example/",
		"https://93.184.216.34/":            "https://93.184.216.34/",
		"https://[2606:4700:4700::1111]/x":  "https://[2606:4700:4700::1111]/x",
		"https://example.com/a%20b/ü?q=1+2": "https://example.com/a%20b/%C3%BC?q=1+2",
	} {
		u, err := r.check(address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
		} else if u.String() != want {
			t.Errorf("%q became %q, want %q", address, u, want)
		}
	}
}

// SSRF-20. The table is read from the library and from ours, so that a row added to either is covered.
func TestEveryEmbeddingOfADeniedIPv4IsDenied(t *testing.T) {
	t.Parallel()
	r := newRules(Config{})
	denied := append(append([]netip.Prefix(nil), ssrf.IPv4DeniedPrefixes...), extraIPv4...)
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom(denied).Draw(t, "prefix")
		addr, host := prefix.Addr().As4(), rapid.Uint32().Draw(t, "host")
		for i := range 4 { // keep the network's bits, draw the host's
			keep := byte(0xff << max(0, 8-max(0, min(8, prefix.Bits()-8*i))))
			addr[i] = addr[i]&keep | byte(host>>(8*(3-i)))&^keep
		}
		v4 := netip.AddrFrom4(addr)
		if !prefix.Contains(v4) {
			t.Fatalf("the test drew %v outside of %v", v4, prefix)
		}
		a, b, c, d := addr[0], addr[1], addr[2], addr[3]
		tail := func(head ...byte) netip.Addr {
			var x [16]byte
			copy(x[:], head)
			copy(x[12:], addr[:])
			return netip.AddrFrom16(x)
		}
		embeddings := map[string]netip.Addr{
			"plain":          v4,
			"mapped":         netip.AddrFrom16(v4.As16()),
			"compatible":     tail(),
			"translated":     tail(0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
			"NAT64":          tail(0, 0x64, 0xff, 0x9b),
			"NAT64 local":    tail(0, 0x64, 0xff, 0x9b, 0, 1),
			"6to4":           netip.AddrFrom16([16]byte{0x20, 0x02, a, b, c, d}),
			"Teredo server":  netip.AddrFrom16([16]byte{0x20, 0x01, 0, 0, a, b, c, d}),
			"Teredo client":  netip.AddrFrom16([16]byte{0x20, 0x01, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, ^a, ^b, ^c, ^d}),
			"ISATAP":         tail(0x26, 0x06, 0x47, 0, 0, 1, 0, 2, 0, 0, 0x5e, 0xfe),
			"ISATAP global":  tail(0x26, 0x06, 0x47, 0, 0, 1, 0, 2, 2, 0, 0x5e, 0xfe),
			"ISATAP on link": tail(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x5e, 0xfe),
		}
		for name, addr := range embeddings {
			if r.checkAddr(addr) == nil {
				t.Errorf("%s of %v passes as %v", name, v4, addr)
			}
			if err := r.control("tcp6", netip.AddrPortFrom(addr, 443).String(), nil); err == nil {
				t.Errorf("%s of %v would be dialled as %v", name, v4, addr)
			}
		}
	})
}

func TestControlAllowsOnlyWebPortsOverTCP(t *testing.T) {
	t.Parallel()
	r := newRules(Config{})
	for _, tc := range []struct {
		network, address string
		ok               bool
	}{
		{"tcp4", "93.184.216.34:443", true},
		{"tcp4", "93.184.216.34:80", true},
		{"tcp6", "[2606:4700::1]:443", true},
		{"tcp4", "93.184.216.34:22", false},
		{"udp4", "93.184.216.34:443", false},
		{"unix", "/run/x", false},
		{"tcp4", "127.0.0.1:80", false},
		{"tcp6", "[fe80::1%lo]:80", false},
		{"tcp4", "nonsense", false},
	} {
		if err := r.control(tc.network, tc.address, nil); (err == nil) != tc.ok {
			t.Errorf("%s %s: %v", tc.network, tc.address, err)
		}
	}
}

func TestNewPanicsOnAnAllowedOriginThatIsNone(t *testing.T) {
	t.Parallel()
	for _, allowed := range []string{"127.0.0.1:80", "http://127.0.0.1", "http://127.0.0.1:80/path", "http://u@127.0.0.1:80", "http://"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was accepted", allowed)
				}
			}()
			New(Config{Allow: []string{allowed}})
		}()
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1/", "http://①②⑦.⓪.⓪.①/", "https://example.com/a?b#c", "http://[::ffff:1.2.3.4]:80/", "http://a@b/", "http://1.2.3/"} {
		f.Add(seed)
	}
	r := newRules(Config{})
	f.Fuzz(func(t *testing.T, address string) {
		u, err := r.check(address)
		if err != nil {
			if kind := flomastr.KindOf(err); kind != flomastr.Invalid && kind != flomastr.Upstream {
				t.Fatalf("%q: %v", address, err)
			}
			return
		}
		// What passed once passes again and stays what it is: nothing downstream can read it differently.
		again, err := r.check(u.String())
		if err != nil || again.String() != u.String() {
			t.Fatalf("%q became %q and then %v, %v", address, u, again, err)
		}
		if parsed, err := url.Parse(u.String()); err != nil || parsed.Host != u.Host || parsed.User != nil {
			t.Fatalf("%q became %q with another host", address, u)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && r.checkAddr(addr) != nil {
			t.Fatalf("%q leads to %v", address, addr)
		}
	})
}
