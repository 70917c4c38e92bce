package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

var (
	errIdempotencyKey = flomastr.Errorf(flomastr.Invalid, "idempotency_key_invalid",
		"The Idempotency-Key header takes 1 to 255 ASCII characters.").Field("header.Idempotency-Key", "1 to 255 ASCII characters")
	errIdempotencyMismatch = flomastr.Errorf(flomastr.Invalid, "idempotency_mismatch",
		"This Idempotency-Key was used with another request. Use a new key for a new request.")
	errIdempotencyInProgress = flomastr.Errorf(flomastr.Conflict, "idempotency_in_progress",
		"The first request with this Idempotency-Key is still running. Ask again in a moment.")
)

// IdempotencyStore keeps the answers of calls for 24 hours, by tenant, caller, route and key. The tenant of a call that
// names none is the zero id.
type IdempotencyStore interface {
	// Claim takes the key (mine), or gives the hash and the answer of the request that has it; no answer means that it
	// is still running. A claim without an answer that is older than staleAfter belonged to a server that died, and is
	// taken over.
	Claim(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string, bodyHash []byte, staleAfter time.Duration) (mine bool, firstHash, answer []byte, err error)
	Finish(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string, answer []byte) error
	Release(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string) error
}

// keeper is an answer of which a part is shown once: what is kept of it, and given again, lacks that part.
type keeper interface{ forKeeping() any }

// once runs a handler at most once for a key. Only success is kept: a call that failed may be tried again.
func once[In, Out any](ctx context.Context, a *API, call Call, route, key string, in *In, run func() (*Out, error)) (*Out, error) {
	if len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errIdempotencyKey
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("hash the request: %w", err)
	}
	hash := sha256.Sum256(body)
	store, actor := a.deps.Idempotency, call.Caller.Actor()
	mine, firstHash, answer, err := store.Claim(ctx, call.Tenant.ID, actor, route, key, hash[:], time.Minute)
	switch {
	case err != nil:
		return nil, err
	case mine:
	case !bytes.Equal(firstHash, hash[:]):
		return nil, errIdempotencyMismatch
	case answer == nil:
		return nil, errIdempotencyInProgress
	default:
		out := new(Out)
		if err := json.Unmarshal(answer, out); err != nil {
			return nil, fmt.Errorf("read the stored answer: %w", err)
		}
		return out, nil
	}

	// The bookkeeping must happen although the client has hung up meanwhile.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	out, err := run()
	if err != nil {
		return nil, errors.Join(err, store.Release(after, call.Tenant.ID, actor, route, key))
	}
	var kept any = out
	if k, ok := kept.(keeper); ok {
		kept = k.forKeeping()
	}
	if answer, err = json.Marshal(kept); err != nil {
		return nil, fmt.Errorf("keep the answer: %w", err)
	}
	if err := store.Finish(after, call.Tenant.ID, actor, route, key, answer); err != nil {
		// What was asked for has happened: that is what the caller must hear.
		a.log.ErrorContext(ctx, "keep an idempotent answer", "error", err)
	}
	return out, nil
}
