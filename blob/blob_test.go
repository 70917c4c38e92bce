package blob_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
)

func open(t *testing.T) (*blob.Bucket, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "blobs")
	bucket, err := blob.OpenFolder(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = bucket.Close() })
	return bucket, dir
}

func TestABlobIsKeptForItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	bucket, dir := open(t)
	a, b := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	require.NoError(t, bucket.Put(t.Context(), a, "knowledge/one", []byte("first")))
	require.NoError(t, bucket.Put(t.Context(), a, "knowledge/one", []byte("second")))
	got, err := bucket.Get(t.Context(), a, "knowledge/one")
	require.NoError(t, err)
	require.Equal(t, "second", string(got))
	_, err = bucket.Get(t.Context(), b, "knowledge/one")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.NoError(t, bucket.Delete(t.Context(), b, "knowledge/one"))
	removed, err := bucket.DeleteTenant(t.Context(), b)
	require.NoError(t, err)
	require.Zero(t, removed)
	_, err = bucket.Get(t.Context(), a, "knowledge/one")
	require.NoError(t, err)
	kept, err := bucket.CountTenant(t.Context(), a)
	require.NoError(t, err)
	require.EqualValues(t, 1, kept)
	removed, err = bucket.DeleteTenant(t.Context(), a)
	require.NoError(t, err)
	require.EqualValues(t, 1, removed)
	require.NoDirExists(t, filepath.Join(dir, a.String()))
	_, err = bucket.Get(t.Context(), a, "knowledge/one")
	require.ErrorIs(t, err, blob.ErrNotFound)
}

func TestNobodyElseOnTheMachineReadsTheFolders(t *testing.T) {
	t.Parallel()
	bucket, dir := open(t)
	tenant := flomastr.NewID[flomastr.TenantID]()
	require.NoError(t, bucket.Put(t.Context(), tenant, "knowledge/one", []byte("x")))
	for _, folder := range []string{dir, filepath.Join(dir, tenant.String()), filepath.Join(dir, tenant.String(), "knowledge")} {
		info, err := os.Stat(folder)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, folder)
	}
}

func TestAKeyNeverLeavesTheTenantsFolder(t *testing.T) {
	t.Parallel()
	bucket, dir := open(t)
	tenant := flomastr.NewID[flomastr.TenantID]()
	for _, key := range []string{"", "/", "../x", "a/../../x", "a//b", "a/.x", "A", "a\x00b", `a\b`, "a/", "ü"} {
		require.Error(t, bucket.Put(t.Context(), tenant, key, []byte("x")), "%q", key)
	}
	require.Error(t, bucket.Put(t.Context(), flomastr.TenantID{}, "a", []byte("x")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
