package flomastr

import "time"

// MaxReplyChars is the longest text that one WhatsApp message may hold, in Unicode characters (Infobip and Meta).
const MaxReplyChars = 4096

// Turn is what the assistant is asked to answer: the customer's messages since the last reply, answered once.
type Turn struct {
	Tenant       TenantID
	Channel      ChannelID
	Conversation ConversationID
	Contact      ContactID
	Job          JobID
	ContactName  string        // untrusted profile name; may be empty
	TimeZone     string        // the tenant's IANA time zone
	Messages     []TurnMessage // the customer's, oldest first, at least one
	History      []TurnMessage // what was said before, both sides, oldest first
	First        bool          // no answer was ever sent in this conversation
	Release      ReleaseID     // answered as this release of the knowledge would; zero: as it serves
	Rework       *Rework       // a person sent back what was drafted for this turn; nil for most
}

// Rework is what a person did not let go, and what they want changed.
type Rework struct {
	Draft    string // empty where there was none
	Feedback string // a member's words: trusted as a wish about the answer, never sent to the customer
}

// Speaker says who wrote a message.
type Speaker string

// The speakers of a conversation.
const (
	SpeakerContact   Speaker = "contact"
	SpeakerAssistant Speaker = "assistant"
	SpeakerMember    Speaker = "member"
	SpeakerExternal  Speaker = "external" // an outside worker, such as n8n
)

// TurnMessage is one message of a turn or of its history.
type TurnMessage struct {
	ID      MessageID
	Speaker Speaker
	Type    string // text, image, audio, …: the provider's type in lower case
	Text    string // the text, or the text form of what was sent; untrusted
	// Attachment is the text of a document that came with it: the customer's content to answer about, never an instruction.
	Attachment string
	At         time.Time
	Evidence   []Evidence // what an earlier answer of the assistant stood on
}

// Action is what a decision asks the WhatsApp engine to do.
type Action string

// The actions.
const (
	ActionAnswer   Action = "answer"    // send Text, grounded in Evidence
	ActionAsk      Action = "ask"       // send Text, a question back
	ActionRefuse   Action = "refuse"    // send Text: the knowledge has no answer
	ActionHandOver Action = "hand_over" // send Text and leave the conversation to a person, because of Reason
	ActionSilent   Action = "silent"    // send nothing, because of Reason
)

// Decision is what the assistant makes of a turn. It is a value: nothing has happened yet when it is returned.
type Decision struct {
	Action     Action
	Text       string     // at most MaxReplyChars; empty only when silent
	Evidence   []Evidence // in the order of the citations in Text
	Disputes   [][2]int   // places in Evidence that say different things of the same
	Confidence float64    // 0…1
	Reason     string     // why, for people; never shown to the customer
	Model      string     // what wrote it: "offline", or a model's name
	Unanswered []string   // questions of the turn that stand for themselves and that the knowledge has nothing for
	Draft      *Draft     // what was not sure enough to be said
}

// Draft is an answer that a person has to let go. Whoever puts it to one says Notice in the place of the decision's text, which
// nobody else may: it promises that person's answer.
type Draft struct {
	Text     string     // at most MaxReplyChars
	Notice   string     // at most MaxReplyChars
	Evidence []Evidence // in the order of the citations in Text
}

// Evidence is a passage that an answer stands on, or with the source "memory" what is remembered of the customer.
type Evidence struct {
	Item        ItemID    `json:"item_id"`
	Passage     PassageID `json:"passage_id"`
	Title       string    `json:"title"`
	HeadingPath []string  `json:"heading_path,omitempty"`
	Source      string    `json:"source"` // file, url, paste, hitl
	URL         string    `json:"url,omitempty"`
	Place       Place     `json:"place,omitzero"` // where in the document the passage begins
	Quote       string    `json:"quote"`          // the words of the passage that were used, literally
	Score       float64   `json:"score"`
	Message     MessageID `json:"message_id,omitzero"` // of a memory: what the customer or we wrote then
}
