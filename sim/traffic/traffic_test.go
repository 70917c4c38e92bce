package traffic_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/traffic"
)

func ids(exchanges []traffic.Exchange) []uint64 {
	list := []uint64{}
	for _, e := range exchanges {
		list = append(list, e.ID)
	}
	return list
}

func TestRingKeepsTheLastAndForgetsTheOldest(t *testing.T) {
	t.Parallel()
	ring := traffic.NewRing(3)
	require.Empty(t, ring.Last(10, 0))
	for range 5 {
		ring.Add(traffic.Exchange{})
	}
	for _, c := range []struct {
		limit int
		after uint64
		want  []uint64
	}{
		{10, 0, []uint64{3, 4, 5}}, {2, 0, []uint64{4, 5}}, {10, 4, []uint64{5}}, {10, 5, []uint64{}}, {10, 99, []uint64{}}, {1, 3, []uint64{5}},
	} {
		require.Equal(t, c.want, ids(ring.Last(c.limit, c.after)), c)
	}
}

func TestRingOfNoSizeRemembersNothing(t *testing.T) {
	t.Parallel()
	ring := traffic.NewRing(0)
	ring.Add(traffic.Exchange{})
	require.Empty(t, ring.Last(1, 0))
}

func TestRingCutsLongBodies(t *testing.T) {
	t.Parallel()
	ring := traffic.NewRing(1)
	ring.Add(traffic.Exchange{RequestBody: strings.Repeat("a", 1<<20)})
	require.Less(t, len(ring.Last(1, 0)[0].RequestBody), 20<<10)
}

func TestCredentialsAreHiddenUnderAnyName(t *testing.T) {
	t.Parallel()
	shown := traffic.Headers(http.Header{"Authorization": {"App SECRT-1"}, "X-Anything": {"SECRT-2"}, "Content-Type": {"application/json"}})
	require.Equal(t, map[string]string{"Authorization": "[redacted]", "X-Anything": "[redacted]", "Content-Type": "application/json"}, shown)

	address, err := url.Parse("http://user:SECRT-3@127.0.0.1:1/hook?key=SECRT-4")
	require.NoError(t, err)
	require.NotContains(t, traffic.URL(address), "SECRT")
	require.Contains(t, traffic.URL(address), "127.0.0.1:1/hook")
	require.Equal(t, "user", address.User.Username(), "the address itself stays as it was")
}
