package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxPages ends a list that never does; an account holds at most 6,000 templates in all languages.
const maxPages = 100

type component struct {
	Type    provider.Word            `json:"type"`
	Format  provider.Word            `json:"format"`
	Text    provider.Word            `json:"text"`
	Example json.RawMessage          `json:"example"`
	Buttons provider.List[choiceMap] `json:"buttons"`
}

type choiceMap struct {
	Type    provider.Word   `json:"type"`
	Text    provider.Word   `json:"text"`
	URL     provider.Word   `json:"url"`
	Phone   provider.Word   `json:"phone_number"`
	Example json.RawMessage `json:"example"`
}

type kept struct {
	ID         provider.Word            `json:"id"`
	Name       provider.Word            `json:"name"`
	Language   provider.Word            `json:"language"`
	Status     provider.Word            `json:"status"`
	Category   provider.Word            `json:"category"`
	Rejected   provider.Word            `json:"rejected_reason"`
	Components provider.List[component] `json:"components"`
	Quality    provider.Part[struct {
		Score provider.Word `json:"score"`
	}] `json:"quality_score"`
}

// Templates implements provider.TemplateManager. Pages are followed by their cursor, never by an address in the answer.
func (p *Provider) Templates(ctx context.Context, ch provider.Channel) ([]provider.TemplateState, error) {
	if ch.AccountID == "" {
		return nil, errNoAccount
	}
	var all []provider.TemplateState
	query := url.Values{"limit": {"100"}, "fields": {"id,name,language,status,category,components,quality_score,rejected_reason"}}
	for range maxPages {
		var page struct {
			Data   provider.List[kept] `json:"data"`
			Paging provider.Part[struct {
				Next    provider.Word `json:"next"`
				Cursors provider.Part[struct {
					After provider.Word `json:"after"`
				}] `json:"cursors"`
			}] `json:"paging"`
		}
		if err := p.ask(ctx, ch, http.MethodGet, url.PathEscape(ch.AccountID)+"/message_templates", query, nil, &page); err != nil {
			return nil, err
		}
		for _, t := range page.Data {
			all = append(all, t.state())
		}
		after := string(page.Paging.Value.Cursors.Value.After)
		if page.Paging.Value.Next == "" || after == "" || after == query.Get("after") {
			break
		}
		query.Set("after", after)
	}
	return all, nil
}

func (t kept) state() provider.TemplateState {
	out := provider.TemplateState{
		ID: provider.Clean(string(t.ID), 100), Name: provider.Clean(string(t.Name), 512), Language: provider.Clean(string(t.Language), 20),
		Category: strings.ToLower(provider.CleanName(string(t.Category))), Status: strings.ToLower(provider.CleanName(string(t.Status))),
		Quality: strings.ToLower(provider.CleanName(string(t.Quality.Value.Score))), Reason: reason(t.Rejected),
	}
	for _, c := range t.Components {
		text := provider.Clean(string(c.Text), 4096)
		switch c.Type {
		case "HEADER":
			out.Header = &provider.TemplateHeader{Kind: strings.ToLower(provider.CleanName(string(c.Format))), Text: text, Example: firstExample(c.Example)}
		case "BODY":
			out.Body, out.Examples = text, bodyExamples(c.Example)
		case "FOOTER":
			out.Footer = text
		case "BUTTONS":
			for _, b := range c.Buttons {
				out.Buttons = append(out.Buttons, b.choice())
			}
		}
	}
	return out
}

func (b choiceMap) choice() provider.TemplateChoice {
	value := b.URL
	if value == "" {
		value = b.Phone
	}
	return provider.TemplateChoice{
		Kind: strings.ToLower(provider.CleanName(string(b.Type))), Text: provider.CleanName(string(b.Text)),
		Value: provider.Clean(string(value), 2048), Example: firstExample(b.Example),
	}
}

