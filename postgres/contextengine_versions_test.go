package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// restore puts a version back and has it indexed.
func (b knowledgeBench) restore(t *testing.T, tenant flomastr.TenantID, id flomastr.ItemID, version int) contextengine.Item {
	t.Helper()
	item, err := b.Restore(t.Context(), tenant, "user:x|ana", id, version)
	require.NoError(t, err)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: id, Version: item.Version}))
	item, err = b.Item(t.Context(), tenant, id)
	require.NoError(t, err)
	return item
}

// causes tells of each kept version, newest first, why there is one.
func (b knowledgeBench) causes(t *testing.T, tenant flomastr.TenantID, id flomastr.ItemID) (causes []contextengine.Cause) {
	t.Helper()
	versions, err := b.Versions(t.Context(), tenant, id)
	require.NoError(t, err)
	for _, v := range versions {
		require.False(t, v.At.IsZero())
		causes = append(causes, v.Cause)
	}
	return causes
}

func TestAnOldVersionIsPutBackAsANewOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second contextengine.Draft
		origin        contextengine.Origin // once it is put back
		cause         contextengine.Cause  // of the second
	}{
		"a text": {
			contextengine.Draft{Title: "Prices", Content: []byte("A ticket costs 10 dirhams."), Source: contextengine.FromPaste},
			contextengine.Draft{Title: "Prices", Content: []byte("A ticket costs 99 dirhams."), Source: contextengine.FromPaste},
			contextengine.FromPaste, contextengine.Edited,
		},
		"a file, whose original was not kept": {
			contextengine.Draft{Title: "Prices", Filename: "p.md", Content: []byte("A ticket costs 10 dirhams."), Source: contextengine.FromFile},
			contextengine.Draft{Title: "Prices", Filename: "p.md", Content: []byte("A ticket costs 99 dirhams."), Source: contextengine.FromFile},
			contextengine.FromPaste, contextengine.Uploaded,
		},
		"a page": {
			contextengine.Draft{Title: "Prices", URL: "https://x.example/p", Source: contextengine.FromURL, Document: &contextengine.Document{Markdown: "A ticket costs 10 dirhams.", Type: "html"}},
			contextengine.Draft{Title: "Prices", URL: "https://x.example/p", Source: contextengine.FromURL, Document: &contextengine.Document{Markdown: "A ticket costs 99 dirhams.", Type: "html"}},
			contextengine.FromURL, contextengine.Crawled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, tenant := knowledge(t)
			var item contextengine.Item
			for _, d := range []contextengine.Draft{c.first, c.second} {
				var err error
				item, err = b.Add(t.Context(), tenant, d)
				require.NoError(t, err)
				require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
			}
			require.Contains(t, b.best(t, tenant, "what does a ticket cost?").Text, "99")

			item = b.restore(t, tenant, item.ID, 1)
			require.Equal(t, 3, item.IndexedVersion)
			require.Equal(t, c.origin, item.Source)
			require.Equal(t, "Prices", item.Title)
			require.Contains(t, b.best(t, tenant, "what does a ticket cost?").Text, "10 dirhams")
			require.Len(t, b.blobs.kept, 1)
			require.Equal(t, []contextengine.Cause{contextengine.Restored, c.cause, contextengine.Added}, b.causes(t, tenant, item.ID))
			latest, err := b.Version(t.Context(), tenant, item.ID, 3)
			require.NoError(t, err)
			require.Equal(t, 1, latest.Restored)
			require.Equal(t, flomastr.Actor("user:x|ana"), latest.By)

			again, err := b.Restore(t.Context(), tenant, "user:x|ana", item.ID, 1)
			require.NoError(t, err)
			require.Equal(t, 3, again.Version, "it is there already")
			_, err = b.Restore(t.Context(), tenant, "user:x|ana", item.ID, 77)
			require.ErrorIs(t, err, contextengine.ErrVersionNotFound)
		})
	}
}

func TestVersionsAreKeptToTheirNumberAndGoWithTheItem(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	stranger := postgrestest.Tenant(t, b.db)
	item := b.add(t, tenant, "Prices", "A ticket costs 10 dirhams.")
	for range 11 {
		next, err := b.Reindex(t.Context(), tenant, "user:x|ana", item.ID)
		require.NoError(t, err)
		require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: next.Version}))
	}
	require.Len(t, b.causes(t, tenant, item.ID), 10)

	_, err := b.Versions(t.Context(), stranger, item.ID)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	_, err = b.Version(t.Context(), stranger, item.ID, 12)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	_, err = b.Restore(t.Context(), stranger, "user:x|eve", item.ID, 12)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)

	require.NoError(t, b.Delete(t.Context(), tenant, "user:x|ana", item.ID))
	_, err = b.Version(t.Context(), tenant, item.ID, 12)
	require.ErrorIs(t, err, contextengine.ErrItemNotFound)
}
