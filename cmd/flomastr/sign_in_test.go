package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publishable is a key as Clerk makes it for an instance.
func publishable(kind, host string) string {
	return "pk_" + kind + "_" + base64.StdEncoding.EncodeToString([]byte(host+"$"))
}

// withClerk are the settings of a good installation of Clerk, after a change; an empty value takes one away.
func withClerk(change ...string) []string {
	settings := map[string]string{
		"CLERK_FRONTEND_API_URL": "https://clerk.flomastr.example", "CLERK_PUBLISHABLE_KEY": publishable("live", "clerk.flomastr.example"), "CLERK_SECRET_KEY": "sk_live_x",
		"FLOMASTR_CLERK_AUTHORIZED_PARTIES": "https://app.flomastr.example,https://*.flomastr.example",
		"FLOMASTR_CLERK_WEBHOOK_SECRET":     "whsec_" + strings.Repeat("c2VjcmV0", 4),
	}
	for _, one := range change {
		name, value, _ := strings.Cut(one, "=")
		settings[name] = value
	}
	var environ []string
	for name, value := range settings {
		environ = append(environ, name+"="+value)
	}
	return environ
}

func TestWhoSignsPeopleIn(t *testing.T) {
	t.Parallel()
	const oidc = `FLOMASTR_OIDC_ISSUERS=[{"issuer":"https://id.example/","jwks_url":"https://id.example/keys","audience":"flomastr","types":["at+jwt"]}]`
	for name, c := range map[string]struct {
		environ        []string
		builtIn, clerk bool
		issuers        int
	}{
		"nothing said":           {nil, true, false, 1},
		"Clerk":                  {withClerk(), false, true, 1},
		"Clerk and the built-in": {withClerk("FLOMASTR_BUILT_IN_SIGN_IN=on"), true, true, 2},
		"another issuer":         {[]string{oidc}, false, false, 1},
		"all of them":            {withClerk(oidc, "FLOMASTR_BUILT_IN_SIGN_IN=on"), true, true, 3},
		"a stand-in":             {withClerk("FLOMASTR_CLERK_URL=http://127.0.0.1:8104"), false, true, 1},
		"the older key's name":   {withClerk("CLERK_PUBLISHABLE_KEY=", "VITE_CLERK_PUBLISHABLE_KEY="+publishable("test", "clerk.flomastr.example")), false, true, 1},
	} {
		cfg, _, err := parse(t, nil, c.environ, "")
		require.NoError(t, err, name)
		require.Equal(t, c.builtIn, cfg.BuiltIn(), name)
		require.Equal(t, c.clerk, cfg.Clerk(), name)
		people, err := newSignIn(cfg, nil, nil, nil, nil)
		require.NoError(t, err, name)
		require.Len(t, people.offer.Issuers, c.issuers, name)
		require.Len(t, people.checks, c.issuers, name)
		require.Equal(t, c.clerk, people.news != nil, name)
	}
}

