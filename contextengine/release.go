package contextengine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// ReleaseState says where a release stands.
type ReleaseState string

// The states of a release. Promoting and RollingBack last for seconds; what a crash leaves in them, a job brings to its end.
const (
	ReleaseOpen        ReleaseState = "open"
	ReleasePromoting   ReleaseState = "promoting"
	ReleasePromoted    ReleaseState = "promoted"
	ReleaseRollingBack ReleaseState = "rolling_back"
	ReleaseRolledBack  ReleaseState = "rolled_back" // its changes are held as before, and may be promoted again
	ReleaseDiscarded   ReleaseState = "discarded"   // or replaced by a later one: nothing is held
)

// What a business may stage.
const (
	MaxReleaseName    = 120 // characters
	MaxReleaseChanges = 500 // of a release
)

// Release is a named list of changes to the knowledge that are prepared, asked and measured beside what serves, and begin to
// serve together. A tenant has one that is open, and may roll back the one that was promoted last.
type Release struct {
	ID        flomastr.ReleaseID
	Name      string
	State     ReleaseState
	Held      bool // its changes are still there: while promoted, it can be rolled back
	Count     int  // of the changes
	By        flomastr.Actor
	CreatedAt time.Time
	ChangedAt time.Time // of its state
	Changes   []ReleaseChange
}

// Ready tells whether every change is prepared and none is overtaken.
func (r Release) Ready() bool {
	for _, c := range r.Changes {
		if c.Status != Embedded || c.Conflict != "" {
			return false
		}
	}
	return len(r.Changes) > 0
}

// ChangeKind says what a change of a release does.
type ChangeKind string

// The kinds of changes.
const (
	ChangeAdds     ChangeKind = "add"
	ChangeReplaces ChangeKind = "replace"
	ChangeRemoves  ChangeKind = "remove"
)

// ReleaseChange is one item that a release adds, replaces or removes. Held is the side that does not serve: what the change
// brings, and once it is promoted what it took away. Nothing of an item is held where there is none.
type ReleaseChange struct {
	ID       flomastr.ReleaseChangeID
	Release  flomastr.ReleaseID
	Kind     ChangeKind
	Status   Status // Embedded: it is prepared
	Error    string // a sentence, when failed
	Conflict string // a sentence, when the item is no longer what the change was made for
	Base     int    // the item's version beside which it holds
	Held     Item
	By       flomastr.Actor
	At       time.Time
}

// The errors of releases.
var (
	ErrReleaseNotFound  = flomastr.Errorf(flomastr.NotFound, "release_not_found", "There is no such release.")
	ErrChangeNotFound   = flomastr.Errorf(flomastr.NotFound, "release_change_not_found", "The release has no such change.")
	ErrReleaseName      = flomastr.Errorf(flomastr.Invalid, "release_name_invalid", "A release's name has 1 to 120 characters.").Field("body.name", "must have 1 to 120 characters")
	ErrReleaseStaged    = flomastr.Errorf(flomastr.Conflict, "release_open", "Another release is staged already; promote or discard it first.")
	ErrReleaseClosed    = flomastr.Errorf(flomastr.Conflict, "release_closed", "This release takes no more changes; stage a new one.")
	ErrReleaseRunning   = flomastr.Errorf(flomastr.Conflict, "release_running", "This release is being promoted or rolled back; wait for a moment.")
	ErrReleaseFull      = flomastr.Errorf(flomastr.Conflict, "release_full", "A release has at most 500 changes.")
	ErrReleaseEmpty     = flomastr.Errorf(flomastr.Conflict, "release_empty", "This release has no change yet.")
	ErrReleaseNotReady  = flomastr.Errorf(flomastr.Conflict, "release_not_ready", "Some changes of this release are not prepared; wait for them, or drop those that failed.")
	ErrReleaseChanged   = flomastr.Errorf(flomastr.Conflict, "release_conflict", "Some entries have changed since the release was staged; stage these changes again, or drop them.")
	ErrReleaseDiscarded = flomastr.Errorf(flomastr.Conflict, "release_discarded", "Nothing is kept of this release any more.")
	ErrNotPromoted      = flomastr.Errorf(flomastr.Conflict, "release_not_promoted", "Only the release that was promoted last can be rolled back.")
	ErrNothingServes    = flomastr.Errorf(flomastr.Conflict, "item_not_ready", "Nothing of this entry answers questions yet; wait until it is read, or delete it.")
	ErrItemExchanged    = flomastr.Errorf(flomastr.Unavailable, "release_running", "This entry is part of a release that is being promoted or rolled back; try again in a moment.")
)

// StageRelease begins a new, empty release.
func (e *Engine) StageRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, name string) (Release, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxReleaseName || strings.ContainsRune(name, 0) {
		return Release{}, ErrReleaseName
	}
	return e.Releases.StageRelease(ctx, tenant, by, name)
}

// ChangeDraft is a change as somebody asks for it: an item, or a title, with the text that it shall have, or an item to remove.
type ChangeDraft struct {
	Item    flomastr.ItemID
	Title   string
	Content []byte
	Remove  bool
	By      flomastr.Actor
}

