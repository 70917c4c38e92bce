package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

func TestAPlaceFitsOnlyWhereItWasGiven(t *testing.T) {
	t.Parallel()
	old, fresh := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	p := newPlaces([][]byte{fresh, old})
	sealed := p.seal("1234 abc", "cursor", "tenant", "list")
	require.Equal(t, sealed, newPlaces([][]byte{fresh}).seal("1234 abc", "cursor", "tenant", "list"), "every server seals alike")
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "1234")
	place, err := p.open(sealed, "cursor", "tenant", "list")
	require.NoError(t, err)
	require.Equal(t, "1234 abc", place)
	place, err = p.open(newPlaces([][]byte{old}).seal("x", "cursor"), "cursor")
	require.NoError(t, err)
	require.Equal(t, "x", place, "from before the master key changed")

	for name, within := range map[string][]string{
		"another tenant":          {"cursor", "other", "list"},
		"another list":            {"cursor", "tenant", "lists"},
		"another purpose":         {"event", "tenant", "list"},
		"bounds shifted by one":   {"cursor", "tenantlist", ""},
		"bounds run into another": {"cursort", "enant", "list"},
		"a bound more":            {"cursor", "tenant", "list", ""},
		"no bounds":               nil,
	} {
		_, err := p.open(sealed, within...)
		require.Error(t, err, name)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		_, err := p.open(base64.RawURLEncoding.EncodeToString(changed), "cursor", "tenant", "list")
		require.Error(t, err, "byte %d", i)
	}
	for _, forged := range []string{"", "x", "1234 abc", sealed + "A", sealed[1:], sealed + "=", sealed + "\n", base64.RawURLEncoding.EncodeToString([]byte("1234 abc"))} {
		_, err := p.open(forged, "cursor", "tenant", "list")
		require.Error(t, err, "%q", forged)
	}
	_, err = newPlaces(nil).open(sealed, "cursor", "tenant", "list")
	require.Error(t, err, "another installation's")
}

func TestACursorIsBoundToItsTenantItsListAndItsFilter(t *testing.T) {
	t.Parallel()
	bounds := func(tenantID flomastr.TenantID, route, id, query string) []string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x?"+query, nil)
		r.SetPathValue("id", id)
		return listOf(r, Call{Tenant: tenant.Tenant{ID: tenantID}}, route)
	}
	a, b := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	const list = "GET /routes/things/{id}/parts"
	want := bounds(a, list, "1", "state=open")
	require.Equal(t, want, bounds(a, list, "1", "limit=7&tenant_id=x&state=open&cursor=y"), "how long a page is, and where it begins, choose no list")
	for name, got := range map[string][]string{
		"another tenant":                bounds(b, list, "1", "state=open"),
		"another list of its shape":     bounds(a, "GET /routes/things/{id}/jobs", "1", "state=open"),
		"another parent":                bounds(a, list, "2", "state=open"),
		"another filter":                bounds(a, list, "1", "state=closed"),
		"no filter":                     bounds(a, list, "1", ""),
		"a filter more":                 bounds(a, list, "1", "state=open&search=x"),
		"a filter in place of a parent": bounds(a, list, "", "state=open&%7Bid%7D=1"),
	} {
		require.NotEqual(t, want, got, name)
	}
}

func FuzzNobodyForgesAPlace(f *testing.F) {
	p := newPlaces([][]byte{bytes.Repeat([]byte{7}, 32)})
	f.Add(p.seal("12", "cursor", "a"), "cursor", "a")
	f.Add("", "", "")
	f.Add(strings.Repeat("A", 40), "cursor", "b")
	f.Fuzz(func(t *testing.T, sealed, kind, list string) {
		if place, err := p.open(sealed, kind, list); err == nil {
			require.Equal(t, sealed, p.seal(place, kind, list), "what opens was sealed here, and has one form")
		}
		place, err := p.open(p.seal(sealed, kind, list), kind, list)
		require.NoError(t, err)
		require.Equal(t, sealed, place)
	})
}

// numbered is a source of three events, whose ids are their numbers; it cannot be resumed behind what it never gave.
type numbered struct{ quietSource }

type quietSource struct{}

func (quietSource) Head(context.Context, flomastr.TenantID) (string, error) { return "3", nil }

func (quietSource) Touched(context.Context, []flomastr.TenantID, uint64) ([]flomastr.TenantID, uint64, error) {
	return nil, 0, nil
}

func (numbered) Since(_ context.Context, _ flomastr.TenantID, after string, _ int) (events []StreamEvent, err error) {
	n, err := strconv.Atoi(after)
	if err != nil {
		return nil, ErrEventGone
	}
	for i := n + 1; i <= 3; i++ {
		events = append(events, StreamEvent{ID: strconv.Itoa(i), Type: "thing.happened", Data: json.RawMessage(strconv.Itoa(i))})
	}
	return events, nil
}

func TestAnEventsIDIsOpaqueAndResumesItsOwnTenantsStreamAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.api.deps.Events = numbered{}
		w.api.deps.TenantAdmin = ruled{perMinute: 1000}
		w.api.places = newPlaces([][]byte{bytes.Repeat([]byte{7}, 32)})
		listen := func(slug, last string) string {
			ctx, stop := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/routes/events?tenant_id="+slug, nil)
			r.Header.Set("Authorization", "Bearer both")
			if last != "" {
				r.Header.Set("Last-Event-ID", last)
			}
			out, done := &tape{header: http.Header{}}, make(chan struct{})
			go func() { w.handler.ServeHTTP(out, r); close(done) }()
			synctest.Wait()
			stop()
			<-done
			return out.body.String()
		}
		seal := func(slug, place string) string {
			found, err := fakeGate{w}.Find(t.Context(), slug)
			require.NoError(t, err)
			return w.api.places.seal(place, eventsOf(found.ID)...)
		}
		resumed := listen("alpha", seal("alpha", "1"))
		require.NotContains(t, resumed, "event: reset")
		ids := regexp.MustCompile(`(?m)^event: thing.happened\nid: (.+)\ndata: (.+)$`).FindAllStringSubmatch(resumed, -1)
		require.Len(t, ids, 2, "what came behind the event: %s", resumed)
		require.Equal(t, "3", ids[1][2])
		require.Equal(t, seal("alpha", "3"), ids[1][1])
		require.NotEqual(t, seal("beta", "3"), ids[1][1], "the same moment looks different in every tenant")
		require.NotContains(t, listen("alpha", ids[1][1]), "thing.happened", "nothing twice")

		for name, last := range map[string]string{
			"a counter": "1", "another tenant's": seal("beta", "1"), "a cursor": w.api.places.seal("1", "cursor", w.a.ID.String()), "nonsense": "x-y",
		} {
			got := listen("alpha", last)
			require.Contains(t, got, "event: reset", name)
			require.NotContains(t, got, "thing.happened", name)
		}
	})
}
