package safehttp

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"golang.org/x/net/dns/dnsmessage"
)

// listener records the connections that reach it. None should.
type listener struct {
	net.Listener
	hits atomic.Int32
}

func listen(t *testing.T, network, address string) *listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("cannot listen on %s: %v", address, err)
	}
	rec := &listener{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			rec.hits.Add(1)
			_ = c.Close()
		}
	}()
	return rec
}

// names is a name server with our answers: each question takes the next answer of its name, the last one for ever.
func names(t *testing.T, answers map[string][][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	asked := map[string]int{}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			name := strings.TrimSuffix(q.Name.String(), ".")
			reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
			mu.Lock()
			rounds := answers[name]
			key := name + q.Type.String()
			var round []string
			if len(rounds) > 0 {
				round = rounds[min(asked[key], len(rounds)-1)]
			}
			asked[key]++
			mu.Unlock()
			for _, ip := range round {
				addr := net.ParseIP(ip)
				head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
				if v4 := addr.To4(); v4 != nil && q.Type == dnsmessage.TypeA {
					reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte(v4)}})
				} else if v4 == nil && q.Type == dnsmessage.TypeAAAA {
					reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(addr)}})
				}
			}
			packed, err := reply.Pack()
			if err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestNamesThatLeadInsideAreNeverDialled(t *testing.T) {
	// Ports 80 and 443 are the only ones that get as far as a dial, so the recording listeners sit there.
	heard := []*listener{listen(t, "tcp", "127.0.0.1:80"), listen(t, "tcp", "127.0.0.1:443"), listen(t, "tcp6", "[::1]:80")}
	resolver := names(t, map[string][][]string{
		"127.0.0.1.nip.io":    {{"127.0.0.1"}},
		"inside.example.com":  {{"127.0.0.1"}},
		"six.example.com":     {{"::1"}},
		"mapped.example.com":  {{"::ffff:127.0.0.1"}},
		"mixed.example.com":   {{"127.0.0.1", "10.0.0.1", "::1"}},
		"rebind.example.com":  {{"169.254.169.254"}, {"127.0.0.1"}},
		"nat64.example.com":   {{"64:ff9b::7f00:1"}},
		"nothing.example.com": {},
	})
	client := New(Config{Resolver: resolver, Redirects: 5, Timeout: 5 * time.Second})
	for _, address := range []string{
		"http://127.0.0.1.nip.io/", "http://inside.example.com/", "https://inside.example.com/", "http://six.example.com/",
		"http://mapped.example.com/", "http://mixed.example.com/", "http://rebind.example.com/", "http://rebind.example.com/",
		"http://nat64.example.com/", "http://nothing.example.com/", "http://127.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://[::1]/", "http://127.1/",
	} {
		_, err := client.Get(t.Context(), address, nil)
		var ours *flomastr.Error
		if !errors.As(err, &ours) || ours.Code != ErrUnreachable.Code || ours.Message != ErrUnreachable.Message || ours.Kind != ErrUnreachable.Kind {
			t.Errorf("%s: %v, want the one error for blocked and unreachable", address, err)
		}
	}
	for _, l := range heard {
		if n := l.hits.Load(); n != 0 {
			t.Errorf("%s was reached %d times", l.Addr(), n)
		}
	}
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	proxy := listen(t, "tcp", "127.0.0.1:0")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+proxy.Addr().String())
	}
	client := New(Config{Resolver: names(t, map[string][][]string{"a.example.com": {{"10.0.0.1"}}}), Timeout: 2 * time.Second})
	for _, address := range []string{"http://a.example.com/", "https://a.example.com/"} {
		if _, err := client.Get(t.Context(), address, nil); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if n := proxy.hits.Load(); n != 0 {
		t.Errorf("the proxy was used %d times", n)
	}
	if os.Getenv("HTTP_PROXY") == "" {
		t.Fatal("the test did not set the proxy")
	}
}

func TestAnAllowedOriginIsExact(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	t.Cleanup(server.Close)
	other := listen(t, "tcp", "127.0.0.1:0")
	client := New(Config{Allow: []string{server.URL}})
	resp, err := client.Get(t.Context(), server.URL+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if "http://"+string(body) != server.URL {
		t.Errorf("Host was %q", body)
	}
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	for _, address := range []string{
		"http://" + other.Addr().String(), "https://127.0.0.1" + port, "http://localhost" + port, "http://127.0.0.2" + port,
		"http://x@127.0.0.1" + port, "http://[::ffff:127.0.0.1]" + port,
	} {
		if resp, err := client.Get(t.Context(), address, nil); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s was reached", address)
		}
	}
	if other.hits.Load() != 0 {
		t.Error("another port of the same host was reached")
	}
}

