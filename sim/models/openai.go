package models

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

type openAIRequest struct {
	Model         string           `json:"model"`
	Messages      []openAIMessage  `json:"messages"`
	Tools         []openAITool     `json:"tools"`
	ToolChoice    *json.RawMessage `json:"tool_choice"`
	Stream        bool             `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens           *int     `json:"max_tokens"`
	MaxCompletionTokens *int     `json:"max_completion_tokens"`
	Temperature         *float64 `json:"temperature"`
}

type openAIMessage struct {
	Role       string       `json:"role"`
	Content    *string      `json:"content"`
	ToolCalls  []openAICall `json:"tool_calls"`
	ToolCallID string       `json:"tool_call_id"`
}

type openAICall struct {
	Index    *int   `json:"index,omitempty"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type openAITool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Parameters  map[string]any `json:"parameters"`
		Strict      *bool          `json:"strict"`
	} `json:"function"`
}

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (s *StandIn) openAI(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || key != Key {
		refuseOpenAI(w, http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: "+key+".")
		return
	}
	s.complete(w, r, "")
}

func (s *StandIn) azure(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Api-Key") != Key:
		refuseOpenAI(w, http.StatusUnauthorized, "", "401", "Access denied due to invalid subscription key or wrong API endpoint.")
	case r.URL.Query().Get("api-version") == "":
		refuseOpenAI(w, http.StatusNotFound, "", "404", "Resource not found")
	default:
		s.complete(w, r, r.PathValue("deployment"))
	}
}

func (s *StandIn) complete(w http.ResponseWriter, r *http.Request, deployment string) {
	var q openAIRequest
	wrong := read(r, &q)
	if deployment != "" {
		q.Model = deployment
	}
	asked := Asked{Protocol: "openai", Key: Key, Model: q.Model}
	var schema map[string]any
	if wrong == "" {
		schema, wrong = q.check(&asked)
	}
	switch {
	case wrong != "" && strings.Contains(wrong, "context length"):
		refuseOpenAI(w, http.StatusBadRequest, "invalid_request_error", "context_length_exceeded", wrong)
		return
	case wrong != "":
		refuseOpenAI(w, http.StatusBadRequest, "invalid_request_error", "", wrong)
		return
	case !known(q.Model):
		refuseOpenAI(w, http.StatusNotFound, "invalid_request_error", "model_not_found", "The model `"+q.Model+"` does not exist or you do not have access to it.")
		return
	}
	answer, fault, id := s.take(asked, schema)
	if refused(w, fault, func(status int, kind, code, message string) { refuseOpenAI(w, status, kind, code, message) }) {
		return
	}
	s.send(w, r, fault, openAIEvents(answer, fault, q, id), openAIChunk(q.Model, id, map[string]any{"content": "and so on "}, nil))
}

// check is what is wrong with a question, "" for nothing.
func (q openAIRequest) check(asked *Asked) (schema map[string]any, wrong string) {
	switch {
	case q.Model == "":
		return nil, "you must provide a model parameter"
	case len(q.Messages) == 0:
		return nil, "Invalid 'messages': empty array. Expected an array with minimum length 1."
	case !q.Stream:
		return nil, "This stand-in answers as a stream only."
	case q.MaxTokens != nil && q.MaxCompletionTokens != nil:
		return nil, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
	}
	for _, limit := range []*int{q.MaxTokens, q.MaxCompletionTokens} {
		if limit != nil {
			if asked.Limit = *limit; asked.Limit < 1 {
				return nil, "Invalid 'max_tokens': integer below minimum value."
			}
		}
	}
	schemas := map[string]map[string]any{}
	for i, tool := range q.Tools {
		name := tool.Function.Name
		switch {
		case tool.Type != "function" || !toolName.MatchString(name):
			return nil, fmt.Sprintf("Invalid 'tools[%d].function.name'.", i)
		case schemas[name] != nil:
			return nil, "Tool names must be unique."
		case tool.Function.Parameters["type"] != "object" || tool.Function.Parameters["properties"] == nil:
			return nil, "Invalid schema for function '" + name + "': object schema missing properties."
		}
		schemas[name] = tool.Function.Parameters
		asked.Tools = append(asked.Tools, name)
	}
	if wrong := checkOpenAIMessages(q.Messages, asked); wrong != "" {
		return nil, wrong
	}
	if q.ToolChoice != nil {
		var named struct {
			Type     string `json:"type"`
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		}
		if json.Unmarshal(*q.ToolChoice, &named) != nil || named.Type != "function" || schemas[named.Function.Name] == nil {
			return nil, "Invalid value for 'tool_choice': it names no tool of 'tools'."
		}
		asked.Must = named.Function.Name
	}
	return schemas[asked.Must], ""
}

