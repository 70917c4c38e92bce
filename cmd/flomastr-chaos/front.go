package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// front is the proxy before the servers: each request goes to the next one, and to the other when that one is not there.
type front struct {
	listener net.Listener
	servers  []string
	next     atomic.Uint64
	client   http.Client
}

func newFront(servers ...string) (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{listener: listener, servers: servers, client: http.Client{Timeout: 30 * time.Second}}
	server := &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return f, nil
}

// ServeHTTP passes a request on. A server that dies under it is no answer: the caller delivers again.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	for range f.servers {
		server := f.servers[f.next.Add(1)%uint64(len(f.servers))]
		passed, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+server+r.URL.RequestURI(), bytes.NewReader(body)) //nolint:gosec // to one of our own servers
		if err != nil {
			return
		}
		passed.Header = r.Header.Clone()
		answer, err := f.client.Do(passed) //nolint:gosec // the same
		if err != nil {
			continue
		}
		defer func() { _ = answer.Body.Close() }()
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
		return
	}
	panic(http.ErrAbortHandler) // nobody is there
}
