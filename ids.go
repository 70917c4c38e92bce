package flomastr

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// ID is a UUID whose type parameter says what it names, so that a contact's id cannot be passed where a tenant's is
// meant. The zero value names nothing.
type ID[Of any] [16]byte

type (
	tenantNoun        struct{}
	membershipNoun    struct{}
	accountNoun       struct{}
	sessionNoun       struct{}
	tokenNoun         struct{}
	channelNoun       struct{}
	contactNoun       struct{}
	identityNoun      struct{}
	conversationNoun  struct{}
	messageNoun       struct{}
	jobNoun           struct{}
	itemNoun          struct{}
	passageNoun       struct{}
	visitNoun         struct{}
	platformUserNoun  struct{}
	alertNoun         struct{}
	mediaNoun         struct{}
	fileNoun          struct{}
	templateNoun      struct{}
	siteNoun          struct{}
	questionSetNoun   struct{}
	evaluationNoun    struct{}
	questionNoun      struct{}
	releaseNoun       struct{}
	releaseChangeNoun struct{}
	memoryNoun        struct{}
	taskNoun          struct{}
)

// The ids of the product's nouns.
type (
	TenantID        = ID[tenantNoun]
	MembershipID    = ID[membershipNoun]
	AccountID       = ID[accountNoun]
	SessionID       = ID[sessionNoun]
	TokenID         = ID[tokenNoun]
	ChannelID       = ID[channelNoun]
	ContactID       = ID[contactNoun]
	IdentityID      = ID[identityNoun]
	ConversationID  = ID[conversationNoun]
	MessageID       = ID[messageNoun]
	JobID           = ID[jobNoun]
	ItemID          = ID[itemNoun]
	PassageID       = ID[passageNoun]
	VisitID         = ID[visitNoun]
	PlatformUserID  = ID[platformUserNoun]
	AlertID         = ID[alertNoun]
	MediaID         = ID[mediaNoun]
	FileID          = ID[fileNoun]
	TemplateID      = ID[templateNoun]
	SiteID          = ID[siteNoun]
	QuestionSetID   = ID[questionSetNoun]
	EvaluationID    = ID[evaluationNoun] // one run of a set
	QuestionID      = ID[questionNoun]
	ReleaseID       = ID[releaseNoun]
	ReleaseChangeID = ID[releaseChangeNoun]
	MemoryID        = ID[memoryNoun]
	TaskID          = ID[taskNoun]
)

// lastV7 keeps ids of one process strictly increasing within a millisecond (RFC 9562, section 6.2, method 1).
var lastV7 struct {
	sync.Mutex
	ms  int64
	seq uint16
}

// NewID makes a UUID of version 7 (RFC 9562): 48 bits of milliseconds, a counter of 12 bits within the millisecond,
// 62 random bits. Ids made by one process sort in the order in which they were made. They are not secrets.
func NewID[I ~[16]byte]() I {
	lastV7.Lock()
	ms := time.Now().UnixMilli()
	if ms <= lastV7.ms {
		ms = lastV7.ms
		lastV7.seq++
		if lastV7.seq > 0xfff {
			ms++
			lastV7.seq = 0
		}
	} else {
		lastV7.seq = 0
	}
	lastV7.ms = ms
	seq := lastV7.seq
	lastV7.Unlock()

	var b [16]byte
	_, _ = rand.Read(b[8:]) // never fails (crypto/rand)
	binary.BigEndian.PutUint64(b[:8], uint64(ms)<<16|0x7000|uint64(seq))
	b[8] = b[8]&0x3f | 0x80
	return I(b)
}

// ParseID reads the canonical 36-character form, in either case, and nothing else.
func ParseID[I ~[16]byte](s string) (I, error) {
	var b [16]byte
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return I{}, fmt.Errorf("not a UUID")
	}
	compact := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(b[:], []byte(compact)); err != nil {
		return I{}, fmt.Errorf("not a UUID")
	}
	return I(b), nil
}

// IsZero tells whether the id names nothing.
func (id ID[Of]) IsZero() bool { return id == ID[Of]{} }

// String is the canonical lower-case form.
func (id ID[Of]) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// Time is when a version 7 id was made, to the millisecond.
func (id ID[Of]) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// MarshalText implements encoding.TextMarshaler.
func (id ID[Of]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID[Of]) UnmarshalText(text []byte) error {
	parsed, err := ParseID[ID[Of]](string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value implements driver.Valuer; the zero id is stored as NULL.
func (id ID[Of]) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil //nolint:nilnil // NULL, by contract
	}
	return id.String(), nil
}

// Scan implements sql.Scanner; NULL reads as the zero id.
func (id *ID[Of]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID[Of]{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		if len(v) == 16 {
			copy(id[:], v)
			return nil
		}
		return id.UnmarshalText(v)
	case [16]byte:
		*id = v
		return nil
	default:
		return fmt.Errorf("scan id: unexpected %T", src)
	}
}
