package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// bare is what a plain net/http handler takes on this machine right now: it reads the body and answers. Milliseconds of
// ours are shown beside it.
type bare struct {
	p50 float64 // milliseconds
	p99 float64 // at 5,000 requests a second
}

// stretch is what a reach in milliseconds is multiplied by: 1 while the bare handler's p99 is at most 3 ms, else as much
// more as this machine is slower than that.
func (b bare) stretch() float64 { return max(1, b.p99/3) }

// measureBare asks a bare handler at 5,000 requests a second over 64 connections.
func measureBare(ctx context.Context) (bare, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return bare{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"stored"}`)
	})}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	address := listener.Addr().String()
	got, err := load{
		address: address, connections: 64, head: webhookHead(address, channel{path: "/", header: "X-Nothing", secret: "x"}),
		body: inboundBody("971440000000", 500), duration: 3 * time.Second, perSecond: 5000,
	}.run(ctx)
	return bare{p50: percentile(got.latencies, 50), p99: percentile(got.latencies, 99)}, err
}