func TestASignInThatWouldCheckLessDoesNotStart(t *testing.T) {
	t.Parallel()
	oidc := func(value string) []string { return []string{"FLOMASTR_OIDC_ISSUERS=" + value} }
	for name, c := range map[string]struct {
		environ []string
		setting string
	}{
		"JWT-08 no parties":             {withClerk("FLOMASTR_CLERK_AUTHORIZED_PARTIES="), "FLOMASTR_CLERK_AUTHORIZED_PARTIES"},
		"JWT-27 empty parties":          {withClerk("FLOMASTR_CLERK_AUTHORIZED_PARTIES=,"), "FLOMASTR_CLERK_AUTHORIZED_PARTIES"},
		"a star for a party":            {withClerk("FLOMASTR_CLERK_AUTHORIZED_PARTIES=*"), "FLOMASTR_CLERK_AUTHORIZED_PARTIES"},
		"a star for a domain":           {withClerk("FLOMASTR_CLERK_AUTHORIZED_PARTIES=https://*.example"), "FLOMASTR_CLERK_AUTHORIZED_PARTIES"},
		"no issuer":                     {withClerk("CLERK_FRONTEND_API_URL="), "CLERK_FRONTEND_API_URL"},
		"an issuer without TLS":         {withClerk("CLERK_FRONTEND_API_URL=http://clerk.flomastr.example"), "CLERK_FRONTEND_API_URL"},
		"an issuer with a slash":        {withClerk("CLERK_FRONTEND_API_URL=https://clerk.flomastr.example/"), "CLERK_FRONTEND_API_URL"},
		"keys without TLS":              {withClerk("CLERK_JWKS_URL=http://clerk.flomastr.example/keys"), "CLERK_JWKS_URL"},
		"a key that is none":            {withClerk("CLERK_PUBLISHABLE_KEY=pk_live_x"), "CLERK_PUBLISHABLE_KEY"},
		"another instance's key":        {withClerk("CLERK_PUBLISHABLE_KEY=" + publishable("live", "clerk.other.example")), "CLERK_PUBLISHABLE_KEY"},
		"a secret shown to everybody":   {withClerk("CLERK_PUBLISHABLE_KEY=sk_live_x"), "CLERK_PUBLISHABLE_KEY"},
		"a publishable secret":          {withClerk("CLERK_SECRET_KEY=pk_live_x"), "CLERK_SECRET_KEY"},
		"a webhook secret to guess":     {withClerk("FLOMASTR_CLERK_WEBHOOK_SECRET=whsec_c2hvcnQ="), "FLOMASTR_CLERK_WEBHOOK_SECRET"},
		"a webhook secret and no Clerk": {[]string{"FLOMASTR_CLERK_WEBHOOK_SECRET=whsec_" + strings.Repeat("c2VjcmV0", 4)}, "CLERK_FRONTEND_API_URL"},
		"a stand-in elsewhere":          {withClerk("FLOMASTR_CLERK_URL=http://evil.example"), "FLOMASTR_CLERK_URL"},
		"a stand-in on an open server":  {withClerk("FLOMASTR_CLERK_URL=http://127.0.0.1:8104", "FLOMASTR_LISTEN=:8000", "FLOMASTR_BASE_DOMAIN=x.example"), "FLOMASTR_CLERK_URL"},
		"nobody signs in":               {[]string{"FLOMASTR_BUILT_IN_SIGN_IN=off"}, "FLOMASTR_BUILT_IN_SIGN_IN"},
		"JWT-27 no issuers":             {oidc(`[]`), "FLOMASTR_OIDC_ISSUERS"},
		"not JSON":                      {oidc(`https://id.example`), "FLOMASTR_OIDC_ISSUERS"},
		"more behind it":                {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audience":"a"}] []`), "FLOMASTR_OIDC_ISSUERS"},
		"JWT-08 no audience":            {oidc(`[{"issuer":"i","jwks_url":"https://id.example"}]`), "FLOMASTR_OIDC_ISSUERS"},
		"JWT-27 an empty audience":      {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audience":"","authorized_parties":[]}]`), "FLOMASTR_OIDC_ISSUERS"},
		"JWT-27 an empty party":         {oidc(`[{"issuer":"i","jwks_url":"https://id.example","authorized_parties":[""]}]`), "FLOMASTR_OIDC_ISSUERS"},
		"a misspelt check":              {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audiance":"a","authorized_parties":["x"]}]`), "FLOMASTR_OIDC_ISSUERS"},
		"a symmetric signature":         {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audience":"a","algorithms":["HS256"]}]`), "FLOMASTR_OIDC_ISSUERS"},
		"no signature":                  {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audience":"a","algorithms":["none"]}]`), "FLOMASTR_OIDC_ISSUERS"},
		"other keys without TLS":        {oidc(`[{"issuer":"i","jwks_url":"http://id.example","audience":"a"}]`), "FLOMASTR_OIDC_ISSUERS"},
		"the built-in once more":        {oidc(`[{"issuer":"urn:flomastr:identity","jwks_url":"https://id.example","audience":"a"}]`), "FLOMASTR_OIDC_ISSUERS"},
		"Clerk once more":               {withClerk(`FLOMASTR_OIDC_ISSUERS=[{"issuer":"https://clerk.flomastr.example","jwks_url":"https://id.example","audience":"a"}]`), "FLOMASTR_OIDC_ISSUERS"},
		"one issuer twice":              {oidc(`[{"issuer":"i","jwks_url":"https://id.example","audience":"a"},{"issuer":"i","jwks_url":"https://id.example","audience":"b"}]`), "FLOMASTR_OIDC_ISSUERS"},
	} {
		cfg, _, err := parse(t, nil, c.environ, "")
		require.ErrorIs(t, err, ErrSettings, name)
		var named []string
		for _, row := range cfg.Settings() {
			if row.Status != SettingOK {
				named = append(named, row.Name)
			}
		}
		require.Contains(t, named, c.setting, name)
	}
}
