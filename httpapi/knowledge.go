package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Knowledge is what the door asks of the context engine.
type Knowledge interface {
	Add(ctx context.Context, tenant flomastr.TenantID, draft contextengine.Draft) (contextengine.Item, error)
	PublishCard(ctx context.Context, tenant flomastr.TenantID, card contextengine.Card) (contextengine.Item, error)
	Items(ctx context.Context, tenant flomastr.TenantID, listing contextengine.Listing) (contextengine.Page, error)
	Item(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (contextengine.Item, error)
	Chunks(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]contextengine.Chunk, error)
	Versions(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]contextengine.Version, error)
	Version(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, number int) (contextengine.Version, error)
	Restore(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID, number int) (contextengine.Item, error)
	Reindex(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (contextengine.Item, error)
	Delete(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) error
	Retrieve(ctx context.Context, tenant flomastr.TenantID, query contextengine.Query) (contextengine.Result, error)
	Health(ctx context.Context, tenant flomastr.TenantID) (contextengine.Counts, error)
	Convert(ctx context.Context, tenant flomastr.TenantID, filename string, body []byte) (contextengine.Document, error)
	ConvertPage(ctx context.Context, tenant flomastr.TenantID, address string) (contextengine.Document, error)
	EmbedTexts(ctx context.Context, tenant flomastr.TenantID, texts []string) ([][]float32, string, error)
	EmbedItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([][]float32, string, error)
	Sites
	Unanswered
	Releases
	EmbedderSettings
}

type knowledgeEntry struct {
	ID             flomastr.ItemID   `json:"id" format:"uuid"`
	Title          string            `json:"title"`
	Type           string            `json:"type" doc:"What it was read from" example:"markdown"`
	Intent         string            `json:"intent"`
	Tags           []string          `json:"tags"`
	Source         string            `json:"source" enum:"file,url,paste,hitl"`
	URL            string            `json:"url,omitempty"`
	Filename       string            `json:"filename,omitempty"`
	Status         string            `json:"status" enum:"processing,embedded,failed"`
	Error          string            `json:"error" doc:"What went wrong, when failed"`
	Warnings       []string          `json:"warnings" doc:"What could not be read of it"`
	Version        int               `json:"version"`
	ServingVersion int               `json:"serving_version" doc:"The version that answers questions now; 0 when none does yet"`
	Chunks         int               `json:"chunks"`
	Progress       knowledgeProgress `json:"progress"`
	Size           int64             `json:"size" doc:"Bytes of the original"`
	CreatedAt      time.Time         `json:"created_at"`
	UpdatedAt      time.Time         `json:"updated_at"`
}

type knowledgeProgress struct {
	Stage string `json:"stage" enum:"queued,reading,embedding,storing,done"`
	Done  int    `json:"done"`
	Total int    `json:"total" doc:"Chunks; 0 while that is not known"`
}

