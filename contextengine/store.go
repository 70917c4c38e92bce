package contextengine

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// StatusStore is what the engine asks of the hot database. Each method is one commit.
type StatusStore interface {
	// SaveItem makes the item or raises its version, with the indexing job and the change in the same commit. An item is
	// found by its address when it is a page, by its id when a version is put back or a card is edited, else by its title. Where the hash is that of the item's last saved content, nothing
	// changes and no job is made, unless the last indexing failed. ErrTitleTaken when a card would take the place of
	// something else.
	SaveItem(ctx context.Context, tenant flomastr.TenantID, save SaveItem) (Saved, error)
	// Reindex raises the version and makes the job, whatever the hash.
	Reindex(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (Item, error)
	Item(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (Item, error)
	Items(ctx context.Context, tenant flomastr.TenantID, listing Listing) (Page, error)
	// SetProgress, FinishItem and FailItem answer ErrVersionPassed when the item has a newer version, ErrItemNotFound
	// when it is gone.
	SetProgress(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, progress Progress) error
	FinishItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, done Finished) error
	FailItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, sentence string) error
	// RemoveItem deletes the row and makes the job that erases the rest, in one commit.
	RemoveItem(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (EraseArgs, error)
	// Changes lists how an item came to its latest versions, newest first; ErrItemNotFound when it is gone.
	Changes(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]Change, error)
	// Unanswered lists the questions that wait for an answer, oldest first; there are at most a thousand.
	Unanswered(ctx context.Context, tenant flomastr.TenantID) ([]Unanswered, error)
	// DismissQuestions, TakeUpQuestions and DropQuestions change a group as one act of somebody's; ErrQuestionNotFound when
	// nothing of it is there.
	DismissQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID, ids []flomastr.QuestionID) error
	TakeUpQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID) error
	DropQuestions(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, group flomastr.QuestionID, ids []flomastr.QuestionID) error
	CountItems(ctx context.Context, tenant flomastr.TenantID) (Counts, error)
	// Limits are what the tenant's policies allow.
	Limits(ctx context.Context, tenant flomastr.TenantID) (Limits, error)
}

// SaveItem is what SaveItem writes.
type SaveItem struct {
	ID       flomastr.ItemID // for a new item; of the one whose version is put back
	Edit     bool            // the item is found by its id, and takes the title
	By       flomastr.Actor
	Cause    Cause // of a new version; a new item's is Added
	Restored int   // the version that is put back, else 0
	Title    string
	Source   Origin
	Type     string
	Filename string
	URL      string
	Intent   string
	Tags     []string
	Hash     []byte // nil for a page, whose content is not known before it is fetched
	Size     int64
	BlobKey  string
}

// Saved is what SaveItem made of it.
type Saved struct {
	Item    Item
	Changed bool
	Dropped string // the blob that no row refers to now: the one replaced, or the one given when nothing changed; "" for none
}

// Limits are what a tenant may upload.
type Limits struct {
	Tenant      flomastr.TenantID // whose they are
	MaxFileSize int64             // bytes
	FileTypes   []string          // the words of flomastr.FileTypes
}

// Finished is what a finished indexing writes to the item's row.
type Finished struct {
	Chunks   int
	Type     string
	Title    string // for a page that had none: its own, kept where no other item has it
	Warnings []string
}

// Counts are the items of a tenant by state.
type Counts struct{ Items, Processing, Embedded, Failed, Chunks int }

// ContentStore is what the engine asks of the tenant's cold database. Each method is one commit.
type ContentStore interface {
	// Indexed tells what is published of an item: its version (0: nothing), the hash of its Markdown, and the keys and
	// embedding models of its passages.
	Indexed(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (Indexed, error)
	// Publish makes the version the one that serves. Publishing the same version again changes nothing; an older
	// version than the published one is ErrVersionPassed; ErrModelPassed when another model serves than p.Serving.
	Publish(ctx context.Context, tenant flomastr.TenantID, p Publication) error
	// Erase removes an item with everything that was derived from it. Erasing what is gone is success.
	Erase(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) error

	Lookup(ctx context.Context, tenant flomastr.TenantID, ask Lookup) (Known, error)
	// Similar lists words of the vocabulary, as it would be with the changes, that share a beginning or an end with the word.
	Similar(ctx context.Context, tenant flomastr.TenantID, word string, changes []flomastr.ReleaseChangeID) ([]KnownWord, error)
	// Candidates is ErrModelPassed when the vectors of the query's model may have gone meanwhile.
	Candidates(ctx context.Context, tenant flomastr.TenantID, ask CandidateQuery) ([]Candidate, error)
	// Read gives the passages in the order of the numbers, with their neighbours. One that is gone is left out.
	Read(ctx context.Context, tenant flomastr.TenantID, numbers []int) ([]NumberedPassage, error)

	Chunks(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]Chunk, error)
	// Serving names the model whose vectors serve, "" before anything is published.
	Serving(ctx context.Context, tenant flomastr.TenantID) (string, error)
	// CountVectors tells how many of the passages have a vector of the model.
	CountVectors(ctx context.Context, tenant flomastr.TenantID, model string) (vectors, passages int, err error)
	// Unembedded lists passages without one, in the order of their numbers, from after a number on.
	Unembedded(ctx context.Context, tenant flomastr.TenantID, model string, after, limit int) ([]Unembedded, error)
	// SaveVectors replaces the model's vectors of passages that are still there.
	SaveVectors(ctx context.Context, tenant flomastr.TenantID, model string, vectors map[flomastr.PassageID][]float32) error
	// Serve has a model's vectors serve, unless a passage has none: then nothing changes, and it answers false.
	Serve(ctx context.Context, tenant flomastr.TenantID, model string) (bool, error)
	// IndexVectors builds what the nearest of many vectors of a model are found by, unless it is there or there are not more
	// passages than the bound. It holds nobody up.
	IndexVectors(ctx context.Context, tenant flomastr.TenantID, model string, dimensions, above int) error
	// DropVectors removes the vectors of the models that do not serve.
	DropVectors(ctx context.Context, tenant flomastr.TenantID) error
	// Versions lists the kept versions, newest first, without Markdown and changes; Version reads one with its Markdown,
	// ErrVersionNotFound when it is not kept.
	Versions(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]Version, error)
	Version(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, number int) (Version, error)
}

