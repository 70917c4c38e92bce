package infobip

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

func templatesOf(ch provider.Channel) string {
	return "/whatsapp/2/senders/" + url.PathEscape(ch.Number) + "/templates"
}

type kept struct {
	ID        provider.Word `json:"id"`
	Name      provider.Word `json:"name"`
	Language  provider.Word `json:"language"`
	Status    provider.Word `json:"status"`
	Category  provider.Word `json:"category"`
	Quality   provider.Word `json:"quality"`
	Structure provider.Part[struct {
		Header provider.Part[struct {
			Format  provider.Word `json:"format"`
			Text    provider.Word `json:"text"`
			Example provider.Word `json:"example"`
		}] `json:"header"`
		Body provider.Part[struct {
			Text     provider.Word     `json:"text"`
			Examples provider.Elements `json:"examples"`
		}] `json:"body"`
		Footer provider.Part[struct {
			Text provider.Word `json:"text"`
		}] `json:"footer"`
		Buttons provider.List[struct {
			Type    provider.Word `json:"type"`
			Text    provider.Word `json:"text"`
			URL     provider.Word `json:"url"`
			Phone   provider.Word `json:"phoneNumber"`
			Example provider.Word `json:"example"`
		}] `json:"buttons"`
	}] `json:"structure"`
}

// Templates implements provider.TemplateManager. Infobip answers all of them at once.
func (p *Provider) Templates(ctx context.Context, ch provider.Channel) ([]provider.TemplateState, error) {
	var list struct {
		Templates provider.List[kept] `json:"templates"`
	}
	if err := p.ask(ctx, ch, http.MethodGet, templatesOf(ch), nil, &list); err != nil {
		return nil, err
	}
	var all []provider.TemplateState
	for _, t := range list.Templates {
		all = append(all, t.state())
	}
	return all, nil
}

func (t kept) state() provider.TemplateState {
	lower := func(w provider.Word) string { return strings.ToLower(provider.CleanName(string(w))) }
	s := t.Structure.Value
	out := provider.TemplateState{
		ID: provider.Clean(string(t.ID), 100), Name: provider.Clean(string(t.Name), 512), Language: provider.Clean(string(t.Language), 20),
		Category: lower(t.Category), Status: lower(t.Status), Quality: lower(t.Quality),
		Body: provider.Clean(string(s.Body.Value.Text), 4096), Footer: provider.Clean(string(s.Footer.Value.Text), 4096),
	}
	if out.Status == "first_paused" || out.Status == "second_paused" {
		out.Status = "paused"
	}
	if h := s.Header.Value; s.Header.Given {
		out.Header = &provider.TemplateHeader{Kind: lower(h.Format), Text: provider.Clean(string(h.Text), 1024), Example: provider.Clean(string(h.Example), 2048)}
	}
	for _, raw := range s.Body.Value.Examples {
		var w provider.Word
		_ = json.Unmarshal(raw, &w)
		out.Examples = append(out.Examples, provider.Clean(string(w), 1024))
	}
	for _, b := range s.Buttons {
		value := b.URL
		if value == "" {
			value = b.Phone
		}
		out.Buttons = append(out.Buttons, provider.TemplateChoice{
			Kind: lower(b.Type), Text: provider.CleanName(string(b.Text)), Value: provider.Clean(string(value), 2048), Example: provider.Clean(string(b.Example), 2048),
		})
	}
	return out
}

// CreateTemplate implements provider.TemplateManager.
func (p *Provider) CreateTemplate(ctx context.Context, ch provider.Channel, t provider.TemplateState) (provider.TemplateState, error) {
	structure := map[string]any{"type": "TEXT", "body": map[string]any{"text": t.Body, "examples": append([]string{}, t.Examples...)}}
	if h := t.Header; h != nil {
		header := map[string]string{"format": strings.ToUpper(h.Kind)}
		if h.Text != "" {
			header["text"] = h.Text
		}
		if h.Example != "" {
			header["example"] = h.Example
		}
		structure["header"] = header
		if h.Kind != "text" {
			structure["type"] = "MEDIA"
		}
	}
	if t.Footer != "" {
		structure["footer"] = map[string]string{"text": t.Footer}
	}
	var buttons []map[string]string
	for _, b := range t.Buttons {
		one := map[string]string{"type": strings.ToUpper(b.Kind)}
		value := map[string]string{"url": "url", "phone_number": "phoneNumber"}[b.Kind]
		for name, v := range map[string]string{"text": b.Text, value: b.Value, "example": b.Example} {
			if name != "" && v != "" {
				one[name] = v
			}
		}
		buttons = append(buttons, one)
	}
	if buttons != nil {
		structure["buttons"] = buttons
	}
	var made kept
	err := p.ask(ctx, ch, http.MethodPost, templatesOf(ch), map[string]any{
		"name": t.Name, "language": t.Language, "category": strings.ToUpper(t.Category), "structure": structure,
	}, &made)
	if err != nil {
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
	return p.ask(ctx, ch, http.MethodDelete, templatesOf(ch)+"/"+url.PathEscape(name), nil, nil)
}
