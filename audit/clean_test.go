package audit_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/audit"
)

func TestSecretsDoNotReachALine(t *testing.T) {
	t.Parallel()
	clean := audit.Clean(map[string]string{
		"credentials.api_key.new": "SECRT-1",
		"new_password":            "SECRT-2",
		"note":                    "use Bearer SECRT3abcdefgh or fm_live_SECRT4abcdefgh",
		"url":                     "https://user:SECRT5@host.example/x",
		"jwt":                     "eyJhbGciOiJI.eyJzdWIiOiIx.SECRT6",
		"key":                     "-----BEGIN " + "PRIVATE KEY-----\nSECRT7", // in two pieces, so that nobody takes it for one
		"pasted":                  "key: -----BEGIN RSA " + "PRIVATE KEY-----\nSECRT8\n-----END RSA " + "PRIVATE KEY----- of the old host",
		"empty_secret":            "",
		"name":                    "Front desk",
	})
	for name, value := range clean {
		require.NotContains(t, value, "SECRT", name)
	}
	require.Equal(t, "Front desk", clean["name"])
	require.Equal(t, "key: "+audit.Hidden+" of the old host", clean["pasted"])
	require.Equal(t, audit.Hidden, clean["new_password"])
	require.Empty(t, clean["empty_secret"], "that none is set is no secret")
	require.Equal(t, map[string]string{"api_key_fingerprint.old": "ab12", "api_key_fingerprint.new": "cd34", "api_key.new": audit.Hidden},
		audit.Clean(map[string]string{"api_key_fingerprint.old": "ab12", "api_key_fingerprint.new": "cd34", "api_key.new": "canary"}))
	require.Equal(t, "use (hidden) or (hidden)", clean["note"])
}

func TestLongValueIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for pad := range 4 {
		cut := audit.Clean(map[string]string{"text": strings.Repeat("a", pad) + strings.Repeat("ж", 5000)})["text"]
		require.True(t, utf8.ValidString(cut))
		require.Less(t, len(cut), 2010)
	}
}

func TestOnlyWhatDiffersIsAChange(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"name.old": "A", "name.new": "B", "gone.old": "x", "fresh.old": "", "fresh.new": "y"},
		audit.Changes(map[string]string{"name": "A", "same": "1", "gone": "x"}, map[string]string{"name": "B", "same": "1", "fresh": "y"}))
}
