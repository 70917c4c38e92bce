package models

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

type anthropicRequest struct {
	Model       string             `json:"model"`
	MaxTokens   *int               `json:"max_tokens"`
	System      []anthropicBlock   `json:"system"`
	Messages    []anthropicMessage `json:"messages"`
	Tools       []anthropicTool    `json:"tools"`
	ToolChoice  *anthropicChoice   `json:"tool_choice"`
	Stream      bool               `json:"stream"`
	Temperature *float64           `json:"temperature"`
}

type anthropicMessage struct {
	Role    string           `json:"role"`
	Content []anthropicBlock `json:"content"`
}

type anthropicBlock struct {
	Type      string           `json:"type"`
	Text      string           `json:"text"`
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Input     json.RawMessage  `json:"input"`
	ToolUseID string           `json:"tool_use_id"`
	Content   []anthropicBlock `json:"content"`
	IsError   bool             `json:"is_error"`
}

type anthropicTool struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	InputSchema map[string]any `json:"input_schema"`
}

type anthropicChoice struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

func (s *StandIn) anthropic(w http.ResponseWriter, r *http.Request) {
	if key := r.Header.Get("X-Api-Key"); key != Key {
		refuseAnthropic(w, http.StatusUnauthorized, "authentication_error", "invalid x-api-key: "+key)
		return
	}
	if r.Header.Get("Anthropic-Version") != "2023-06-01" {
		refuseAnthropic(w, http.StatusBadRequest, "invalid_request_error", "anthropic-version: header is required")
		return
	}
	var q anthropicRequest
	wrong := read(r, &q)
	asked := Asked{Protocol: "anthropic", Key: Key, Model: q.Model}
	var schema map[string]any
	if wrong == "" {
		schema, wrong = q.check(&asked)
	}
	switch {
	case wrong != "":
		refuseAnthropic(w, http.StatusBadRequest, "invalid_request_error", wrong)
		return
	case !known(q.Model):
		refuseAnthropic(w, http.StatusNotFound, "not_found_error", "model: "+q.Model)
		return
	}
	answer, fault, id := s.take(asked, schema)
	if fault == "quota" {
		refuseAnthropic(w, http.StatusBadRequest, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
		return
	}
	if refused(w, fault, func(status int, kind, _, message string) { refuseAnthropic(w, status, kind, message) }) {
		return
	}
	more := anthropicEvent("content_block_delta", map[string]any{"index": 0, "delta": map[string]any{"type": "text_delta", "text": "and so on "}})
	s.send(w, r, fault, anthropicEvents(answer, fault, q, id), more)
}

func (q anthropicRequest) check(asked *Asked) (schema map[string]any, wrong string) {
	switch {
	case q.Model == "":
		return nil, "model: Field required"
	case q.MaxTokens == nil:
		return nil, "max_tokens: Field required"
	case *q.MaxTokens < 1:
		return nil, "max_tokens: Input should be greater than or equal to 1"
	case len(q.Messages) == 0:
		return nil, "messages: at least one message is required"
	case q.Messages[0].Role != "user":
		return nil, "messages: first message must use the \"user\" role"
	case !q.Stream:
		return nil, "This stand-in answers as a stream only."
	}
	asked.Limit = *q.MaxTokens
	for _, block := range q.System {
		if block.Type != "text" || block.Text == "" {
			return nil, "system: text content blocks must be non-empty"
		}
	}
	schemas := map[string]map[string]any{}
	for i, tool := range q.Tools {
		switch {
		case !toolName.MatchString(tool.Name):
			return nil, fmt.Sprintf("tools.%d.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'", i)
		case schemas[tool.Name] != nil:
			return nil, "tools: Tool names must be unique."
		case tool.InputSchema["type"] != "object":
			return nil, fmt.Sprintf("tools.%d.input_schema.type: Field required", i)
		}
		schemas[tool.Name] = tool.InputSchema
		asked.Tools = append(asked.Tools, tool.Name)
	}
	if q.ToolChoice != nil && q.ToolChoice.Type == "tool" {
		if schemas[q.ToolChoice.Name] == nil {
			return nil, "tool_choice: tool '" + q.ToolChoice.Name + "' not found in provided tools"
		}
		asked.Must = q.ToolChoice.Name
	}
	return schemas[asked.Must], checkAnthropicMessages(q.Messages, asked)
}

func checkAnthropicMessages(messages []anthropicMessage, asked *Asked) string {
	var open map[string]bool // calls of the message before
	size := 0
	for i, m := range messages {
		asked.Turns = append(asked.Turns, m.Role)
		if len(m.Content) == 0 || m.Role != "user" && m.Role != "assistant" {
			return fmt.Sprintf("messages.%d: all messages must have non-empty content and the role user or assistant", i)
		}
		calls, spoken := map[string]bool{}, false
		for j, block := range m.Content {
			switch {
			case block.Type == "text":
				if strings.TrimSpace(block.Text) == "" {
					return "messages: text content blocks must contain non-whitespace text"
				}
				asked.Last, spoken = block.Text, true
				size += len(block.Text)
			case block.Type == "tool_use" && m.Role == "assistant":
				var input map[string]any
				if block.ID == "" || calls[block.ID] || json.Unmarshal(block.Input, &input) != nil {
					return fmt.Sprintf("messages.%d.content.%d.tool_use: Input should be a valid dictionary", i, j)
				}
				calls[block.ID] = true
			case block.Type == "tool_result" && m.Role == "user":
				if !open[block.ToolUseID] || spoken {
					return fmt.Sprintf("messages.%d.content.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s.", i, j, block.ToolUseID)
				}
				delete(open, block.ToolUseID)
				for _, part := range block.Content {
					asked.Last = part.Text
				}
			default:
				return fmt.Sprintf("messages.%d.content.%d: Input tag '%s' found using 'type' does not match any of the expected tags", i, j, block.Type)
			}
		}
		if len(open) > 0 {
			return fmt.Sprintf("messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after.", i)
		}
		open = calls
	}
	if len(open) > 0 {
		return "messages: `tool_use` ids were found without `tool_result` blocks immediately after."
	}
	if size/4 > contextTokens {
		return fmt.Sprintf("prompt is too long: %d tokens > %d maximum", size/4, contextTokens)
	}
	return ""
}

func anthropicEvent(kind string, fields map[string]any) string {
	fields["type"] = kind
	return "event: " + kind + "\ndata: " + text(fields) + "\n\n"
}

func anthropicEvents(a Answer, fault string, q anthropicRequest, id string) []string {
	prompt := 0
	for _, m := range q.Messages {
		for _, block := range m.Content {
			prompt += len(block.Text)/4 + 4
		}
	}
	events := []string{
		anthropicEvent("message_start", map[string]any{"message": map[string]any{
			"id": "msg_" + id, "type": "message", "role": "assistant", "model": q.Model, "content": []any{}, "stop_reason": nil, "stop_sequence": nil,
			"usage": map[string]int{"input_tokens": prompt, "output_tokens": 1},
		}}),
		anthropicEvent("ping", map[string]any{}),
	}
	index, written := 0, len(a.Text)
	block := func(start map[string]any, deltas []map[string]any) {
		events = append(events, anthropicEvent("content_block_start", map[string]any{"index": index, "content_block": start}))
		for _, delta := range deltas {
			events = append(events, anthropicEvent("content_block_delta", map[string]any{"index": index, "delta": delta}))
		}
		events = append(events, anthropicEvent("content_block_stop", map[string]any{"index": index}))
		index++
	}
	if a.Text != "" || fault == "endless" {
		var deltas []map[string]any
		for _, part := range pieces(a.Text) {
			deltas = append(deltas, map[string]any{"type": "text_delta", "text": part})
		}
		block(map[string]any{"type": "text", "text": ""}, deltas)
	}
	if fault == "endless" { // whoever goes on writes into a block that was begun
		return []string{events[0], events[2]}
	}
	for i, call := range a.Calls {
		written += len(call.Arguments)
		var deltas []map[string]any
		for _, part := range pieces(call.Arguments) {
			deltas = append(deltas, map[string]any{"type": "input_json_delta", "partial_json": part})
		}
		block(map[string]any{"type": "tool_use", "id": fmt.Sprintf("toolu_%s_%d", id, i), "name": call.Name, "input": map[string]any{}}, deltas)
	}
	stop := "end_turn"
	switch {
	case fault == "error_event":
		return append(events, anthropicEvent("error", map[string]any{"error": map[string]any{"type": "overloaded_error", "message": "Overloaded"}}))
	case fault == "declined":
		stop = "refusal"
	case a.Truncated:
		stop = "max_tokens"
	case len(a.Calls) > 0:
		stop = "tool_use"
	}
	return append(events,
		anthropicEvent("message_delta", map[string]any{"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil}, "usage": map[string]int{"output_tokens": written/4 + 1}}),
		anthropicEvent("message_stop", map[string]any{}))
}

func refuseAnthropic(w http.ResponseWriter, status int, kind, message string) {
	write(w, status, map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": message}})
}
