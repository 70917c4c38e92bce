package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// wire is one HTTP connection that does nothing but what a measurement needs: net/http's client would cost as much
// processor time as the server under test.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func dial(address string) (*wire, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 2048)}, nil
}

// exchange sends one request and reads its answer. head is the request up to and without Content-Length.
func (w *wire) exchange(head, body []byte) (status int, err error) {
	w.out = append(w.out[:0], head...)
	w.out = append(w.out, "Content-Length: "...)
	w.out = strconv.AppendInt(w.out, int64(len(body)), 10)
	w.out = append(w.out, "\r\n\r\n"...)
	w.out = append(w.out, body...)
	_ = w.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, err
	}
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = w.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	_, err = w.in.Discard(length)
	return status, err
}

// load is a stream of requests to one server.
type load struct {
	address     string
	connections int
	head        []byte
	body        func(buffer []byte, n int64) []byte // writes the n-th request's body
	duration    time.Duration
	perSecond   float64       // requests are due at this pace, whether earlier ones were answered or not; 0: as fast as answers come
	afterRefuse time.Duration // how long a connection rests after a 503
	first       int64         // number of the first request
}

// outcome is what came of a load.
type outcome struct {
	stored, refused, failed int64
	elapsed                 time.Duration
	latencies               []time.Duration // of requests that were stored, from when they were due
	refusals                []time.Duration
	next                    int64 // number of the next request
}

func (o outcome) rate() float64 { return float64(o.stored) / o.elapsed.Seconds() }

// run drives the load from all connections at once. With a pace, a latency counts from the moment at which the request
// was due, so that a stalled server cannot hide behind requests that were never sent.
func (l load) run(ctx context.Context) (outcome, error) {
	wires := make([]*wire, l.connections)
	defer func() {
		for _, w := range wires {
			if w != nil {
				_ = w.conn.Close()
			}
		}
	}()
	for i := range wires {
		var err error
		if wires[i], err = dial(l.address); err != nil {
			return outcome{}, fmt.Errorf("connect %d of %d: %w", i+1, l.connections, err)
		}
	}
	var number atomic.Int64
	number.Store(l.first)
	parts := make([]outcome, l.connections)
	errs := make([]error, l.connections)
	began := time.Now()
	var all sync.WaitGroup
	for i := range wires {
		all.Go(func() { parts[i], errs[i] = l.drive(ctx, wires[i], &number, began) })
	}
	all.Wait()
	total := outcome{elapsed: time.Since(began), next: number.Load()}
	for _, p := range parts {
		total.stored, total.refused, total.failed = total.stored+p.stored, total.refused+p.refused, total.failed+p.failed
		total.latencies, total.refusals = append(total.latencies, p.latencies...), append(total.refusals, p.refusals...)
	}
	slices.Sort(total.latencies)
	slices.Sort(total.refusals)
	return total, errors.Join(errs...)
}

func (l load) drive(ctx context.Context, w *wire, number *atomic.Int64, began time.Time) (o outcome, err error) {
	var body []byte
	for ctx.Err() == nil {
		n := number.Add(1) - 1
		due := time.Now()
		if l.perSecond > 0 {
			due = began.Add(time.Duration(float64(n-l.first) / l.perSecond * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		if due.Sub(began) >= l.duration {
			return o, nil
		}
		body = l.body(body[:0], n)
		status, err := w.exchange(l.head, body)
		if err != nil {
			return o, err
		}
		took := time.Since(due)
		switch status {
		case 200:
			o.stored++
			o.latencies = append(o.latencies, took)
		case 503:
			o.refused++
			o.refusals = append(o.refusals, took)
			time.Sleep(l.afterRefuse)
		default:
			o.failed++
			if o.failed > 10 {
				return o, fmt.Errorf("the server answers %d", status)
			}
		}
	}
	return o, ctx.Err()
}

// percentile of sorted times, in milliseconds.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(int(p/100*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at]) / float64(time.Millisecond)
}
