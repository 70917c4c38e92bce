package provider

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Sendable tells whether WhatsApp lets the template be sent. A flagged one goes on until it is paused; its marketing does not.
func (s TemplateState) Sendable() bool {
	switch s.Status {
	case "approved", "reinstated":
		return true
	case "flagged":
		return !s.Marketing()
	default:
		return false
	}
}

// Marketing tells whether the template counts as advertising; one whose category is not known does.
func (s TemplateState) Marketing() bool {
	return s.Category != "utility" && s.Category != "authentication"
}

var (
	placeholderForm  = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	templateNameForm = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	languageForm     = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z]{2,4}|_[A-Z][a-z]{3})?$`)
	phoneNumberForm  = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
)

// placeholders counts the different values that a text takes; numbered tells whether they are {{1}}, {{2}}, … without a gap.
func placeholders(text string) (n int, numbered bool) {
	seen, highest := map[string]bool{}, 0
	numbered = true
	for _, found := range placeholderForm.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSpace(found[1])
		seen[name] = true
		number, err := strconv.Atoi(name)
		if err != nil || number < 1 || name != strconv.Itoa(number) {
			numbered = false
		}
		highest = max(highest, number)
	}
	rest := placeholderForm.ReplaceAllString(text, "")
	if highest != len(seen) || strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		numbered = false
	}
	return len(seen), numbered
}

// TemplateFault is what is wrong with a template, or with the values for one.
type TemplateFault struct {
	Field    string // of the template: name, body, examples, …, or of the values: placeholders, header_text, …
	Sentence string // for people
}

func (f *TemplateFault) Error() string { return f.Field + ": " + f.Sentence }

func fault(field, sentence string) *TemplateFault { return &TemplateFault{field, sentence} }

// Takes says what keeps values from going with this template, nil when nothing does: there are as many as it has
// placeholders, and each of a form that WhatsApp takes.
func (s TemplateState) Takes(t Template) *TemplateFault {
	if n, _ := placeholders(s.Body); n != len(t.Placeholders) {
		return fault("placeholders", "The template's text takes "+count(n, "value")+", and "+strconv.Itoa(len(t.Placeholders))+" were given.")
	}
	if f := s.headerTakes(t); f != nil {
		return f
	}
	if f := s.buttonsTake(t.Buttons); f != nil {
		return f
	}
	if refused, ok := t.fits().(*SendError); ok {
		return fault("placeholders", refused.Sentence)
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func (s TemplateState) headerTakes(t Template) *TemplateFault {
	text, media := 0, ""
	if s.Header != nil && s.Header.Kind == "text" {
		text, _ = placeholders(s.Header.Text)
	} else if s.Header != nil && slices.Contains([]string{"image", "video", "document"}, s.Header.Kind) {
		media = s.Header.Kind
	}
	switch {
	case text > 0 && t.HeaderText == "":
		return fault("header_text", "The template's header takes a value.")
	case text == 0 && t.HeaderText != "":
		return fault("header_text", "The template's header takes no text.")
	case media != "" && (t.HeaderMedia == nil || t.HeaderMedia.Kind != media):
		return fault("header_media", "The template's header takes a file of the kind "+media+".")
	case media == "" && t.HeaderMedia != nil:
		return fault("header_media", "The template's header takes no file.")
	}
	return nil
}

// buttonsTake checks that each button which needs a value has one, and that no value is for a button that takes none.
func (s TemplateState) buttonsTake(values []TemplateButton) *TemplateFault {
	given := map[int]bool{}
	for _, v := range values {
		if v.Index < 0 || v.Index >= len(s.Buttons) || s.Buttons[v.Index].Kind != v.Kind || given[v.Index] {
			return fault("buttons", "A value is for a button that the template does not have.")
		}
		if v.Kind == "url" && !s.Buttons[v.Index].takesValue() {
			return fault("buttons", "A value is for a link that takes none.")
		}
		given[v.Index] = true
	}
	for i, b := range s.Buttons {
		if b.takesValue() && !given[i] {
			return fault("buttons", "The template's button “"+b.Text+"” takes a value.")
		}
	}
	return nil
}

// takesValue tells whether a button cannot be sent without a value.
func (b TemplateChoice) takesValue() bool {
	return b.Kind == "copy_code" || b.Kind == "url" && placeholderForm.MatchString(b.Value)
}

// Check says what keeps a template from being submitted, nil when nothing does.
func (s TemplateState) Check() *TemplateFault {
	switch {
	case !templateNameForm.MatchString(s.Name):
		return fault("name", "A template's name holds small letters, digits and underscores.")
	case !languageForm.MatchString(s.Language):
		return fault("language", "A language is a code such as en, en_US or pt_BR.")
	case !slices.Contains([]string{"marketing", "utility", "authentication"}, s.Category):
		return fault("category", "A template's category is marketing, utility or authentication.")
	}
	for _, check := range []func() *TemplateFault{s.checkBody, s.checkHeader, s.checkFooter, s.checkButtons} {
		if f := check(); f != nil {
			return f
		}
	}
	if s.Category == "authentication" && (len(s.Buttons) != 1 || s.Buttons[0].Kind != "copy_code" || s.Header != nil) {
		return fault("buttons", "An authentication template has one button, copy_code, and no header.")
	}
	return nil
}

func (s TemplateState) checkBody() *TemplateFault {
	n, numbered := placeholders(s.Body)
	switch {
	case !within(s.Body, 1024):
		return fault("body", "The text holds between 1 and 1,024 characters.")
	case !numbered:
		return fault("body", "Placeholders are {{1}}, {{2}} and so on, without a gap.")
	case len(s.Examples) != n:
		return fault("examples", "Every placeholder of the text needs one example, in order.")
	}
	for _, example := range s.Examples {
		if !fitsPlaceholder(example) {
			return fault("examples", "An example must not be empty, nor hold line breaks, tabs or more than four spaces in a row.")
		}
	}
	return nil
}

func fitsPlaceholder(v string) bool {
	return within(v, 1024) && !strings.ContainsAny(v, "\n\r\t") && !strings.Contains(v, "     ")
}

func (s TemplateState) checkHeader() *TemplateFault {
	h := s.Header
	if h == nil {
		return nil
	}
	n, numbered := placeholders(h.Text)
	switch h.Kind {
	case "text":
		switch {
		case !within(h.Text, 60) || strings.ContainsAny(h.Text, "\n\r"):
			return fault("header", "A header of text holds between 1 and 60 characters in one line.")
		case n > 1 || !numbered:
			return fault("header", "A header takes at most one placeholder, {{1}}.")
		case n == 1 && !fitsPlaceholder(h.Example):
			return fault("header", "The header's placeholder needs an example.")
		}
	case "image", "video", "document":
		if h.Text != "" || h.Example == "" || longer(h.Example, 2048) {
			return fault("header", "A header with a file needs an example of it, and no text.")
		}
	case "location":
		if h.Text != "" || h.Example != "" {
			return fault("header", "A header with a place has neither text nor example.")
		}
	default:
		return fault("header", "A header is text, image, video, document or location.")
	}
	return nil
}

func (s TemplateState) checkFooter() *TemplateFault {
	if s.Footer == "" {
		return nil
	}
	if n, _ := placeholders(s.Footer); n > 0 || !within(s.Footer, 60) {
		return fault("footer", "A footer holds at most 60 characters and no placeholders.")
	}
	return nil
}

// mostButtons is how many buttons of a kind a template may have; ten in all.
var mostButtons = map[string]int{"quick_reply": 10, "url": 2, "phone_number": 1, "copy_code": 1}

func (s TemplateState) checkButtons() *TemplateFault {
	if len(s.Buttons) > 10 {
		return fault("buttons", "A template takes at most ten buttons.")
	}
	number, titles := map[string]int{}, map[string]bool{}
	for _, b := range s.Buttons {
		most, known := mostButtons[b.Kind]
		if number[b.Kind]++; !known || number[b.Kind] > most {
			return fault("buttons", "A template takes ten quick_reply, two url, one phone_number and one copy_code at most.")
		}
		if b.Kind != "copy_code" && (!within(b.Text, 25) || titles[b.Text]) {
			return fault("buttons", "A button needs a text of its own of at most 25 characters.")
		}
		titles[cmp.Or(b.Text, b.Kind)] = true
		if f := b.check(); f != nil {
			return f
		}
	}
	return nil
}

func (b TemplateChoice) check() *TemplateFault {
	n, numbered := placeholders(b.Value)
	switch {
	case b.Kind == "quick_reply" && b.Value != "":
		return fault("buttons", "A quick_reply has a text and nothing else.")
	case b.Kind == "url" && (!isWebAddress(placeholderForm.ReplaceAllString(b.Value, "x")) || n > 1 || !numbered || n == 1 && !strings.HasSuffix(b.Value, "{{1}}")):
		return fault("buttons", "A link is a web address, with at most one placeholder, {{1}}, at its end.")
	case b.Kind == "url" && n == 1 && !fitsPlaceholder(b.Example):
		return fault("buttons", "The link's placeholder needs an example.")
	case b.Kind == "phone_number" && !phoneNumberForm.MatchString(b.Value):
		return fault("buttons", "A phone_number is a number in international form.")
	case b.Kind == "copy_code" && !within(b.Example, 15):
		return fault("buttons", "A copy_code needs an example of at most 15 characters.")
	}
	return nil
}

// Shown is a template with its values in it, as the customer sees it.
type Shown struct {
	Header  string
	Body    string
	Footer  string
	Buttons []string
}

// Show puts values into the template.
func (s TemplateState) Show(t Template) Shown {
	shown := Shown{Body: filled(s.Body, t.Placeholders), Footer: s.Footer}
	if s.Header != nil {
		shown.Header = filled(s.Header.Text, []string{t.HeaderText})
	}
	for _, b := range s.Buttons {
		shown.Buttons = append(shown.Buttons, cmp.Or(b.Text, b.Kind))
	}
	return shown
}

// filled replaces {{1}}, {{2}}, … at once, so that a value which looks like a placeholder stays as it is.
func filled(text string, values []string) string {
	return placeholderForm.ReplaceAllStringFunc(text, func(found string) string {
		n, err := strconv.Atoi(strings.Trim(found, "{} "))
		if err != nil || n < 1 || n > len(values) || values[n-1] == "" {
			return found
		}
		return values[n-1]
	})
}
