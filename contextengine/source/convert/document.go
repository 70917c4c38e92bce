package convert

import "github.com/flomastr/flomastr"

// Request is one document to convert.
type Request struct {
	// Tenant is who asks: tenants are served in turn.
	Tenant flomastr.TenantID `json:"-"`
	// Name is the file name as the uploader gave it, a hint and never a path.
	Name string `json:"name,omitempty"`
	// ContentType is what a server said the content is, a hint too; its charset helps with HTML and text.
	ContentType string `json:"content_type,omitempty"`
	// BaseURL makes the relative links of an HTML page absolute.
	BaseURL string `json:"base_url,omitempty"`
	// Links asks for the addresses that an HTML page leads to, and for the page even where it holds no text of its own.
	Links bool `json:"links,omitempty"`
	// Types are what may be read inside of an archive or a mail, in the words of policies; empty for whatever we read.
	Types []string `json:"types,omitempty"`
	// Content is the document itself.
	Content []byte `json:"-"`

	inner bool // it lies inside of another file
}

// Document is what came out.
type Document struct {
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
	Lang     string `json:"lang,omitempty"` // BCP 47 as the document itself says it; empty where it does not
	Parts    []Part `json:"parts,omitempty"`
	// Links are the addresses that a page leads to, whole, each once, where they were asked for.
	Links []string `json:"links,omitempty"`
	// Metadata holds what the document says of itself: kind, url, canonical_url, robots, description, author, pages.
	Metadata map[string]string `json:"metadata,omitempty"`
	// Warnings are sentences for the uploader about what could not be read.
	Warnings []string `json:"warnings,omitempty"`
}

// Part says at which byte of the Markdown a page, sheet or slide begins, so that a passage can name its place.
type Part struct {
	flomastr.Place

	Offset int `json:"offset"`
}

// PlaceAt gives the place where a byte of the Markdown lies, the zero one where the document has no parts.
func (d Document) PlaceAt(offset int) flomastr.Place {
	var place flomastr.Place
	for _, p := range d.Parts {
		if p.Offset > offset {
			break
		}
		place = p.Place
	}
	return place
}

func pageAt(number, offset int) Part {
	return Part{flomastr.Place{Kind: flomastr.PlacePage, Number: number}, offset}
}

// named gives a document that says none itself a title: its first heading, or the file's name.
func (d Document) named(filename string) Document {
	if d.Title == "" {
		d.Title = firstHeading(d.Markdown)
	}
	if d.Title == "" {
		d.Title = titleFromName(filename)
	}
	return d
}