func entryOf(item contextengine.Item) knowledgeEntry {
	return knowledgeEntry{
		ID: item.ID, Title: item.Title, Type: item.Type, Intent: item.Intent, Tags: orEmpty(item.Tags), Source: string(item.Source), URL: item.URL,
		Filename: item.Filename, Status: string(item.Status), Error: item.Error, Warnings: orEmpty(item.Warnings), Version: item.Version,
		ServingVersion: item.IndexedVersion, Chunks: item.Chunks, Size: item.Size, CreatedAt: item.CreatedAt, UpdatedAt: item.UpdatedAt,
		Progress: knowledgeProgress{Stage: string(item.Progress.Stage), Done: item.Progress.Done, Total: item.Progress.Total},
	}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

type knowledgeListInput struct {
	TenantSlug string `path:"tenant_slug"`
	Search     string `query:"search" maxLength:"200" doc:"In title, tags, address and file name"`
	Status     string `query:"status" enum:"processing,embedded,failed"`
	Source     string `query:"source" enum:"file,url,paste,hitl"`
	Sort       string `query:"sort" enum:"updated_at,created_at,title" default:"updated_at" doc:"Newest first, or by title"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	PageCursor
}

type knowledgeListOutput struct {
	Body struct {
		Entries    []knowledgeEntry `json:"entries"`
		TotalCount int              `json:"total_count"`
		NextCursor string           `json:"next_cursor,omitempty"`
	}
}

func (o *knowledgeListOutput) next() *string { return &o.Body.NextCursor }

func (a *API) knowledgeList(ctx context.Context, call Call, in *knowledgeListInput) (*knowledgeListOutput, error) {
	page, err := a.deps.Knowledge.Items(ctx, call.Tenant.ID, contextengine.Listing{
		Search: in.Search, Status: contextengine.Status(in.Status), Source: contextengine.Origin(in.Source), Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := &knowledgeListOutput{}
	out.Body.Entries, out.Body.TotalCount, out.Body.NextCursor = make([]knowledgeEntry, len(page.Items)), page.Total, page.Next
	for i, item := range page.Items {
		out.Body.Entries[i] = entryOf(item)
	}
	return out, nil
}

type knowledgeUpsertInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		Title    string             `json:"title" minLength:"1" maxLength:"300"`
		Content  string             `json:"content" minLength:"1" doc:"Markdown or plain text"`
		Metadata *knowledgeMetadata `json:"metadata,omitempty"`
	}
}

type knowledgeMetadata struct {
	_      struct{} `additionalProperties:"true"`
	Intent string   `json:"intent,omitempty" maxLength:"200"`
	Tags   []string `json:"tags,omitempty" maxItems:"50"`
	URL    string   `json:"url,omitempty" maxLength:"2000" doc:"A link to show beside what is cited"`
}

type knowledgeAccepted struct {
	ID      flomastr.ItemID `json:"id" format:"uuid"`
	Status  string          `json:"status" enum:"processing,embedded,failed"`
	Version int             `json:"version"`
	Title   string          `json:"title"`
}

type knowledgeAcceptedOutput struct {
	Status int
	Body   knowledgeAccepted
}

func acceptedOf(item contextengine.Item) *knowledgeAcceptedOutput {
	out := &knowledgeAcceptedOutput{Status: http.StatusAccepted, Body: knowledgeAccepted{ID: item.ID, Status: string(item.Status), Version: item.Version, Title: item.Title}}
	if item.Status == contextengine.Embedded { // the same content as before: nothing is left to do
		out.Status = http.StatusOK
	}
	return out
}

func (a *API) knowledgeUpsert(ctx context.Context, call Call, in *knowledgeUpsertInput) (*knowledgeAcceptedOutput, error) {
	draft := contextengine.Draft{Title: in.Body.Title, Content: []byte(in.Body.Content), Source: contextengine.FromPaste, By: call.Caller.Actor()}
	if m := in.Body.Metadata; m != nil {
		draft.Intent, draft.Tags, draft.URL = m.Intent, m.Tags, m.URL
	}
	item, err := a.deps.Knowledge.Add(ctx, call.Tenant.ID, draft)
	if err != nil {
		return nil, err
	}
	return acceptedOf(item), nil
}

type pasteInput struct {
	Body struct {
		Title    string `json:"title" minLength:"1" maxLength:"300"`
		Content  string `json:"content" minLength:"1" doc:"Markdown or plain text"`
		TenantID string `json:"tenant_id,omitempty" doc:"Id or slug; needed only where nothing else names the tenant"`
	}
}

func (in *pasteInput) namesTenant() string { return in.Body.TenantID }

type pasteOutput struct {
	Body struct {
		Status     string          `json:"status" enum:"processing,embedded,failed"`
		Message    string          `json:"message"`
		TenantSlug string          `json:"tenant_slug"`
		ID         flomastr.ItemID `json:"id" format:"uuid"`
	}
}

func (a *API) addPaste(ctx context.Context, call Call, in *pasteInput) (*pasteOutput, error) {
	item, err := a.deps.Knowledge.Add(ctx, call.Tenant.ID, contextengine.Draft{
		Title: in.Body.Title, Content: []byte(in.Body.Content), Source: contextengine.FromPaste, By: call.Caller.Actor(),
	})
	if err != nil {
		return nil, err
	}
	out := &pasteOutput{}
	out.Body.Status, out.Body.ID, out.Body.TenantSlug = string(item.Status), item.ID, call.Tenant.Slug
	out.Body.Message = "The text is being read; it answers questions in a moment."
	if item.Status == contextengine.Embedded {
		out.Body.Message = "This text is already known; nothing had to be done."
	}
	return out, nil
}

type knowledgeHealthOutput struct {
	Body struct {
		Status string           `json:"status" enum:"ok,unavailable"`
		Tenant string           `json:"tenant,omitempty"`
		Counts *knowledgeCounts `json:"counts,omitempty" doc:"For the caller's tenant only"`
	}
}

type knowledgeCounts struct {
	Items      int `json:"items"`
	Processing int `json:"processing"`
	Embedded   int `json:"embedded"`
	Failed     int `json:"failed"`
	Chunks     int `json:"chunks"`
}

// knowledgeHealth counts for the caller's own tenant: a stranger who names one learns only that the service runs.
func (a *API) knowledgeHealth(ctx context.Context, call Call, _ *struct{}) (*knowledgeHealthOutput, error) {
	out := &knowledgeHealthOutput{}
	out.Body.Status = "ok"
	if call.Tenant.ID.IsZero() || !call.Caller.IsService() && !call.Membership.Active() {
		return out, nil
	}
	counts, err := a.deps.Knowledge.Health(ctx, call.Tenant.ID)
	if flomastr.KindOf(err) == flomastr.Unavailable {
		out.Body.Status = "unavailable"
	} else if err != nil {
		return nil, err
	}
	c := knowledgeCounts(counts)
	out.Body.Tenant, out.Body.Counts = call.Tenant.Slug, &c
	return out, nil
}
