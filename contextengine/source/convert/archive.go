package convert

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Caps of an archive. The largest real ones have a few thousand entries and unpack to some hundred
// megabytes, nearly all of it pictures, which we do not unpack at all.
const (
	maxEntries  = 10_000
	maxUnpacked = 512 << 20 // as the archive declares it
	maxParts    = 128 << 20 // of XML that we really unpack
	maxRatio    = 200       // unpacked to packed, above a size where the ratio means anything
	maxXMLDepth = 2_000
	maxXMLToken = 1 << 20 // bytes of one tag with its attributes
)

// zipped are the kinds that are archives.
var zipped = map[Kind]bool{DOCX: true, ODT: true, EPUB: true, PPTX: true, XLSX: true, ODS: true, ZIP: true}

// officeParts are the XML parts of an Office document below one of its folders. Pictures, embedded files, macros and
// fonts stay outside.
func officeParts(folder string) func(name string) bool {
	return func(name string) bool {
		if name == "[Content_Types].xml" || name == "_rels/.rels" || name == "docProps/core.xml" {
			return true
		}
		return strings.HasPrefix(name, folder+"/") && (strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels")) &&
			!strings.HasPrefix(name, folder+"/embeddings/") && !strings.HasPrefix(name, folder+"/media/")
	}
}

// fromArchive says what an archive holds: a document's parts, or files of any kind.
func fromArchive(content []byte, promised Kind) (Kind, error) {
	archive, err := openArchive(content)
	if err != nil {
		return "", err
	}
	office := slices.ContainsFunc(archive.File, func(f *zip.File) bool { return f.Name == "[Content_Types].xml" })
	for _, f := range archive.File {
		switch {
		case office && strings.HasPrefix(f.Name, "word/"):
			return DOCX, nil
		case office && strings.HasPrefix(f.Name, "ppt/"):
			return PPTX, nil
		case office && f.Name == "xl/workbook.bin":
			return "", sentence(ErrUnsupported, "Binary workbooks (.xlsb) are not read; save it as XLSX and upload that.")
		case office && strings.HasPrefix(f.Name, "xl/") && !slices.ContainsFunc(archive.File, func(f *zip.File) bool { return f.Name == "xl/workbook.bin" }):
			return XLSX, nil
		case f.Name == "mimetype":
			if kind, err := fromMimetype(f); kind != "" || err != nil {
				return kind, err
			}
		case f.Name == "META-INF/container.xml" && promised == EPUB:
			return EPUB, nil
		}
	}
	return ZIP, nil
}

// fromMimetype reads the part in which OpenDocument files and e-books say what they are.
func fromMimetype(f *zip.File) (Kind, error) {
	said, err := unpack(f, 256)
	if err != nil {
		return "", err
	}
	switch said := strings.TrimSpace(string(said)); {
	case strings.HasPrefix(said, "application/vnd.oasis.opendocument.text"):
		return ODT, nil
	case strings.HasPrefix(said, "application/vnd.oasis.opendocument.spreadsheet"):
		return ODS, nil
	case said == "application/epub+zip":
		return EPUB, nil
	case strings.HasPrefix(said, "application/vnd.oasis.opendocument"):
		return "", sentence(ErrUnsupported, "This kind of OpenDocument file is not read; save it as PDF and upload that.")
	}
	return "", nil
}

func openArchive(content []byte) (*zip.Reader, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, ErrBroken.Because(err)
	}
	return archive, nil
}

