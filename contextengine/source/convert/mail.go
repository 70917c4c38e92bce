package convert

import (
	"bytes"
	"context"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// mailText is a mail, however it was kept.
type mailText struct {
	subject, from, to, cc, date string
	text, html                  string
	attached                    []attachment
}

type attachment struct {
	name    string
	content []byte
}

// eml reads a mail as it travels.
func eml(ctx context.Context, req Request) (Document, error) {
	if len(boundary.FindAllIndex(req.Content, maxMailParts+1)) > maxMailParts {
		return Document{}, ErrTooDeep
	}
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(req.Content))
	if err != nil {
		return Document{}, ErrBroken.Because(err)
	}
	l := mailText{
		subject: envelope.GetHeader("Subject"), from: envelope.GetHeader("From"), to: envelope.GetHeader("To"), cc: envelope.GetHeader("Cc"),
		date: envelope.GetHeader("Date"), text: envelope.Text, html: envelope.HTML,
	}
	if at, err := mail.ParseDate(l.date); err == nil {
		l.date = at.Format("2006-01-02 15:04 -0700")
	}
	for _, part := range append(envelope.Attachments, envelope.OtherParts...) {
		name := part.FileName
		if name == "" {
			name = "attachment"
			if endings, err := mime.ExtensionsByType(part.ContentType); err == nil && len(endings) > 0 {
				name += endings[0]
			}
		}
		l.attached = append(l.attached, attachment{name, part.Content})
	}
	return l.document(ctx, EML, req)
}

// maxMailParts bounds the parts that hold parts: the parser's time grows with the square of their depth.
const maxMailParts = 100

var boundary = regexp.MustCompile(`(?i)boundary\s*\*?[0-9]*\*?\s*=`)

// document writes a mail: who wrote to whom, its text, and what is attached to it, each file under its name.
func (l mailText) document(ctx context.Context, kind Kind, req Request) (Document, error) {
	doc := Document{Title: shorten(visible(l.subject)), Metadata: map[string]string{"kind": string(kind)}}
	in := &inside{req: req, doc: &doc, began: time.Now()}
	var head []string
	for _, field := range []struct{ name, value string }{{"From", l.from}, {"To", l.to}, {"Cc", l.cc}, {"Date", l.date}} {
		if value := oneLine(strings.ToValidUTF8(field.value, "")); value != "" {
			head = append(head, "- "+field.name+": "+value)
		}
	}
	body := ""
	if strings.TrimSpace(l.html) != "" { // it holds the links and tables that the plain form lost
		var err error
		if body, err = htmlFragment(ctx, []byte(l.html)); err != nil {
			doc.Warnings = append(doc.Warnings, "The formatted text of the mail could not be read; its plain text was.")
			body = ""
		}
	}
	if body == "" {
		body = strings.TrimSpace(visible(strings.ReplaceAll(strings.ToValidUTF8(l.text, "\uFFFD"), "\x00", "")))
	}
	if doc.Title != "" {
		in.b.WriteString("# " + doc.Title)
	}
	for _, block := range []string{strings.Join(head, "\n"), body} {
		if block != "" && in.b.Len() > 0 {
			in.b.WriteString("\n\n")
		}
		in.b.WriteString(block)
	}
	for _, a := range l.attached {
		in.add(ctx, a.name, a.content)
	}
	in.finish()
	doc.Markdown = in.b.String()
	if body == "" && in.files == 0 {
		return Document{}, sentence(ErrNoText, "The mail holds no text.")
	}
	return doc.named(req.Name), nil
}
