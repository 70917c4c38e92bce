package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/flomastr/flomastr"
)

// docx reads a Word document: its parts through our check into an archive of our own, that through pandoc into HTML, and
// that through the same way as a page, but for the search for furniture. Changes that are tracked count as accepted,
// comments are left out; neither is what the document says to its reader.
func docx(ctx context.Context, dir string, req Request) (Document, error) {
	safe, err := repack(req.Content, officeParts("word"))
	if err != nil {
		return Document{}, err
	}
	doc, err := throughPandoc(ctx, dir, "docx", safe)
	if err != nil {
		return Document{}, err
	}
	doc.Metadata = map[string]string{"kind": string(DOCX)}
	doc.Title, doc.Lang = coreProperties(safe)
	return doc.named(req.Name), nil
}

// throughPandoc has pandoc make HTML of an archive that we wrote ourselves, and Markdown of that.
func throughPandoc(ctx context.Context, dir, format string, safe []byte) (Document, error) {
	file := filepath.Join(dir, "document."+format)
	if err := os.WriteFile(file, safe, 0o600); err != nil {
		return Document{}, ErrFailed.Because(err)
	}
	out, _, err := tool(ctx, dir, "pandoc", "--sandbox", "--from="+format, "--to=html5", "--mathjax", "--wrap=none", "--quiet",
		"--variable=document-css=false", "--standalone", "--metadata=pagetitle:-", "--", file)
	if err != nil {
		if _, ok := errors.AsType[*flomastr.Error](err); ok {
			return Document{}, err
		}
		return Document{}, ErrBroken.Because(err)
	}
	root, err := parseHTML(out)
	if err != nil {
		return Document{}, err
	}
	var doc Document
	prepareDOCX(root)
	body, _ := content(root)
	absolute(body, nil)
	simplifyTables(body)
	if doc.Markdown, err = toMarkdown(ctx, body); err != nil {
		return Document{}, err
	}
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrNoText
	}
	return doc, nil
}

// prepareDOCX takes pictures, styles and bookmarks out of pandoc's page.
func prepareDOCX(root *html.Node) {
	var gone []*html.Node
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Img, atom.Style, atom.Script, atom.Link, atom.Meta, atom.Title, atom.Svg, atom.Colgroup:
			gone = append(gone, n)
		}
		if n.Type == html.CommentNode {
			gone = append(gone, n)
		}
		// A footnote's number links down and back; the number alone says it.
		if n.DataAtom == atom.A && hasClass(n, "footnote-back") {
			gone = append(gone, n)
		}
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}

// coreProperties reads the title and language that the document's author gave it. Names that programs give by
// themselves are none.
func coreProperties(archive []byte) (title, lang string) {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return "", ""
	}
	file, err := reader.Open("docProps/core.xml")
	if err != nil {
		return "", ""
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return "", ""
	}
	return coreTitle(content)
}

func coreTitle(part []byte) (title, lang string) {
	var core struct {
		Title    string `xml:"title"`
		Language string `xml:"language"`
	}
	if xml.Unmarshal(part, &core) != nil {
		return "", ""
	}
	return plausibleTitle(core.Title), strings.TrimSpace(core.Language)
}

// plausibleTitle drops titles that a program made up.
func plausibleTitle(title string) string {
	title = shorten(visible(title))
	lower := strings.ToLower(title)
	if slices.Contains([]string{"untitled", "powerpoint presentation", "presentation", "(anonymous)", "document", "word document", "unbenannt", "-"}, lower) {
		return ""
	}
	for _, made := range []string{"microsoft word - ", "microsoft powerpoint - "} {
		if strings.HasPrefix(lower, made) {
			return ""
		}
	}
	for ending := range endings {
		if strings.HasSuffix(lower, ending) {
			return ""
		}
	}
	return title
}