// firstExample finds the first string in what may be a string, an array, or an object of arrays.
func firstExample(raw json.RawMessage) string {
	var text string
	var list []json.RawMessage
	var object struct {
		Text   []string `json:"header_text"`
		Handle []string `json:"header_handle"`
	}
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return provider.Clean(text, 2048)
	case json.Unmarshal(raw, &list) == nil && len(list) > 0:
		return firstExample(list[0])
	case json.Unmarshal(raw, &object) == nil:
		for _, s := range append(object.Text, object.Handle...) {
			return provider.Clean(s, 2048)
		}
	}
	return ""
}

func bodyExamples(raw json.RawMessage) []string {
	var example struct {
		Body [][]string `json:"body_text"`
	}
	if json.Unmarshal(raw, &example) != nil || len(example.Body) == 0 {
		return nil
	}
	for i, s := range example.Body[0] {
		example.Body[0][i] = provider.Clean(s, 1024)
	}
	return example.Body[0]
}

// CreateTemplate implements provider.TemplateManager.
func (p *Provider) CreateTemplate(ctx context.Context, ch provider.Channel, t provider.TemplateState) (provider.TemplateState, error) {
	if ch.AccountID == "" {
		return t, errNoAccount
	}
	body, err := json.Marshal(map[string]any{
		"name": t.Name, "language": t.Language, "category": strings.ToUpper(t.Category), "components": components(t),
	})
	if err != nil {
		return t, err
	}
	var made kept
	if err := p.ask(ctx, ch, http.MethodPost, url.PathEscape(ch.AccountID)+"/message_templates", nil, bytes.NewReader(body), &made); err != nil {
		return t, err
	}
	said := made.state()
	t.ID, t.Status = said.ID, said.Status
	if said.Category != "" {
		t.Category = said.Category
	}
	return t, nil
}

// DeleteTemplate implements provider.TemplateManager.
func (p *Provider) DeleteTemplate(ctx context.Context, ch provider.Channel, name string, _ []string) error {
	if ch.AccountID == "" {
		return errNoAccount
	}
	var answer json.RawMessage
	return p.ask(ctx, ch, http.MethodDelete, url.PathEscape(ch.AccountID)+"/message_templates", url.Values{"name": {name}}, nil, &answer)
}

var placeholder = regexp.MustCompile(`\{\{[^{}]+\}\}`)

func components(t provider.TemplateState) []map[string]any {
	var out []map[string]any
	if h := t.Header; h != nil {
		c := map[string]any{"type": "HEADER", "format": strings.ToUpper(h.Kind)}
		switch {
		case h.Kind == "text":
			c["text"] = h.Text
			if h.Example != "" && placeholder.MatchString(h.Text) {
				c["example"] = map[string]any{"header_text": []string{h.Example}}
			}
		case h.Example != "":
			c["example"] = map[string]any{"header_handle": []string{h.Example}}
		}
		out = append(out, c)
	}
	body := map[string]any{"type": "BODY", "text": t.Body}
	if len(t.Examples) > 0 {
		body["example"] = map[string]any{"body_text": [][]string{t.Examples}}
	}
	out = append(out, body)
	if t.Footer != "" {
		out = append(out, map[string]any{"type": "FOOTER", "text": t.Footer})
	}
	if len(t.Buttons) == 0 {
		return out
	}
	buttons := make([]map[string]any, 0, len(t.Buttons))
	for _, b := range t.Buttons {
		one := map[string]any{"type": strings.ToUpper(b.Kind)}
		if b.Text != "" && b.Kind != "copy_code" {
			one["text"] = b.Text
		}
		switch b.Kind {
		case "url":
			one["url"] = b.Value
			if b.Example != "" {
				one["example"] = []string{b.Example}
			}
		case "phone_number":
			one["phone_number"] = b.Value
		case "copy_code":
			one["example"] = b.Example
		}
		buttons = append(buttons, one)
	}
	return append(out, map[string]any{"type": "BUTTONS", "buttons": buttons})
}
