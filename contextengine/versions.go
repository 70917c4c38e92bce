package contextengine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
)

// Cause says why an item has a version.
type Cause string

// The causes.
const (
	Added     Cause = "added"
	Edited    Cause = "edited"    // its text was written anew
	Uploaded  Cause = "uploaded"  // its file was given again
	Crawled   Cause = "crawled"   // its page had changed
	Reindexed Cause = "reindexed" // somebody had it read again
	Restored  Cause = "restored"  // an old version was put back
	Promoted  Cause = "promoted"  // a release began to serve
	RolledOff Cause = "rolled_back"
)

// Change is who made a version, when, and why. The zero value is that of a version made before changes were kept.
type Change struct {
	Version  int
	Cause    Cause
	By       flomastr.Actor
	At       time.Time
	Restored int // the version that was put back
}

// Version is one kept version of an item's Markdown.
type Version struct {
	Change
	Markdown  string // "" in a list
	Chunks    int
	CreatedAt time.Time // when it began to serve
	Serving   bool
}

// ErrVersionNotFound is what one gets who asks for a version that never was, was never ready, or is kept no longer.
var ErrVersionNotFound = flomastr.Errorf(flomastr.NotFound, "version_not_found", "There is no such version of this item any more.")

// Versions lists an item's kept versions, newest first, without their Markdown.
func (e *Engine) Versions(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]Version, error) {
	changes, err := e.Status.Changes(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	versions, err := e.Content.Versions(ctx, tenant, id)
	for i := range versions {
		versions[i].Change = changeOf(changes, versions[i].Version)
	}
	return versions, err
}

// Version reads one kept version with its Markdown.
func (e *Engine) Version(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, number int) (Version, error) {
	changes, err := e.Status.Changes(ctx, tenant, id)
	if err != nil {
		return Version{}, err
	}
	version, err := e.Content.Version(ctx, tenant, id, number)
	version.Change = changeOf(changes, number)
	return version, err
}

func changeOf(changes []Change, version int) Change {
	if i := slices.IndexFunc(changes, func(c Change) bool { return c.Version == version }); i >= 0 {
		return changes[i]
	}
	return Change{Version: version}
}

// Restore puts an old version back as a new one, which is indexed like any other while the present one serves. A page
// stays a page: the next crawl that finds it changed takes its turn. A file becomes text, because its Markdown is all
// that was kept of it. Restoring what is there already does nothing.
func (e *Engine) Restore(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID, number int) (Item, error) {
	item, err := e.Status.Item(ctx, tenant, id)
	if err != nil {
		return Item{}, err
	}
	old, err := e.Content.Version(ctx, tenant, id, number)
	if err != nil {
		return Item{}, fmt.Errorf("read version %d: %w", number, err)
	}
	draft := rewritten(item, []byte(old.Markdown))
	draft.By = by
	return e.keep(ctx, tenant, draft, func(save *SaveItem) { save.ID, save.Cause, save.Restored = id, Restored, number })
}

// rewritten is an item with another text. A page stays a page; a file becomes text, because there is no file of it.
func rewritten(item Item, markdown []byte) Draft {
	d := Draft{Title: item.Title, Source: item.Source, URL: item.URL, Content: markdown}
	switch item.Source {
	case FromURL:
		d.Document = &Document{Title: item.Title, Markdown: string(markdown), Type: item.Type, URL: item.URL}
	case FromFile:
		d.Source = FromPaste
	}
	return d
}
