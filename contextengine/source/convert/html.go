package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// maxElements bounds the tree of a page; the longest articles of the web have some ten thousand elements.
const maxElements = 300_000

// maxReadable bounds what readability is asked about: its time grows with the square of the elements (20,000 links in one
// paragraph took 0.6 s, 100,000 took 15).
const maxReadable = 10_000

// htmlPage reads a web page: its own words without the site's furniture.
func htmlPage(ctx context.Context, req Request) (Document, error) {
	utf8Content, err := pageText(req)
	if err != nil {
		return Document{}, err
	}
	root, err := parseHTML(utf8Content)
	if err != nil {
		return Document{}, err
	}
	doc := readHead(root, req.BaseURL)
	base := baseOf(root, req.BaseURL)
	if req.Links {
		doc.Links = links(root, base) // before the furniture goes, which is what leads to the other pages
	}
	clean(root)
	body, marked := content(root)
	if !marked { // a page that marks its main part has said what readability would have to guess
		if article, ok := article(root, body, base); ok {
			body = article
		}
	}
	absolute(body, base)
	simplifyTables(body)
	doc.Markdown, err = toMarkdown(ctx, body)
	if err != nil {
		return Document{}, err
	}
	if doc.Title == "" {
		if doc.Title = firstHeading(doc.Markdown); doc.Title == "" {
			doc.Title = titleFromName(req.Name)
		}
	}
	if strings.TrimSpace(doc.Markdown) == "" && !req.Links {
		return Document{}, sentence(ErrNoText, "The page holds no text. It may need a browser to fill itself in.")
	}
	return doc, nil
}

// pageText decodes a page: a mark or valid UTF-8 first, then what the server and the page itself say.
func pageText(req Request) ([]byte, error) {
	if bytes.HasPrefix(req.Content, []byte{0xff, 0xfe}) || bytes.HasPrefix(req.Content, []byte{0xfe, 0xff}) || utf8.Valid(req.Content) {
		text, _, err := decode(req.Content, "")
		return []byte(visible(text)), err
	}
	encoding, _, _ := charset.DetermineEncoding(req.Content[:min(len(req.Content), 1024)], req.ContentType)
	out, err := encoding.NewDecoder().Bytes(req.Content)
	if err != nil {
		return nil, ErrBroken.Because(err)
	}
	return []byte(visible(string(out))), nil
}

// parseHTML parses with bounds: the parser refuses what is nested deeper than 512 elements.
func parseHTML(content []byte) (root *html.Node, err error) {
	if bytes.Count(content, []byte("<")) > 4*maxElements {
		return nil, ErrTooComplex.Because(errors.New("too many tags"))
	}
	root, err = html.Parse(bytes.NewReader(content))
	if err != nil {
		return nil, ErrTooDeep.Because(err)
	}
	count := 0
	for range root.Descendants() {
		if count++; count > 2*maxElements {
			return nil, ErrTooComplex.Because(errors.New("too many elements"))
		}
	}
	return root, nil
}

// article takes readability's choice where it kept most of what we kept: on short business pages it throws away the
// opening hours with the furniture, and a price list counts for more than a clean look.
func article(root, body *html.Node, base *url.URL) (*html.Node, bool) {
	if countElements(root) > maxReadable {
		return nil, false
	}
	parser := readability.NewParser()
	parser.KeepClasses = true
	found, err := parser.ParseDocument(root, base)
	if err != nil || found.Node == nil {
		return nil, false
	}
	if textLength(found.Node)*100 < textLength(body)*85 {
		return nil, false
	}
	for _, tag := range []atom.Atom{atom.Table, atom.Dl, atom.H1, atom.H2, atom.H3, atom.Address} {
		if kept, had := countTags(found.Node, tag), countTags(body, tag); kept < had && (tag != atom.H1 || had-kept != 1) {
			return nil, false
		}
	}
	// It takes the page's own heading for its title and drops it.
	if countTags(found.Node, atom.H1) < countTags(body, atom.H1) {
		for n := range body.Descendants() {
			if n.DataAtom == atom.H1 {
				heading := &html.Node{Type: html.ElementNode, DataAtom: atom.H1, Data: "h1"}
				heading.AppendChild(&html.Node{Type: html.TextNode, Data: textOf(n)})
				found.Node.InsertBefore(heading, found.Node.FirstChild)
				break
			}
		}
	}
	return found.Node, true
}