// ChangeRelease puts a change into a release, in the place of another for the same item, and has it prepared. The text of a
// page or a file is kept as a restored version's is.
func (e *Engine) ChangeRelease(ctx context.Context, tenant flomastr.TenantID, release flomastr.ReleaseID, d ChangeDraft) (ReleaseChange, error) {
	item, err := e.itemOf(ctx, tenant, d)
	if err != nil {
		return ReleaseChange{}, err
	}
	change := ReleaseChange{ID: flomastr.NewID[flomastr.ReleaseChangeID](), Release: release, Kind: ChangeReplaces, Status: Processing, Held: item, By: d.By}
	switch {
	case item.ID.IsZero():
		change.Kind, item.ID, item.Title, item.Source = ChangeAdds, flomastr.NewID[flomastr.ItemID](), d.Title, FromPaste
	case item.IndexedVersion == 0:
		return ReleaseChange{}, ErrNothingServes
	}
	if d.Remove {
		change.Kind, change.Held = ChangeRemoves, Item{ID: item.ID, Title: item.Title}
	} else if change.Held, err = e.deposit(ctx, tenant, item, d); err != nil {
		return ReleaseChange{}, err
	}
	saved, freed, err := e.Releases.SaveChange(ctx, tenant, change)
	if err != nil {
		e.dropBlob(ctx, tenant, change.Held.BlobKey)
		return ReleaseChange{}, err
	}
	e.unstageNow(ctx, tenant, freed)
	return saved, nil
}

// itemOf finds the item that a change is for; the zero item for a new one.
func (e *Engine) itemOf(ctx context.Context, tenant flomastr.TenantID, d ChangeDraft) (Item, error) {
	if !d.Item.IsZero() {
		return e.Status.Item(ctx, tenant, d.Item)
	}
	item, err := e.Releases.ItemTitled(ctx, tenant, strings.TrimSpace(d.Title))
	if errors.Is(err, ErrItemNotFound) && !d.Remove {
		return Item{}, nil
	}
	return item, err
}

// deposit keeps a change's text as the item's original will be kept.
func (e *Engine) deposit(ctx context.Context, tenant flomastr.TenantID, item Item, d ChangeDraft) (Item, error) {
	if n := utf8.RuneCount(d.Content); item.Source == FromHITL && n > flomastr.MaxReplyChars {
		return Item{}, ErrAnswerLength
	}
	save, err := e.store(ctx, tenant, rewritten(item, d.Content))
	if err != nil {
		return Item{}, err
	}
	return Item{
		ID: item.ID, Title: save.Title, Source: save.Source, Type: save.Type, Filename: save.Filename, URL: save.URL, Intent: item.Intent, Tags: item.Tags,
		Size: save.Size, Hash: save.Hash, BlobKey: save.BlobKey,
	}, nil
}

// DropChange takes a change out of a release. Of a promoted one, it takes back that the change can be rolled back.
func (e *Engine) DropChange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) error {
	freed, err := e.Releases.DropChange(ctx, tenant, by, release, id)
	if err != nil {
		return err
	}
	e.unstageNow(ctx, tenant, freed)
	return nil
}

// DiscardRelease frees all that a release holds. One that was promoted goes on serving, and cannot be rolled back.
func (e *Engine) DiscardRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) error {
	freed, err := e.Releases.DiscardRelease(ctx, tenant, by, id)
	if err != nil {
		return err
	}
	e.unstageNow(ctx, tenant, freed)
	return nil
}

// ReleaseList lists a tenant's releases, latest first, without their changes.
func (e *Engine) ReleaseList(ctx context.Context, tenant flomastr.TenantID) ([]Release, error) {
	return e.Releases.Releases(ctx, tenant)
}

// Release finds one with its changes.
func (e *Engine) Release(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (Release, error) {
	return e.Releases.Release(ctx, tenant, id)
}

// ChangedText reads what a change holds and what serves in its place, as Markdown; "" where there is nothing.
func (e *Engine) ChangedText(ctx context.Context, tenant flomastr.TenantID, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) (held, serving string, err error) {
	c, err := e.Releases.Change(ctx, tenant, id)
	if err != nil {
		return "", "", err
	}
	if c.Release != release {
		return "", "", ErrChangeNotFound
	}
	if held, err = e.Staged.StagedText(ctx, tenant, id); err != nil {
		return "", "", fmt.Errorf("read what is held: %w", err)
	}
	versions, err := e.Content.Versions(ctx, tenant, c.Held.ID)
	if err != nil {
		return "", "", fmt.Errorf("read versions: %w", err)
	}
	for _, v := range versions {
		if v.Serving {
			version, err := e.Content.Version(ctx, tenant, c.Held.ID, v.Version)
			return held, version.Markdown, err
		}
	}
	return held, "", nil
}

// ready gives the changes with which a question is asked of a release; none where it serves, or changes nothing.
func (e *Engine) ready(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) ([]flomastr.ReleaseChangeID, error) {
	release, err := e.Releases.Release(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if release.State == ReleaseDiscarded {
		return nil, ErrReleaseDiscarded
	}
	ids := make([]flomastr.ReleaseChangeID, len(release.Changes))
	for i, c := range release.Changes {
		if c.Status != Embedded {
			return nil, ErrReleaseNotReady
		}
		ids[i] = c.ID
	}
	return ids, nil
}
