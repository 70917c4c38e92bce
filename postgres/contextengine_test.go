package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// memoryBlobs keeps blobs by tenant and key.
type memoryBlobs struct {
	sync.Mutex
	kept map[string][]byte
}

var errNoBlob = flomastr.Errorf(flomastr.NotFound, "blob_not_found", "There is no such file.")

func (b *memoryBlobs) Put(_ context.Context, tenant flomastr.TenantID, key string, body []byte) error {
	b.Lock()
	defer b.Unlock()
	b.kept[tenant.String()+key] = body
	return nil
}

func (b *memoryBlobs) Get(_ context.Context, tenant flomastr.TenantID, key string) ([]byte, error) {
	b.Lock()
	defer b.Unlock()
	body, ok := b.kept[tenant.String()+key]
	if !ok {
		return nil, errNoBlob
	}
	return body, nil
}

func (b *memoryBlobs) Delete(_ context.Context, tenant flomastr.TenantID, key string) error {
	b.Lock()
	defer b.Unlock()
	delete(b.kept, tenant.String()+key)
	return nil
}

// plainReader takes every file for Markdown.
type plainReader struct{}

func (plainReader) ReadFile(_ context.Context, _ string, body []byte) (contextengine.Document, error) {
	return contextengine.Document{Markdown: string(body), Type: "markdown"}, nil
}

func (plainReader) ReadURL(context.Context, string) (contextengine.Document, error) {
	return contextengine.Document{Title: "Prices", Markdown: "# Prices\n\nA ticket costs 12 dirhams.", Type: "html"}, nil
}

type knowledgeBench struct {
	*contextengine.Engine
	db    *postgres.DB
	blobs *memoryBlobs
}

func knowledge(t testing.TB) (knowledgeBench, flomastr.TenantID) {
	t.Helper()
	db := postgrestest.Open(t)
	store := postgres.NewKnowledgeStore(db)
	blobs := &memoryBlobs{kept: map[string][]byte{}}
	engine := contextengine.New(contextengine.Deps{Status: store, Content: store, Blobs: blobs, Reader: plainReader{}, Embedder: offline.New()})
	return knowledgeBench{engine, db, blobs}, postgrestest.Tenant(t, db)
}

func (b knowledgeBench) add(t testing.TB, tenant flomastr.TenantID, title, content string) contextengine.Item {
	t.Helper()
	item, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: title, Content: []byte(content), Source: contextengine.FromPaste})
	require.NoError(t, err)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
	item, err = b.Item(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	return item
}

const opening = "# Opening hours\n\nWe are open from 9:00 to 18:00 on weekdays.\n\n## Parking\n\nThe garage in Al Quoz closes at 22:00. Order QX-4471 at the desk."

func TestAnAddedItemIsFoundWithItsOrigin(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	item := b.add(t, tenant, "Opening hours", opening)
	require.Equal(t, contextengine.Embedded, item.Status)
	require.Equal(t, 2, item.Chunks)
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")

	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
	require.NoError(t, err)
	require.NotEmpty(t, result.Passages)
	best := result.Passages[0]
	require.Equal(t, item.ID, best.Item)
	require.Equal(t, []string{"Opening hours", "Parking"}, best.HeadingPath)
	require.Contains(t, best.Text, "22:00")
	require.Contains(t, best.Before, "9:00 to 18:00")
	require.Equal(t, "paste", best.Source)
}
