package assistant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/memory"
)

// The tools of a turn. None of them changes anything: what is to happen stands in the reply, and happens when the decision is
// carried out.
const (
	toolSearch = "search"
	toolRecall = "recall"
	toolReply  = "reply"
)

// What may be asked of a tool.
const (
	maxArguments = 16 << 10 // bytes
	maxSearch    = 300      // characters
	mostFound    = 5        // passages of one search
)

// agentTools reads the tools as the prompt's version describes them.
func agentTools() []llm.Tool {
	data, err := texts.ReadFile("prompt/agent-" + promptVersion + ".json")
	if err != nil {
		panic(fmt.Sprintf("assistant: %v", err))
	}
	var list []struct {
		Name, Description string
		Parameters        json.RawMessage
	}
	if err := json.Unmarshal(data, &list); err != nil {
		panic(fmt.Sprintf("assistant: the tools: %v", err))
	}
	tools := make([]llm.Tool, len(list))
	for i, t := range list {
		tools[i] = llm.Tool{Name: t.Name, Description: t.Description, Parameters: t.Parameters}
	}
	return tools
}

// tools are those that have something behind them in this turn.
func (g *agent) tools() []llm.Tool {
	return slices.DeleteFunc(slices.Clone(g.lexicon.tools), func(t llm.Tool) bool { return t.Name == toolRecall && !g.remembers() })
}

// remembers tells whether there is somebody to remember something of.
func (g *agent) remembers() bool { return g.deps.Memory != nil && !g.turn.Contact.IsZero() }

// run does what a call asks and gives back what the model is told. What is refused is told in words, and counted.
func (g *agent) run(ctx context.Context, call llm.ToolCall, place int) string {
	g.called++
	switch {
	case place >= mostCalls:
		return g.refuse(fmt.Sprintf("At most %d tools can be called at once.", mostCalls))
	case call.Name == toolReply:
		if _, err := readReply(call.Arguments); err != nil {
			return g.refuse(sentenceOf(err))
		}
		return g.refuse("reply has to be the only call of the turn's end.")
	case call.Name == toolSearch, call.Name == toolRecall && g.remembers():
	default:
		return g.refuse("There is no such tool.")
	}
	var in struct {
		Query string `json:"query"`
	}
	if err := readArguments(call.Arguments, &in); err != nil {
		return g.refuse(sentenceOf(err))
	}
	in.Query = strings.TrimSpace(flomastr.VisibleLine(in.Query))
	if n := utf8.RuneCountInString(in.Query); n == 0 || n > maxSearch {
		return g.refuse(fmt.Sprintf("query has to hold 1 to %d characters.", maxSearch))
	}
	look := g.search
	if call.Name == toolRecall {
		look = g.recallMore
	}
	text, err := look(ctx, in.Query)
	if err != nil {
		g.failures++
		return "It could not be looked up now. Go on without it."
	}
	g.room -= utf8.RuneCountInString(text)
	return text
}

func (g *agent) refuse(why string) string {
	g.refused++
	return "Refused: " + why
}

// search looks for a query of the model's in the knowledge of the turn's tenant.
func (g *agent) search(ctx context.Context, query string) (string, error) {
	q := g.lexicon.ask(query, g.lexicon.language(query, g.voice.lang))
	q.thin = q.heavy() == 0
	var found contextengine.Result
	if err := g.retrieve(ctx, g.turn.Tenant, query, &found); err != nil {
		return "", err
	}
	found.Passages = found.Passages[:min(len(found.Passages), mostFound)]
	g.posed = append(g.posed, g.judge(g.policy, q, found))
	numbers := make([]int, 0, len(found.Passages))
	for _, p := range within(found.Passages, g.policy.MaxContext) {
		numbers = append(numbers, g.sources.passage(p))
	}
	return g.shown(numbers, "The knowledge has nothing on it."), nil
}

// recallMore looks for a query of the model's in what is remembered of the turn's contact, and of nobody else.
func (g *agent) recallMore(ctx context.Context, query string) (string, error) {
	got, err := g.deps.Memory.Recall(ctx, g.turn.Tenant, memory.Query{
		Contact: g.turn.Contact, Text: query, Business: g.voice.business, At: g.deps.Clock(),
	})
	if err != nil {
		return "", err
	}
	return g.shown(g.remember(got), "Nothing is remembered of it."), nil
}

// shown renders numbered sources as far as there is room for them. One that does not fit is left out whole.
func (g *agent) shown(numbers []int, none string) string {
	var b strings.Builder
	room := min(mostResult, g.room)
	for _, n := range numbers {
		part := g.sources.render(n)
		if size := utf8.RuneCountInString(part); size <= room {
			room -= size
			b.WriteString(part)
		}
	}
	if b.Len() == 0 {
		return none
	}
	return b.String()
}

// readArguments reads the arguments of a call, strictly: one object, each key once, no key that is not there to be set. An
// argument that says who the turn is about, such as a contact's id, is such a key.
func readArguments(raw json.RawMessage, into any) error {
	switch {
	case len(raw) > maxArguments:
		return errors.New("the arguments are too long")
	case !utf8.Valid(raw):
		return errors.New("the arguments are no UTF-8")
	}
	if err := oneObject(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New("the arguments do not fit the tool's schema, which takes no others")
	}
	return nil
}

// oneObject refuses what is no object, what comes behind one, and a key that stands in it twice: which of the two is meant is
// nobody's to guess.
func oneObject(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the arguments are no object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errors.New("the arguments are no JSON")
		}
		name := strings.ToLower(fmt.Sprint(key)) // Go's decoder does not tell them apart
		if seen[name] {
			return errors.New("a key of the arguments stands twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errors.New("the arguments are no JSON")
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("the arguments are no JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the arguments")
	}
	return nil
}

// sentenceOf makes a sentence of an error that is ours.
func sentenceOf(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
