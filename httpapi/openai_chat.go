package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

type chatInput struct {
	OpenAIQuery
	Body chatRequest
}

type chatRequest struct {
	_          struct{}       `json:"-" additionalProperties:"true"`
	Model      string         `json:"model,omitempty" maxLength:"255" doc:"Any: it is the tenant's assistant that answers"`
	Messages   []chatMessage  `json:"messages" minItems:"1" maxItems:"500" doc:"What was said, oldest first. What a system or a developer said is left aside: the tenant's own settings guide the assistant"`
	Stream     bool           `json:"stream,omitempty"`
	StreamOpts *streamOptions `json:"stream_options,omitempty"`
	Tools      []chatTool     `json:"tools,omitempty" maxItems:"128" doc:"Called where the knowledge has no answer and one of them fits"`
	ToolChoice toolChoice     `json:"tool_choice,omitempty"`
	Choices    int            `json:"n,omitempty" minimum:"1" maximum:"1" doc:"There is one answer"`
	User       string         `json:"user,omitempty" maxLength:"255" doc:"A contact's id, phone number or provider's id: with the scope memory:read the answer knows what is remembered of them. Anybody else is nobody"`
}

type streamOptions struct {
	_            struct{} `json:"-" additionalProperties:"true"`
	IncludeUsage bool     `json:"include_usage,omitempty"`
}

type chatMessage struct {
	_          struct{}       `json:"-" additionalProperties:"true"`
	Role       string         `json:"role" enum:"system,developer,user,assistant,tool,function"`
	Content    chatContent    `json:"content,omitempty"`
	ToolCalls  []chatToolCall `json:"tool_calls,omitempty" maxItems:"128"`
	ToolCallID string         `json:"tool_call_id,omitempty" maxLength:"255"`
}

// chatContent is a text, or parts of which the texts are read, or null.
type chatContent string

// Schema implements huma.SchemaProvider.
func (chatContent) Schema(huma.Registry) *huma.Schema {
	part := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString}, "text": {Type: huma.TypeString}}, AdditionalProperties: true, Required: []string{"type"}}
	part.PrecomputeMessages()
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Nullable: true, MaxLength: new(200_000)},
		{Type: huma.TypeArray, Items: part, MaxItems: new(100)},
	}}
}

// UnmarshalJSON takes either form; the schema has been checked before.
func (c *chatContent) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '[':
		var parts []struct{ Type, Text string }
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		var texts []string
		for _, p := range parts {
			if p.Text != "" {
				texts = append(texts, p.Text)
			}
		}
		*c = chatContent(strings.Join(texts, "\n"))
		return nil
	}
	return json.Unmarshal(data, (*string)(c))
}

type chatTool struct {
	_        struct{} `json:"-" additionalProperties:"true"`
	Type     string   `json:"type" enum:"function"`
	Function struct {
		_           struct{}       `json:"-" additionalProperties:"true"`
		Name        string         `json:"name" minLength:"1" maxLength:"128"`
		Description string         `json:"description,omitempty" maxLength:"20000"`
		Parameters  toolParameters `json:"parameters,omitempty"`
	} `json:"function"`
}

// toolParameters is a JSON Schema, as it was given.
type toolParameters map[string]any

// Schema implements huma.SchemaProvider.
func (toolParameters) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "A JSON Schema"}
}

type chatToolCall struct {
	Index    *int   `json:"index,omitempty" doc:"In a stream"`
	ID       string `json:"id" maxLength:"255"`
	Type     string `json:"type" enum:"function"`
	Function struct {
		Name      string `json:"name" maxLength:"128"`
		Arguments string `json:"arguments" maxLength:"200000"`
	} `json:"function"`
}

// toolChoice is "" for auto, "none", "*" for any, or the name of a tool.
type toolChoice string

// Schema implements huma.SchemaProvider.
func (toolChoice) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Enum: []any{"none", "auto", "required"}},
		{Type: huma.TypeObject, AdditionalProperties: true},
	}}
}

// UnmarshalJSON takes either form; the schema has been checked before.
func (c *toolChoice) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var named struct{ Function struct{ Name string } }
		err := json.Unmarshal(data, &named)
		*c = toolChoice(cmp.Or(named.Function.Name, "*"))
		return err
	}
	var word string
	err := json.Unmarshal(data, &word)
	*c = map[string]toolChoice{"auto": "", "required": "*", "none": "none"}[word]
	return err
}

// chatCompletion is an answer, or one piece of a stream of it.
type chatCompletion struct {
	ID       string       `json:"id" doc:"No other answer has it"`
	Object   string       `json:"object" enum:"chat.completion,chat.completion.chunk"`
	Created  int64        `json:"created" doc:"Seconds since 1970"`
	Model    string       `json:"model"`
	Choices  []chatChoice `json:"choices" doc:"One; none in the last piece of a stream that tells the usage"`
	Usage    *openAIUsage `json:"usage,omitempty"`
	FloMastr *chatFacts   `json:"flomastr,omitempty" doc:"What OpenAI's protocol has no place for; its clients pass it over. In a stream it stands in the piece with the finish_reason"`
}

