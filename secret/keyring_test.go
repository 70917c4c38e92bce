package secret_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/secret"
)

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	sealed, err := keys.Seal("a", "channels", "credentials", []byte("SECRT-A"))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "SECRT")

	plain, err := keys.Open("a", "channels", "credentials", sealed)
	require.NoError(t, err)
	require.Equal(t, "SECRT-A", string(plain))

	for name, place := range map[string][3]string{
		"another tenant":               {"b", "channels", "credentials"},
		"another table":                {"a", "webhooks", "credentials"},
		"another column":               {"a", "channels", "token"},
		"parts that join to the same":  {"ac", "hannels", "credentials"},
		"parts that join to the same2": {"a", "channelscred", "entials"},
	} {
		_, err := keys.Open(place[0], place[1], place[2], sealed)
		require.ErrorIs(t, err, secret.ErrSealBroken, name)
	}
}

func TestChangedValueDoesNotOpen(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	sealed, err := keys.Seal("a", "t", "c", []byte("value"))
	require.NoError(t, err)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err := keys.Open("a", "t", "c", changed)
		require.Error(t, err, "byte %d", i)
	}
	for n := range len(sealed) {
		_, err := keys.Open("a", "t", "c", sealed[:n])
		require.Error(t, err, "first %d bytes", n)
	}
}

func TestAnotherKeyIsNamedAsTheCause(t *testing.T) {
	t.Parallel()
	first, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	second, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	sealed, err := first.Seal("a", "t", "c", []byte("value"))
	require.NoError(t, err)
	_, err = second.Open("a", "t", "c", sealed)
	require.ErrorIs(t, err, secret.ErrUnknownKey)
}

func TestReplacedKeyStillOpensWhileItIsListed(t *testing.T) {
	t.Parallel()
	oldKey, newKey := secret.Generate(), secret.Generate()
	before, err := secret.Parse(oldKey)
	require.NoError(t, err)
	sealed, err := before.Seal("a", "t", "c", []byte("value"))
	require.NoError(t, err)

	both, err := secret.Parse(newKey + "," + oldKey)
	require.NoError(t, err)
	plain, err := both.Open("a", "t", "c", sealed)
	require.NoError(t, err)
	require.Equal(t, "value", string(plain))

	resealed, err := both.Seal("a", "t", "c", plain)
	require.NoError(t, err)
	after, err := secret.Parse(newKey)
	require.NoError(t, err)
	_, err = after.Open("a", "t", "c", resealed)
	require.NoError(t, err)
	_, err = after.Open("a", "t", "c", sealed)
	require.ErrorIs(t, err, secret.ErrUnknownKey)
}

func TestWeakMasterKeysAreRefused(t *testing.T) {
	t.Parallel()
	key := secret.Generate()
	for name, encoded := range map[string]string{
		"empty":         "",
		"short":         base64.StdEncoding.EncodeToString([]byte("short")),
		"zeros":         base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"repeated":      base64.StdEncoding.EncodeToString([]byte(strings.Repeat("ab", 16))),
		"not base64":    "change-me-change-me-change-me-change",
		"twice":         key + "," + key,
		"trailing":      key + ",",
		"too long":      base64.StdEncoding.EncodeToString([]byte(secret.Generate())),
		"inner newline": key[:10] + "\n\n" + key[10:] + "x",
	} {
		_, err := secret.Parse(encoded)
		require.ErrorIs(t, err, secret.ErrMasterKey, name)
		if encoded != "" {
			require.NotContains(t, err.Error(), encoded, name)
		}
	}
}

func TestKeyringNeverPrintsItsKeys(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "secret.Keyring(…)", fmt.Sprintf(verb, keys))
	}
}

func TestDerivedKeysDifferByPurpose(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	logins, err := keys.Derive("database logins")
	require.NoError(t, err)
	again, err := keys.Derive("database logins")
	require.NoError(t, err)
	cursors, err := keys.Derive("cursors")
	require.NoError(t, err)
	require.Equal(t, logins, again)
	require.NotEqual(t, logins, cursors)
}

func TestServersThatStartAtOnceAgreeOnOneKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "master.key")
	sealed := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range sealed {
		wg.Go(func() {
			keys, err := secret.OpenFile(path)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			sealed[i], _ = keys.Seal("a", "t", "c", []byte("value"))
		})
	}
	wg.Wait()
	keys, err := secret.OpenFile(path)
	require.NoError(t, err)
	for _, s := range sealed {
		_, err := keys.Open("a", "t", "c", s)
		require.NoError(t, err)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left beside the key")
}

func TestKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	require.NoError(t, os.WriteFile(path, []byte(secret.Generate()), 0o600))
	require.NoError(t, os.Chmod(path, 0o640))
	_, err := secret.OpenFile(path)
	require.ErrorIs(t, err, secret.ErrKeyFile)
}
