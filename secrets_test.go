package flomastr_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// credentials are the forms of keys that open something somewhere. Examples in tests and documents are shorter.
var credentials = map[string]*regexp.Regexp{
	"a private key":          regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}`),
	"an API token of ours":   regexp.MustCompile(`\bfm_live_[A-Za-z0-9_-]{24,}`),
	"a JSON web token":       regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}`),
	"an AWS key":             regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`),
	"a Google key":           regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}\b`),
	"a GitHub token":         regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})`),
	"a Slack token":          regexp.MustCompile(`\bxox[abprs]-[0-9A-Za-z-]{20,}`),
	"a live payment key":     regexp.MustCompile(`\b[sr]k_live_[0-9A-Za-z]{20,}`),
	"an OpenAI key":          regexp.MustCompile(`\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{40,}`),
	"a master key in a file": regexp.MustCompile(`(?m)^\s*(?:export )?(?:FLOMASTR_MASTER_KEY|BACKEND_API_SECRET_TOKEN|CLERK_SECRET_KEY)=["']?[A-Za-z0-9+/_-]{16,}`),
}

// leaked names the credentials that a text holds.
func leaked(text string) (names []string) {
	for name, form := range credentials {
		if form.MatchString(text) {
			names = append(names, name)
		}
	}
	return names
}

func TestTreeHoldsNoCredential(t *testing.T) {
	t.Parallel()
	read := 0
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".flomastr", "node_modules", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		require.Empty(t, leaked(string(content)), "%s holds what looks like a credential; if it opened anything, replace it there before you remove it here", path)
		return nil
	}))
	require.Greater(t, read, 500, "the walk went past the tree")
}

func TestPlantedCredentialIsFound(t *testing.T) {
	t.Parallel()
	// Put together here, so that this file holds none.
	long := strings.Repeat("Ab1", 20)
	planted := map[string]string{
		"a private key":          "-----BEGIN RSA " + "PRIVATE KEY-----\n" + long,
		"an API token of ours":   "token: fm_" + "live_" + long,
		"a JSON web token":       "ey" + "J" + long + ".ey" + "J" + long + "." + long,
		"an AWS key":             "AKIA" + "ABCDEFGHIJKLMNOP",
		"a Google key":           "AIza" + long[:35],
		"a GitHub token":         "ghp" + "_" + long[:36],
		"a Slack token":          "xoxb" + "-" + long[:30],
		"a live payment key":     "sk_" + "live_" + long[:30],
		"an OpenAI key":          "sk" + "-" + long,
		"a master key in a file": "FLOMASTR_MASTER" + "_KEY=" + long[:44],
	}
	require.Len(t, planted, len(credentials), "plant one of each form")
	for name, text := range planted {
		require.Contains(t, leaked("first line\n"+text+"\n"), name)
	}
	require.Empty(t, leaked("FLOMASTR_MASTER_KEY=\nfm_live_… and Authorization: Bearer <JWT>"))
}
