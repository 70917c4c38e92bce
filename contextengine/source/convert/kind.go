package convert

import (
	"bytes"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"
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
)

// Size caps by kind: of what arrives, before anything is unpacked.
var maxBytes = map[Kind]int{Text: 20 << 20, Markdown: 20 << 20, HTML: 10 << 20, PDF: 100 << 20, DOCX: 50 << 20}

// endings are the file names that promise a kind. One that promises a kind we do not read is listed with none.
var endings = map[string]Kind{
	".txt": Text, ".text": Text, ".log": Text, ".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
	".html": HTML, ".htm": HTML, ".xhtml": HTML, ".pdf": PDF, ".docx": DOCX,
	".rtf": "", ".doc": "", ".docm": "", ".odt": "", ".epub": "", ".pptx": "", ".ppt": "", ".xlsx": "", ".xls": "", ".csv": "", ".tsv": "",
	".json": "", ".xml": "", ".rss": "", ".eml": "", ".msg": "", ".zip": "", ".jpg": "", ".jpeg": "", ".png": "", ".gif": "", ".webp": "", ".svg": "",
	".tif": "", ".tiff": "",
}

// unread says, for content that we recognise and do not read, what to do instead.
var unread = []struct{ mime, message string }{
	{"text/rtf", "RTF files are not read; save the document as DOCX or PDF and upload that."},
	{"application/msword", "Old Word files (.doc) are not read; save the document as DOCX and upload that."},
	{"application/vnd.openxmlformats-officedocument.presentationml", "Presentations are not read yet; save the slides as PDF and upload that."},
	{"application/vnd.ms-powerpoint", "Presentations are not read yet; save the slides as PDF and upload that."},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml", "Spreadsheets are not read yet; save the sheet as PDF and upload that."},
	{"application/vnd.ms-excel", "Spreadsheets are not read yet; save the sheet as PDF and upload that."},
	{"application/vnd.oasis.opendocument", "OpenDocument files are not read yet; save the document as DOCX or PDF and upload that."},
	{"application/epub+zip", "E-books are not read yet; save the book as PDF or DOCX and upload that."},
	{"application/vnd.ms-outlook", "Mail files are not read yet; paste the mail's text instead."},
	{"image/", "Pictures are not read yet; upload a document that holds the text."},
	{"audio/", "Recordings are not read; upload a document that holds the text."},
	{"video/", "Recordings are not read; upload a document that holds the text."},
	{"application/zip", "Archives are not opened; upload the documents that it holds."},
	{"application/gzip", "Archives are not opened; upload the documents that it holds."},
	{"application/x-tar", "Archives are not opened; upload the documents that it holds."},
	{"application/x-7z-compressed", "Archives are not opened; upload the documents that it holds."},
	{"application/x-rar-compressed", "Archives are not opened; upload the documents that it holds."},
}

// dataText are text types that are data, not prose. They would be read as text only to be useless, so they are refused
// unless the name says that they are text.
var dataText = []string{
	"application/json", "text/csv", "text/tab-separated-values", "text/xml", "application/rss+xml",
	"application/atom+xml", "image/svg+xml", "application/geo+json", "application/x-ndjson",
}

// Detect says what a document is, by its content first. The name and the server's word only choose between kinds that
// the content allows.
func Detect(name, contentType string, content []byte) (Kind, error) {
	if len(bytes.TrimSpace(content[:min(len(content), 1024)])) == 0 && len(bytes.TrimSpace(content)) == 0 {
		return "", ErrEmpty
	}
	promised, known := endings[strings.ToLower(path.Ext(path.Base(strings.ReplaceAll(name, `\`, "/"))))]
	found := mimetype.Detect(content)
	kind, err := fromContent(found, content, promised)
	if err != nil {
		// A name that promises one of ours and holds something else was mislabelled; the other sentence would mislead.
		if promised != "" && !sameFamily(promised, found) {
			return "", mislabelled(promised, found.String())
		}
		return "", err
	}
	switch {
	case known && promised == "" && !isText(kind):
		return "", mislabelled("", string(kind))
	case known && promised == "":
		return "", ErrUnsupported
	case promised != "" && promised != kind && (!isText(promised) || !isText(kind)):
		return "", mislabelled(promised, string(kind))
	case promised == "" && kind == Text && strings.HasPrefix(contentType, "text/markdown"):
		return Markdown, nil
	case promised == "" && kind == Text && strings.HasPrefix(contentType, "text/html"):
		return HTML, nil
	case isText(kind) && isText(promised):
		return promised, nil
	}
	return kind, nil
}

func fromContent(found *mimetype.MIME, content []byte, promised Kind) (Kind, error) {
	switch {
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(content, []byte("{\\rtf")):
		return "", sentence(ErrUnsupported, unread[0].message)
	case found.Is("application/vnd.openxmlformats-officedocument.wordprocessingml.document"):
		return DOCX, nil
	case found.Is("application/x-ole-storage"), found.Is("application/msword"), found.Is("application/vnd.ms-excel"), found.Is("application/vnd.ms-powerpoint"):
		// Office wraps a protected DOCX in its old container; the name of the stream is in UTF-16.
		if bytes.Contains(content, utf16le("EncryptedPackage")) {
			return "", ErrEncrypted
		}
	case found.Is("application/zip") && promised == DOCX:
		// Office writes the parts in an order that detection knows; other programs need not.
		if looksLikeDOCX(content) {
			return DOCX, nil
		}
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
	if found.Is("text/html") || promised == HTML && looksLikeHTML(text) || found.Is("text/xml") && strings.Contains(strings.ToLower(text[:min(len(text), 1024)]), "<html") {
		return HTML, nil
	}
	for _, data := range dataText {
		if found.Is(data) && !isText(promised) {
			return "", ErrUnsupported
		}
	}
	return Text, nil
}

// sameFamily reports whether content that we refuse is at least what its name says, damaged or protected.
func sameFamily(promised Kind, found *mimetype.MIME) bool {
	return promised == DOCX && (found.Is("application/zip") || found.Is("application/x-ole-storage"))
}

func isText(kind Kind) bool { return kind == Text || kind == Markdown || kind == HTML }

func mislabelled(promised Kind, found string) error {
	what := map[string]string{"pdf": "a PDF document", "docx": "a Word document", "html": "a web page", "text": "plain text", "markdown": "Markdown"}
	is, ok := what[strings.SplitN(found, ";", 2)[0]]
	if !ok {
		is = "something else"
	}
	if promised == "" {
		return sentence(ErrMislabelled, "The file's name has another ending than its content, which is "+is+"; give it the right ending and upload again.")
	}
	return sentence(ErrMislabelled, "The file is named like "+what[string(promised)]+", but its content is "+is+"; give it the right ending and upload again.")
}

// looksLikeHTML finds a tag near the start, where the name says HTML and detection saw only text.
func looksLikeHTML(text string) bool {
	head := strings.ToLower(text[:min(len(text), 4096)])
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<p", "<div", "<h1", "<h2", "<table", "<ul", "<main", "<article", "<section", "<title"} {
		if strings.Contains(head, tag) {
			return true
		}
	}
	return false
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}
