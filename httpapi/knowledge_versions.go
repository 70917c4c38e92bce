package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type knowledgeVersion struct {
	Version   int       `json:"version"`
	Chunks    int       `json:"chunks"`
	Serving   bool      `json:"serving" doc:"It answers questions now"`
	Cause     string    `json:"cause,omitempty" enum:"added,edited,uploaded,crawled,reindexed,restored,promoted,rolled_back" doc:"Why there is this version; absent where that was not kept"`
	ChangedBy string    `json:"changed_by,omitempty" doc:"Who made it, as the audit log names them"`
	Restored  int       `json:"restored,omitempty" doc:"The version that was put back"`
	CreatedAt time.Time `json:"created_at" doc:"When it began to answer questions"`
}

func versionOf(v contextengine.Version) knowledgeVersion {
	return knowledgeVersion{
		Version: v.Version, Chunks: v.Chunks, Serving: v.Serving, Cause: string(v.Cause), ChangedBy: string(v.By), Restored: v.Restored, CreatedAt: v.CreatedAt.UTC(),
	}
}

type knowledgeVersionsOutput struct {
	Body struct {
		Versions []knowledgeVersion `json:"versions" doc:"Those kept, newest first"`
	}
}

func (a *API) knowledgeVersions(ctx context.Context, call Call, in *knowledgeItemInput) (*knowledgeVersionsOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	versions, err := a.deps.Knowledge.Versions(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	out := &knowledgeVersionsOutput{}
	out.Body.Versions = make([]knowledgeVersion, len(versions))
	for i, v := range versions {
		out.Body.Versions[i] = versionOf(v)
	}
	return out, nil
}

type knowledgeVersionInput struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The item's id"`
	Version    int    `path:"version" minimum:"1" maximum:"2147483647"`
}

func (in *knowledgeVersionInput) item() (flomastr.ItemID, error) {
	return (&knowledgeItemInput{ID: in.ID}).item()
}

type knowledgeVersionOutput struct {
	Body struct {
		Version  knowledgeVersion `json:"version"`
		Markdown string           `json:"markdown"`
	}
}

func (a *API) knowledgeVersion(ctx context.Context, call Call, in *knowledgeVersionInput) (*knowledgeVersionOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	version, err := a.deps.Knowledge.Version(ctx, call.Tenant.ID, id, in.Version)
	if err != nil {
		return nil, err
	}
	out := &knowledgeVersionOutput{}
	out.Body.Version, out.Body.Markdown = versionOf(version), version.Markdown
	return out, nil
}

func (a *API) knowledgeRestore(ctx context.Context, call Call, in *knowledgeVersionInput) (*knowledgeAcceptedOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	item, err := a.deps.Knowledge.Restore(ctx, call.Tenant.ID, call.Caller.Actor(), id, in.Version)
	if err != nil {
		return nil, err
	}
	return acceptedOf(item), nil
}
