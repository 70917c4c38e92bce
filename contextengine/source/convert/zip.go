package convert

import (
	"archive/zip"
	"context"
	"path"
	"slices"
	"strings"
	"time"
)

// zipArchive reads the documents of an archive in the order of their names, each under its name. What an operating system
// puts beside them is passed over.
func zipArchive(ctx context.Context, req Request) (Document, error) {
	archive, err := openArchive(req.Content)
	if err != nil {
		return Document{}, err
	}
	if err := checkDirectory(archive, int64(len(req.Content))); err != nil {
		return Document{}, err
	}
	var files []*zip.File
	for _, f := range archive.File {
		if base := path.Base(f.Name); !f.Mode().IsDir() && !strings.HasPrefix(base, ".") && !strings.HasPrefix(f.Name, "__MACOSX/") && base != "Thumbs.db" && base != "desktop.ini" {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return Document{}, sentence(ErrEmpty, "The archive holds no files.")
	}
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	doc := Document{Title: titleFromName(req.Name), Metadata: map[string]string{"kind": string(ZIP)}}
	in := &inside{req: req, doc: &doc, began: time.Now()}
	left := int64(maxUnpacked)
	for _, f := range files {
		if in.files >= maxInside {
			in.left++
			continue
		}
		content, err := unpack(f, min(left, maxBytes))
		if err != nil {
			return Document{}, err
		}
		left -= int64(len(content))
		in.add(ctx, f.Name, content)
	}
	in.finish()
	if doc.Markdown = in.b.String(); strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, sentence(ErrNoText, "None of the archive's files could be read. "+doc.Warnings[0])
	}
	return doc, nil
}