func checkOpenAIMessages(messages []openAIMessage, asked *Asked) string {
	open := map[string]bool{} // calls without a result
	size := 0
	for i, m := range messages {
		asked.Turns = append(asked.Turns, m.Role)
		if m.Role != "tool" && len(open) > 0 {
			return "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
		}
		switch m.Role {
		case "system", "developer", "user":
			if m.Content == nil {
				return fmt.Sprintf("Invalid value for 'messages[%d].content': expected a string, got null.", i)
			}
		case "assistant":
			if m.Content == nil && len(m.ToolCalls) == 0 {
				return fmt.Sprintf("Invalid value for 'messages[%d].content': expected a string, got null.", i)
			}
			for _, call := range m.ToolCalls {
				if call.ID == "" || call.Type != "function" || !toolName.MatchString(call.Function.Name) || open[call.ID] {
					return fmt.Sprintf("Invalid 'messages[%d].tool_calls'.", i)
				}
				open[call.ID] = true
			}
		case "tool":
			if m.Content == nil || !open[m.ToolCallID] {
				return "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
			}
			delete(open, m.ToolCallID)
		default:
			return fmt.Sprintf("Invalid value: '%s'. Supported values are: 'system', 'assistant', 'user' and 'tool'.", m.Role)
		}
		if m.Content != nil {
			asked.Last = *m.Content
			size += len(*m.Content)
		}
	}
	if len(open) > 0 {
		return "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
	}
	if size/4 > contextTokens {
		return fmt.Sprintf("This model's maximum context length is %d tokens.", contextTokens)
	}
	return ""
}

// contextTokens is what the stand-in's models read.
const contextTokens = 32_000

func known(model string) bool { return slices.Contains(Models, model) }

func openAIChunk(model, id string, delta any, finish any) string {
	return "data: " + text(map[string]any{
		"id": "chatcmpl-" + id, "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
		"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}}, "usage": nil,
	}) + "\n\n"
}

func openAIEvents(a Answer, fault string, q openAIRequest, id string) []string {
	events := []string{openAIChunk(q.Model, id, map[string]any{"role": "assistant", "content": ""}, nil)}
	for _, part := range pieces(a.Text) {
		events = append(events, openAIChunk(q.Model, id, map[string]any{"content": part}, nil))
	}
	written := len(a.Text)
	for i, call := range a.Calls {
		written += len(call.Arguments)
		first := openAICall{Index: &i, ID: fmt.Sprintf("call_%s_%d", id, i), Type: "function"}
		first.Function.Name = call.Name
		events = append(events, openAIChunk(q.Model, id, map[string]any{"tool_calls": []openAICall{first}}, nil))
		for _, part := range pieces(call.Arguments) {
			next := openAICall{Index: &i}
			next.Function.Arguments = part
			events = append(events, openAIChunk(q.Model, id, map[string]any{"tool_calls": []openAICall{next}}, nil))
		}
	}
	finish := "stop"
	switch {
	case fault == "error_event":
		return append(events, "data: "+text(map[string]any{"error": map[string]any{"message": "The server had an error.", "type": "server_error", "code": nil}})+"\n\n")
	case fault == "declined":
		finish = "content_filter"
	case a.Truncated:
		finish = "length"
	case len(a.Calls) > 0:
		finish = "tool_calls"
	}
	events = append(events, openAIChunk(q.Model, id, map[string]any{}, finish))
	if q.StreamOptions != nil && q.StreamOptions.IncludeUsage {
		prompt := 0
		for _, m := range q.Messages {
			if m.Content != nil {
				prompt += len(*m.Content)/4 + 4
			}
		}
		completion := written/4 + 1
		events = append(events, "data: "+text(map[string]any{
			"id": "chatcmpl-" + id, "object": "chat.completion.chunk", "created": 1_700_000_000, "model": q.Model, "choices": []any{},
			"usage": map[string]int{"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
		})+"\n\n")
	}
	return append(events, "data: [DONE]\n\n")
}

func refuseOpenAI(w http.ResponseWriter, status int, kind, code, message string) {
	body := map[string]any{"message": message, "type": kind, "param": nil, "code": nil}
	if code != "" {
		body["code"] = code
	}
	write(w, status, map[string]any{"error": body})
}