func TestRedirectsAreGuardedAtEachHop(t *testing.T) {
	t.Parallel()
	inside := listen(t, "tcp", "127.0.0.1:0")
	second := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an allowed origin was entered by redirect") }))
	t.Cleanup(second.Close)
	var location atomic.Value
	var hops atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops.Add(1)
		switch {
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/code/"):
			var code int
			_, _ = fmt.Sscanf(r.URL.Path, "/code/%d", &code)
			w.Header().Set("Location", location.Load().(string))
			w.WriteHeader(code)
		default:
			w.Header().Set("Refresh", "0; url=http://"+inside.Addr().String())
			_, _ = io.WriteString(w, `<meta http-equiv="refresh" content="0; url=http://`+inside.Addr().String()+`">`)
		}
	}))
	t.Cleanup(server.Close)
	client := New(Config{Allow: []string{server.URL, second.URL}, Redirects: 5, Timeout: 5 * time.Second})
	for _, target := range []string{"http://" + inside.Addr().String() + "/", "http://127.0.0.1/", "http://[::1]/", "file:///etc/passwd", "http://①②⑦.⓪.⓪.①/", second.URL, "http://u:p@example.com/"} {
		location.Store(target)
		for _, code := range []int{301, 302, 303, 307, 308} {
			if _, err := client.Get(t.Context(), fmt.Sprintf("%s/code/%d", server.URL, code), nil); !errors.Is(err, ErrUnreachable) {
				t.Errorf("%d to %s: %v", code, target, err)
			}
		}
	}
	hops.Store(0)
	if _, err := client.Get(t.Context(), server.URL+"/loop", nil); !errors.Is(err, ErrTooManyRedirects) {
		t.Errorf("loop: %v", err)
	}
	if n := hops.Load(); n != 6 {
		t.Errorf("%d requests before giving up, want the first and five redirects", n)
	}
	if resp, err := client.Get(t.Context(), server.URL+"/refresh", nil); err != nil {
		t.Error(err)
	} else {
		_ = resp.Body.Close()
	}
	none := New(Config{Allow: []string{server.URL}})
	location.Store(server.URL + "/refresh")
	resp, err := none.Get(t.Context(), server.URL+"/code/302", nil)
	if err != nil || resp.StatusCode != 302 {
		t.Errorf("without redirects: %v, %v", resp, err)
	}
	if inside.hits.Load() != 0 {
		t.Error("a redirect led inside")
	}
}

func TestSecretsDoNotFollowARedirectElsewhere(t *testing.T) {
	t.Parallel()
	c := New(Config{Redirects: 5})
	first, _ := http.NewRequest(http.MethodGet, "https://api.example.com/a", nil)
	next, _ := http.NewRequest(http.MethodGet, "https://evil.example.org/", nil)
	next.Header = http.Header{"X-Api-Key": {"s"}, "Authorization": {"s"}, "Cookie": {"s"}, "Accept": {"text/html"}, "Referer": {"s"}}
	if err := c.checkRedirect(next, []*http.Request{first}); err != nil {
		t.Fatal(err)
	}
	if len(next.Header) != 1 || next.Header.Get("Accept") == "" {
		t.Errorf("these headers followed: %v", next.Header)
	}
	down, _ := http.NewRequest(http.MethodGet, "http://api.example.com/a", nil)
	down.Header = http.Header{"X-Api-Key": {"s"}}
	if err := c.checkRedirect(down, []*http.Request{first}); err != nil || len(down.Header) != 0 {
		t.Errorf("https to http kept %v, %v", down.Header, err)
	}
	post, _ := http.NewRequest(http.MethodPost, "https://evil.example.org/", strings.NewReader("body"))
	if err := c.checkRedirect(post, []*http.Request{first}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a body would be repeated elsewhere: %v", err)
	}
}

func TestBodiesAreBoundedAfterDecompression(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/exact":
			_, _ = w.Write(make([]byte, 1<<20))
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case "/headers":
			for i := range 2000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 100))
			}
		case "/drip":
			for range 200 {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	client := New(Config{Allow: []string{server.URL}, MaxBytes: 1 << 20, Timeout: 500 * time.Millisecond})
	patient := New(Config{Allow: []string{server.URL}, MaxBytes: 1 << 20, Timeout: 20 * time.Second})
	for path, want := range map[string]*flomastr.Error{"/bomb": ErrTooLarge, "/endless": ErrTooLarge, "/headers": ErrUnreachable, "/drip": ErrTimeout, "/exact": nil} {
		use := patient
		if path == "/drip" {
			use = client
		}
		resp, err := use.Get(t.Context(), server.URL+path, nil)
		var n int64
		if err == nil {
			n, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if (want == nil) != (err == nil) || (want != nil && !errors.Is(err, want)) {
			t.Errorf("%s: %v after %d bytes, want %v", path, err, n, want)
		}
		if n > 1<<20 {
			t.Errorf("%s: %d bytes came through", path, n)
		}
	}
}

func TestACancelledRequestSaysSo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Config{Allow: []string{server.URL}}).Get(ctx, server.URL, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTheStandardClientCarriesTheGuards(t *testing.T) {
	t.Parallel()
	inside := listen(t, "tcp", "127.0.0.1:0")
	if resp, err := New(Config{}).HTTP().Get("http://" + inside.Addr().String()); err == nil {
		_ = resp.Body.Close()
		t.Error("reached")
	}
	if inside.hits.Load() != 0 {
		t.Error("dialled")
	}
}
