package mail

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	texttemplate "text/template"
)

//go:embed words/*.txt
var words embed.FS

//go:embed layout.html
var layoutText string

var layout = template.Must(template.New("layout").Parse(layoutText)) //nolint:gochecknoglobals // parsed once

// rightToLeft are the languages that are written from right to left.
var rightToLeft = map[string]bool{"ar": true} //nolint:gochecknoglobals // a table

type paragraph struct {
	Text   string
	Button bool
}

// Write makes the message of a letter. From is left to the engine.
func Write(letter Letter, brand Brand) (Message, error) {
	if u, err := url.Parse(letter.Link); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return Message{}, fmt.Errorf("write a mail of kind %s: its link is no web address", letter.Kind)
	}
	language := cmp.Or(letter.Language, "en")
	text, err := words.ReadFile("words/" + string(letter.Kind) + "." + language + ".txt")
	if err != nil {
		language = "en"
		if text, err = words.ReadFile("words/" + string(letter.Kind) + ".en.txt"); err != nil {
			return Message{}, fmt.Errorf("write a mail of kind %s: %w", letter.Kind, err)
		}
	}
	subject, paragraphs, err := say(string(text), letter, brand, rightToLeft[language])
	if err != nil {
		return Message{}, fmt.Errorf("write a mail of kind %s: %w", letter.Kind, err)
	}
	page, err := dress(language, subject, paragraphs, letter, brand)
	if err != nil {
		return Message{}, fmt.Errorf("write a mail of kind %s: %w", letter.Kind, err)
	}
	return Message{
		Kind: letter.Kind, Tenant: letter.Tenant, FromName: oneLine(brand.Name), To: letter.To,
		Subject: subject, Text: plain(paragraphs, letter.Link), HTML: page,
	}, nil
}

// say fills the words in. In a right-to-left text a value is isolated (Unicode FSI and PDI), so that a Latin name or a date
// does not turn the sentence round.
func say(text string, letter Letter, brand Brand, isolate bool) (subject string, paragraphs []paragraph, err error) {
	value := func(s string) string {
		if isolate {
			return "\u2068" + oneLine(s) + "\u2069"
		}
		return oneLine(s)
	}
	parsed, err := texttemplate.New("words").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	err = parsed.Execute(&b, map[string]string{
		"Business": value(brand.Name), "To": value(letter.To), "Until": value(letter.Until.UTC().Format("2006-01-02 15:04 UTC")),
	})
	if err != nil {
		return "", nil, err
	}
	for i, block := range strings.Split(strings.TrimSpace(b.String()), "\n\n") {
		if i == 0 {
			subject = block
			continue
		}
		label, button := strings.CutPrefix(block, "> ")
		paragraphs = append(paragraphs, paragraph{label, button})
	}
	return subject, paragraphs, nil
}

// oneLine keeps a value from ending its line or its header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func plain(paragraphs []paragraph, link string) string {
	var b strings.Builder
	for i, p := range paragraphs {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(p.Text)
		if p.Button {
			b.WriteString(":\n" + link)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// dress puts the paragraphs into the page, in the business's look.
func dress(language, subject string, paragraphs []paragraph, letter Letter, brand Brand) (string, error) {
	direction, start := "ltr", "left"
	if rightToLeft[language] {
		direction, start = "rtl", "right"
	}
	colour := brand.Colour
	if !isColour(colour) {
		colour = platformColour
	}
	logo := brand.LogoURL
	if !strings.HasPrefix(logo, "https://") {
		logo = ""
	}
	var b strings.Builder
	err := layout.Execute(&b, map[string]any{
		"Language": language, "Direction": direction, "Start": start, "Subject": subject, "Business": oneLine(brand.Name),
		"Colour": template.CSS(colour), "OnColour": template.CSS(onColour(colour)), //nolint:gosec // checked to be #RRGGBB
		"LogoURL": logo, "Link": letter.Link, "Paragraphs": paragraphs,
	})
	return b.String(), err
}

func isColour(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	_, err := strconv.ParseUint(s[1:], 16, 32)
	return err == nil
}

// onColour is black or white, whichever is easier to read on a colour (WCAG's relative luminance).
func onColour(colour string) string {
	rgb, _ := strconv.ParseUint(colour[1:], 16, 32) // checked by isColour
	linear := func(shift uint) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
	if luminance > 0.179 {
		return "#000000"
	}
	return "#FFFFFF"
}
