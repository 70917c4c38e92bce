package convert

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/flomastr/flomastr"
)

// Kind is what a document is.
type Kind string

// The kinds that we read.
const (
	Text     Kind = "text"
	Markdown Kind = "markdown"
	HTML     Kind = "html"
	PDF      Kind = "pdf"
	DOCX     Kind = "docx"
	ODT      Kind = "odt"
	RTF      Kind = "rtf"
	EPUB     Kind = "epub"
	PPTX     Kind = "pptx"
	XLSX     Kind = "xlsx"
	XLS      Kind = "xls"
	ODS      Kind = "ods"
	CSV      Kind = "csv"
	JSON     Kind = "json"
	XML      Kind = "xml"
	EML      Kind = "eml"
	MSG      Kind = "msg"
	Image    Kind = "image"
	ZIP      Kind = "zip"
)

// traits are what is to be known of a kind before it is read.
type traits struct {
	most    int    // bytes of what arrives, before anything is unpacked
	program bool   // it may be handed to a program that is not ours, so it needs the fence
	what    string // in a sentence: "its content is …"
}

var kinds = map[Kind]traits{
	Text:     {20 << 20, false, "plain text"},
	Markdown: {20 << 20, false, "Markdown"},
	HTML:     {10 << 20, false, "a web page"},
	PDF:      {100 << 20, true, "a PDF document"},
	DOCX:     {50 << 20, true, "a Word document"},
	ODT:      {50 << 20, true, "an OpenDocument text"},
	RTF:      {20 << 20, false, "an RTF document"},
	EPUB:     {50 << 20, false, "an e-book"},
	PPTX:     {100 << 20, false, "a presentation"},
	XLSX:     {50 << 20, false, "an Excel workbook"},
	XLS:      {20 << 20, false, "an old Excel workbook"},
	ODS:      {20 << 20, false, "an OpenDocument spreadsheet"},
	CSV:      {20 << 20, false, "a table in text form"},
	JSON:     {10 << 20, false, "JSON"},
	XML:      {10 << 20, false, "XML"},
	EML:      {50 << 20, true, "a mail"},
	MSG:      {50 << 20, true, "an Outlook mail"},
	Image:    {20 << 20, true, "a picture"},
	ZIP:      {100 << 20, true, "a ZIP archive"},
}

// maxBytes is the cap of the largest kind.
const maxBytes = 100 << 20

// endings are the file names that promise a kind. One that promises a kind we do not read is there with none.
var endings = func() map[string]Kind {
	out := map[string]Kind{
		".doc": "", ".docm": "", ".ppt": "", ".xlsm": "", ".xlsb": "", ".odp": "", ".svg": "", ".7z": "", ".rar": "", ".gz": "", ".tar": "", ".heic": "",
		".mp3": "", ".mp4": "", ".exe": "",
	}
	for _, t := range flomastr.FileTypes() {
		for _, ending := range t.Endings {
			switch t.Name {
			case "txt":
				out[ending] = Text
			case "md":
				out[ending] = Markdown
			default:
				out[ending] = Kind(t.Name)
			}
		}
	}
	return out
}()

// unread says, for content that we recognise and do not read, what to do instead.
var unread = []struct{ mime, message string }{
	{"application/msword", "Old Word files (.doc) are not read; save the document as DOCX and upload that."},
	{"application/vnd.ms-powerpoint", "Old presentations (.ppt) are not read; save the slides as PPTX and upload that."},
	{"image/", "This kind of picture is not read; save it as PNG or JPEG and upload that."},
	{"audio/", "Recordings are not read; upload a document that holds the text."},
	{"video/", "Recordings are not read; upload a document that holds the text."},
	{"application/gzip", "Archives of this kind are not opened; upload a ZIP or the documents themselves."},
	{"application/x-tar", "Archives of this kind are not opened; upload a ZIP or the documents themselves."},
	{"application/x-7z-compressed", "Archives of this kind are not opened; upload a ZIP or the documents themselves."},
	{"application/x-rar-compressed", "Archives of this kind are not opened; upload a ZIP or the documents themselves."},
}