type chatChoice struct {
	Index   int         `json:"index"`
	Message *chatAnswer `json:"message,omitempty" doc:"Outside a stream"`
	Delta   *chatAnswer `json:"delta,omitempty" doc:"In a stream"`
	Finish  *string     `json:"finish_reason" enum:"stop,tool_calls" doc:"null while the stream goes on"`
}

type chatAnswer struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

type chatFacts struct {
	Action     string           `json:"action" enum:"answer,ask,refuse,hand_over,silent,call" doc:"refuse: the knowledge has no answer; hand_over: a person should go on"`
	Confidence float64          `json:"confidence_score" doc:"Between 0 and 1"`
	Citations  []answerCitation `json:"citations"`
}

// reply is what the assistant has to say to a chat.
type reply struct {
	text  string
	call  *llm.ToolCall
	facts chatFacts
}

var errNoQuestion = flomastr.Errorf(flomastr.Invalid, "invalid_request", "The messages hold no question.").Field("body.messages", "must hold a user's text")

// openAIChat answers a chat as a turn of a conversation. Tools of the caller's are called for what the knowledge does not
// answer, and what they gave back is answered from.
func (a *API) openAIChat(ctx context.Context, call Call, in *chatInput) (*huma.StreamResponse, error) {
	r, err := a.reply(ctx, call, in.Body)
	if err != nil {
		return nil, err
	}
	whole := chatCompletion{
		ID: "chatcmpl-" + flomastr.NewID[flomastr.ID[chatCompletion]]().String(), Object: "chat.completion", Created: a.deps.Clock().Unix(), Model: assistantModel, FloMastr: &r.facts,
	}
	used := usageOf(in.Body.length(), utf8.RuneCountInString(r.text))
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		if in.Body.Stream {
			a.streamChat(w, whole, r, used, in.Body.StreamOpts != nil && in.Body.StreamOpts.IncludeUsage)
			return
		}
		message, finish := r.message()
		message.Role = "assistant"
		whole.Choices, whole.Usage = []chatChoice{{Message: &message, Finish: &finish}}, &used
		w.Header().Set("Content-Type", "application/json")
		_ = strictJSON().Marshal(w, whole) // an error is the client's hanging up
	}}, nil
}

// message gives the whole of a reply, and why it ends.
func (r reply) message() (chatAnswer, string) {
	if r.call == nil {
		return chatAnswer{Content: &r.text}, "stop"
	}
	c := chatToolCall{ID: "call_" + flomastr.NewID[flomastr.ID[chatToolCall]]().String(), Type: "function"}
	c.Function.Name, c.Function.Arguments = r.call.Name, string(r.call.Arguments)
	return chatAnswer{ToolCalls: []chatToolCall{c}}, "tool_calls"
}

// streamChat sends a reply word by word. It is there as a whole: a stream is for clients that know no other way.
func (a *API) streamChat(w http.ResponseWriter, whole chatCompletion, r reply, used openAIUsage, tellUsage bool) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	facts := whole.FloMastr
	whole.Object, whole.FloMastr = "chat.completion.chunk", nil
	send := func(c chatCompletion) bool {
		text, err := json.Marshal(c)
		if err != nil {
			return false
		}
		_ = out.SetWriteDeadline(a.deps.Clock().Add(streamWrite)) // a test's recorder has none
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	piece := func(delta chatAnswer, finish *string) bool {
		whole.Choices = []chatChoice{{Delta: &delta, Finish: finish}}
		return send(whole)
	}
	message, finish := r.message()
	deltas := []chatAnswer{{Role: "assistant", Content: new("")}}
	if message.Content != nil {
		for words := range strings.SplitAfterSeq(*message.Content, " ") {
			deltas = append(deltas, chatAnswer{Content: &words})
		}
	} else {
		message.ToolCalls[0].Index = new(0)
		deltas = append(deltas, message)
	}
	for _, delta := range deltas {
		if !piece(delta, nil) {
			return
		}
	}
	whole.FloMastr = facts
	if !piece(chatAnswer{}, &finish) {
		return
	}
	whole.FloMastr = nil
	if tellUsage {
		whole.Choices, whole.Usage = []chatChoice{}, &used
		if !send(whole) {
			return
		}
	}
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
	_ = out.Flush()
}

