package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Releases is what the door asks of the context engine about releases.
type Releases interface {
	StageRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, name string) (contextengine.Release, error)
	ReleaseList(ctx context.Context, tenant flomastr.TenantID) ([]contextengine.Release, error)
	Release(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (contextengine.Release, error)
	ChangeRelease(ctx context.Context, tenant flomastr.TenantID, release flomastr.ReleaseID, d contextengine.ChangeDraft) (contextengine.ReleaseChange, error)
	ChangedText(ctx context.Context, tenant flomastr.TenantID, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) (held, serving string, err error)
	DropChange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) error
	Promote(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (contextengine.Release, error)
	Rollback(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (contextengine.Release, error)
	DiscardRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) error
}

type release struct {
	ID          flomastr.ReleaseID `json:"id" format:"uuid"`
	Name        string             `json:"name"`
	State       string             `json:"state" enum:"staging,ready,promoting,promoted,rolling_back,rolled_back,discarded" doc:"ready: every change is prepared and none is overtaken; a list says staging for both"`
	ChangeCount int                `json:"change_count"`
	CanRollBack bool               `json:"can_roll_back" doc:"It was promoted last, and what served before is kept"`
	StagedBy    string             `json:"staged_by" doc:"As the audit log names them"`
	CreatedAt   time.Time          `json:"created_at"`
	ChangedAt   time.Time          `json:"changed_at" doc:"When its state changed"`
	Changes     []releaseChange    `json:"changes,omitempty" doc:"Not in a list"`
}

type releaseChange struct {
	ID        flomastr.ReleaseChangeID `json:"id" format:"uuid"`
	Kind      string                   `json:"kind" enum:"add,replace,remove"`
	ItemID    flomastr.ItemID          `json:"item_id" format:"uuid" doc:"The item that it is for; an added one has it once it is promoted"`
	Title     string                   `json:"title"`
	Status    string                   `json:"status" enum:"processing,ready,failed"`
	Error     string                   `json:"error" doc:"A sentence, when failed"`
	Conflict  string                   `json:"conflict" doc:"A sentence, when the item is no longer what the change was made for: stage it again, or drop it"`
	Chunks    int                      `json:"chunks" doc:"Passages of what does not serve"`
	ChangedBy string                   `json:"changed_by"`
	ChangedAt time.Time                `json:"changed_at"`
}

func releaseOf(r contextengine.Release) release {
	out := release{
		ID: r.ID, Name: r.Name, State: string(r.State), ChangeCount: r.Count, CanRollBack: r.State == contextengine.ReleasePromoted && r.Held && r.Count > 0,
		StagedBy: string(r.By), CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt,
	}
	if r.State == contextengine.ReleaseOpen {
		out.State = "staging"
		if r.Ready() {
			out.State = "ready"
		}
	}
	for _, c := range r.Changes {
		out.Changes = append(out.Changes, changeOf(c))
	}
	return out
}

func changeOf(c contextengine.ReleaseChange) releaseChange {
	status := string(c.Status)
	if c.Status == contextengine.Embedded {
		status = "ready"
	}
	return releaseChange{
		ID: c.ID, Kind: string(c.Kind), ItemID: c.Held.ID, Title: c.Held.Title, Status: status, Error: c.Error, Conflict: c.Conflict, Chunks: c.Held.Chunks,
		ChangedBy: string(c.By), ChangedAt: c.At,
	}
}

type releaseOutput struct{ Body release }

func oneRelease(r contextengine.Release, err error) (*releaseOutput, error) {
	if err != nil {
		return nil, err
	}
	return &releaseOutput{releaseOf(r)}, nil
}

type releaseListInput struct {
	TenantSlug string `path:"tenant_slug"`
}

type releaseListOutput struct {
	Body struct {
		Releases []release `json:"releases" doc:"The last fifty, latest first"`
	}
}

func (a *API) releaseList(ctx context.Context, call Call, _ *releaseListInput) (*releaseListOutput, error) {
	list, err := a.deps.Knowledge.ReleaseList(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &releaseListOutput{}
	out.Body.Releases = make([]release, len(list))
	for i, r := range list {
		out.Body.Releases[i] = releaseOf(r)
	}
	return out, nil
}

type releaseStageInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		Name string `json:"name" minLength:"1" maxLength:"120"`
	}
}

