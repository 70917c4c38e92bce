package twilio

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
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

// Templates implements provider.TemplateManager. A template is sent by its ID, the content's SID. A content that nobody asked
// WhatsApp to approve is no template: Twilio keeps those for other uses, and their names are anybody's.
func (p *Provider) Templates(ctx context.Context, ch provider.Channel) ([]provider.TemplateState, error) {
	contents, err := p.contents(ctx, ch)
	var list []provider.TemplateState
	for _, e := range contents {
		if e.submitted() {
			list = append(list, e.state())
		}
	}
	return list, err
}

// submitted tells whether WhatsApp was asked for its approval.
func (e entry) submitted() bool {
	return e.Approval.Name != "" && !strings.EqualFold(e.Approval.Status, "unsubmitted")
}

// contents lists everything that the account keeps.
func (p *Provider) contents(ctx context.Context, ch provider.Channel) (list []entry, err error) {
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
		list = append(list, page.Contents...)
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
	for _, kind := range richest {
		shown, ok := e.Types[kind]
		if !ok {
			continue
		}
		e.show(&t, shown)
		break
	}
	return t
}

// show writes down what a content shows, with the values of each part called {{1}}, {{2}} and so on, as they are everywhere
// here, and what Twilio calls them beside.
func (e entry) show(t *provider.TemplateState, shown display) {
	t.Names = &provider.ValueNames{}
	t.Body, t.Names.Body = counted(provider.Clean(shown.Body, maxText))
	t.Footer = provider.Clean(shown.Footer, 1000)
	for _, name := range t.Names.Body {
		t.Examples = append(t.Examples, e.example(name))
	}
	var names []string
	switch {
	case shown.HeaderText != "":
		t.Header = &provider.TemplateHeader{Kind: "text"}
		t.Header.Text, names = counted(provider.Clean(shown.HeaderText, 1000))
		t.Names.Header, t.Header.Example = nth(names, 0), e.example(nth(names, 0))
	case len(shown.Media) > 0:
		address := provider.Clean(shown.Media[0], 2048)
		_, names = counted(address)
		t.Names.Header = nth(names, 0)
		t.Header = &provider.TemplateHeader{Kind: mediaKind(address), Example: cmp.Or(e.example(t.Names.Header), address)}
	}
	for _, a := range shown.Actions {
		choice := a.choice()
		choice.Value, names = counted(choice.Value)
		if choice.Kind == "url" && len(names) > 0 {
			choice.Example = e.example(nth(names, 0))
		}
		t.Buttons, t.Names.Buttons = append(t.Buttons, choice), append(t.Names.Buttons, nth(names, 0))
	}
}

func (e entry) example(name string) string { return provider.Clean(e.Variables[name], 1000) }

// counted writes the values of a part as {{1}}, {{2}} and so on, and gives Twilio's names of them: numbers by their size, then
// words as they come.
func counted(part string) (text string, names []string) {
	for _, found := range variable.FindAllStringSubmatch(part, -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	text = variable.ReplaceAllStringFunc(part, func(found string) string {
		name := variable.FindStringSubmatch(found)[1]
		return "{{" + strconv.Itoa(slices.Index(names, name)+1) + "}}"
	})
	return text, names
}

func number(name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		return n
	}
	return math.MaxInt
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
// not be handed over is removed again. What an earlier try made, whose answer we never heard, is gone on with: Twilio would
// keep a second one of the same name.
func (p *Provider) CreateTemplate(ctx context.Context, ch provider.Channel, t provider.TemplateState) (provider.TemplateState, error) {
	e, err := entryOf(t)
	if err != nil {
		return t, err
	}
	contents, err := p.contents(ctx, ch)
	if err != nil {
		return t, err
	}
	made := left(contents, e)
	if made.submitted() {
		return made.state(), nil
	}
	if made.SID == "" {
		if err := p.call(ctx, ch, http.MethodPost, "content", "/v1/Content", e, &made); err != nil {
			return t, err
		}
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

// left finds what an earlier try to make this content left behind: nothing that differs in what a customer would see.
func left(contents []entry, e entry) entry {
	for _, c := range contents {
		if c.FriendlyName == e.FriendlyName && c.Language == e.Language && (!c.submitted() || c.Approval.Name == e.FriendlyName) &&
			maps.Equal(c.Variables, e.Variables) && maps.EqualFunc(c.Types, e.Types, display.same) {
			return c
		}
	}
	return entry{}
}

func (d display) same(other display) bool {
	return d.Body == other.Body && d.HeaderText == other.HeaderText && d.Footer == other.Footer && slices.Equal(d.Media, other.Media) &&
		slices.Equal(d.Actions, other.Actions)
}

// DeleteTemplate implements provider.TemplateManager. Other contents may have the same name, and other uses.
func (p *Provider) DeleteTemplate(ctx context.Context, ch provider.Channel, _ string, ids []string) error {
	for _, id := range ids {
		if !contentSID.MatchString(id) {
			continue
		}
		err := p.deleteContent(ctx, ch, id)
		if gone, ok := errors.AsType[*provider.SendError](err); err != nil && (!ok || !strings.HasPrefix(gone.Code, "404")) {
			return err
		}
	}
	return nil
}

func (p *Provider) deleteContent(ctx context.Context, ch provider.Channel, id string) error {
	return p.call(ctx, ch, http.MethodDelete, "content", "/v1/Content/"+id, nil, nil)
}

var (
	templateName = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	placeholder  = regexp.MustCompile(`\{\{([0-9]+)\}\}`)
	variable     = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`) // of a content that others made
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
