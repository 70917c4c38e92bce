package convert

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxLinks bounds what one page may lead to.
const maxLinks = 5_000

// links lists where a page leads, but for what it asks not to be followed.
func links(root *html.Node, base *url.URL) []string {
	var found []string
	seen := map[string]bool{}
	for n := range root.Descendants() {
		if n.DataAtom != atom.A && n.DataAtom != atom.Area || strings.Contains(strings.ToLower(attribute(n, "rel")), "nofollow") {
			continue
		}
		address := target(attribute(n, "href"), base)
		if !strings.HasPrefix(address, "http") || seen[address] {
			continue
		}
		seen[address] = true
		if found = append(found, address); len(found) == maxLinks {
			break
		}
	}
	return found
}