// PassageKey is a passage's identity within its item: the hash of all that its vector and its terms are made from.
type PassageKey [16]byte

// Indexed is what is published of an item.
type Indexed struct {
	Version  int
	Hash     []byte
	Models   map[PassageKey][]string // of which models a passage has a vector
	Serving  string                  // the model whose vectors serve the tenant, "" before anything is published
	Language analysis.Language       // the one that most passages of the tenant are written in
}

// Publication is a whole version of an item, ready to serve.
type Publication struct {
	Item     flomastr.ItemID
	Version  int
	Title    string
	Source   Origin
	URL      string
	Type     string
	Intent   string
	Tags     []string
	Language analysis.Language
	Markdown string
	Hash     []byte // of the Markdown
	Model    string // whose vectors the passages carry
	Numbers  int    // in a vector
	Serving  string // the model that served when they were made: Model, but where its embedder is there no more
	Passages []IndexedPassage
}

// IndexedPassage is one passage with all that the index keeps of it.
type IndexedPassage struct {
	ID       flomastr.PassageID // used when no passage with this key is published yet
	Key      PassageKey
	Text     string
	Headings []string
	Place    flomastr.Place
	Bag      []byte
	Postings []Posting
	Words    []WordTerm
	Grams    []analysis.Gram // each once
	Length   Length
	Vector   []float32 // nil where the published one is kept
}

// Posting is how much a term counts in a passage, in quarters of an occurrence.
type Posting struct {
	Term     analysis.Term
	Quarters int
}

// WordTerm is a surface form of the vocabulary and the term it counts for.
type WordTerm struct {
	Word string
	Term analysis.Term
}

// Length is a passage's size as the legs normalise by it.
type Length struct{ Words, Titles, Grams int }

// Lookup asks what the collection knows of a question. With changes of a release, it is asked as it would be with all of
// them: ErrReleaseChanged where that cannot be said. Changes that were promoted already are part of what serves.
type Lookup struct {
	Words   []string
	Terms   []analysis.Term
	Grams   []analysis.Gram
	Changes []flomastr.ReleaseChangeID
}

// KnownWord is a word of the vocabulary, the term it counts for, and in how many passages.
type KnownWord struct {
	Word     string
	Term     analysis.Term
	Passages int
}

// Known is the answer to a Lookup.
type Known struct {
	Corpus   ranking.Corpus
	Language analysis.Language // the one that most passages are written in
	Stamp    string            // changes with every change of the index
	Serving  string            // the model whose vectors serve
	Words    []KnownWord
	Terms    map[analysis.Term]int
	Grams    map[analysis.Gram]int
}

// CandidateQuery asks for the passages worth scoring.
type CandidateQuery struct {
	Terms   []WeightedTerm
	Average float64 // of the weighted length in words
	Vector  []float32
	Model   string
	Exact   bool // compare the vector with every passage's; else the nearest are looked up where that is prepared
	Limit   int
	Filters Filters
	Stamp   string // of the index that the question was read against
	Changes []flomastr.ReleaseChangeID
}

// WeightedTerm is a term with its inverse document frequency.
type WeightedTerm struct {
	Term analysis.Term
	IDF  float64
}

// Candidate is a passage to be scored.
type Candidate struct {
	Number     int // the passage's number in the tenant's index
	Item       flomastr.ItemID
	Changed    time.Time // when what the item says last changed
	Bag        ranking.Bag
	Similarity float64 // of the vectors; 0 where there is none
}

// NumberedPassage is a passage with the number under which it was a candidate.
type NumberedPassage struct {
	Passage
	Number int
}
