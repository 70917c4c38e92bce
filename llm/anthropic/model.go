// Package anthropic asks Anthropic's models, or whoever speaks the protocol of its messages, for completions.
package anthropic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/wire"
)

var _ llm.Model = (*Model)(nil)

// ownLimit stands where the prompt names none, which the protocol does not allow; every model can write so many tokens.
const ownLimit = 4096

// Model is a language model behind /v1/messages. It is safe for concurrent use.
type Model struct {
	service  llm.ModelService
	messages sdk.MessageService
}

// NewModel makes a model. The address was checked by whoever keeps it. The client bounds an answer's bytes and how long it may stall.
func NewModel(service llm.ModelService, client *http.Client) *Model {
	base := strings.TrimSuffix(strings.TrimSuffix(service.URL, "/"), "/v1")
	// The SDK's client is passed over on purpose: it would send the server's own key from the environment to a service without one.
	options := []option.RequestOption{option.WithHTTPClient(wire.Client{HTTP: client}), option.WithMaxRetries(0), option.WithBaseURL(base + "/")}
	if service.Key != "" {
		options = append(options, option.WithHeader(cmp.Or(service.KeyHeader, "x-api-key"), service.Key))
	}
	return &Model{service: service, messages: sdk.NewMessageService(options...)}
}

// Name implements llm.Model.
func (m *Model) Name() string { return m.service.Name() }

// Complete implements llm.Model.
func (m *Model) Complete(ctx context.Context, prompt llm.Prompt) (llm.Completion, error) {
	params, err := m.params(prompt)
	if err != nil {
		return llm.Completion{}, err
	}
	stream := m.messages.NewStreaming(ctx, params)
	defer func() { _ = stream.Close() }()
	var read reading
	for stream.Next() {
		if err := read.take(stream.Current()); err != nil {
			return llm.Completion{}, err
		}
	}
	if err := stream.Err(); err != nil {
		return llm.Completion{}, streamError(ctx, err, read.begun)
	}
	return read.completion()
}

func streamError(ctx context.Context, err error, begun bool) error {
	var event *sdk.Error
	var syntax *json.SyntaxError
	switch {
	case ctx.Err() != nil:
		return wire.Broken(ctx.Err())
	case errors.As(err, &event):
		return wire.Said([]byte(event.RawJSON()))
	case errors.As(err, &syntax):
		return llm.ErrModelBroken.Because(errors.New("an event that is no JSON"))
	case begun:
		return wire.Interrupted(err)
	}
	return wire.Broken(err)
}

func (m *Model) params(prompt llm.Prompt) (sdk.MessageNewParams, error) {
	p := sdk.MessageNewParams{Model: m.service.Model, MaxTokens: ownLimit}
	if prompt.MaxTokens > 0 {
		p.MaxTokens = int64(prompt.MaxTokens)
	}
	for _, message := range prompt.Messages {
		switch message.Role {
		case llm.RoleSystem:
			p.System = append(p.System, sdk.TextBlockParam{Text: message.Text})
		case llm.RoleUser:
			p.Messages = add(p.Messages, sdk.MessageParamRoleUser, texts(message.Text)...)
		case llm.RoleTool:
			p.Messages = add(p.Messages, sdk.MessageParamRoleUser, toolResult(message))
		case llm.RoleAssistant:
			blocks := texts(message.Text)
			for _, call := range message.Calls {
				blocks = append(blocks, sdk.NewToolUseBlock(call.ID, json.RawMessage(cmp.Or(string(call.Arguments), "{}")), call.Name))
			}
			p.Messages = add(p.Messages, sdk.MessageParamRoleAssistant, blocks...)
		default:
			return p, fmt.Errorf("a prompt with the role %q", message.Role)
		}
	}
	for _, tool := range prompt.Tools {
		schema, err := llm.SchemaOf(tool)
		if err != nil {
			return p, err
		}
		delete(schema, "type")
		definition := sdk.ToolParam{Name: tool.Name, InputSchema: sdk.ToolInputSchemaParam{ExtraFields: schema}}
		if tool.Description != "" {
			definition.Description = sdk.String(tool.Description)
		}
		p.Tools = append(p.Tools, sdk.ToolUnionParam{OfTool: &definition})
	}
	if prompt.Must != "" {
		p.ToolChoice = sdk.ToolChoiceParamOfTool(prompt.Must)
	}
	return p, nil
}

