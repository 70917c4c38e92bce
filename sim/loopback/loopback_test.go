package loopback_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/loopback"
)

func TestOnlyThisMachineIsALoopbackHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "localhost": true, "LOCALHOST.": true, "engine.localhost": true,
		"0.0.0.0": false, "::": false, "": false, "10.0.0.1": false, "169.254.169.254": false, "example.com": false,
		"localhost.example.com": false, "127.0.0.1.example.com": false, "127.1": false, "2130706433": false, "notlocalhost": false,
	} {
		require.Equal(t, want, loopback.IsHost(host), host)
	}
}

func TestListenRefusesEveryOtherAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		_, err := loopback.Listen(t.Context(), address)
		require.ErrorIs(t, err, loopback.ErrElsewhere, address)
	}
	_, err := loopback.Listen(t.Context(), "nonsense")
	require.Error(t, err)
	listener, err := loopback.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

func TestCheckURLAllowsWebAddressesOnThisMachine(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"http://127.0.0.1:8000/webhook": true, "https://engine.localhost:8000/x": true, "http://example.com/": false,
		"ftp://127.0.0.1/": false, "//127.0.0.1/": false, "http://127.0.0.1@example.com/": false, "http://%zz": false, "": false,
	} {
		require.Equal(t, want, loopback.CheckURL(raw) == nil, raw)
	}
}

func TestClientReachesLocalhostNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	client := loopback.Client(5*time.Second, 2)

	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	response, err := client.Get("http://engine.localhost:" + port + "/")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	response, err = client.Get(server.URL + "/away")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusFound, response.StatusCode, "a redirect is handed back, not followed")

	_, err = client.Get("http://192.0.2.1/")
	require.ErrorIs(t, err, loopback.ErrElsewhere)
}

func TestGuardRefusesNamesThatWereReboundToThisMachine(t *testing.T) {
	t.Parallel()
	guarded := loopback.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for host, want := range map[string]int{
		"127.0.0.1:8101": 204, "localhost": 204, "demo.localhost:8101": 204, "[::1]:8101": 204,
		"evil.example": 421, "evil.example:8101": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, host)
	}
}