// repack checks an archive and writes its harmless parts into a new one, uncompressed. The program that reads the
// document sees only archives that we wrote, so that no difference between two readers of the format can be used.
func repack(content []byte, keep func(name string) bool) ([]byte, error) {
	archive, err := openArchive(content)
	if err != nil {
		return nil, err
	}
	if err := checkDirectory(archive, int64(len(content))); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	left := int64(maxParts)
	for _, entry := range archive.File {
		if !keep(entry.Name) {
			continue
		}
		part, err := unpack(entry, left)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", entry.Name, err)
		}
		left -= int64(len(part))
		if err := checkXML(part); err != nil {
			return nil, fmt.Errorf("check %s: %w", entry.Name, err)
		}
		w, err := writer.CreateHeader(&zip.FileHeader{Name: entry.Name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(part)
		}
		if err != nil {
			return nil, fmt.Errorf("repack %s: %w", entry.Name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("repack: %w", err)
	}
	return out.Bytes(), nil
}

// glance refuses what the archive's directory alone gives away.
func glance(content []byte) error {
	archive, err := openArchive(content)
	if err != nil {
		return err
	}
	return checkDirectory(archive, int64(len(content)))
}

// checkDirectory judges the archive by its directory alone, before a byte is unpacked.
func checkDirectory(archive *zip.Reader, size int64) error {
	if len(archive.File) > maxEntries {
		return ErrBomb.Because(fmt.Errorf("%d entries", len(archive.File)))
	}
	type span struct{ from, to int64 }
	var spans []span
	var unpacked uint64
	seen := map[string]bool{}
	for _, f := range archive.File {
		if err := checkName(f); err != nil {
			return err
		}
		if f.Flags&1 != 0 {
			return ErrEncrypted
		}
		name := strings.ToLower(f.Name)
		if seen[name] {
			return ErrUnsafeNames.Because(fmt.Errorf("two entries %q", f.Name))
		}
		seen[name] = true
		unpacked += f.UncompressedSize64
		if unpacked > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return ErrBomb.Because(fmt.Errorf("declares %d bytes", unpacked))
		}
		if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/max(f.CompressedSize64, 1) > maxRatio {
			return ErrBomb.Because(fmt.Errorf("%s unpacks %d to 1", f.Name, f.UncompressedSize64/max(f.CompressedSize64, 1)))
		}
		offset, err := f.DataOffset()
		if err != nil {
			return ErrBroken.Because(err)
		}
		if offset+int64(f.CompressedSize64) > size {
			return ErrBroken.Because(fmt.Errorf("%s ends outside of the file", f.Name))
		}
		spans = append(spans, span{offset, offset + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return ErrBomb.Because(errors.New("entries overlap"))
		}
	}
	return nil
}

func checkName(f *zip.File) error {
	name := f.Name
	clean := path.Clean(name)
	if name == "" || len(name) > 1024 || strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") || clean == ".." ||
		strings.HasPrefix(clean, "../") || strings.Contains(name, "../") || (len(name) > 1 && name[1] == ':') {
		return ErrUnsafeNames.Because(fmt.Errorf("entry %q", name))
	}
	if mode := f.Mode(); !mode.IsRegular() && !mode.IsDir() {
		return ErrUnsafeNames.Because(fmt.Errorf("entry %q is no plain file", name))
	}
	return nil
}

// parts are the parts of a checked archive, unpacked when they are asked for, all of them together within the cap.
type parts struct {
	files map[string]*zip.File
	left  int64
}

func openParts(content []byte) (*parts, error) {
	archive, err := openArchive(content)
	if err != nil {
		return nil, err
	}
	if err := checkDirectory(archive, int64(len(content))); err != nil {
		return nil, err
	}
	p := &parts{files: map[string]*zip.File{}, left: maxParts}
	for _, f := range archive.File {
		p.files[f.Name] = f
	}
	return p, nil
}

// read gives a part, nil where there is none.
func (p *parts) read(name string) ([]byte, error) {
	f := p.files[name]
	if f == nil {
		return nil, nil
	}
	part, err := unpack(f, p.left)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	p.left -= int64(len(part))
	return part, nil
}

// xml gives a part that was checked to be harmless XML, nil where there is none.
func (p *parts) xml(name string) ([]byte, error) {
	part, err := p.read(name)
	if err != nil || part == nil {
		return nil, err
	}
	if err := checkXML(part); err != nil {
		return nil, fmt.Errorf("check %s: %w", name, err)
	}
	return part, nil
}

// unpack reads one entry without trusting its declared size.
func unpack(entry *zip.File, left int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, ErrBroken.Because(err)
	}
	defer func() { _ = r.Close() }()
	part, err := io.ReadAll(io.LimitReader(r, left+1))
	if int64(len(part)) > left {
		return nil, ErrBomb.Because(errors.New("more than it declares, or too much in all"))
	}
	if err != nil {
		return nil, ErrBroken.Because(err)
	}
	return part, nil
}

// checkXML refuses document type declarations (and with them every entity), endless nesting and endless tags.
func checkXML(part []byte) error {
	if err := checkTags(part); err != nil {
		return err
	}
	decoder := xml.NewDecoder(bytes.NewReader(part))
	decoder.Entity = xml.HTMLEntity // of one character each
	depth := 0
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return ErrBroken.Because(err)
		}
		switch token.(type) {
		case xml.Directive:
			return ErrUnsafeXML.Because(errors.New("document type declaration"))
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return ErrTooDeep
			}
		case xml.EndElement:
			depth--
		}
	}
}

// checkTags bounds the length of a tag before the decoder gathers its attributes.
func checkTags(part []byte) error {
	for len(part) > 0 {
		start := bytes.IndexByte(part, '<')
		if start < 0 {
			return nil
		}
		part = part[start:]
		end := bytes.IndexByte(part, '>')
		if end < 0 {
			end = len(part)
		}
		if end > maxXMLToken {
			return ErrUnsafeXML.Because(fmt.Errorf("a tag of %d bytes", end))
		}
		part = part[min(end+1, len(part)):]
	}
	return nil
}