func (a *API) releaseStage(ctx context.Context, call Call, in *releaseStageInput) (*releaseOutput, error) {
	return oneRelease(a.deps.Knowledge.StageRelease(ctx, call.Tenant.ID, call.Caller.Actor(), in.Body.Name))
}

// ReleasePath names a release.
type ReleasePath struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The release's id"`
}

func (p ReleasePath) id() (flomastr.ReleaseID, error) { return releaseID(p.ID) }

// releaseID reads an id; what is no id names nothing, "" no release.
func releaseID(text string) (flomastr.ReleaseID, error) {
	if text == "" {
		return flomastr.ReleaseID{}, nil
	}
	id, err := flomastr.ParseID[flomastr.ReleaseID](text)
	if err != nil {
		return id, contextengine.ErrReleaseNotFound
	}
	return id, nil
}

func (a *API) releaseGet(ctx context.Context, call Call, in *ReleasePath) (*releaseOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneRelease(a.deps.Knowledge.Release(ctx, call.Tenant.ID, id))
}

func (a *API) releasePromote(ctx context.Context, call Call, in *ReleasePath) (*releaseOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneRelease(a.deps.Knowledge.Promote(ctx, call.Tenant.ID, call.Caller.Actor(), id))
}

func (a *API) releaseRollback(ctx context.Context, call Call, in *ReleasePath) (*releaseOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneRelease(a.deps.Knowledge.Rollback(ctx, call.Tenant.ID, call.Caller.Actor(), id))
}

func (a *API) releaseDiscard(ctx context.Context, call Call, in *ReleasePath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return &struct{}{}, a.deps.Knowledge.DiscardRelease(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}

type releaseChangeInput struct {
	ReleasePath
	Body struct {
		ItemID  string `json:"item_id,omitempty" format:"uuid" doc:"The item to replace or remove; without it, the title says which, or names a new one"`
		Title   string `json:"title,omitempty" maxLength:"300"`
		Content string `json:"content,omitempty" doc:"Markdown or plain text"`
		Remove  bool   `json:"remove,omitempty" doc:"Remove the item; takes no content"`
	}
}

type releaseChangeOutput struct{ Body releaseChange }

func (a *API) releaseChange(ctx context.Context, call Call, in *releaseChangeInput) (*releaseChangeOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	draft := contextengine.ChangeDraft{Title: in.Body.Title, Content: []byte(in.Body.Content), Remove: in.Body.Remove, By: call.Caller.Actor()}
	if in.Body.ItemID != "" {
		if draft.Item, err = flomastr.ParseID[flomastr.ItemID](in.Body.ItemID); err != nil {
			return nil, contextengine.ErrItemNotFound
		}
	}
	c, err := a.deps.Knowledge.ChangeRelease(ctx, call.Tenant.ID, id, draft)
	if err != nil {
		return nil, err
	}
	return &releaseChangeOutput{changeOf(c)}, nil
}

// ReleaseChangePath names a change of a release.
type ReleaseChangePath struct {
	ReleasePath
	Change string `path:"change" doc:"The change's id"`
}

func (p ReleaseChangePath) ids() (id flomastr.ReleaseID, change flomastr.ReleaseChangeID, err error) {
	if id, err = p.id(); err != nil {
		return id, change, err
	}
	if change, err = flomastr.ParseID[flomastr.ReleaseChangeID](p.Change); err != nil {
		return id, change, contextengine.ErrChangeNotFound
	}
	return id, change, nil
}

type releaseTextOutput struct {
	Body struct {
		Held    string `json:"held" doc:"The Markdown that does not serve: what the change brings, or what it took away; empty where there is none"`
		Serving string `json:"serving" doc:"What answers questions in its place now"`
	}
}

func (a *API) releaseChangeText(ctx context.Context, call Call, in *ReleaseChangePath) (*releaseTextOutput, error) {
	id, change, err := in.ids()
	if err != nil {
		return nil, err
	}
	out := &releaseTextOutput{}
	out.Body.Held, out.Body.Serving, err = a.deps.Knowledge.ChangedText(ctx, call.Tenant.ID, id, change)
	return out, err
}

func (a *API) releaseChangeDrop(ctx context.Context, call Call, in *ReleaseChangePath) (*struct{}, error) {
	id, change, err := in.ids()
	if err != nil {
		return nil, err
	}
	return &struct{}{}, a.deps.Knowledge.DropChange(ctx, call.Tenant.ID, call.Caller.Actor(), id, change)
}
