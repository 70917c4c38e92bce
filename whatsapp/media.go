package whatsapp

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Attached is a file of a message, and how far we are with it. One that was uploaded belongs to none until it is sent.
type Attached struct {
	ID           flomastr.MediaID
	UploadedBy   flomastr.Actor // empty for a customer's
	Channel      flomastr.ChannelID
	Conversation flomastr.ConversationID
	Message      flomastr.MessageID
	Kind         MediaKind
	Source       provider.Attachment // where it lies at the provider
	DeclaredType string              // a claim
	Filename     string              // a claim; may be empty
	State        MediaState
	Reason       MediaReason // why it is not stored; empty when it is, or may yet be
	File         KeptFile    // zero until it is stored
	Reading      Reading
	Text         string // what is said or written in it; a stranger's words
	CreatedAt    time.Time
}

// KeptFile is what we have of a file. One content is kept once for each tenant.
type KeptFile struct {
	ID     flomastr.FileID
	SHA256 [32]byte
	Size   int64
	Type   string // as its bytes say
	Scan   Scan
}

// Key is where a file's bytes lie in the blobs.
func (f KeptFile) Key() string { return fileKey(f.ID) }

func fileKey(id flomastr.FileID) string { return "media/" + id.String() }

// MediaKind says what a file is to WhatsApp, which is what its size is limited by.
type MediaKind string

// The kinds.
const (
	MediaImage    MediaKind = "image"
	MediaAudio    MediaKind = "audio"
	MediaVoice    MediaKind = "voice"
	MediaVideo    MediaKind = "video"
	MediaDocument MediaKind = "document"
	MediaSticker  MediaKind = "sticker"
)

// MediaState says how far we are with a file.
type MediaState string

// The states. A file leaves pending once; a failed one may be asked for again.
const (
	MediaPending MediaState = "pending"
	MediaStored  MediaState = "stored"
	MediaRefused MediaState = "refused" // we do not want it
	MediaFailed  MediaState = "failed"  // we could not get it
	MediaExpired MediaState = "expired" // the provider no longer has it
)

// MediaReason says in a word why a file is not stored.
type MediaReason string

// The reasons.
const (
	MediaTooLarge    MediaReason = "too_large"
	MediaEmpty       MediaReason = "empty"
	MediaWrongType   MediaReason = "wrong_type"
	MediaInfected    MediaReason = "infected"
	MediaForeignHost MediaReason = "foreign_host"
	MediaNoSource    MediaReason = "no_source"
	MediaRevoked     MediaReason = "revoked"
	MediaGone        MediaReason = "gone"
	MediaUnreachable MediaReason = "unreachable"
	MediaUnscanned   MediaReason = "unscanned"
)

// Sentence says it to people.
func (r MediaReason) Sentence() string {
	return map[MediaReason]string{
		MediaTooLarge:    "The file is larger than WhatsApp, or this tenant's policy, allows.",
		MediaEmpty:       "The file is empty.",
		MediaWrongType:   "The file is not what it was announced as.",
		MediaInfected:    "The file is infected.",
		MediaForeignHost: "The file does not lie at the provider, so it was not fetched.",
		MediaNoSource:    "This provider hands no files over.",
		MediaRevoked:     "The customer has taken the message back.",
		MediaGone:        "The provider no longer has the file.",
		MediaUnreachable: "The provider did not hand the file over.",
		MediaUnscanned:   "The file could not be checked for malware.",
	}[r]
}

// Scan says what a check for malware found.
type Scan string

// The outcomes of a check of a file that is kept.
const (
	NotScanned Scan = "not_scanned" // nothing here checks files
	ScanClean  Scan = "clean"
)

// Scanner checks a file for malware. An error says that it could not be checked.
type Scanner interface {
	Scan(ctx context.Context, content io.Reader) (found string, err error) // found names the malware; empty: none
}

// Blobs keep the bytes of files.
type Blobs interface {
	PutFrom(ctx context.Context, tenant flomastr.TenantID, key string, body io.Reader) error
	Open(ctx context.Context, tenant flomastr.TenantID, key string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, tenant flomastr.TenantID, key string) error
}

