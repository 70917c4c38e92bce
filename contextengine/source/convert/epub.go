package convert

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// maxChapters bounds how many files an e-book may be made of.
const maxChapters = 2000

// epub reads an e-book: its chapters in the order of its spine, each of them a page of the web.
func epub(ctx context.Context, req Request) (Document, error) {
	archive, err := openParts(req.Content)
	if err != nil {
		return Document{}, err
	}
	if archive.files["META-INF/rights.xml"] != nil {
		return Document{}, sentence(ErrEncrypted, "The e-book is protected against copying, so it cannot be read.")
	}
	book, chapters, err := spine(archive)
	if err != nil {
		return Document{}, err
	}
	doc := Document{Title: plausibleTitle(book.Title), Lang: strings.TrimSpace(book.Language), Metadata: map[string]string{"kind": string(EPUB)}}
	if author := shorten(visible(strings.Join(book.Creators, ", "))); author != "" {
		doc.Metadata["author"] = author
	}
	var b strings.Builder
	for _, name := range chapters {
		content, err := archive.read(name)
		if err != nil {
			return Document{}, err
		}
		if content == nil {
			doc.Warnings = append(doc.Warnings, "A chapter that the book names is missing in it.")
			continue
		}
		text, err := htmlFragment(ctx, content)
		if err != nil {
			return Document{}, err
		}
		if text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(text)
	}
	if doc.Markdown = b.String(); doc.Markdown == "" {
		return Document{}, sentence(ErrNoText, "The e-book holds no text, perhaps only pictures.")
	}
	return doc.named(req.Name), nil
}

// htmlFragment reads HTML that is part of something else: nothing of it is a site's furniture but what is hidden.
func htmlFragment(ctx context.Context, content []byte) (string, error) {
	text, err := pageText(Request{Content: content})
	if err != nil {
		return "", err
	}
	root, err := parseHTML(text)
	if err != nil {
		return "", err
	}
	clean(root)
	body := bodyOf(root)
	absolute(body, nil)
	simplifyTables(body)
	return toMarkdown(ctx, body)
}

type bookMetadata struct {
	Title    string   `xml:"title"`
	Language string   `xml:"language"`
	Creators []string `xml:"creator"`
}

// spine finds the book's package file by its container and lists the chapters.
func spine(archive *parts) (bookMetadata, []string, error) {
	var container struct {
		Root []struct {
			Path string `xml:"full-path,attr"`
		} `xml:"rootfiles>rootfile"`
	}
	if err := archive.decode("META-INF/container.xml", &container); err != nil {
		return bookMetadata{}, nil, err
	}
	if len(container.Root) == 0 {
		return bookMetadata{}, nil, ErrBroken.Because(errors.New("no package file"))
	}
	name := path.Clean(container.Root[0].Path)
	var book struct {
		Metadata bookMetadata `xml:"metadata"`
		Items    []struct {
			ID   string `xml:"id,attr"`
			Href string `xml:"href,attr"`
			Type string `xml:"media-type,attr"`
		} `xml:"manifest>item"`
		Spine []struct {
			ID string `xml:"idref,attr"`
		} `xml:"spine>itemref"`
	}
	if err := archive.decode(name, &book); err != nil {
		return bookMetadata{}, nil, err
	}
	if len(book.Spine) > maxChapters {
		return bookMetadata{}, nil, ErrTooComplex.Because(fmt.Errorf("%d chapters", len(book.Spine)))
	}
	files := map[string]string{}
	for _, item := range book.Items {
		if href, err := url.PathUnescape(item.Href); err == nil && strings.Contains(item.Type, "html") {
			files[item.ID] = path.Join(path.Dir(name), href)
		}
	}
	var chapters []string
	seen := map[string]bool{}
	for _, ref := range book.Spine {
		if file := files[ref.ID]; file != "" && !seen[file] {
			seen[file] = true
			chapters = append(chapters, file)
		}
	}
	return book.Metadata, chapters, nil
}

// decode reads an XML part that must be there.
func (p *parts) decode(name string, into any) error {
	content, err := p.xml(name)
	if err != nil {
		return err
	}
	if content == nil {
		return ErrBroken.Because(fmt.Errorf("no part %s", name))
	}
	if err := xml.Unmarshal(content, into); err != nil {
		return ErrBroken.Because(err)
	}
	return nil
}
