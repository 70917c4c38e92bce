package convert

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// xmlDocument reads XML: a feed as its entries, XHTML as a page, anything else as an outline of its elements.
func xmlDocument(ctx context.Context, req Request) (Document, error) {
	text, err := xmlText(req)
	if err != nil {
		return Document{}, err
	}
	if err := checkXML([]byte(text)); err != nil {
		return Document{}, err
	}
	root, err := xmlTree(text)
	if err != nil {
		return Document{}, err
	}
	doc := Document{Metadata: map[string]string{"kind": string(XML)}}
	switch strings.ToLower(root.name) {
	case "html":
		return htmlPage(ctx, req)
	case "rss", "rdf", "feed":
		if doc.Title, doc.Markdown, err = feed(ctx, root); err != nil {
			return Document{}, err
		}
	default:
		doc.Markdown = outline(root.named())
	}
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrNoText
	}
	if doc.Title == "" {
		doc.Title = titleFromName(req.Name)
	}
	return doc, nil
}

var (
	xmlDeclaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)
	xmlEncoding    = regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)
)

// xmlText decodes XML: a mark or valid UTF-8 first, then what the document says. The declaration goes, because what it says
// is no longer so.
func xmlText(req Request) (string, error) {
	declared := ""
	if m := xmlEncoding.FindSubmatch(xmlDeclaration.Find(req.Content[:min(len(req.Content), 256)])); m != nil {
		declared = "text/xml; charset=" + string(m[1])
	}
	text, _, err := decode(req.Content, declared)
	return xmlDeclaration.ReplaceAllString(text, ""), err
}

// xmlTree reads the elements. An attribute is a part like any other; text beside elements is one without a name.
func xmlTree(text string) (*node, error) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.Entity = xml.HTMLEntity
	top := &node{}
	open := []*node{top}
	count := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ErrBroken.Because(err)
		}
		within := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if count += 1 + len(token.Attr); count > maxDataNodes {
				return nil, ErrTooComplex.Because(fmt.Errorf("over %d elements", maxDataNodes))
			}
			if len(open) > maxDataDepth {
				return nil, ErrTooDeep
			}
			n := &node{name: token.Name.Local}
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Local != "schemaLocation" {
					n.parts = append(n.parts, &node{name: a.Name.Local, value: a.Value, leaf: true})
				}
			}
			within.parts = append(within.parts, n)
			open = append(open, n)
		case xml.EndElement:
			if len(within.parts) == 0 {
				within.leaf = true
			} else if said := strings.TrimSpace(within.value); said != "" {
				within.parts = append(within.parts, &node{value: said, leaf: true})
			}
			open = open[:len(open)-1]
		case xml.CharData:
			within.value += string(token)
		}
	}
	if len(top.parts) == 0 {
		return nil, ErrBroken.Because(errors.New("no element"))
	}
	return top.parts[0], nil
}

// named puts elements of one name next to each other into a list under that name, so that rows become a table.
func (n *node) named() *node {
	out := &node{name: n.name, value: n.value, leaf: n.leaf}
	for i := 0; i < len(n.parts); {
		j := i + 1
		for j < len(n.parts) && n.parts[j].name == n.parts[i].name && n.parts[i].name != "" {
			j++
		}
		if j-i == 1 {
			out.parts = append(out.parts, n.parts[i].named())
		} else {
			list := &node{name: n.parts[i].name, list: true}
			for _, one := range n.parts[i:j] {
				part := one.named()
				part.name = ""
				list.parts = append(list.parts, part)
			}
			out.parts = append(out.parts, list)
		}
		i = j
	}
	if len(out.parts) == 1 && out.parts[0].list && !n.list { // a wrapper round its rows
		out.parts, out.list = out.parts[0].parts, true
	}
	return out
}

// child finds the text of a part, or its attribute where it is a link.
func (n *node) child(names ...string) string {
	for _, name := range names {
		for _, part := range n.parts {
			if part.name != name {
				continue
			}
			if part.leaf && strings.TrimSpace(part.value) != "" {
				return strings.TrimSpace(part.value)
			}
			if href := part.child("href"); href != "" && name == "link" {
				return href
			}
			for _, inner := range part.parts { // text beside attributes
				if inner.name == "" {
					return inner.value
				}
			}
			if said := flat(part); name == "author" && said != "" {
				return said
			}
		}
	}
	return ""
}

// feed writes RSS and Atom: what the channel is, then each entry under its title with its link, its date and its text.
func feed(ctx context.Context, root *node) (title, markdown string, err error) {
	channel := root
	var entries []*node
	for _, part := range root.parts {
		switch part.name {
		case "channel":
			channel = part
		case "item", "entry":
			entries = append(entries, part)
		}
	}
	if channel != root {
		for _, part := range channel.parts {
			if part.name == "item" {
				entries = append(entries, part)
			}
		}
	}
	title = shorten(visible(channel.child("title")))
	var blocks []string
	if title != "" {
		blocks = append(blocks, "# "+title)
	}
	if about := channel.child("description", "subtitle"); about != "" {
		text, err := htmlFragment(ctx, []byte(about))
		if err != nil {
			return "", "", err
		}
		blocks = append(blocks, text)
	}
	for _, e := range entries {
		heading := oneLine(e.child("title"))
		if link := target(e.child("link"), nil); link != "" && heading != "" {
			heading = "[" + heading + "](" + link + ")"
		}
		if heading != "" {
			blocks = append(blocks, "## "+heading)
		}
		if date := oneLine(e.child("pubDate", "published", "updated", "date")); date != "" {
			blocks = append(blocks, date)
		}
		text, err := htmlFragment(ctx, []byte(e.child("encoded", "content", "description", "summary")))
		if err != nil {
			return "", "", err
		}
		if text != "" {
			blocks = append(blocks, text)
		}
	}
	return title, strings.Join(blocks, "\n\n"), nil
}
