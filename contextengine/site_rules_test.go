package contextengine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPageHasOneSpelling(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Shop.Example":                               "https://shop.example/",
		"https://shop.example:443/a#top":                     "https://shop.example/a",
		"http://shop.example:80/a":                           "http://shop.example/a",
		"http://shop.example:8080/a":                         "http://shop.example:8080/a",
		"https://shop.example./a":                            "https://shop.example/a",
		"https://shop.example//a///b/":                       "https://shop.example/a/b/",
		"https://shop.example/a/../b":                        "https://shop.example/b",
		"https://shop.example/p?b=2&a=1":                     "https://shop.example/p?a=1&b=2",
		"https://shop.example/p?utm_source=x&id=7&gclid=abc": "https://shop.example/p?id=7",
		"https://shop.example/p?PHPSESSID=1":                 "https://shop.example/p",
		"https://shop.example/p?":                            "https://shop.example/p",
		"https://shop.example/caf%C3%A9":                     "https://shop.example/caf%C3%A9",
		"https://shop.example/a%2Fb":                         "https://shop.example/a%2Fb",
	} {
		got, ok := normalise(in)
		require.True(t, ok, in)
		require.Equal(t, want, got.String(), in)
		again, ok := normalise(got.String())
		require.True(t, ok, in)
		require.Equal(t, got.String(), again.String(), "%s: twice is once", in)
	}
	for _, in := range []string{
		"", "/relative", "ftp://shop.example/", "mailto:a@shop.example", "javascript:alert(1)", "https:///nowhere", "https://user:pw@shop.example/",
		"https://shop.example/logo.PNG", "https://shop.example/app.js", "https://shop.example/a/b/a/b/a/b/a/b",
		"https://shop.example/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "https://shop.example/" + string(make([]byte, 3)), "https://shop.example/?q=" + long(1600),
	} {
		_, ok := normalise(in)
		require.False(t, ok, "%q", in)
	}
}

func long(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}

func TestRulesChoosePages(t *testing.T) {
	t.Parallel()
	all := []string{
		"https://shop.example/help/", "https://shop.example/help/returns", "https://shop.example/help/old/2019", "https://shop.example/blog/one?page=2",
		"https://www.shop.example/about", "http://shop.example/plain", "https://other.example/help/", "https://eviltshop.example/help/", "https://shop.example:8443/x",
	}
	for name, c := range map[string]struct {
		rules SiteRules
		want  []string
	}{
		"a site":                      {SiteRules{Scope: ScopeSite}, []string{all[0], all[1], all[2], all[3], all[4], all[5]}},
		"a section":                   {SiteRules{Scope: ScopeSection}, []string{all[0], all[1], all[2]}},
		"a page":                      {SiteRules{Scope: ScopePage}, []string{all[0]}},
		"only some":                   {SiteRules{Scope: ScopeSite, Include: []string{"/blog", "*turns"}}, []string{all[0], all[1], all[3]}},
		"but some":                    {SiteRules{Scope: ScopeSite, Exclude: []string{"/help/*/20", "/*?page="}}, []string{all[0], all[1], all[4], all[5]}},
		"the end":                     {SiteRules{Scope: ScopeSite, Include: []string{"/help/returns$"}}, []string{all[0], all[1]}},
		"both":                        {SiteRules{Scope: ScopeSite, Include: []string{"/help"}, Exclude: []string{"/help/old"}}, []string{all[0], all[1]}},
		"no pattern of an expression": {SiteRules{Scope: ScopeSite, Include: []string{"/(help|blog)+"}}, []string{all[0]}},
	} {
		b, err := Site{Address: all[0], SiteRules: c.rules}.bounds()
		require.NoError(t, err, name)
		var got []string
		for _, u := range b.choose(append(all, all...), 100) {
			got = append(got, u.String())
		}
		require.Equal(t, c.want, got, name)
	}
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]SiteRules{
		"scope":      {Scope: "world"},
		"rhythm":     {Every: "hourly"},
		"depth":      {Depth: 11},
		"most pages": {MaxPages: 5_001},
		"a pattern":  {Include: []string{"help"}},
		"NUL":        {Exclude: []string{"/a\x00"}},
		"patterns":   {Exclude: make([]string, 51)},
	} {
		_, err := rules.check()
		require.ErrorIs(t, err, ErrSiteRules, name)
	}
	got, err := SiteRules{}.check()
	require.NoError(t, err)
	require.Equal(t, SiteRules{Scope: ScopeSite, Depth: 5, MaxPages: 500, Every: Never}, got)
}

func FuzzNormalise(f *testing.F) {
	f.Add("https://shop.example/a/../b?x=1&utm_source=y#z")
	f.Add("http://[::1]:80//a")
	f.Fuzz(func(t *testing.T, address string) {
		u, ok := normalise(address)
		if !ok {
			return
		}
		again, ok := normalise(u.String())
		if !ok || again.String() != u.String() {
			t.Errorf("%q is %q, then %v %v", address, u, again, ok)
		}
	})
}
