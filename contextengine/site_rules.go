package contextengine

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a site's rules and of what its addresses may be.
const (
	maxSitePages = 5_000
	maxSiteDepth = 10
	maxPatterns  = 50
	maxAddress   = 1_500 // bytes; longer ones are no pages that people link to
	maxSegments  = 15
	maxRepeats   = 3 // of one folder in a path: /a/b/a/b/a/b is a loop of relative links
)

// check completes rules that are left open, and refuses those that make no sense.
func (r SiteRules) check() (SiteRules, error) {
	if r.Scope == "" {
		r.Scope = ScopeSite
	}
	if r.Every == "" {
		r.Every = Never
	}
	if r.Depth == 0 {
		r.Depth = 5
	}
	if r.MaxPages == 0 {
		r.MaxPages = 500
	}
	if r.Scope == ScopePage {
		r.Depth, r.MaxPages = 1, 1
	}
	switch {
	case !slices.Contains([]Scope{ScopePage, ScopeSection, ScopeSite}, r.Scope):
		return r, ErrSiteRules.Field("body.scope", "must be page, section or site")
	case !slices.Contains([]Every{Never, Daily, Weekly, Monthly}, r.Every):
		return r, ErrSiteRules.Field("body.every", "must be never, daily, weekly or monthly")
	case r.Depth < 1 || r.Depth > maxSiteDepth:
		return r, ErrSiteRules.Field("body.depth", "must be 1 to 10")
	case r.MaxPages < 1 || r.MaxPages > maxSitePages:
		return r, ErrSiteRules.Field("body.max_pages", "must be 1 to 5000")
	case !labels(Draft{Intent: r.Intent, Tags: r.Tags}):
		return r, ErrLabels
	}
	for name, list := range map[string][]string{"body.include": r.Include, "body.exclude": r.Exclude} {
		if len(list) > maxPatterns {
			return r, ErrSiteRules.Field(name, "at most 50 patterns")
		}
		for _, pattern := range list {
			if !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "*") || len(pattern) > 300 || !utf8.ValidString(pattern) || strings.ContainsRune(pattern, 0) {
				return r, ErrSiteRules.Field(name, "each begins with / or *, and has at most 300 characters")
			}
		}
	}
	return r, nil
}

// bounds are a site's rules, ready to be asked.
type bounds struct {
	start            *url.URL
	scope            Scope
	include, exclude []*regexp.Regexp
}

func (s Site) bounds() (bounds, error) {
	start, err := url.Parse(s.Address)
	if err != nil {
		return bounds{}, ErrBadURL.Because(err)
	}
	return bounds{start: start, scope: s.Scope, include: patterns(s.Include), exclude: patterns(s.Exclude)}, nil
}

func patterns(list []string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(list))
	for i, pattern := range list {
		body, end := strings.CutSuffix(pattern, "$")
		expression := "^" + strings.ReplaceAll(regexp.QuoteMeta(body), `\*`, ".*")
		if end {
			expression += "$"
		}
		out[i] = regexp.MustCompile(expression)
	}
	return out
}

// within tells whether an address lies in the site as its owner sees it: http and https, with www. and without, are one.
func (b bounds) within(u *url.URL) bool {
	if bare(u) != bare(b.start) {
		return false
	}
	switch b.scope {
	case ScopePage:
		return u.RequestURI() == b.start.RequestURI()
	case ScopeSection:
		folder := b.start.Path[:strings.LastIndexByte(b.start.Path, '/')+1]
		return strings.HasPrefix(u.Path, folder)
	}
	return true
}

func bare(u *url.URL) string {
	host := strings.TrimPrefix(u.Host, "www.")
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}

// wanted tells whether a page is among those that the rules ask for. The first page always is.
func (b bounds) wanted(u *url.URL) bool {
	at := u.RequestURI()
	if at == b.start.RequestURI() {
		return true
	}
	matches := func(re *regexp.Regexp) bool { return re.MatchString(at) }
	return (len(b.include) == 0 || slices.ContainsFunc(b.include, matches)) && !slices.ContainsFunc(b.exclude, matches)
}

// tracking are parameters that say where a reader came from, not what the page shows.
var tracking = regexp.MustCompile(`(?i)^(utm_.*|gclid|fbclid|msclkid|dclid|yclid|mc_cid|mc_eid|igshid|_ga|_gl|phpsessid|jsessionid|sid|sessionid|replytocom|share)$`)

// files are endings of what is no text; asking for them would only cost the site.
var files = regexp.MustCompile(`(?i)\.(png|jpe?g|gif|webp|avif|svg|ico|bmp|tiff?|css|js|mjs|map|woff2?|ttf|eot|mp3|mp4|m4a|avi|mov|webm|ogg|wav|exe|dmg|apk|iso|tar|gz|7z|rar|bin|psd|ics|vcf|xsd)$`)

// normalise gives an address the one spelling under which a page is known, false where it can be no page of a site.
func normalise(address string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, false
	}
	u.Fragment, u.RawFragment = "", ""
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), ".")
	if u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":80")
	} else {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/.") {
		slash := strings.HasSuffix(u.Path, "/")
		if u.Path, u.RawPath = path.Clean(u.Path), ""; slash && u.Path != "/" {
			u.Path += "/"
		}
	}
	if u.RawQuery != "" {
		query := u.Query()
		for name := range query {
			if tracking.MatchString(name) {
				delete(query, name)
			}
		}
		u.RawQuery = query.Encode() // sorted: the order of parameters says nothing
	}
	u.ForceQuery = false
	return u, len(u.String()) <= maxAddress && !files.MatchString(u.Path) && !trap(u.Path)
}

// trap tells paths that only loops of relative links make.
func trap(path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) > maxSegments {
		return true
	}
	seen := map[string]int{}
	for _, s := range segments {
		if seen[s]++; seen[s] > maxRepeats {
			return true
		}
	}
	return false
}