// Detect says what a document is, by its content first. The name and the server's word only choose between kinds that
// the content allows.
func Detect(name, contentType string, content []byte) (Kind, error) {
	if len(bytes.TrimSpace(content[:min(len(content), 1024)])) == 0 && len(bytes.TrimSpace(content)) == 0 {
		return "", ErrEmpty
	}
	promised, known := endings[strings.ToLower(path.Ext(path.Base(strings.ReplaceAll(name, `\`, "/"))))]
	found := mimetype.Detect(content)
	kind, err := fromContent(found, content, promised, contentType)
	switch {
	case err != nil && promised != "" && !sameFamily(promised, content):
		// A name that promises one of ours and holds something else was mislabelled; the other sentence would mislead.
		return "", mislabelled(promised, "")
	case err != nil:
		return "", err
	case known && promised == "" && kind != Text: // a name that we do not read and a content that we would
		return "", mislabelled("", kind)
	case known && promised == "":
		return "", ErrUnsupported
	case promised != "" && promised != kind:
		return "", mislabelled(promised, kind)
	}
	return kind, nil
}

// fromContent decides by the bytes. Where they are text, which is all that many kinds have in common, the name decides,
// unless the text is plainly something else.
func fromContent(found *mimetype.MIME, content []byte, promised Kind, contentType string) (Kind, error) {
	switch {
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(content, []byte(`{\rtf`)):
		return RTF, nil
	case bytes.HasPrefix(content, []byte("PK\x03\x04")), bytes.HasPrefix(content, []byte("PK\x05\x06")):
		return fromArchive(content, promised)
	case bytes.HasPrefix(content, oleMark):
		return fromOLE(content, promised)
	}
	if slices.ContainsFunc([]string{"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"}, found.Is) {
		return Image, nil
	}
	for _, u := range unread {
		if strings.HasPrefix(found.String(), u.mime) && !found.Is("image/svg+xml") {
			return "", sentence(ErrUnsupported, u.message)
		}
	}
	text, _, err := decode(content, "")
	if err != nil {
		return "", err
	}
	return fromText(found, text, promised, contentType)
}

// fromText tells kinds of text apart.
func fromText(found *mimetype.MIME, text string, promised Kind, contentType string) (Kind, error) {
	page := found.Is("text/html") || strings.Contains(strings.ToLower(text[:min(len(text), 1024)]), "<html")
	switch {
	case promised == Text, promised == Markdown, promised == HTML, promised == EML, promised == XML:
		return promised, nil
	case (promised == CSV || promised == JSON) && !page:
		return promised, nil
	case page:
		return HTML, nil
	case found.Is("application/json"), found.Is("application/x-ndjson"), found.Is("application/geo+json"):
		return JSON, nil
	case found.Is("image/svg+xml"):
		return "", sentence(ErrUnsupported, "Drawings are not read; save it as PNG and upload that.")
	case found.Is("text/xml"), found.Is("application/rss+xml"), found.Is("application/atom+xml"):
		return XML, nil
	case found.Is("text/csv"), found.Is("text/tab-separated-values"), strings.HasPrefix(contentType, "text/csv"):
		return CSV, nil
	case looksLikeMail(text):
		return EML, nil
	case strings.HasPrefix(contentType, "text/markdown"):
		return Markdown, nil
	case strings.HasPrefix(contentType, "text/html"):
		return HTML, nil
	}
	return Text, nil
}

// sameFamily reports whether content that we refuse is at least what its name says, damaged or protected.
func sameFamily(promised Kind, content []byte) bool {
	switch promised {
	case DOCX, ODT, EPUB, PPTX, XLSX, ODS, ZIP: // Office wraps what a password protects in its old container
		return bytes.HasPrefix(content, []byte("PK")) || bytes.HasPrefix(content, oleMark)
	case XLS, MSG:
		return bytes.HasPrefix(content, oleMark)
	}
	return false
}

func mislabelled(promised, found Kind) error {
	is := kinds[found].what
	if is == "" {
		is = "something else"
	}
	if promised == "" {
		return sentence(ErrMislabelled, "The file's name has another ending than its content, which is "+is+"; give it the right ending and upload again.")
	}
	return sentence(ErrMislabelled, "The file is named like "+kinds[promised].what+", but its content is "+is+"; give it the right ending and upload again.")
}

// looksLikeMail finds the head of a mail: fields that only mails have, before the first empty line.
func looksLikeMail(text string) bool {
	head, _, found := strings.Cut(strings.ReplaceAll(text[:min(len(text), 16<<10)], "\r\n", "\n"), "\n\n")
	if !found {
		return false
	}
	known := 0
	for line := range strings.SplitSeq(head, "\n") {
		name, _, ok := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "received", "return-path", "mime-version", "message-id", "dkim-signature", "delivered-to":
			known += 2
		case "from", "to", "subject", "date":
			known++
		default:
			if !ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
				return false
			}
		}
	}
	return known >= 4
}

// The old container of Office, and the names of the streams that tell what is in it.
var (
	oleMark    = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
	oleStreams = []struct {
		name string
		kind Kind
	}{
		{"EncryptedPackage", ""}, {"__properties_version1.0", MSG}, {"Workbook", XLS}, {"WordDocument", ""}, {"PowerPoint Document", ""},
	}
)

// fromOLE tells by the names of the streams, which stand in UTF-16 in the container's directory.
func fromOLE(content []byte, promised Kind) (Kind, error) {
	has := map[string]bool{}
	for _, s := range oleStreams {
		has[s.name] = bytes.Contains(content, utf16le(s.name))
	}
	switch {
	case has["EncryptedPackage"]:
		return "", ErrEncrypted
	case has["__properties_version1.0"]:
		return MSG, nil
	case has["Workbook"] && (promised == XLS || !has["WordDocument"]):
		return XLS, nil
	case has["WordDocument"]:
		return "", sentence(ErrUnsupported, unread[0].message)
	case has["PowerPoint Document"]:
		return "", sentence(ErrUnsupported, unread[1].message)
	case promised == XLS && bytes.Contains(content, utf16le("Book")):
		return "", sentence(ErrUnsupported, "This workbook is older than Excel 97; save it as XLSX and upload that.")
	}
	return "", ErrUnsupported
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}
