package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/shared"

	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/wire"
)

var _ llm.Model = (*Model)(nil)

// Model is a language model behind /chat/completions. It is safe for concurrent use.
type Model struct {
	service llm.ModelService
	calls   sdk.ChatCompletionService
	newer   bool // it takes max_completion_tokens
}

// NewModel makes a model. The address was checked by whoever keeps it. The client bounds an answer's bytes and how long it may stall.
func NewModel(service llm.ModelService, client *http.Client) *Model {
	m := &Model{service: service}
	// The SDK's client is passed over on purpose: it would send the server's own key from the environment to a service without one.
	options := []option.RequestOption{option.WithHTTPClient(wire.Client{HTTP: client}), option.WithMaxRetries(0)}
	base := service.URL
	if u, err := url.Parse(base); err == nil {
		for name, values := range u.Query() {
			options = append(options, option.WithQuery(name, strings.Join(values, ",")))
		}
		host := u.Hostname()
		m.newer = host == "api.openai.com" || strings.HasSuffix(host, ".openai.azure.com")
		u.RawQuery, u.Path = "", strings.TrimSuffix(u.Path, "/")+"/"
		base = u.String()
	}
	options = append(options, option.WithBaseURL(base))
	switch {
	case service.Key == "":
	case service.KeyHeader != "":
		options = append(options, option.WithHeader(service.KeyHeader, service.Key))
	default:
		options = append(options, option.WithAPIKey(service.Key))
	}
	m.calls = sdk.NewChatCompletionService(options...)
	return m
}

// Name implements llm.Model.
func (m *Model) Name() string { return m.service.Name() }

// Complete implements llm.Model.
func (m *Model) Complete(ctx context.Context, prompt llm.Prompt) (llm.Completion, error) {
	params, err := m.params(prompt)
	if err != nil {
		return llm.Completion{}, err
	}
	stream := m.calls.NewStreaming(ctx, params)
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
	var event *ssestream.StreamError
	var syntax *json.SyntaxError
	switch {
	case ctx.Err() != nil:
		return wire.Broken(ctx.Err())
	case errors.As(err, &event):
		return wire.Said(event.Event.Data)
	case errors.As(err, &syntax):
		return llm.ErrModelBroken.Because(errors.New("an event that is no JSON"))
	case begun:
		return wire.Interrupted(err)
	}
	return wire.Broken(err)
}

func (m *Model) params(prompt llm.Prompt) (sdk.ChatCompletionNewParams, error) {
	p := sdk.ChatCompletionNewParams{
		Model:         m.service.Model,
		StreamOptions: sdk.ChatCompletionStreamOptionsParam{IncludeUsage: sdk.Bool(true)},
	}
	for _, message := range prompt.Messages {
		switch message.Role {
		case llm.RoleSystem:
			p.Messages = append(p.Messages, sdk.SystemMessage(message.Text))
		case llm.RoleUser:
			p.Messages = append(p.Messages, sdk.UserMessage(message.Text))
		case llm.RoleTool:
			p.Messages = append(p.Messages, sdk.ToolMessage(message.Text, message.Call))
		case llm.RoleAssistant:
			p.Messages = append(p.Messages, assistantMessage(message))
		default:
			return p, fmt.Errorf("a prompt with the role %q", message.Role)
		}
	}
	for _, tool := range prompt.Tools {
		schema, err := llm.SchemaOf(tool)
		if err != nil {
			return p, err
		}
		definition := shared.FunctionDefinitionParam{Name: tool.Name, Parameters: schema}
		if tool.Description != "" {
			definition.Description = sdk.String(tool.Description)
		}
		p.Tools = append(p.Tools, sdk.ChatCompletionFunctionTool(definition))
	}
	if prompt.Must != "" {
		p.ToolChoice = sdk.ToolChoiceOptionFunctionToolChoice(sdk.ChatCompletionNamedToolChoiceFunctionParam{Name: prompt.Must})
	}
	switch {
	case prompt.MaxTokens <= 0:
	case m.newer:
		p.MaxCompletionTokens = sdk.Int(int64(prompt.MaxTokens))
	default: // servers of one's own do not know the new name
		p.MaxTokens = sdk.Int(int64(prompt.MaxTokens))
	}
	return p, nil
}

func assistantMessage(message llm.Message) sdk.ChatCompletionMessageParamUnion {
	out := sdk.ChatCompletionAssistantMessageParam{}
	if message.Text != "" || len(message.Calls) == 0 {
		out.Content.OfString = sdk.String(message.Text)
	}
	for _, call := range message.Calls {
		out.ToolCalls = append(out.ToolCalls, sdk.ChatCompletionMessageToolCallUnionParam{OfFunction: &sdk.ChatCompletionMessageFunctionToolCallParam{
			ID: call.ID, Function: sdk.ChatCompletionMessageFunctionToolCallFunctionParam{Name: call.Name, Arguments: cmp.Or(string(call.Arguments), "{}")},
		}})
	}
	return sdk.ChatCompletionMessageParamUnion{OfAssistant: &out}
}

// reading puts a stream's pieces together.
type reading struct {
	begun  bool
	text   strings.Builder
	calls  []*reader
	finish string
	usage  llm.Usage
}

type reader struct {
	index     int64
	id, name  string
	arguments strings.Builder
}

func (r *reading) take(chunk sdk.ChatCompletionChunk) error {
	r.begun = true
	if chunk.Usage.TotalTokens > 0 || chunk.Usage.CompletionTokens > 0 {
		r.usage = llm.Usage{Prompt: int(chunk.Usage.PromptTokens), Completion: int(chunk.Usage.CompletionTokens)}
	}
	for _, choice := range chunk.Choices {
		if choice.Index != 0 {
			continue
		}
		if choice.Delta.Refusal != "" {
			return llm.ErrModelDeclined
		}
		r.text.WriteString(choice.Delta.Content)
		size := r.text.Len()
		for _, part := range choice.Delta.ToolCalls {
			call := r.call(part.Index)
			call.id = cmp.Or(call.id, part.ID)
			call.name += part.Function.Name
			call.arguments.WriteString(part.Function.Arguments)
		}
		for _, call := range r.calls {
			size += call.arguments.Len() + len(call.name)
		}
		if size > llm.MaxText || len(r.calls) > llm.MaxCalls {
			return llm.ErrModelEndless
		}
		r.finish = cmp.Or(choice.FinishReason, r.finish)
	}
	return nil
}

func (r *reading) call(index int64) *reader {
	for _, call := range r.calls {
		if call.index == index {
			return call
		}
	}
	call := &reader{index: index}
	r.calls = append(r.calls, call)
	return call
}

func (r *reading) completion() (llm.Completion, error) {
	out := llm.Completion{Text: r.text.String(), Truncated: r.finish == "length", Usage: r.usage}
	switch r.finish {
	case "stop", "length", "tool_calls", "function_call":
	case "":
		if !r.begun {
			return llm.Completion{}, llm.ErrModelBroken.Because(errors.New("no event that could be read"))
		}
		return llm.Completion{}, llm.ErrModelCut.Because(io.ErrUnexpectedEOF)
	case "content_filter":
		return llm.Completion{}, llm.ErrModelDeclined
	default:
		return llm.Completion{}, llm.ErrModelBroken.Because(errors.New("an unknown reason to stop"))
	}
	for _, call := range r.calls {
		out.Calls = append(out.Calls, llm.ToolCall{ID: call.id, Name: call.name, Arguments: json.RawMessage(call.arguments.String())})
	}
	return llm.Check(out)
}