// reply decides what is said or called.
func (a *API) reply(ctx context.Context, call Call, in chatRequest) (reply, error) {
	turn, results := in.turn(call.Tenant.ID, a.deps.Clock)
	if len(turn.Messages) == 0 {
		return reply{}, errNoQuestion
	}
	if in.User != "" && call.Caller.Has(identity.ScopeMemoryRead) {
		var err error
		turn.Contact, err = a.deps.WhatsApp.ContactNamed(ctx, call.Tenant.ID, in.User)
		if err != nil && flomastr.KindOf(err) != flomastr.NotFound {
			return reply{}, err
		}
	}
	question := turn.Messages[len(turn.Messages)-1].Text
	if len(results) > 0 {
		if r, ok := a.fromResults(question, results); ok {
			return r, nil
		}
	}
	tools := make([]llm.Tool, len(in.Tools))
	for i, t := range in.Tools {
		schema, err := json.Marshal(t.Function.Parameters)
		if err != nil {
			return reply{}, fmt.Errorf("read a tool's parameters: %w", err)
		}
		tools[i] = llm.Tool{Name: t.Function.Name, Description: t.Function.Description, Parameters: schema}
	}
	choose := func() (reply, bool) {
		if in.ToolChoice == "none" || len(results) > 0 {
			return reply{}, false
		}
		chosen, ok := a.deps.Assistant.Choose(question, tools, string(in.ToolChoice))
		return reply{call: &chosen, facts: chatFacts{Action: "call", Citations: []answerCitation{}}}, ok
	}
	if in.ToolChoice != "" {
		if r, ok := choose(); ok {
			return r, nil
		}
	}
	d, err := a.deps.Assistant.Answer(ctx, turn)
	if err != nil {
		return reply{}, err
	}
	if d.Action != flomastr.ActionAnswer || len(d.Evidence) == 0 {
		if r, ok := choose(); ok {
			return r, nil
		}
	}
	r := reply{text: d.Text, facts: chatFacts{Action: string(d.Action), Confidence: d.Confidence, Citations: []answerCitation{}}}
	for i, e := range d.Evidence {
		r.facts.Citations = append(r.facts.Citations, answerCitation{Number: i + 1, Quote: e.Quote, Title: e.Title, ChunkID: e.Passage.String(), Place: e.Place})
	}
	return r, nil
}

// maxResult is how much of a tool's text is handed on as it is, in characters.
const maxResult = 2000

// fromResults answers from what tools gave back: by quoting it, else by handing on how it begins.
func (a *API) fromResults(question string, results []assistant.Piece) (reply, bool) {
	got := a.deps.Assistant.GenerateFrom(question, slices.Clone(results))
	if got.Answered {
		return reply{text: got.Answer, facts: chatFacts{Action: string(flomastr.ActionAnswer), Confidence: got.Confidence, Citations: answerCitations(got.Citations)}}, true
	}
	texts := make([]string, len(results))
	for i, r := range results {
		texts[i] = r.Text
	}
	all := strings.TrimSpace(strings.Join(texts, "\n"))
	if all == "" {
		return reply{}, false
	}
	if begins := provider.Truncate(all, maxResult); begins != all {
		all = begins + "…"
	}
	return reply{text: all, facts: chatFacts{Action: string(flomastr.ActionAnswer), Citations: []answerCitation{}}}, true
}

// turn makes a turn of a chat: the user's texts since the assistant last spoke are asked, and what tools gave back for them
// stands beside.
func (in chatRequest) turn(tenant flomastr.TenantID, clock flomastr.Clock) (turn flomastr.Turn, results []assistant.Piece) {
	turn.Tenant = tenant
	for _, m := range in.Messages {
		line := flomastr.TurnMessage{Type: "text", Text: string(m.Content), At: clock()}
		switch m.Role {
		case "user":
			line.Speaker = flomastr.SpeakerContact
			results = nil
			if line.Text != "" {
				turn.Messages = append(turn.Messages, line)
			}
		case "tool", "function":
			results = append(results, assistant.Piece{Text: line.Text})
		case "assistant":
			if len(m.ToolCalls) > 0 || line.Text == "" {
				continue // it asked for tools, and goes on with the same question
			}
			line.Speaker = flomastr.SpeakerAssistant
			turn.History = append(append(turn.History, turn.Messages...), line)
			turn.Messages, results = nil, nil
		}
	}
	return turn, results
}

// length is how many characters were sent.
func (in chatRequest) length() (n int) {
	for _, m := range in.Messages {
		n += utf8.RuneCountInString(string(m.Content))
	}
	return n
}

// describeChat writes down what the frame cannot read off a handler that writes its answer itself.
func (a *API) describeChat() {
	doc := a.huma.OpenAPI()
	schema := doc.Components.Schemas.Schema(reflect.TypeFor[chatCompletion](), true, "ChatCompletion")
	doc.Paths["/v1/chat/completions"].Post.Responses["200"] = &huma.Response{
		Description: "The answer, or the pieces of it as server-sent events that end with [DONE]",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}, "text/event-stream": {Schema: schema}},
	}
}
