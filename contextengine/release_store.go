package contextengine

import (
	"context"

	"github.com/flomastr/flomastr"
)

// StagedStore is what releases ask of the tenant's cold database. Each method is one commit. What is staged changes no answer
// and no count until it is exchanged with what serves.
type StagedStore interface {
	// Stage keeps what a change brings, and by how much it changes the counts. Staging a change again does nothing;
	// ErrReleaseChanged when the item is not at the base any more.
	Stage(ctx context.Context, tenant flomastr.TenantID, c Staging) error
	// Unstage frees all that changes hold. Freeing what is gone is success.
	Unstage(ctx context.Context, tenant flomastr.TenantID, changes []flomastr.ReleaseChangeID) error
	// Exchange lets what the changes hold serve, all of it or nothing, and holds what served; with promote false it is the way
	// back. Doing what is done is success. ErrReleaseChanged when an item is not what it was when the change was made or
	// exchanged last, ErrReleaseNotReady when some are not staged.
	Exchange(ctx context.Context, tenant flomastr.TenantID, list []Exchange, promote bool) error
	// StagedText is the Markdown that a change holds, "" for none.
	StagedText(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID) (string, error)
}

// Staging is a change that is ready to be staged.
type Staging struct {
	Change      flomastr.ReleaseChangeID
	Item        flomastr.ItemID // that it adds, replaces or removes
	Base        int             // the version that serves, beside which it was prepared; 0: none
	Publication *Publication    // nil: the item is removed
}

// Exchange is a change with the version that its item gets.
type Exchange struct {
	Change  flomastr.ReleaseChangeID
	Item    flomastr.ItemID
	Version int
}

// ReleaseStore is what releases ask of the hot database. Each method is one commit.
type ReleaseStore interface {
	// ItemTitled finds an item by its exact title.
	ItemTitled(ctx context.Context, tenant flomastr.TenantID, title string) (Item, error)
	// StageRelease makes an empty release; ErrReleaseStaged while another is open.
	StageRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, name string) (Release, error)
	Releases(ctx context.Context, tenant flomastr.TenantID) ([]Release, error)
	// Release reads one with its changes and their conflicts. While it is exchanged, a change's Held.Version is the version
	// that its item gets.
	Release(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (Release, error)
	// SaveChange adds a change with the job that stages it, and takes the one for the same item away, which it answers with.
	SaveChange(ctx context.Context, tenant flomastr.TenantID, c ReleaseChange) (ReleaseChange, UnstageArgs, error)
	Change(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID) (ReleaseChange, error)
	// ChangeStaged and FailChange answer ErrChangeNotFound when it is gone.
	ChangeStaged(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID, base, chunks int) error
	FailChange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID, sentence string) error
	// DropChange and DiscardRelease delete changes, and make the job that frees what they held.
	DropChange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) (UnstageArgs, error)
	DiscardRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (UnstageArgs, error)
	// BeginExchange reserves the items' next versions, keeps them from being changed, and makes the job, unless the release is
	// what is asked for already, or on its way there.
	BeginExchange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID, promote bool) error
	// EndExchange exchanges what is said of the items. After a promotion, it frees what earlier releases hold.
	EndExchange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (UnstageArgs, error)
	// RefuseExchange gives the items back as they are.
	RefuseExchange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) error
}
