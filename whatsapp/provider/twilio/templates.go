package twilio

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// entry is one content of Twilio's Content API. Types holds one text form for each kind of channel.
type entry struct {
	SID          string             `json:"sid,omitempty"`
	FriendlyName string             `json:"friendly_name"`
	Language     string             `json:"language"`
	Variables    map[string]string  `json:"variables,omitempty"`
	Types        map[string]display `json:"types"`
	Approval     approval           `json:"approval_requests,omitzero"`
}

// display is what a content shows, with the members of all types side by side.
type display struct {
	Body       string   `json:"body,omitempty"`
	HeaderText string   `json:"header_text,omitempty"`
	Media      []string `json:"media,omitempty"`
	Footer     string   `json:"footer,omitempty"`
	Actions    []action `json:"actions,omitempty"`
}

type action struct {
	Type         string `json:"type"`
	Title        string `json:"title,omitempty"`
	ID           string `json:"id,omitempty"`
	URL          string `json:"url,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Code         string `json:"code,omitempty"`
	CopyCodeText string `json:"copy_code_text,omitempty"`
}

// approval is WhatsApp's word on a content.
type approval struct {
	Name     string `json:"name"`
	Category string `json:"category"`
	Status   string `json:"status,omitempty"`
	Reason   string `json:"rejection_reason,omitempty"`
}

// maxPages bounds a listing: 40 pages of 500 are more than WhatsApp lets an account have.
const maxPages = 40

// Templates implements provider.TemplateManager. A template is sent by its ID, the content's SID.
func (p *Provider) Templates(ctx context.Context, ch provider.Channel) ([]provider.TemplateState, error) {
	var list []provider.TemplateState
	path := "/v1/ContentAndApprovals?PageSize=500"
	for range maxPages {
		var page struct {
			Contents []entry `json:"contents"`
			Meta     struct {
				Next string `json:"next_page_url"`
			} `json:"meta"`
		}
		if err := p.call(ctx, ch, http.MethodGet, "content", path, nil, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Contents {
			list = append(list, e.state())
		}
		if page.Meta.Next == "" {
			break
		}
		next, err := url.Parse(page.Meta.Next)
		if err != nil {
			return nil, flomastr.Errorf(flomastr.Upstream, "provider_refused", "Twilio's list of templates could not be read to its end.").Because(err)
		}
		path = next.RequestURI() // the answer does not say whom the credentials are shown to
	}
	return list, nil
}

// richest is the order in which a content's forms are looked at: one content may have several.
var richest = []string{"whatsapp/card", "twilio/card", "whatsapp/authentication", "twilio/call-to-action", "twilio/quick-reply", "twilio/media", "twilio/text"}

func (e entry) state() provider.TemplateState {
	t := provider.TemplateState{
		ID: e.SID, Name: provider.CleanName(e.Approval.Name), Language: e.Language, Category: strings.ToLower(e.Approval.Category),
		Status: strings.ToLower(e.Approval.Status), Reason: provider.Clean(e.Approval.Reason, 1000),
	}
	if t.Name == "" {
		t.Name = provider.CleanName(e.FriendlyName)
	}
	if t.Status == "" {
		t.Status = "unsubmitted"
	}
	for _, kind := range richest {
		shown, ok := e.Types[kind]
		if !ok {
			continue
		}
		t.Body, t.Footer = provider.Clean(shown.Body, maxText), provider.Clean(shown.Footer, 1000)
		switch {
		case shown.HeaderText != "":
			t.Header = &provider.TemplateHeader{Kind: "text", Text: provider.Clean(shown.HeaderText, 1000)}
		case len(shown.Media) > 0:
			t.Header = &provider.TemplateHeader{Kind: mediaKind(shown.Media[0]), Example: provider.Clean(shown.Media[0], 2048)}
		}
		for _, a := range shown.Actions {
			t.Buttons = append(t.Buttons, a.choice())
		}
		break
	}
	for i := 1; strings.Contains(t.Body, "{{"+strconv.Itoa(i)+"}}"); i++ {
		t.Examples = append(t.Examples, provider.Clean(e.Variables[strconv.Itoa(i)], 1000))
	}
	return t
}

// mediaKind guesses from an address what stands at its end; Twilio says no more.
func mediaKind(address string) string {
	switch ext := strings.ToLower(address[strings.LastIndexByte(address, '.')+1:]); ext {
	case "jpg", "jpeg", "png":
		return "image"
	case "mp4", "3gp":
		return "video"
	default:
		return "document"
	}
}

func (a action) choice() provider.TemplateChoice {
	c := provider.TemplateChoice{Kind: strings.ToLower(a.Type), Text: provider.CleanName(a.Title)}
	switch c.Kind {
	case "", "quick_reply":
		c.Kind = "quick_reply"
	case "url":
		c.Value = provider.Clean(a.URL, 2048)
	case "phone_number":
		c.Value = provider.Clean(a.Phone, 40)
	case "copy_code":
		c.Example = provider.Clean(a.Code, 100)
		if c.Text == "" {
			c.Text = provider.CleanName(a.CopyCodeText)
		}
	}
	return c
}

// CreateTemplate implements provider.TemplateManager: the content is made, then handed to WhatsApp. A content that could
// not be handed over is removed again.
func (p *Provider) CreateTemplate(ctx context.Context, ch provider.Channel, t provider.TemplateState) (provider.TemplateState, error) {
	e, err := entryOf(t)
	if err != nil {
		return t, err
	}
	var made entry
	if err := p.call(ctx, ch, http.MethodPost, "content", "/v1/Content", e, &made); err != nil {
		return t, err
	}
	if !contentSID.MatchString(made.SID) {
		return t, flomastr.Errorf(flomastr.Upstream, "provider_refused", "Twilio answered something that is not its own format.")
	}
	submit := approval{Name: t.Name, Category: strings.ToUpper(t.Category)}
	var said approval
	if err := p.call(ctx, ch, http.MethodPost, "content", "/v1/Content/"+made.SID+"/ApprovalRequests/whatsapp", submit, &said); err != nil {
		_ = p.deleteContent(context.WithoutCancel(ctx), ch, made.SID)
		return t, err
	}
	t.ID, t.Status, t.Reason = made.SID, strings.ToLower(said.Status), provider.Clean(said.Reason, 1000)
	return t, nil
}

// DeleteTemplate implements provider.TemplateManager.
func (p *Provider) DeleteTemplate(ctx context.Context, ch provider.Channel, name string) error {
	list, err := p.Templates(ctx, ch)
	if err != nil {
		return err
	}
	found := false
	for _, t := range list {
		if t.Name != name || !contentSID.MatchString(t.ID) {
			continue
		}
		found = true
		if err := p.deleteContent(ctx, ch, t.ID); err != nil {
			return err
		}
	}
	if !found {
		return flomastr.Errorf(flomastr.NotFound, "template_not_found", "Twilio has no template of this name.")
	}
	return nil
}

func (p *Provider) deleteContent(ctx context.Context, ch provider.Channel, id string) error {
	return p.call(ctx, ch, http.MethodDelete, "content", "/v1/Content/"+id, nil, nil)
}

var (
	templateName = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	placeholder  = regexp.MustCompile(`\{\{([0-9]+)\}\}`)
)

func invalidTemplate(sentence string) error {
	return flomastr.Errorf(flomastr.Invalid, "invalid_template", sentence)
}

// numbering hands out the numbers of a content's values, which Twilio counts through over all its parts.
type numbering struct{ examples map[string]string }

// next writes {{1}} of one part as the next number of the whole, with an example of its value.
func (n numbering) next(text, example string) string {
	if !placeholder.MatchString(text) {
		return text
	}
	number := strconv.Itoa(len(n.examples) + 1)
	n.examples[number] = example
	return placeholder.ReplaceAllString(text, "{{"+number+"}}")
}

// entryOf writes a template as content: plain text where that is enough, else a card.
func entryOf(t provider.TemplateState) (entry, error) {
	e := entry{FriendlyName: t.Name, Language: t.Language, Types: map[string]display{}}
	if !templateName.MatchString(t.Name) {
		return e, invalidTemplate("A template's name holds small letters, digits and underscores.")
	}
	if !slices.Contains([]string{"marketing", "utility", "authentication"}, t.Category) {
		return e, invalidTemplate("A template's category is marketing, utility or authentication.")
	}
	if t.Category == "authentication" {
		return authentication(e, t)
	}
	n := numbering{map[string]string{}}
	for i, example := range t.Examples {
		n.examples[strconv.Itoa(i+1)] = example
	}
	for _, found := range placeholder.FindAllStringSubmatch(t.Body, -1) {
		if _, ok := n.examples[found[1]]; !ok {
			return e, invalidTemplate("Every placeholder of the text needs an example.")
		}
	}
	shown := display{Body: t.Body, Footer: t.Footer}
	if h := t.Header; h != nil {
		switch h.Kind {
		case "text":
			shown.HeaderText = n.next(h.Text, h.Example)
		case "image", "video", "document":
			shown.Media = []string{h.Example}
		default:
			return e, invalidTemplate("Twilio takes a text, a picture, a film or a document as a header.")
		}
	}
	for i, b := range t.Buttons {
		a := action{Type: strings.ToUpper(b.Kind), Title: b.Text}
		switch b.Kind {
		case "quick_reply":
			a.ID = "button_" + strconv.Itoa(i+1)
		case "url":
			a.URL = n.next(b.Value, b.Example)
		case "phone_number":
			a.Phone = b.Value
		case "copy_code":
			a.Code = b.Example
		default:
			return e, invalidTemplate("A button is quick_reply, url, phone_number or copy_code.")
		}
		shown.Actions = append(shown.Actions, a)
	}
	kind := "whatsapp/card"
	if t.Header == nil && t.Footer == "" && len(t.Buttons) == 0 {
		kind = "twilio/text"
	}
	e.Types[kind], e.Variables = shown, maps.Clone(n.examples)
	return e, nil
}

// authentication has its text from WhatsApp and one button that copies the code.
func authentication(e entry, t provider.TemplateState) (entry, error) {
	if len(t.Buttons) != 1 || t.Buttons[0].Kind != "copy_code" || t.Header != nil {
		return e, invalidTemplate("An authentication template has one button, copy_code, and no header.")
	}
	e.Types["whatsapp/authentication"] = display{Actions: []action{{Type: "COPY_CODE", CopyCodeText: t.Buttons[0].Text}}}
	return e, nil
}
