package memory

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Kind is what sort of thing is remembered.
type Kind string

// The kinds.
const (
	KindFact       Kind = "fact"       // "my shoe size is 42"
	KindPreference Kind = "preference" // "I'm vegetarian", "call me Ana"
	KindPromise    Kind = "promise"    // "I'll pay on Friday": the customer's, not ours
)

// Source says whose word a memory is.
type Source string

// The sources.
const (
	FromCustomer Source = "customer" // their own words, in Message
	FromMember   Source = "member"   // a person of the business wrote it
)

// Fact is one thing that is remembered of a person, as long as it held.
type Fact struct {
	ID           flomastr.MemoryID
	Contact      flomastr.ContactID // whose words they were, or with whom it was written down
	Kind         Kind
	Subject      string // what it says something of: "name", "diet", "allergy: nuts"; one thing holds of a subject at a time
	Text         string // untrusted: the customer's words, or a member's
	Sensitive    bool   // of health or belief: kept with consent alone
	Confidence   float64
	Source       Source
	Conversation flomastr.ConversationID // zero for a member's
	Message      flomastr.MessageID      // where they said it first; zero for a member's
	From         time.Time               // it holds since
	Until        time.Time               // it holds no more; zero: no end is known
	Confirmed    time.Time               // they last said so
	Superseded   flomastr.MemoryID       // by what; zero: by nothing
}

// Draft is a memory before it is kept.
type Draft struct {
	Kind       Kind
	Subject    string
	Text       string
	Sensitive  bool
	Asked      bool // the customer asked us to remember it, which is a consent
	Ends       bool // what was remembered of the subject holds no more, and nothing takes its place
	Confidence float64
}

// Bounds of what is kept.
const (
	maxSubject = 80
	maxText    = 200
	// MaxFacts is how many things are remembered of one contact at a time; what was said longest ago gives way.
	MaxFacts = 300
)

// Keep is after how long without a word of it a memory is forgotten, and after how long one that holds no more is.
const (
	Keep     = 3 * 365 * 24 * time.Hour
	KeepPast = 365 * 24 * time.Hour
)

// promiseHolds is how long a promise without another end is remembered as one.
const promiseHolds = 90 * 24 * time.Hour
