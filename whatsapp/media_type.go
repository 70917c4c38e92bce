package whatsapp

import (
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// limit is the largest file of a kind that WhatsApp carries, in bytes.
func (k MediaKind) limit() int64 {
	switch k {
	case MediaImage:
		return 5 << 20
	case MediaSticker:
		return 500 << 10
	case MediaAudio, MediaVoice, MediaVideo:
		return 16 << 20
	default:
		return 100<<20 - 1 // adapters end a body at 100 MiB, so one of that length may be cut
	}
}

// plausible tells whether a file's bytes are of the kind that it came as. A document may be anything, but not a web page
// that its message did not announce: that is a provider's or a proxy's error, with the status of success.
func plausible(kind MediaKind, declared string, is *mimetype.MIME) bool {
	family := func(names ...string) bool {
		for m := is; m != nil; m = m.Parent() {
			for _, name := range names {
				if strings.HasPrefix(m.String(), name) {
					return true
				}
			}
		}
		return false
	}
	switch kind {
	case MediaImage:
		return family("image/") && !family("image/svg")
	case MediaSticker:
		return family("image/webp")
	case MediaVideo:
		return family("video/")
	case MediaAudio, MediaVoice:
		// What a phone records as sound stands in the same containers as films.
		return family("audio/", "application/ogg", "video/mp4", "video/3gpp", "video/webm", "video/quicktime")
	}
	if family("text/html") {
		announced, _, _ := mime.ParseMediaType(declared)
		return announced == "text/html" || announced == "application/xhtml+xml"
	}
	if declared == "application/pdf" {
		return family("application/pdf")
	}
	return true
}
