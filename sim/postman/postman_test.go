package postman_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/postman"
	"github.com/flomastr/flomastr/sim/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type bundle struct {
	postman *postman.Postman
	server  *httptest.Server
	traffic *traffic.Ring
	config  postman.Config

	mu        sync.Mutex
	requests  [][]string // the results of each accepted request
	delivered []string
}

// setup starts a postman whose lane "shop" goes to a server that answers as told.
func setup(t *testing.T, answer http.HandlerFunc, change func(*postman.Config)) *bundle {
	t.Helper()
	b := &bundle{traffic: traffic.NewRing(100)}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var results []string
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &results)
		kept := httptest.NewRecorder()
		answer(kept, r)
		if kept.Code < 300 {
			b.mu.Lock()
			b.requests = append(b.requests, results)
			b.mu.Unlock()
		}
		if location := kept.Header().Get("Location"); location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(kept.Code)
	}))
	t.Cleanup(b.server.Close)
	b.config = postman.Config{
		Client: loopback.Client(2*time.Second, 8), Window: 8, MaxQueued: 100, RetryUnit: time.Millisecond, Traffic: b.traffic, Log: slog.New(slog.DiscardHandler),
		Address: func(p postman.Parcel) postman.Address {
			if p.URL != "" {
				return postman.Address{URL: p.URL}
			}
			return postman.Address{URL: b.server.URL, HeaderName: "X-Secret", HeaderValue: "s"}
		},
		Envelope: func(_ string, results []json.RawMessage, _ int) []byte { raw, _ := json.Marshal(results); return raw },
		Delivered: func(p postman.Parcel) {
			b.mu.Lock()
			b.delivered = append(b.delivered, p.MessageID)
			b.mu.Unlock()
		},
	}
	if change != nil {
		change(&b.config)
	}
	b.postman = postman.Start(b.config)
	t.Cleanup(func() { b.postman.Close(); b.config.Client.CloseIdleConnections() })
	return b
}

func parcel(id string) postman.Parcel {
	return postman.Parcel{Lane: "shop", Kind: "inbound", MessageID: id, Result: json.RawMessage(strconv.Quote(id)), Due: time.Now()}
}

func (b *bundle) accepted() [][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([][]string(nil), b.requests...)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, 10*time.Second, 2*time.Millisecond, what)
}

func ok(http.ResponseWriter, *http.Request) {}

func TestTheWaitFollowsTheDocumentedFormula(t *testing.T) {
	t.Parallel()
	for n, minutes := range map[int]int{0: 1, 1: 2, 2: 5, 3: 10, 4: 17, 5: 26, 19: 362, 20: 362, 1000: 362} {
		require.Equal(t, time.Duration(minutes)*time.Minute, postman.Wait(time.Minute, n), n)
	}
}

func TestAParcelIsCarriedUntilSomebodyTakesIt(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	refusals := []int{500, 302, 401, 404, 503}
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if n := int(tries.Add(1)); n <= len(refusals) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(refusals[n-1])
		}
	}, nil)
	require.NoError(t, b.postman.Send(parcel("a")))
	eventually(t, "delivered", func() bool { return b.postman.Queued() == 0 })
	require.Equal(t, [][]string{{"a"}}, b.accepted())
	require.EqualValues(t, len(refusals)+1, tries.Load())
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Equal(t, []string{"a"}, b.delivered)
}

func TestTheSecretTravelsAndIsNotRemembered(t *testing.T) {
	t.Parallel()
	var secret atomic.Value
	b := setup(t, func(_ http.ResponseWriter, r *http.Request) { secret.Store(r.Header.Get("X-Secret")) }, nil)
	require.NoError(t, b.postman.Send(parcel("a")))
	eventually(t, "noted", func() bool { return len(b.traffic.Last(1, 0)) == 1 })
	require.Equal(t, "s", secret.Load())
	require.Equal(t, "[redacted]", b.traffic.Last(1, 0)[0].RequestHeaders["X-Secret"])
	require.Equal(t, http.StatusOK, b.traffic.Last(1, 0)[0].Status)
}

