package httpapi

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type knowledgeItemInput struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The item's id"`
}

// item reads the id; what is no id names nothing.
func (in *knowledgeItemInput) item() (flomastr.ItemID, error) {
	id, err := flomastr.ParseID[flomastr.ItemID](in.ID)
	if err != nil {
		return id, contextengine.ErrItemNotFound
	}
	return id, nil
}

type knowledgeItemOutput struct{ Body knowledgeEntry }

func (a *API) knowledgeItem(ctx context.Context, call Call, in *knowledgeItemInput) (*knowledgeItemOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	item, err := a.deps.Knowledge.Item(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	return &knowledgeItemOutput{entryOf(item)}, nil
}

func (a *API) knowledgeDelete(ctx context.Context, call Call, in *knowledgeItemInput) (*struct{}, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	if err := a.deps.Knowledge.Delete(ctx, call.Tenant.ID, call.Caller.Actor(), id); err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}

func (a *API) knowledgeReindex(ctx context.Context, call Call, in *knowledgeItemInput) (*knowledgeAcceptedOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	item, err := a.deps.Knowledge.Reindex(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	if err != nil {
		return nil, err
	}
	return acceptedOf(item), nil
}

type knowledgeChunksOutput struct {
	Body struct {
		Chunks     []knowledgeChunk `json:"chunks"`
		TotalCount int              `json:"total_count"`
	}
}

type knowledgeChunk struct {
	ID          flomastr.PassageID `json:"id" format:"uuid"`
	Position    int                `json:"position" doc:"From 0, in the order of the document"`
	HeadingPath []string           `json:"heading_path"`
	Text        string             `json:"text"`
	Place       flomastr.Place     `json:"place,omitzero" doc:"Where in the document it begins, when that has pages, sheets or slides"`
}

func (a *API) knowledgeChunks(ctx context.Context, call Call, in *knowledgeItemInput) (*knowledgeChunksOutput, error) {
	id, err := in.item()
	if err != nil {
		return nil, err
	}
	chunks, err := a.deps.Knowledge.Chunks(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	out := &knowledgeChunksOutput{}
	out.Body.Chunks, out.Body.TotalCount = make([]knowledgeChunk, len(chunks)), len(chunks)
	for i, c := range chunks {
		out.Body.Chunks[i] = knowledgeChunk{ID: c.ID, Position: c.Ordinal, HeadingPath: orEmpty(c.HeadingPath), Text: c.Text, Place: c.Place}
	}
	return out, nil
}
