package contextengine

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
)

// Items lists a page of the tenant's knowledge.
func (e *Engine) Items(ctx context.Context, tenant flomastr.TenantID, l Listing) (Page, error) {
	return e.Status.Items(ctx, tenant, l)
}

// Item finds one item.
func (e *Engine) Item(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (Item, error) {
	return e.Status.Item(ctx, tenant, id)
}

// Chunks lists an item's passages as they serve now.
func (e *Engine) Chunks(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]Chunk, error) {
	if _, err := e.Status.Item(ctx, tenant, id); err != nil {
		return nil, err
	}
	return e.Content.Chunks(ctx, tenant, id)
}

// Reindex reads an item's source again and indexes it as a new version; a page is fetched again.
func (e *Engine) Reindex(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (Item, error) {
	item, err := e.Status.Item(ctx, tenant, id)
	if err != nil {
		return Item{}, err
	}
	// What was taken in under wider limits is not read again under narrower ones. A page is judged when it is there.
	if err := e.allowed(ctx, tenant, item.Source, item.Type, item.Size); err != nil {
		return Item{}, err
	}
	return e.Status.Reindex(ctx, tenant, by, id)
}

// EraseArgs is the job that removes what Delete could not: the commit that removes an item's row makes it, so that a
// crash before the content is gone leaves the job.
type EraseArgs struct {
	Tenant  flomastr.TenantID `json:"tenant_id"`
	Item    flomastr.ItemID   `json:"item_id"`
	BlobKey string            `json:"blob_key"` // "" where another item has the same content
}

// Kind names the job in the queue.
func (EraseArgs) Kind() string { return "knowledge.erase" }

// Delete removes an item: its row first, so that nobody sees it any more, then its passages, vectors, vocabulary counts,
// versions and its original.
func (e *Engine) Delete(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) error {
	erase, err := e.Status.RemoveItem(ctx, tenant, by, id)
	if err != nil {
		return err
	}
	if err := e.Erase(ctx, tenant, erase); err != nil {
		// The row is gone and the job stands: the content follows when the cold database answers again.
		e.Log.WarnContext(ctx, "knowledge item not erased yet", "tenant_id", tenant, "item_id", id, "error", err)
	}
	return nil
}

// Erase does the job. Erasing what is gone is success.
func (e *Engine) Erase(ctx context.Context, tenant flomastr.TenantID, args EraseArgs) error {
	if err := e.Content.Erase(ctx, tenant, args.Item); err != nil {
		return fmt.Errorf("erase content: %w", err)
	}
	if args.BlobKey == "" {
		return nil
	}
	if err := e.Blobs.Delete(ctx, tenant, args.BlobKey); err != nil && flomastr.KindOf(err) != flomastr.NotFound {
		return fmt.Errorf("delete original: %w", err)
	}
	return nil
}

// Health tells whether the knowledge can be reached, with the tenant's counts.
func (e *Engine) Health(ctx context.Context, tenant flomastr.TenantID) (Counts, error) {
	counts, err := e.Status.CountItems(ctx, tenant)
	if err != nil {
		return Counts{}, err
	}
	if _, err := e.Content.Lookup(ctx, tenant, Lookup{}); err != nil {
		return counts, errors.Join(ErrContentAway, err)
	}
	return counts, nil
}

// ErrContentAway is what Health answers when the tenant's cold database does not.
var ErrContentAway = flomastr.Errorf(flomastr.Unavailable, "knowledge_unavailable", "The knowledge of this tenant cannot be reached right now.")
