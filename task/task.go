package task

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Kind is what a task asks of a person.
type Kind string

// The kinds.
const (
	Draft    Kind = "draft"     // may this answer go?
	HandOver Kind = "hand_over" // somebody has to go on with this conversation
	Question Kind = "question"  // whatever an outside system or a member asks
)

// Task is a question put to a person.
type Task struct {
	ID           flomastr.TaskID
	Kind         Kind
	Status       Status
	Title        string
	Description  string // why it was opened, for people
	Asked        string // the customer's words that it is about; empty where there are none
	Draft        string // what is sent when it is approved; empty: nothing
	Decided      Decided
	Blocks       []Block                 // what whoever made it wants shown
	Conversation flomastr.ConversationID // zero: none
	Contact      string                  // the customer's name, or number
	Job          flomastr.JobID          // the turn that it came from; zero: none
	ReworkOf     flomastr.TaskID         // the task whose draft was sent back; zero: none
	AssignedTo   string                  // a member, by the issuer's subject; empty: nobody
	DueAt        time.Time               // zero: never
	Overdue      bool                    // somebody was told that it is
	CreatedBy    flomastr.Actor
	CreatedAt    time.Time
	Resolved     *Resolved // nil while it is open
}

// Decided is where a draft comes from.
type Decided struct {
	Confidence float64             `json:"confidence"`
	Reason     string              `json:"reason,omitempty"`
	Model      string              `json:"model,omitempty"`
	Evidence   []flomastr.Evidence `json:"evidence,omitempty"`
}

// Resolved is how a task ended.
type Resolved struct {
	By       flomastr.Actor
	At       time.Time
	Feedback string
	Reply    string             // what was sent, or would have been
	Message  flomastr.MessageID // the first message of it; zero: nothing was sent
	Card     string             // the question of the knowledge card that the reply becomes; empty: none
}

// The failures of tasks.
var (
	ErrNotFound = flomastr.Errorf(flomastr.NotFound, "task_not_found", "There is no such task.")
	// ErrEnded is a task that is not open any more.
	ErrEnded = flomastr.Errorf(flomastr.Conflict, "task_ended", "This task is not open any more; somebody has dealt with it, or it needs nobody.")
	// ErrAnswered is a task whose customer was answered by hand.
	ErrAnswered = flomastr.Errorf(flomastr.Conflict, "task_answered", "Somebody has answered the customer by hand meanwhile, so the draft was not sent.")
	// ErrOutdated is a draft that does not know the customer's last words.
	ErrOutdated = flomastr.Errorf(flomastr.Conflict, "task_outdated", "The customer has written again since this draft was made, so it was not sent. Look at the conversation; the task follows in a moment.")
	// ErrNotAsked is an act that does not fit this kind of task.
	ErrNotAsked     = flomastr.Errorf(flomastr.Conflict, "task_act_unfit", "This kind of task cannot be sent back; write the answer, or reject it.")
	ErrNothingToSay = flomastr.Errorf(flomastr.Invalid, "reply_missing", "This task has no draft: write the reply that is to be sent.").Field("body.edited_reply", "is needed, because there is no draft")
	ErrNoFeedback   = flomastr.Errorf(flomastr.Invalid, "feedback_missing", "Say what is to be changed.").Field("body.feedback", "is needed for a rework")
	ErrNoMember     = flomastr.Errorf(flomastr.Invalid, "not_a_member", "A task can be given to an active member of the team only.").Field("body.assigned_to", "must be an active member")
)
