package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
)

// KeepArgs is the job that deletes messages past their retention and moves idle conversations to the archive, tenant after
// tenant.
type KeepArgs struct{}

// Kind names the job in the queue.
func (KeepArgs) Kind() string { return "conversations.keep" }

// Keeping is how long a tenant keeps its messages, and for how long where they are read fastest.
type Keeping struct {
	Tenant    flomastr.TenantID
	Retention time.Duration
	HotFor    time.Duration
	Archive   bool // the tenant's cold database is there
}

// Place is where messages are kept.
type Place string

// The places.
const (
	PlaceHot     Place = "hot"
	PlaceArchive Place = "archive"
)

// KeepStore is what the keeper asks for. Each method is one commit in one database.
type KeepStore interface {
	Keepings(ctx context.Context) ([]Keeping, error)
	// NoteKeeping writes what was done to a tenant's messages into the audit log.
	NoteKeeping(ctx context.Context, tenant flomastr.TenantID, action string, detail map[string]string) error
	ExpiryStore
	ArchiveStore
	MediaKeepStore
}

// ExpiryStore deletes what is past its retention.
type ExpiryStore interface {
	// CountExpired counts the messages that we received before a time.
	CountExpired(ctx context.Context, tenant flomastr.TenantID, place Place, before time.Time) (int, error)
	// Expire deletes at most limit of them, with what was kept of their way and of what was sent, and tells how many. One
	// that waits to be sent stays. Receipts stay, so that a message that is delivered once more is still known.
	Expire(ctx context.Context, tenant flomastr.TenantID, place Place, before time.Time, limit int) (int, error)
	// ExpireTraces deletes at most limit of the finished turns and unusable bodies from before a time and blanks what the
	// list still shows of old messages.
	ExpireTraces(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (int, error)
}

const expireBatch = 500

// Keeper holds the tenants to their retention and keeps the hot database small. Whatever it does can be broken off
// anywhere and done again.
type Keeper struct {
	store KeepStore
	clock flomastr.Clock
	log   *slog.Logger
}

// NewKeeper makes a keeper.
func NewKeeper(store KeepStore, clock flomastr.Clock, log *slog.Logger) *Keeper {
	return &Keeper{store, clock, log}
}

// Keep goes through all tenants once. One tenant's failure does not keep the others waiting.
func (k *Keeper) Keep(ctx context.Context) error {
	keepings, err := k.store.Keepings(ctx)
	if err != nil {
		return fmt.Errorf("list what tenants keep: %w", err)
	}
	var all error
	for _, t := range keepings {
		if err := errors.Join(k.expire(ctx, t), k.archive(ctx, t), k.media(ctx, t)); err != nil {
			k.log.ErrorContext(ctx, "keeping failed", "tenant_id", t.Tenant, "error", err)
			all = errors.Join(all, err)
		}
	}
	return all
}

// expire deletes what is past its retention, wherever it is, and leaves the counts of before and after as proof.
func (k *Keeper) expire(ctx context.Context, t Keeping) error {
	before := k.clock().Add(-t.Retention)
	places := []Place{PlaceHot}
	if t.Archive {
		places = append(places, PlaceArchive)
	}
	var all error
	for _, place := range places {
		if err := k.expireIn(ctx, t.Tenant, place, before); err != nil {
			all = errors.Join(all, fmt.Errorf("expire messages (%s): %w", place, err))
		}
	}
	return errors.Join(all, drain(func() (int, error) { return k.store.ExpireTraces(ctx, t.Tenant, before, expireBatch) }))
}

func (k *Keeper) expireIn(ctx context.Context, tenant flomastr.TenantID, place Place, before time.Time) error {
	due, err := k.store.CountExpired(ctx, tenant, place, before)
	if err != nil || due == 0 {
		return err
	}
	detail := map[string]string{
		"place": string(place), "received_before": before.UTC().Format(time.RFC3339), "count_before": strconv.Itoa(due),
	}
	// The first line stays alone where the work was broken off; the next run counts what is left.
	if err := k.store.NoteKeeping(ctx, tenant, "messages.expiry_began", detail); err != nil {
		return err
	}
	if err := drain(func() (int, error) { return k.store.Expire(ctx, tenant, place, before, expireBatch) }); err != nil {
		return err
	}
	left, err := k.store.CountExpired(ctx, tenant, place, before)
	if err != nil {
		return err
	}
	detail["count_after"] = strconv.Itoa(left)
	return k.store.NoteKeeping(ctx, tenant, "messages.expired", detail)
}

// drain repeats a batch until it finds nothing more.
func drain(batch func() (int, error)) error {
	for {
		n, err := batch()
		if err != nil || n == 0 {
			return err
		}
	}
}
