package safehttp

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

func stoppable(req *http.Request) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithCancel(req.Context())
	return req.WithContext(ctx), cancel
}

// stallBody ends a response that sends nothing for too long while somebody reads it.
type stallBody struct {
	body    io.ReadCloser
	limit   time.Duration
	timer   *time.Timer
	stop    context.CancelFunc
	stalled atomic.Bool
}

func newStallBody(body io.ReadCloser, limit time.Duration, stop context.CancelFunc) *stallBody {
	b := &stallBody{body: body, limit: limit, stop: stop}
	b.timer = time.AfterFunc(limit, func() {
		b.stalled.Store(true)
		stop()
	})
	b.timer.Stop()
	return b
}

func (b *stallBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.limit)
	n, err := b.body.Read(p)
	b.timer.Stop()
	if err != nil && b.stalled.Load() {
		return n, ErrTimeout
	}
	return n, err
}

func (b *stallBody) Close() error {
	b.timer.Stop()
	defer b.stop()
	return b.body.Close()
}