func countElements(root *html.Node) int {
	count := 0
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			count++
		}
	}
	return count
}

// absolute makes links whole and turns those that lead nowhere a reader could follow into plain words. Nothing is fetched.
func absolute(body *html.Node, base *url.URL) {
	for n := range body.Descendants() {
		if n.DataAtom != atom.A {
			continue
		}
		target := target(attribute(n, "href"), base)
		if target == "" {
			n.DataAtom, n.Data, n.Attr = atom.Span, "span", nil
			continue
		}
		n.Attr = []html.Attribute{{Key: "href", Val: target}}
	}
}

func target(href string, base *url.URL) string {
	href = strings.TrimSpace(href)
	u, err := url.Parse(href)
	if err != nil || href == "" || strings.HasPrefix(href, "#") {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			return ""
		}
	case "mailto", "tel":
	default:
		return ""
	}
	return u.String()
}

// markdownWriter is made once: it holds no state of a document, and building its rules costs more than a short page.
var markdownWriter = sync.OnceValue(func() *converter.Converter {
	// Escaping would put backslashes into words that are searched and quoted to customers; whoever shows Markdown makes it
	// harmless in any case, since people upload Markdown as well.
	writer := converter.NewConverter(converter.WithEscapeMode(converter.EscapeModeDisabled), converter.WithPlugins(
		base.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(commonmark.WithHeadingStyle("atx"), commonmark.WithLinkEmptyContentBehavior("skip")),
		strikethrough.NewStrikethroughPlugin(),
		table.NewTablePlugin(
			table.WithSpanCellBehavior(table.SpanBehaviorMirror),
			table.WithCellPaddingBehavior(table.CellPaddingBehaviorMinimal),
			table.WithNewlineBehavior(table.NewlineBehaviorPreserve),
			table.WithHeaderPromotion(true),
			table.WithSkipEmptyRows(true)),
	))
	// A formula comes as TeX in a span; as prose it would be escaped beyond recognition.
	writer.Register.RendererFor("span", converter.TagTypeInline, func(_ converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
		if !hasClass(n, "math") {
			return converter.RenderTryNext
		}
		tex := strings.TrimSpace(textOf(n))
		tex = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(tex, `\(`), `\)`), `\[`), `\]`)
		mark := "$"
		if hasClass(n, "display") {
			mark = "$$"
		}
		_, _ = w.WriteString(mark + tex + mark)
		return converter.RenderSuccess
	}, converter.PriorityEarly)
	return writer
})

func toMarkdown(ctx context.Context, body *html.Node) (string, error) {
	out, err := markdownWriter().ConvertNode(body, converter.WithContext(ctx))
	if err != nil {
		return "", ErrFailed.Because(fmt.Errorf("write markdown: %w", err))
	}
	return tidy(visible(plainSigns(string(out)))), nil
}

// plainSigns turns the writer's entities back into the signs they stand for, but never into the start of a tag.
func plainSigns(markdown string) string {
	if !strings.Contains(markdown, "&") {
		return markdown
	}
	markdown = looseLess.ReplaceAllString(markdown, "<$1")
	return strings.NewReplacer("&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#39;", "'").Replace(markdown)
}

var looseLess = regexp.MustCompile(`&lt;([^a-zA-Z/!?&]|$)`)

// tidy removes what rendering leaves: trailing blanks and rows of empty lines.
func tidy(markdown string) string {
	var b strings.Builder
	b.Grow(len(markdown))
	empty, fenced := 0, false
	for line := range strings.SplitSeq(markdown, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if !fenced {
			line = strings.TrimRight(strings.ReplaceAll(line, "\u00a0", " "), " \t")
		}
		if line == "" {
			if empty++; empty > 1 && !fenced {
				continue
			}
		} else {
			empty = 0
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return strings.Trim(b.String(), "\n")
}
