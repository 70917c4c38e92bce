package branding

import (
	"bytes"
	"mime"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// MaxFile is the size of the largest logo that is taken, in bytes.
const MaxFile = 2 << 20

// maxSVG is less, because an SVG is parsed by us: a logo has some kilobytes.
const maxSVG = 512 << 10

// What can be wrong with a file before anything is decoded.
var (
	ErrFileEmpty = flomastr.Errorf(flomastr.Invalid, "file_empty",
		"The file is empty.")
	ErrFileTooLarge = flomastr.Errorf(flomastr.TooLarge, "logo_too_large",
		"The logo is too large: an SVG may have 512 KB, a picture 2 MB.")
	ErrFileType = flomastr.Errorf(flomastr.Unsupported, "logo_unsupported",
		"The file is not a picture that we take; upload SVG, PNG, JPEG or WebP.")
	ErrMislabelled = flomastr.Errorf(flomastr.Invalid, "file_mislabelled",
		"The file's content is not what its name or type says; give it the right ending and upload again.")
)

// File is a logo as somebody sent it. Its name and type are hints that must not contradict its content.
type File struct {
	Name        string
	ContentType string
	Content     []byte
}

// promised names the kind that an ending or a type stands for. What is not listed promises a kind that we do not take.
var promised = map[string]string{
	".svg": "svg", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp",
	"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp",
}

// kind says what the file is: svg, png, jpeg or webp.
func (f File) kind() (string, error) {
	found := sniff(f.Content)
	switch {
	case len(f.Content) == 0:
		return "", ErrFileEmpty
	case found == "":
		return "", ErrFileType
	case len(f.Content) > MaxFile, found == "svg" && len(f.Content) > maxSVG:
		return "", ErrFileTooLarge
	}
	if ending := strings.ToLower(path.Ext(f.Name)); ending != "" && promised[ending] != found {
		return "", ErrMislabelled
	}
	named, _, _ := mime.ParseMediaType(f.ContentType)
	if named != "" && named != "application/octet-stream" && promised[named] != found {
		return "", ErrMislabelled
	}
	return found, nil
}

// sniff tells the kind by the first bytes; "" is none of ours.
func sniff(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return "jpeg"
	case len(content) > 12 && string(content[:4]) == "RIFF" && string(content[8:12]) == "WEBP":
		return "webp"
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
	head := text[:min(len(text), 4096)]
	if bytes.HasPrefix(head, []byte("<")) && utf8.Valid(text) && bytes.Contains(head, []byte("<svg")) &&
		!bytes.Contains(bytes.ToLower(head), []byte("<html")) {
		return "svg"
	}
	return ""
}
