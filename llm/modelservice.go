package llm

import (
	"context"
	"encoding/json"
	"fmt"
)

// Provider is a protocol that language models are asked by.
type Provider string

// The providers.
const (
	ProviderOpenAI    Provider = "openai" // and everybody who speaks its protocol
	ProviderAnthropic Provider = "anthropic"
)

// ModelService is a language model as whoever may use it describes it.
type ModelService struct {
	Provider Provider
	// URL is what comes before /chat/completions; at Anthropic before /v1/messages. A query is kept.
	URL       string
	Key       string // may be empty for a server of one's own
	KeyHeader string // api-key at Azure; empty: as the provider has it
	Model     string
}

// Name tells models apart.
func (s ModelService) Name() string { return string(s.Provider) + "/" + s.Model }

// ModelServices opens models that are not known before somebody names them.
type ModelServices interface {
	OpenModel(service ModelService) (Model, error)
}

// SchemaOf reads a tool's parameters; a tool that takes nothing has a schema that says so.
func SchemaOf(tool Tool) (map[string]any, error) {
	if len(tool.Parameters) == 0 {
		return map[string]any{"type": "object", "properties": map[string]any{}}, nil
	}
	var schema map[string]any
	if err := json.Unmarshal(tool.Parameters, &schema); err != nil || schema["type"] != "object" {
		return nil, fmt.Errorf("the parameters of the tool %s are no schema of an object", tool.Name)
	}
	return schema, nil
}

// probeTool is what a model is asked to call, to see whether it can.
var probeTool = Tool{
	Name: "note_answer", Description: "Notes the answer.",
	Parameters: json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}`),
}

const probeTokens = 1000 // a model that thinks first needs some

// Probe asks a model once whether it answers and can use tools. What is wrong is an error whose sentence says what to change.
func Probe(ctx context.Context, model Model) (Completion, error) {
	said, err := model.Complete(ctx, Prompt{
		Messages:  []Message{{Role: RoleSystem, Text: "Call the tool " + probeTool.Name + "."}, {Role: RoleUser, Text: "What is one and one?"}},
		Tools:     []Tool{probeTool},
		Must:      probeTool.Name,
		MaxTokens: probeTokens,
	})
	if err != nil {
		return said, err
	}
	var noted struct {
		Answer *string `json:"answer"`
	}
	for _, call := range said.Calls {
		if call.Name == probeTool.Name && json.Unmarshal(call.Arguments, &noted) == nil && noted.Answer != nil {
			return said, nil
		}
	}
	return said, ErrModelToolless
}
