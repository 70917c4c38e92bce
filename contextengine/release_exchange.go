package contextengine

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
)

// ExchangeArgs is the job that brings a promotion or a rollback to its end. The commit that begins one makes it, so that a
// crash on the way leaves the job.
type ExchangeArgs struct {
	Tenant  flomastr.TenantID  `json:"tenant_id"`
	Release flomastr.ReleaseID `json:"release_id"`
}

// Kind names the job in the queue.
func (ExchangeArgs) Kind() string { return "knowledge.exchange" }

// Promote lets a release serve: all of it or nothing. Promoting what is promoted does nothing.
func (e *Engine) Promote(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (Release, error) {
	return e.exchangeNow(ctx, tenant, by, id, true)
}

// Rollback puts back what served before the release that was promoted last. Rolling back again does nothing.
func (e *Engine) Rollback(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (Release, error) {
	return e.exchangeNow(ctx, tenant, by, id, false)
}

func (e *Engine) exchangeNow(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID, promote bool) (Release, error) {
	if err := e.Releases.BeginExchange(ctx, tenant, by, id, promote); err != nil {
		return Release{}, err
	}
	// From here on it comes to its end, whether or not somebody waits for it.
	err := e.Exchange(context.WithoutCancel(ctx), tenant, ExchangeArgs{Tenant: tenant, Release: id})
	if errors.Is(err, ErrReleaseChanged) || errors.Is(err, ErrReleaseNotReady) {
		return Release{}, err
	}
	if err != nil {
		// The job stands: it follows when the databases answer again.
		e.Log.WarnContext(ctx, "release not exchanged yet", "tenant_id", tenant, "release_id", id, "error", err)
	}
	return e.Releases.Release(ctx, tenant, id)
}

// Exchange does the job, from wherever it stands. The two databases share no commit: the hot one has put the items aside, the
// cold one exchanges what serves or refuses, and the hot one says what became of it.
func (e *Engine) Exchange(ctx context.Context, tenant flomastr.TenantID, args ExchangeArgs) error {
	release, err := e.Releases.Release(ctx, tenant, args.Release)
	if errors.Is(err, ErrReleaseNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read release: %w", err)
	}
	if release.State != ReleasePromoting && release.State != ReleaseRollingBack {
		return nil
	}
	list := make([]Exchange, len(release.Changes))
	for i, c := range release.Changes {
		list[i] = Exchange{Change: c.ID, Item: c.Held.ID, Version: c.Held.Version}
	}
	err = e.Staged.Exchange(ctx, tenant, list, release.State == ReleasePromoting)
	if errors.Is(err, ErrReleaseChanged) || errors.Is(err, ErrReleaseNotReady) {
		return errors.Join(err, e.Releases.RefuseExchange(ctx, tenant, args.Release))
	}
	if err != nil {
		return fmt.Errorf("exchange content: %w", err)
	}
	freed, err := e.Releases.EndExchange(ctx, tenant, args.Release)
	if err != nil {
		return fmt.Errorf("end exchange: %w", err)
	}
	e.unstageNow(ctx, tenant, freed)
	return nil
}
