package site

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"github.com/temoto/robotstxt"

	"github.com/flomastr/flomastr/contextengine"
)

// maxRobots is how much of a robots.txt counts (RFC 9309, section 2.5).
const maxRobots = 500 << 10

// Robots implements [contextengine.SiteReader]. A site without a robots.txt allows everything; one that cannot show it now
// allows nothing until it can (RFC 9309, section 2.3.1).
func (r *Reader) Robots(ctx context.Context, site *url.URL) (contextengine.Robots, error) {
	resp, err := r.pages.Get(ctx, (&url.URL{Scheme: site.Scheme, Host: site.Host, Path: "/robots.txt"}).String(), http.Header{"Accept": {"text/plain, */*;q=0.1"}})
	if err != nil {
		return contextengine.Robots{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return contextengine.Robots{}, contextengine.ErrRobots.Because(fmt.Errorf("status %d", resp.StatusCode))
	case resp.StatusCode >= 300:
		return contextengine.Robots{Allows: func(*url.URL) bool { return true }}, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRobots))
	if err != nil {
		return contextengine.Robots{}, contextengine.ErrRobots.Because(err)
	}
	return r.rules(body), nil
}

// rule is a line that means something; the parser refuses a whole file for one that does not.
var rule = regexp.MustCompile(`(?i)^\s*(user-agent|allow|disallow|sitemap|crawl-delay)\s*:`)

func (r *Reader) rules(body []byte) contextengine.Robots {
	allowed := contextengine.Robots{Allows: func(*url.URL) bool { return true }}
	body = bytes.ReplaceAll(bytes.TrimPrefix(body, []byte("\ufeff")), []byte("\r"), []byte("\n"))
	var lines [][]byte
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if rule.Match(line) {
			lines = append(lines, line)
		}
	}
	data, err := robotstxt.FromBytes(bytes.Join(lines, []byte("\n")))
	if err != nil {
		return allowed
	}
	allowed.Sitemaps = data.Sitemaps
	group := data.FindGroup(r.agent)
	if group == nil {
		return allowed
	}
	allowed.Delay = group.CrawlDelay
	allowed.Allows = func(u *url.URL) bool { return group.Test(u.RequestURI()) }
	return allowed
}
