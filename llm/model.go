package llm

import "context"

// Role says who speaks in a prompt.
type Role string

// The roles of a prompt's messages.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is one message of a prompt.
type Message struct {
	Role Role
	Text string
}

// Prompt is what a model is asked.
type Prompt struct {
	Messages  []Message
	MaxTokens int      // 0: the model's own limit
	Stop      []string // texts at which it stops
}

// Completion is what a model wrote.
type Completion struct {
	Text      string
	Truncated bool // it ran into MaxTokens
	Usage     Usage
}

// Usage counts tokens as the provider bills them.
type Usage struct{ Prompt, Completion int }

// Model writes text. It returns an error of package flomastr: Limited with RetryAfter when it is asked too often,
// UpstreamTimeout when it takes too long, Upstream when it answers nonsense. It never retries by itself.
type Model interface {
	Complete(ctx context.Context, prompt Prompt) (Completion, error)
	// Name identifies the model; it is stored beside every answer.
	Name() string
}
