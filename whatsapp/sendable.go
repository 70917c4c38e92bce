package whatsapp

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg" // what WhatsApp shows as a picture
	_ "image/png"
	"io"
	"slices"

	"github.com/gabriel-vasile/mimetype"
	_ "golang.org/x/image/webp" // what WhatsApp shows as a sticker

	"github.com/flomastr/flomastr"
)

// carried are the types of files that WhatsApp carries, by what they are to it, as their bytes say and as a provider is told.
var carried = map[MediaKind]map[string]string{
	MediaImage:   {"image/jpeg": "image/jpeg", "image/png": "image/png"},
	MediaSticker: {"image/webp": "image/webp"},
	MediaVideo:   {"video/mp4": "video/mp4", "video/3gpp": "video/3gpp"},
	MediaAudio: {
		"audio/aac": "audio/aac", "audio/amr": "audio/amr", "audio/mpeg": "audio/mpeg", "audio/mp4": "audio/mp4", "audio/x-m4a": "audio/mp4",
		"audio/ogg": "audio/ogg", "application/ogg": "audio/ogg",
	},
	MediaVoice: {"audio/ogg": "audio/ogg", "application/ogg": "audio/ogg"},
	MediaDocument: {
		"application/pdf": "application/pdf", "text/plain": "text/plain", "text/csv": "text/plain", "text/tab-separated-values": "text/plain",
		"application/msword": "application/msword", "application/vnd.ms-excel": "application/vnd.ms-excel", "application/vnd.ms-powerpoint": "application/vnd.ms-powerpoint",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		"image/jpeg": "image/jpeg", "image/png": "image/png", "image/webp": "image/webp", "video/mp4": "video/mp4", "video/3gpp": "video/3gpp",
		"audio/aac": "audio/aac", "audio/amr": "audio/amr", "audio/mpeg": "audio/mpeg", "audio/mp4": "audio/mp4", "audio/x-m4a": "audio/mp4",
	},
}

// carriedAs is what a provider is told of a file's type; false for one that WhatsApp does not carry as this kind.
func carriedAs(kind MediaKind, is *mimetype.MIME) (string, bool) {
	if is == nil {
		return "", false
	}
	for found, told := range carried[kind] {
		if is.Is(found) {
			return told, true
		}
	}
	return "", false
}

// naturalKind is what a file is to WhatsApp where nobody says it; empty for what it does not carry.
func naturalKind(is *mimetype.MIME) MediaKind {
	for _, kind := range []MediaKind{MediaImage, MediaSticker, MediaVideo, MediaAudio, MediaDocument} {
		if _, ok := carriedAs(kind, is); ok {
			return kind
		}
	}
	return ""
}

// The reasons for which a file cannot be sent.
var (
	ErrFileType = flomastr.Errorf(flomastr.Unsupported, "media_type",
		"WhatsApp does not carry this type of file. It takes JPEG and PNG pictures, MP4 and 3GPP films, AAC, AMR, MP3, M4A and Ogg Opus sound, PDF, text and Office documents, and WebP stickers.")
	ErrFileKind = flomastr.Errorf(flomastr.Unsupported, "media_kind", "WhatsApp does not carry this file as what it is to be sent as; send it as a document.")
	// ErrFileTooLarge is a file that is larger than WhatsApp, or the tenant's policy, allows.
	ErrFileTooLarge = flomastr.Errorf(flomastr.TooLarge, "media_too_large",
		"The file is too large: WhatsApp takes pictures of up to 5 MB, sound and films of up to 16 MB and documents of up to 100 MB, and this tenant's policy may allow less.")
	ErrFileEmpty    = flomastr.Errorf(flomastr.Invalid, "media_empty", "The file is empty.").Field("body.file", "must not be empty")
	ErrFileInfected = flomastr.Errorf(flomastr.Invalid, "media_infected", "The file is infected and was not kept.").Field("body.file", "must be free of malware")
	ErrUnscanned    = flomastr.Errorf(flomastr.Unavailable, "media_unscanned", "The file could not be checked for malware; try again in a moment.")
	errPicture      = flomastr.Errorf(flomastr.Unsupported, "media_picture", "WhatsApp shows only pictures with 8 bits for each of red, green and blue; send this one as a document.")
	errDamaged      = flomastr.Errorf(flomastr.Unsupported, "media_damaged", "The picture is damaged or not complete.")
	errSticker      = flomastr.Errorf(flomastr.Unsupported, "media_sticker", "A sticker is a WebP of 512 by 512 points with at most 100 KB, or 500 KB when it moves; send this one as a document.")
	errVoice        = flomastr.Errorf(flomastr.Unsupported, "media_voice", "WhatsApp takes Ogg sound only with the Opus codec.")
)

// maxStillSticker is the most that a sticker that does not move may have.
const maxStillSticker = 100 << 10

// sendable says why a file cannot be sent as a kind. Only its beginning is read: what stands before a picture's size is seldom a megabyte.
func sendable(kind MediaKind, is *mimetype.MIME, size int64, content io.Reader) error {
	told, ok := carriedAs(kind, is)
	switch {
	case !ok && naturalKind(is) == "":
		return ErrFileType
	case !ok:
		return ErrFileKind
	case size > kind.limit():
		return ErrFileTooLarge
	}
	head, err := io.ReadAll(io.LimitReader(content, 1<<20))
	if err != nil {
		return err
	}
	switch {
	case kind == MediaImage:
		return showable(head)
	case kind == MediaSticker:
		return stickerFits(head, size)
	case told == "audio/ogg" && !bytes.Contains(head[:min(len(head), 512)], []byte("OpusHead")):
		return errVoice
	}
	return nil
}

// showable looks at a picture's colours: phones show nothing of what is not plain red, green and blue.
func showable(head []byte) error {
	shape, _, err := image.DecodeConfig(bytes.NewReader(head))
	switch {
	case err != nil || shape.Width == 0 || shape.Height == 0:
		return errDamaged
	case slices.Contains([]color.Model{color.RGBA64Model, color.NRGBA64Model, color.Gray16Model, color.CMYKModel}, shape.ColorModel):
		return errPicture
	}
	return nil
}

func stickerFits(head []byte, size int64) error {
	shape, _, err := image.DecodeConfig(bytes.NewReader(head))
	if err != nil || shape.Width != 512 || shape.Height != 512 || size > maxStillSticker && !moves(head) {
		return errSticker
	}
	return nil
}

// moves tells whether a WebP is animated: a bit of its extended header.
func moves(webp []byte) bool {
	return len(webp) > 20 && string(webp[12:16]) == "VP8X" && webp[20]&0x02 != 0
}
