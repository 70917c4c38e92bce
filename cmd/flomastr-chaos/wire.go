package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a TCP proxy that breaks connections. The zero behaviour passes everything.
type wire struct {
	listener net.Listener
	place    string // where it listens
	network  string // of what lies behind: unix or tcp
	target   string

	mu     sync.Mutex
	dice   *rand.Rand
	bad    behaviour
	open   map[net.Conn]bool
	broken atomic.Int64 // connections that were broken on purpose
}

// behaviour is what a wire does to what the product writes.
type behaviour struct {
	CutAfter   []byte  // cuts both sides right after this was passed on
	Chance     float64 // of a cut, at a place as above or, without one, at a random byte
	RandomByte int     // cuts somewhere in the first so many bytes
	Latency    time.Duration
}

func newWire(network, target string, seed uint64) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: listener, place: listener.Addr().String(), network: network, target: target, dice: rand.New(rand.NewPCG(seed, 1)), open: map[net.Conn]bool{}}
	go w.serve(listener)
	return w, nil
}

func (w *wire) address() string { return w.place }

// cut refuses every connection, and ends those that there are, until mend.
func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
}

// mend listens again at the same address.
func (w *wire) mend() (err error) {
	if w.listener, err = net.Listen("tcp", w.address()); err == nil {
		go w.serve(w.listener)
	}
	return err
}

func (w *wire) behave(b behaviour) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = b
}

func (w *wire) now() (b behaviour, unlucky bool, at int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at = -1
	if w.bad.RandomByte > 0 && w.dice.Float64() < w.bad.Chance {
		at = w.dice.IntN(w.bad.RandomByte)
	}
	return w.bad, w.dice.Float64() < w.bad.Chance, at
}

func (w *wire) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go w.pass(client)
	}
}

func (w *wire) pass(client net.Conn) {
	w.remember(client, true)
	defer w.remember(client, false)
	server, err := net.DialTimeout(w.network, w.target, 2*time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	done := make(chan struct{}, 2)
	go func() { w.forward(client, server); done <- struct{}{} }()
	go func() { _, _ = io.Copy(client, server); done <- struct{}{} }()
	<-done
	_ = client.Close()
	_ = server.Close()
	<-done
}

func (w *wire) remember(client net.Conn, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if open {
		w.open[client] = true
	} else {
		delete(w.open, client)
	}
}

// forward passes on what the product writes, until a cut.
func (w *wire) forward(client, server net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			b, unlucky, at := w.now()
			time.Sleep(b.Latency)
			piece := buffer[:n]
			cut := b.CutAfter != nil && unlucky && bytes.Contains(bytes.ToLower(piece), b.CutAfter)
			if at >= 0 && b.RandomByte > 0 {
				piece, cut = piece[:min(at, n)], true
			}
			if _, err := server.Write(piece); err != nil {
				return
			}
			if cut {
				w.broken.Add(1)
				time.Sleep(time.Duration(n%20) * time.Millisecond) // what was passed on takes effect, or not yet
				return
			}
		}
		if err != nil {
			return
		}
	}
}