// texts is no block at all for an empty text, which the protocol refuses.
func texts(text string) []sdk.ContentBlockParamUnion {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return []sdk.ContentBlockParamUnion{sdk.NewTextBlock(text)}
}

func toolResult(message llm.Message) sdk.ContentBlockParamUnion {
	block := sdk.ToolResultBlockParam{ToolUseID: message.Call}
	if strings.TrimSpace(message.Text) != "" {
		block.Content = []sdk.ToolResultBlockParamContentUnion{{OfText: &sdk.TextBlockParam{Text: message.Text}}}
	}
	return sdk.ContentBlockParamUnion{OfToolResult: &block}
}

// add puts what one side says in a row into one message, as the protocol wants the results of all calls. A conversation that the
// business began gets a silent turn of the user before it, since the user's has to be the first.
func add(messages []sdk.MessageParam, role sdk.MessageParamRole, blocks ...sdk.ContentBlockParamUnion) []sdk.MessageParam {
	if len(blocks) == 0 {
		return messages
	}
	if last := len(messages) - 1; last >= 0 && messages[last].Role == role {
		messages[last].Content = append(messages[last].Content, blocks...)
		return messages
	}
	if len(messages) == 0 && role == sdk.MessageParamRoleAssistant {
		messages = append(messages, sdk.NewUserMessage(sdk.NewTextBlock("…")))
	}
	return append(messages, sdk.MessageParam{Role: role, Content: blocks})
}

// reading puts a stream's pieces together.
type reading struct {
	begun, ended bool
	blocks       []*block
	stop         sdk.StopReason
	usage        llm.Usage
	size         int
}

type block struct {
	kind, id, name string
	text           strings.Builder // or the arguments
}

func (r *reading) take(event sdk.MessageStreamEventUnion) error {
	switch event.Type {
	case "message_start":
		r.begun = true
		u := event.Message.Usage
		r.usage = llm.Usage{Prompt: int(u.InputTokens + u.CacheCreationInputTokens + u.CacheReadInputTokens), Completion: int(u.OutputTokens)}
	case "content_block_start":
		started := event.ContentBlock
		b := &block{kind: started.Type, id: started.ID, name: started.Name}
		b.text.WriteString(started.Text)
		r.blocks = append(r.blocks, b)
	case "content_block_delta":
		if event.Index < 0 || event.Index >= int64(len(r.blocks)) {
			return llm.ErrModelBroken.Because(errors.New("a piece of a block that was not begun"))
		}
		b := r.blocks[event.Index]
		switch event.Delta.Type {
		case "text_delta":
			b.text.WriteString(event.Delta.Text)
		case "input_json_delta":
			b.text.WriteString(event.Delta.PartialJSON)
		}
		r.size += len(event.Delta.Text) + len(event.Delta.PartialJSON)
	case "message_delta":
		r.stop = cmp.Or(event.Delta.StopReason, r.stop)
		r.usage.Completion = int(event.Usage.OutputTokens)
	case "message_stop":
		r.ended = true
	}
	if r.size > llm.MaxText || len(r.blocks) > llm.MaxCalls {
		return llm.ErrModelEndless
	}
	return nil
}

func (r *reading) completion() (llm.Completion, error) {
	out := llm.Completion{Usage: r.usage}
	switch {
	case !r.begun:
		return llm.Completion{}, llm.ErrModelBroken.Because(errors.New("no event that could be read"))
	case !r.ended || r.stop == "":
		return llm.Completion{}, llm.ErrModelCut.Because(io.ErrUnexpectedEOF)
	}
	switch r.stop {
	case sdk.StopReasonEndTurn, sdk.StopReasonToolUse, sdk.StopReasonStopSequence:
	case sdk.StopReasonMaxTokens, sdk.StopReasonModelContextWindowExceeded:
		out.Truncated = true
	case sdk.StopReasonRefusal:
		return llm.Completion{}, llm.ErrModelDeclined
	default:
		return llm.Completion{}, llm.ErrModelBroken.Because(errors.New("an unknown reason to stop"))
	}
	for _, b := range r.blocks {
		switch b.kind {
		case "text":
			out.Text += b.text.String()
		case "tool_use":
			out.Calls = append(out.Calls, llm.ToolCall{ID: b.id, Name: b.name, Arguments: json.RawMessage(b.text.String())})
		}
	}
	return llm.Check(out)
}