func TestResultsShareARequestUpToTheLanesSize(t *testing.T) {
	t.Parallel()
	b := setup(t, ok, func(c *postman.Config) {
		inner := c.Address
		c.Address = func(p postman.Parcel) postman.Address { a := inner(p); a.PerRequest = 3; return a }
	})
	due := time.Now().Add(20 * time.Millisecond)
	var all []postman.Parcel
	for i := range 7 {
		p := parcel(strconv.Itoa(i))
		p.Due = due
		all = append(all, p)
	}
	report := parcel("report")
	report.Kind, report.Due = "seen", due
	require.NoError(t, b.postman.Send(append(all, report)...))
	eventually(t, "delivered", func() bool { return b.postman.Queued() == 0 })
	sizes := map[int]int{}
	for _, results := range b.accepted() {
		sizes[len(results)]++
	}
	require.Equal(t, map[int]int{3: 2, 1: 2}, sizes, "two full requests, the rest, and the other kind on its own")
}

func TestAFullQueueRefusesInsteadOfForgetting(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, func(c *postman.Config) { c.MaxQueued, c.RetryUnit = 2, time.Hour })
	require.NoError(t, b.postman.Send(parcel("a")))
	require.ErrorIs(t, b.postman.Send(parcel("b"), parcel("c")), postman.ErrFull)
	require.True(t, b.postman.Room(1))
	require.False(t, b.postman.Room(2))
	require.NoError(t, b.postman.Send(parcel("b")))
	require.Equal(t, 2, b.postman.Queued())
}

func TestHurryEndsTheWait(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(503)
		}
	}, func(c *postman.Config) { c.RetryUnit = time.Hour })
	require.NoError(t, b.postman.Send(parcel("a")))
	eventually(t, "refused once", func() bool { return len(b.traffic.Last(9, 0)) == 1 })
	up.Store(true)
	eventually(t, "delivered", func() bool { b.postman.Hurry(time.Now()); return b.postman.Queued() == 0 })
}

func TestClosingReturnsWhatNobodyTookEvenInTheMiddleOfARequest(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	b := setup(t, func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}, func(c *postman.Config) { c.Window = 1 })
	require.NoError(t, b.postman.Send(parcel("under way"), parcel("waiting")))
	<-reached
	waiting, ever := b.postman.Waiting()
	require.Len(t, waiting, 2)
	require.EqualValues(t, 2, ever)
	left := map[string]int{}
	for _, p := range b.postman.Close() {
		left[p.MessageID] = p.Attempt
	}
	require.Equal(t, map[string]int{"under way": 0, "waiting": 0}, left)
}

func TestALaneWithoutAddressWaitsForOne(t *testing.T) {
	t.Parallel()
	var address atomic.Value
	address.Store("")
	b := setup(t, ok, func(c *postman.Config) {
		c.Address = func(postman.Parcel) postman.Address { u, _ := address.Load().(string); return postman.Address{URL: u} }
	})
	require.NoError(t, b.postman.Send(parcel("a")))
	time.Sleep(10 * time.Millisecond)
	require.Empty(t, b.accepted())
	address.Store(b.server.URL)
	eventually(t, "delivered", func() bool { return b.postman.Queued() == 0 })
}

func TestThePostmanLeavesThisMachineForNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, ok, func(c *postman.Config) { c.RetryUnit = time.Hour })
	p := parcel("a")
	p.URL = "http://192.0.2.1/hook?key=SECRT"
	require.NoError(t, b.postman.Send(p))
	eventually(t, "tried", func() bool { return len(b.traffic.Last(1, 0)) == 1 })
	tried := b.traffic.Last(1, 0)[0]
	require.Zero(t, tried.Status)
	require.Contains(t, tried.Error, "not a loopback address")
	require.NotContains(t, tried.Error+tried.URL, "SECRT")
}

func TestManyParcelsArriveOnceEach(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%3 == 0 {
			w.WriteHeader(500)
		}
	}, func(c *postman.Config) { c.MaxQueued = 1000 })
	for i := range 300 {
		require.NoError(t, b.postman.Send(parcel(strconv.Itoa(i))))
	}
	eventually(t, "delivered", func() bool { return b.postman.Queued() == 0 })
	seen := map[string]int{}
	for _, results := range b.accepted() {
		for _, id := range results {
			seen[id]++
		}
	}
	require.Len(t, seen, 300)
	for id, times := range seen {
		require.Equal(t, 1, times, id)
	}
}
