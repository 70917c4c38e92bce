package convert

import (
	"context"
	"encoding/xml"
	"strings"
)

// odtParts are the parts of an OpenDocument text that hold what its reader sees.
func odtParts(name string) bool {
	switch name {
	case "content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml":
		return true
	}
	return false
}

// odt reads an OpenDocument text the same way as a Word document.
func odt(ctx context.Context, dir string, req Request) (Document, error) {
	archive, err := openParts(req.Content)
	if err != nil {
		return Document{}, err
	}
	if err := openDocument(archive); err != nil {
		return Document{}, err
	}
	safe, err := repack(req.Content, odtParts)
	if err != nil {
		return Document{}, err
	}
	doc, err := throughPandoc(ctx, dir, "odt", safe)
	if err != nil {
		return Document{}, err
	}
	doc.Metadata = map[string]string{"kind": string(ODT)}
	var meta struct {
		Title    string `xml:"meta>title"`
		Language string `xml:"meta>language"`
	}
	if content, err := archive.xml("meta.xml"); err == nil && xml.Unmarshal(content, &meta) == nil {
		doc.Title, doc.Lang = plausibleTitle(meta.Title), strings.TrimSpace(meta.Language)
	}
	return doc.named(req.Name), nil
}
