package llm

import (
	"context"
	"encoding/json"

	"github.com/flomastr/flomastr"
)

// Role says who speaks in a prompt.
type Role string

// The roles of a prompt's messages.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool" // what a tool gave back
)

// Message is one message of a prompt.
type Message struct {
	Role  Role
	Text  string
	Calls []ToolCall // of an assistant's message: what it asked for
	Call  string     // of a tool's message: the id of the call that it answers
}

// Tool is a function that a model may ask for.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // a JSON Schema of an object; empty: it takes nothing
}

// ToolCall asks for a tool. The name is any that the model wrote, and the arguments are any JSON object: whoever runs a tool checks
// both.
type ToolCall struct {
	ID        string // unique within a prompt
	Name      string
	Arguments json.RawMessage
}

// Prompt is what a model is asked.
type Prompt struct {
	Messages  []Message
	Tools     []Tool
	Must      string // the tool that has to be called; empty: as the model likes
	MaxTokens int    // of the answer; 0: the model's own limit
	For       Reason // for the record of questions; no model sees it
}

// Reason says what a prompt was made from and for.
type Reason struct {
	Version      string // of the words that it was made from
	Conversation flomastr.ConversationID
	Job          flomastr.JobID
}

// Completion is what a model wrote: text, calls of tools, or both.
type Completion struct {
	Text      string // valid UTF-8
	Calls     []ToolCall
	Truncated bool // it ran into MaxTokens
	Usage     Usage
}

// Usage counts tokens as the provider bills them.
type Usage struct{ Prompt, Completion int }

// Model writes text. It gives a whole completion or an error of package flomastr and nothing of what came before it: Limited with
// RetryAfter when it is asked too often or its quota is used up, Unavailable when it cannot be reached, UpstreamTimeout when it takes
// too long or stops in the middle, Upstream when it answers nonsense or somebody has to change a setting. It never retries by itself.
type Model interface {
	Complete(ctx context.Context, prompt Prompt) (Completion, error)
	// Name identifies the model; it is stored beside every answer.
	Name() string
}
