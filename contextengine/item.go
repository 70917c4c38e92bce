package contextengine

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Status says how far an item is.
type Status string

// The states of an item. While a new version is processing, the version before it serves.
const (
	Processing Status = "processing"
	Embedded   Status = "embedded"
	Failed     Status = "failed"
)

// Origin says where an item came from.
type Origin string

// The origins.
const (
	FromFile  Origin = "file"
	FromURL   Origin = "url"
	FromPaste Origin = "paste"
	FromHITL  Origin = "hitl" // a card that a person published
)

// Draft is knowledge to be added. Either Content is set, or Source is FromURL and URL says where to fetch it, unless
// Document is what was found there.
type Draft struct {
	Title    string // files and pages without one are named by their file name or address
	Content  []byte
	Filename string // for files; says the type together with the content
	Source   Origin
	URL      string    // the page to fetch, or for other sources an optional link to show
	Document *Document // a page that was fetched and read already
	Intent   string
	Tags     []string
	By       flomastr.Actor // zero: the system
}

// Item is one piece of knowledge and how far it is.
type Item struct {
	ID             flomastr.ItemID
	Title          string
	Source         Origin
	Type           string // markdown, pdf, …
	Filename       string
	URL            string
	Intent         string
	Tags           []string
	Status         Status
	Error          string // a sentence, when failed
	Warnings       []string
	Version        int
	IndexedVersion int // 0: nothing serves yet
	Chunks         int
	Progress       Progress
	Size           int64
	Hash           []byte // of what was given
	BlobKey        string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Stage is a step of indexing.
type Stage string

// The stages, in order.
const (
	StageQueued  Stage = "queued"
	StageReading Stage = "reading"
	StageEmbed   Stage = "embedding"
	StageStore   Stage = "storing"
	StageDone    Stage = "done"
)

// Progress counts what an indexing has done of what it has to do.
type Progress struct {
	Stage Stage
	Done  int // chunks, once they are known
	Total int
}

// Listing asks for a page of items, newest change first unless Sort says otherwise.
type Listing struct {
	Search string // in title, tags and address
	Status Status
	Source Origin
	Sort   string // updated_at (default), created_at, title
	Limit  int
	Cursor string
}

// Page is one page of a listing.
type Page struct {
	Items []Item
	Total int
	Next  string // "" at the end
}

// The errors of items.
var (
	ErrItemNotFound  = flomastr.Errorf(flomastr.NotFound, "item_not_found", "There is no such knowledge item.")
	ErrBadCursor     = flomastr.Errorf(flomastr.Malformed, "invalid_cursor", "This cursor does not belong to this list.")
	ErrEmptyContent  = flomastr.Errorf(flomastr.Invalid, "content_empty", "There is no text in it.").Field("body.content", "must not be empty")
	ErrTitleLength   = flomastr.Errorf(flomastr.Invalid, "title_invalid", "A title has 1 to 300 characters.").Field("body.title", "must have 1 to 300 characters")
	ErrTitleTaken    = flomastr.Errorf(flomastr.Conflict, "title_taken", "Another entry has this title already; word the question differently.").Field("body.question", "is the title of another entry")
	ErrBadURL        = flomastr.Errorf(flomastr.Invalid, "url_invalid", "This is not a web address that we can fetch.").Field("body.url", "must be an absolute http or https address")
	ErrLabels        = flomastr.Errorf(flomastr.Invalid, "labels_invalid", "An intent or a tag has at most 200 characters, and an item at most 50 tags.").Field("body.tags", "at most 50, each of at most 200 characters")
	ErrTooLarge      = flomastr.Errorf(flomastr.TooLarge, "content_too_large", "This is larger than your plan allows.")
	ErrFileType      = flomastr.Errorf(flomastr.Unsupported, "file_type_unsupported", "This type of file cannot be read, or your plan does not allow it.")
	ErrVersionPassed = flomastr.Errorf(flomastr.Conflict, "version_passed", "A newer version of this item has taken its place.")
)