// MediaStore keeps what is known of files. Each method is one commit, or none.
type MediaStore interface {
	// Attached reads one file; ErrMediaNotFound.
	Attached(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (Attached, error)
	// AddUpload notes a file that is to be sent, pending.
	AddUpload(ctx context.Context, tenant flomastr.TenantID, a Attached) error
	// MediaLimit is the largest file that the tenant's policy takes, in bytes.
	MediaLimit(ctx context.Context, tenant flomastr.TenantID) (int64, error)
	// ReserveFile finds the tenant's file with this content, or makes a row for it, and lets the pending medium point to it,
	// so that nobody drops it. Whole says that its bytes are kept already. ErrMediaSettled when the medium is not pending.
	ReserveFile(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, f KeptFile) (kept KeptFile, whole bool, err error)
	// SettleMedia ends a pending medium: stored, with the file that was reserved, or otherwise without one. ErrMediaSettled
	// when it is not pending, or gone. What is not stored is not read: its turn goes on.
	SettleMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, state MediaState, reason MediaReason) error
	// SaveReading ends the reading of a medium that is being read and lets its turn go on, unless another file of the turn is
	// still being read. ErrMediaSettled when it is not being read.
	SaveReading(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, reading Reading, text string) error
	// RetryMedia makes a failed medium pending and queues its fetching; ErrMediaNotFailed.
	RetryMedia(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.MediaID) (Attached, error)
}

// The failures of media.
var (
	ErrMediaNotFound  = flomastr.Errorf(flomastr.NotFound, "media_not_found", "There is no such file.")
	ErrMediaNotStored = flomastr.Errorf(flomastr.NotFound, "media_not_stored", "The file is not kept here; its message says why.")
	ErrMediaNotFailed = flomastr.Errorf(flomastr.Conflict, "media_not_failed", "Only a file that could not be fetched can be asked for again.")
	ErrMediaSettled   = flomastr.Errorf(flomastr.Conflict, "media_settled", "The file has been dealt with already.")
)

// MediaFetchArgs is the job that fetches a file from its provider.
type MediaFetchArgs struct {
	Tenant flomastr.TenantID `json:"tenant_id"`
	Media  flomastr.MediaID  `json:"media_id"`
}

// Kind names the job in the queue.
func (MediaFetchArgs) Kind() string { return "media.fetch" }

// MediaEraseArgs is the job that deletes the bytes of files whose rows are gone.
type MediaEraseArgs struct {
	Tenant flomastr.TenantID `json:"tenant_id"`
	Files  []flomastr.FileID `json:"files"`
}

// Kind names the job in the queue.
func (MediaEraseArgs) Kind() string { return "media.erase" }

// AttachedOf is the file that came with an arrival; false when there is none. One that the provider held back because it is
// infected is refused from the start.
func AttachedOf(in *Arrival) (Attached, bool) {
	a := Attached{
		Message: in.Message, Source: in.Media, DeclaredType: provider.Truncate(in.Media.Type, 200),
		Filename: provider.Truncate(provider.CleanName(in.Media.Filename), 240), State: MediaPending, Kind: mediaKind(in.Inbound),
		Reading: ReadingNone,
	}
	switch {
	case in.Type == "infected_content":
		a.Kind, a.State, a.Reason = MediaDocument, MediaRefused, MediaInfected
	case in.Media.IsZero():
		return Attached{}, false
	}
	if a.ID = flomastr.NewID[flomastr.MediaID](); in.Read {
		a.Reading = ReadingPending
	}
	return a, true
}

func mediaKind(in provider.Inbound) MediaKind {
	kinds := []MediaKind{MediaImage, MediaAudio, MediaVoice, MediaVideo, MediaDocument, MediaSticker}
	family, _, _ := strings.Cut(in.Media.Type, "/")
	switch {
	case in.Media.Voice:
		return MediaVoice
	case slices.Contains(kinds, MediaKind(in.Type)):
		return MediaKind(in.Type)
	case slices.Contains(kinds, MediaKind(family)):
		return MediaKind(family)
	default:
		return MediaDocument
	}
}
