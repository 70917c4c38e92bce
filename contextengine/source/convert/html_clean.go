package convert

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// furniture are elements that hold no words of the page. Pictures go with them: their alternative text is written for
// machines as often as for people, and a customer's answer cannot show them.
var furniture = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Iframe: true, atom.Object: true, atom.Embed: true,
	atom.Svg: true, atom.Math: false, atom.Canvas: true, atom.Button: true, atom.Input: true, atom.Select: true, atom.Textarea: true,
	atom.Nav: true, atom.Dialog: true, atom.Img: true, atom.Picture: true, atom.Video: true, atom.Audio: true, atom.Map: true,
	atom.Datalist: true, atom.Menu: true, atom.Link: true, atom.Meta: true, atom.Frameset: true, atom.Progress: true,
}

var (
	hiddenStyle = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(\D|$)|opacity\s*:\s*0(\.0+)?\s*(;|$)|(left|top|text-indent)\s*:\s*-\d{4,}px`)
	// siteParts match a class or id as a whole word of it: menus, banners, tools that surround the words.
	siteParts = regexp.MustCompile(`(?i)(^|[\s_-])(nav|navbar|navbox|navigation|breadcrumbs?|sidebar-toc|menu|cookie|cookies|consent|gdpr|skip-?link|sr-only|visually-hidden|` +
		`screen-reader-text|site-header|site-footer|page-footer|social|share|sharing|noprint|mw-editsection|mw-jump-link|catlinks|vector-header|` +
		`vector-dropdown|vector-page-toolbar|vector-column-start|vector-column-end|vector-toc|interlanguage|newsletter|popup|modal|advert|advertisement|ads|pagination-nav)($|[\s_-])`)
	siteRoles = map[string]bool{"navigation": true, "search": true, "menu": true, "menubar": true, "dialog": true, "alertdialog": true, "toolbar": true}
)

// clean removes the furniture, whatever is hidden from a reader's eye, and comments. A footer goes too, but an address
// in it stays: it is often the only place where a business says where it is.
func clean(root *html.Node) {
	var walk func(n *html.Node, inside bool)
	walk = func(n *html.Node, inside bool) {
		for child := n.FirstChild; child != nil; {
			next := child.NextSibling
			switch {
			case child.Type == html.CommentNode:
				n.RemoveChild(child)
			case child.Type != html.ElementNode:
			case furniture[child.DataAtom] || isReference(child) || isHidden(child) || isSitePart(child):
				n.RemoveChild(child)
			case child.DataAtom == atom.Footer && !inside:
				keepAddresses(n, child)
			case child.DataAtom == atom.Header && !inside && !hasTag(child, atom.H1):
				n.RemoveChild(child)
			default:
				within := inside || child.DataAtom == atom.Article || child.DataAtom == atom.Blockquote
				walk(child, within)
			}
			child = next
		}
	}
	walk(root, false)
}

var referenceMark = regexp.MustCompile(`^\[?[\w*†‡ ]{1,6}\]?$`)

// isReference finds the raised marks that only lead to a note at the end of the page.
func isReference(n *html.Node) bool {
	if n.DataAtom != atom.Sup || !referenceMark.MatchString(strings.TrimSpace(textOf(n))) {
		return false
	}
	for d := range n.Descendants() {
		if d.DataAtom == atom.A && strings.HasPrefix(attribute(d, "href"), "#") {
			return true
		}
	}
	return false
}

func keepAddresses(parent, footer *html.Node) {
	clean(footer)
	for n := range footer.Descendants() {
		if n.DataAtom != atom.Address || hasAncestor(n, atom.Address, footer) {
			continue
		}
		copied := &html.Node{Type: html.ElementNode, DataAtom: atom.Address, Data: "address"}
		for child := n.FirstChild; child != nil; child = n.FirstChild {
			n.RemoveChild(child)
			copied.AppendChild(child)
		}
		parent.InsertBefore(copied, footer)
	}
	parent.RemoveChild(footer)
}

func isHidden(n *html.Node) bool {
	for _, attr := range n.Attr {
		switch attr.Key {
		case "hidden":
			return true
		case "aria-hidden":
			// Formulas of some sites hide the readable form from screen readers only; text that is hidden from both is gone by style.
			return attr.Val == "true" && n.DataAtom != atom.Body && n.DataAtom != atom.Main
		case "style":
			if hiddenStyle.MatchString(attr.Val) && n.DataAtom != atom.Body && n.DataAtom != atom.Html {
				return true
			}
		}
	}
	return false
}

func isSitePart(n *html.Node) bool {
	if n.DataAtom == atom.Html || n.DataAtom == atom.Body || n.DataAtom == atom.Main || n.DataAtom == atom.Article {
		return false
	}
	for _, attr := range n.Attr {
		switch attr.Key {
		case "role":
			if siteRoles[attr.Val] {
				return true
			}
		case "class", "id":
			// A whole page inside one element with such a class exists; what holds the heading is not furniture. A menu of
			// dishes is a menu by name only: a list of links is one by nature.
			if siteParts.MatchString(attr.Val) && !hasTag(n, atom.H1) && !hasTag(n, atom.Main) && (linkShare(n) > 50 || !menuOnly(attr.Val)) {
				return true
			}
		}
	}
	return false
}

var dishes = regexp.MustCompile(`(?i)(^|[\s_-])(menu|social|share|ads)($|[\s_-])`)

// menuOnly reports whether the only thing against an element is a word that a restaurant, too, would use.
func menuOnly(value string) bool { return !siteParts.MatchString(dishes.ReplaceAllString(value, " ")) }

// linkShare is the percentage of an element's text that lies in links.
func linkShare(n *html.Node) int {
	all := textLength(n)
	if all == 0 {
		return 100
	}
	linked := 0
	for d := range n.Descendants() {
		if d.DataAtom == atom.A && !hasAncestor(d, atom.A, n) {
			linked += textLength(d)
		}
	}
	return linked * 100 / all
}

// content finds what the page is about: its main part or its only article, which the page has marked, else its body.
func content(root *html.Node) (body *html.Node, marked bool) {
	var main, article *html.Node
	articles := 0
	for n := range root.Descendants() {
		switch {
		case main == nil && (n.DataAtom == atom.Main || attribute(n, "role") == "main"):
			main = n
		case n.DataAtom == atom.Body && body == nil:
			body = n
		case n.DataAtom == atom.Article:
			article = n
			articles++
		}
	}
	all := root
	if body != nil {
		all = body
	}
	for _, candidate := range []*html.Node{main, article} {
		// An empty main is filled in by a script on some sites, while the words stand beside it.
		if candidate != nil && (candidate != article || articles == 1) && textLength(candidate)*100 > textLength(all)*30 {
			return withAddresses(candidate, all), true
		}
	}
	return all, false
}

// withAddresses keeps the addresses that clean saved out of a footer beside the main part.
func withAddresses(main, all *html.Node) *html.Node {
	wrapper := &html.Node{Type: html.ElementNode, DataAtom: atom.Div, Data: "div"}
	var outside []*html.Node
	for n := range all.Descendants() {
		if n.DataAtom == atom.Address && !isWithin(n, main) {
			outside = append(outside, n)
		}
	}
	if main.Parent != nil {
		main.Parent.RemoveChild(main)
	}
	wrapper.AppendChild(main)
	for _, n := range outside {
		n.Parent.RemoveChild(n)
		wrapper.AppendChild(n)
	}
	all.AppendChild(wrapper)
	return wrapper
}

// readHead takes what a page says of itself.
func readHead(root *html.Node, baseURL string) Document {
	doc := Document{Metadata: map[string]string{"kind": string(HTML)}}
	if baseURL != "" {
		doc.Metadata["url"] = baseURL
	}
	var title, social, heading string
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Html:
			doc.Lang = strings.TrimSpace(attribute(n, "lang"))
		case atom.Title:
			if title == "" && (n.Parent == nil || n.Parent.DataAtom == atom.Head) {
				title = shorten(textOf(n))
			}
		case atom.H1:
			if heading == "" {
				heading = shorten(textOf(n))
			}
		case atom.Meta:
			value := strings.TrimSpace(attribute(n, "content"))
			switch strings.ToLower(attribute(n, "name") + attribute(n, "property")) {
			case "og:title":
				social = shorten(value)
			case "description":
				doc.Metadata["description"] = shorten(value)
			case "author":
				doc.Metadata["author"] = shorten(value)
			case "robots", "flomastr":
				doc.Metadata["robots"] = strings.TrimPrefix(doc.Metadata["robots"]+","+strings.ToLower(shorten(value)), ",")
			}
			if strings.EqualFold(attribute(n, "http-equiv"), "refresh") && strings.Contains(strings.ToLower(value), "url") {
				doc.Warnings = append(doc.Warnings, "The page sends its reader on to another address, which was not followed.")
			}
		case atom.Link:
			if strings.EqualFold(attribute(n, "rel"), "canonical") {
				if canonical := canonicalURL(attribute(n, "href"), baseURL); canonical != "" {
					doc.Metadata["canonical_url"] = canonical
				}
			}
		}
	}
	for _, doc.Title = range []string{title, social, heading} {
		if doc.Title != "" {
			break
		}
	}
	return doc
}

// canonicalURL believes a page about its own site only.
func canonicalURL(href, baseURL string) string {
	page, err := url.Parse(baseURL)
	if err != nil || page.Host == "" {
		return ""
	}
	target, err := page.Parse(strings.TrimSpace(href))
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.User != nil ||
		!strings.EqualFold(strings.TrimPrefix(target.Hostname(), "www."), strings.TrimPrefix(page.Hostname(), "www.")) {
		return ""
	}
	target.Fragment = ""
	return target.String()
}

// baseOf is what relative links start from: the page's address, moved by its base element.
func baseOf(root *html.Node, baseURL string) *url.URL {
	page, err := url.Parse(baseURL)
	if err != nil || page.Host == "" {
		return nil
	}
	for n := range root.Descendants() {
		if n.DataAtom == atom.Base {
			if moved, err := page.Parse(attribute(n, "href")); err == nil && (moved.Scheme == "http" || moved.Scheme == "https") {
				return moved
			}
			break
		}
	}
	return page
}

func attribute(n *html.Node, key string) string {
	for _, attr := range n.Attr {
		if attr.Key == key {
			return attr.Val
		}
	}
	return ""
}

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(attribute(n, "class")), class)
}

func textOf(n *html.Node) string {
	var b strings.Builder
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// textLength counts the bytes that are not blank.
func textLength(n *html.Node) int {
	length := 0
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			for field := range strings.FieldsSeq(d.Data) {
				length += len(field)
			}
		}
	}
	return length
}

func countTags(n *html.Node, tag atom.Atom) int {
	count := 0
	for d := range n.Descendants() {
		if d.DataAtom == tag {
			count++
		}
	}
	return count
}

func hasTag(n *html.Node, tag atom.Atom) bool {
	for d := range n.Descendants() {
		if d.DataAtom == tag {
			return true
		}
	}
	return false
}

func hasAncestor(n *html.Node, tag atom.Atom, top *html.Node) bool {
	for p := n.Parent; p != nil && p != top; p = p.Parent {
		if p.DataAtom == tag {
			return true
		}
	}
	return false
}

func isWithin(n, top *html.Node) bool {
	for p := n; p != nil; p = p.Parent {
		if p == top {
			return true
		}
	}
	return false
}

// bodyOf finds the body, or takes all where there is none.
func bodyOf(root *html.Node) *html.Node {
	for n := range root.Descendants() {
		if n.DataAtom == atom.Body {
			return n
		}
	}
	return root
}
