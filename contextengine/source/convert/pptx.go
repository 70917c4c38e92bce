package convert

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr"
)

// maxSlides bounds how much of a presentation is read; the rest is named in a warning.
const maxSlides = 1000

// pptx reads a presentation slide by slide: its title, its text in the order in which the slide holds it, its tables and
// what the speaker noted. Slides that are hidden are left out.
func pptx(req Request) (Document, error) {
	archive, err := openParts(req.Content)
	if err != nil {
		return Document{}, err
	}
	slides, err := slideOrder(archive)
	if err != nil {
		return Document{}, err
	}
	doc := Document{Metadata: map[string]string{"kind": string(PPTX), "slides": strconv.Itoa(len(slides))}}
	var b strings.Builder
	hidden := false
	for i, name := range slides[:min(len(slides), maxSlides)] {
		s, err := readSlide(archive, name)
		if err != nil {
			return Document{}, err
		}
		hidden = hidden || s.hidden
		text := s.markdown(i + 1)
		if s.hidden || text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		doc.Parts = append(doc.Parts, Part{flomastr.Place{Kind: flomastr.PlaceSlide, Number: i + 1}, b.Len()})
		b.WriteString(text)
	}
	if doc.Markdown = b.String(); doc.Markdown == "" {
		return Document{}, sentence(ErrNoText, "The slides hold no text, perhaps only pictures.")
	}
	if hidden {
		doc.Warnings = append(doc.Warnings, "Hidden slides were not read.")
	}
	if len(slides) > maxSlides {
		doc.Warnings = append(doc.Warnings, fmt.Sprintf("Only the first %d slides were read.", maxSlides))
	}
	core, err := archive.xml("docProps/core.xml")
	if err != nil {
		return Document{}, err
	}
	doc.Title, doc.Lang = coreTitle(core)
	return doc.named(req.Name), nil
}

type relation struct {
	ID         string `xml:"Id,attr"`
	Type       string `xml:"Type,attr"`
	Target     string `xml:"Target,attr"`
	TargetMode string `xml:"TargetMode,attr"`
}

// relations gives what a part points to, by id. A target within the document is the name of its part.
func (p *parts) relations(name string) (map[string]relation, error) {
	content, err := p.xml(path.Join(path.Dir(name), "_rels", path.Base(name)+".rels"))
	if err != nil || content == nil {
		return nil, err
	}
	var list struct {
		Relations []relation `xml:"Relationship"`
	}
	if err := xml.Unmarshal(content, &list); err != nil {
		return nil, ErrBroken.Because(err)
	}
	out := map[string]relation{}
	for _, r := range list.Relations {
		if r.TargetMode != "External" {
			if whole, ok := strings.CutPrefix(r.Target, "/"); ok {
				r.Target = whole
			} else {
				r.Target = path.Join(path.Dir(name), r.Target)
			}
		}
		out[r.ID] = r
	}
	return out, nil
}

// slideOrder lists the slides' parts as the presentation shows them.
func slideOrder(archive *parts) ([]string, error) {
	const main = "ppt/presentation.xml"
	content, err := archive.xml(main)
	if err != nil || content == nil {
		return nil, errors.Join(err, ErrBroken)
	}
	var presentation struct {
		Slides []struct {
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sldIdLst>sldId"`
	}
	if err := xml.Unmarshal(content, &presentation); err != nil {
		return nil, ErrBroken.Because(err)
	}
	relations, err := archive.relations(main)
	if err != nil {
		return nil, err
	}
	var slides []string
	for _, s := range presentation.Slides {
		for _, a := range s.Attrs {
			if r, ok := relations[a.Value]; ok && a.Name.Local == "id" && a.Name.Space != "" {
				slides = append(slides, r.Target)
			}
		}
	}
	return slides, nil
}

// slide is what a slide says.
type slide struct {
	title  string
	blocks []string
	notes  []string
	hidden bool
}

func (s slide) markdown(number int) string {
	if s.title == "" && len(s.blocks)+len(s.notes) == 0 {
		return ""
	}
	title := s.title
	if title == "" {
		title = strconv.Itoa(number)
	}
	all := append([]string{"## " + title}, s.blocks...)
	if len(s.notes) > 0 {
		all = append(append(all, "### Notes"), s.notes...)
	}
	return strings.Join(all, "\n\n")
}

func readSlide(archive *parts, name string) (slide, error) {
	var s slide
	content, err := archive.xml(name)
	if err != nil || content == nil {
		return s, err
	}
	relations, err := archive.relations(name)
	if err != nil {
		return s, err
	}
	r := slideReader{links: relations}
	if err := r.read(content); err != nil {
		return s, err
	}
	s.title, s.blocks, s.hidden = r.title, r.blocks, r.hidden
	for _, relation := range relations {
		if !strings.HasSuffix(relation.Type, "/notesSlide") || relation.TargetMode == "External" {
			continue
		}
		notes, err := archive.xml(relation.Target)
		if err != nil {
			return s, err
		}
		r := slideReader{notes: true}
		if err := r.read(notes); err != nil {
			return s, err
		}
		s.notes = r.blocks
	}
	return s, nil
}

// slideReader walks through the shapes of a slide.
type slideReader struct {
	links map[string]relation
	notes bool // only the notes' own text: their page repeats the slide's number and date

	title  string
	blocks []string
	hidden bool

	place     string   // of a placeholder: title, body, sldNum, …
	lines     []string // of the shape
	paragraph strings.Builder
	level     int
	plainMark bool // the paragraph says that it has no bullet
	link      string
	text      bool
	rows      [][]string
	cells     []string
	cell      []string
	inTable   bool
	picture   bool
}

func (r *slideReader) read(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := decoder.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return ErrBroken.Because(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			r.start(token)
		case xml.EndElement:
			r.end(token.Name.Local)
		case xml.CharData:
			if r.text {
				r.paragraph.Write(token)
			}
		}
	}
}

