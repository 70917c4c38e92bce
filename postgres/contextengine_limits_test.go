package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

func TestEveryEntranceOfKnowledgeIsHeldToTheTenantsFiles(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	file := contextengine.Draft{Source: contextengine.FromFile, Filename: "prices.md", Content: []byte("# Prices\n\nA service costs 480.")}
	item, err := b.Add(t.Context(), tenant, file)
	require.NoError(t, err)
	require.NoError(t, b.db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tenant_policies SET allowed_file_types = '{pdf}', max_file_size_mb = 1 WHERE tenant_id = $1`, tenant)
		return err
	}))
	_, err = b.Add(t.Context(), tenant, file)
	require.ErrorIs(t, err, contextengine.ErrFileType)
	_, err = b.Reindex(t.Context(), tenant, flomastr.ActorSystem, item.ID)
	require.ErrorIs(t, err, contextengine.ErrFileType, "what was taken in before is not read again")
	large := make([]byte, 1<<20+1)
	_, err = b.Convert(t.Context(), tenant, "prices.pdf", large)
	require.ErrorIs(t, err, contextengine.ErrTooLarge)
	_, err = b.Add(t.Context(), tenant, contextengine.Draft{Source: contextengine.FromFile, Filename: "prices.pdf", Content: large})
	require.ErrorIs(t, err, contextengine.ErrTooLarge)
	for i := range large {
		large[i] = 'a'
	}
	_, err = b.Add(t.Context(), tenant, contextengine.Draft{Source: contextengine.FromPaste, Title: "Prices", Content: large})
	require.ErrorIs(t, err, contextengine.ErrTooLarge, "a pasted text is as large as a file")
}
