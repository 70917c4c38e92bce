package contextengine

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
)

// StageArgs is the job that prepares one change of a release.
type StageArgs struct {
	Tenant flomastr.TenantID        `json:"tenant_id"`
	Change flomastr.ReleaseChangeID `json:"change_id"`
}

// Kind names the job in the queue.
func (StageArgs) Kind() string { return "knowledge.stage" }

// UnstageArgs is the job that frees what changes held that are gone. It may be empty.
type UnstageArgs struct {
	Tenant  flomastr.TenantID          `json:"tenant_id"`
	Changes []flomastr.ReleaseChangeID `json:"change_ids"`
	Blobs   []string                   `json:"blob_keys"`
}

// Kind names the job in the queue.
func (UnstageArgs) Kind() string { return "knowledge.unstage" }

// Stage does the job: it reads, cuts and embeds what a change brings, as [Engine.Index] does. It may be killed at any point and
// done again.
func (e *Engine) Stage(ctx context.Context, tenant flomastr.TenantID, args StageArgs) error {
	c, err := e.Releases.Change(ctx, tenant, args.Change)
	if errors.Is(err, ErrChangeNotFound) {
		return e.Staged.Unstage(ctx, tenant, []flomastr.ReleaseChangeID{args.Change}) // dropped meanwhile
	}
	if err != nil {
		return fmt.Errorf("read change: %w", err)
	}
	if c.Status != Processing {
		return nil
	}
	staging, err := e.staging(ctx, tenant, c)
	if err == nil {
		err = e.Staged.Stage(ctx, tenant, staging)
	}
	switch {
	case err == nil:
	case again(err), errors.Is(err, ErrReleaseChanged): // it was changed this very moment
		return fmt.Errorf("stage change: %w", err)
	default:
		return e.failChange(ctx, tenant, args, err)
	}
	chunks := 0
	if staging.Publication != nil {
		chunks = len(staging.Publication.Passages)
	}
	err = e.Releases.ChangeStaged(ctx, tenant, c.ID, staging.Base, chunks)
	if errors.Is(err, ErrChangeNotFound) {
		return e.Staged.Unstage(ctx, tenant, []flomastr.ReleaseChangeID{c.ID})
	}
	return err
}

func (e *Engine) staging(ctx context.Context, tenant flomastr.TenantID, c ReleaseChange) (Staging, error) {
	before, err := e.Content.Indexed(ctx, tenant, c.Held.ID)
	if err != nil {
		return Staging{}, fmt.Errorf("read what serves: %w", err)
	}
	out := Staging{Change: c.ID, Item: c.Held.ID, Base: before.Version}
	if c.Kind == ChangeRemoves {
		return out, nil
	}
	doc, err := e.fetch(ctx, tenant, c.Held)
	if err != nil {
		return Staging{}, err
	}
	p, err := e.prepare(ctx, tenant, c.Held, c.Held.Title, doc, func(Progress) error { return nil })
	out.Publication = &p
	return out, err
}

// GiveUpStage writes a failure that the queue has stopped trying to mend.
func (e *Engine) GiveUpStage(ctx context.Context, tenant flomastr.TenantID, args StageArgs, cause error) error {
	return e.failChange(ctx, tenant, args, cause)
}

func (e *Engine) failChange(ctx context.Context, tenant flomastr.TenantID, args StageArgs, cause error) error {
	e.Log.WarnContext(ctx, "change of a release failed", "tenant_id", tenant, "change_id", args.Change, "error", cause)
	err := e.Releases.FailChange(ctx, tenant, args.Change, failure(cause))
	if errors.Is(err, ErrChangeNotFound) {
		return nil
	}
	return err
}

// Unstage does the job. Freeing what is gone is success.
func (e *Engine) Unstage(ctx context.Context, tenant flomastr.TenantID, args UnstageArgs) error {
	if err := e.Staged.Unstage(ctx, tenant, args.Changes); err != nil {
		return fmt.Errorf("free staged content: %w", err)
	}
	for _, key := range args.Blobs {
		if err := e.Blobs.Delete(ctx, tenant, key); err != nil && flomastr.KindOf(err) != flomastr.NotFound {
			return fmt.Errorf("delete staged original: %w", err)
		}
	}
	return nil
}

// unstageNow does at once what a job will do otherwise.
func (e *Engine) unstageNow(ctx context.Context, tenant flomastr.TenantID, args UnstageArgs) {
	if len(args.Changes) == 0 {
		return
	}
	if err := e.Unstage(ctx, tenant, args); err != nil {
		e.Log.WarnContext(ctx, "staged content not freed yet", "tenant_id", tenant, "error", err)
	}
}

// dropBlob deletes what nothing refers to; the key may be "".
func (e *Engine) dropBlob(ctx context.Context, tenant flomastr.TenantID, key string) {
	if key == "" {
		return
	}
	if err := e.Blobs.Delete(ctx, tenant, key); err != nil {
		e.Log.WarnContext(ctx, "unused original not deleted", "tenant_id", tenant, "error", err)
	}
}