func (r *slideReader) start(e xml.StartElement) {
	switch e.Name.Local {
	case "sld":
		r.hidden = xmlAttribute(e, "show") == "0"
	case "sp":
		r.place, r.lines = "", nil
	case "pic":
		r.picture = true
	case "cNvPr":
		if r.picture && !r.notes {
			r.describe(xmlAttribute(e, "descr"))
		}
	case "ph":
		if r.place = xmlAttribute(e, "type"); r.place == "" {
			r.place = "body"
		}
	case "tbl":
		r.inTable, r.rows = true, nil
	case "tr":
		r.cells = nil
	case "tc":
		r.cell = nil
	case "p":
		r.paragraph.Reset()
		r.level, r.plainMark = 0, false
	case "pPr":
		r.level, _ = strconv.Atoi(xmlAttribute(e, "lvl"))
		r.level = min(max(r.level, 0), 8)
	case "buNone":
		r.plainMark = true
	case "t":
		r.text = true
	case "br":
		r.paragraph.WriteByte(' ')
	case "hlinkClick":
		for _, a := range e.Attr {
			if relation, ok := r.links[a.Value]; ok && a.Name.Local == "id" && relation.TargetMode == "External" {
				r.link = target(relation.Target, nil)
			}
		}
	}
}

func (r *slideReader) end(name string) {
	switch name {
	case "t":
		r.text = false
	case "r", "fld":
		if r.link != "" && r.paragraph.Len() > 0 {
			r.linked()
		}
		r.link = ""
	case "p":
		r.line()
	case "tc":
		r.cells = append(r.cells, strings.Join(r.cell, " "))
	case "pic":
		r.picture = false
	case "tr":
		r.rows = append(r.rows, r.cells)
	case "tbl":
		r.inTable = false
		if table := grid(r.rows); table != "" && !r.notes {
			r.blocks = append(r.blocks, table)
		}
	case "sp":
		r.shape()
	}
}

// describe keeps what the author says of a picture, marked as that. What a program guessed is left out.
func (r *slideReader) describe(text string) {
	text = oneLine(text)
	if _, isName := endings[strings.ToLower(path.Ext(text))]; text == "" || isName || strings.Contains(strings.ToLower(text), "automatically generated") {
		return
	}
	r.blocks = append(r.blocks, "Picture: "+text)
}

// linked puts the address of a run behind the paragraph's text, once.
func (r *slideReader) linked() {
	if text := r.paragraph.String(); !strings.Contains(text, r.link) {
		r.paragraph.Reset()
		r.paragraph.WriteString(strings.TrimRight(text, " ") + " (" + r.link + ") ")
	}
}

func (r *slideReader) line() {
	text := oneLine(r.paragraph.String())
	r.paragraph.Reset()
	if text == "" {
		return
	}
	if r.inTable {
		r.cell = append(r.cell, text)
		return
	}
	// The body of a slide is a list unless it says otherwise; a free text box is not.
	if (r.place == "body" && !r.plainMark || r.level > 0) && !r.notes {
		text = strings.Repeat("  ", r.level) + "- " + text
	} else {
		text = escapeStart(text)
	}
	r.lines = append(r.lines, text)
}

func (r *slideReader) shape() {
	lines := r.lines
	r.lines = nil
	switch {
	case len(lines) == 0:
	case r.notes:
		if r.place == "body" {
			r.blocks = append(r.blocks, strings.Join(lines, "\n\n"))
		}
	case r.place == "title" || r.place == "ctrTitle":
		if r.title != "" {
			r.blocks = append(r.blocks, strings.Join(lines, " "))
			return
		}
		r.title = strings.TrimLeft(strings.Join(lines, " "), `\#> `)
	case r.place == "sldNum" || r.place == "dt" || r.place == "ftr" || r.place == "hdr":
	case r.place == "body" && len(lines) == 1:
		r.blocks = append(r.blocks, strings.TrimPrefix(lines[0], "- "))
	case r.place == "body":
		r.blocks = append(r.blocks, strings.Join(lines, "\n"))
	default:
		r.blocks = append(r.blocks, strings.Join(lines, "\n\n"))
	}
}
