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
	// Content is the document itself.
	Content []byte `json:"-"`
}

// Document is what came out.
type Document struct {
	Title    string      `json:"title"`
	Markdown string      `json:"markdown"`
	Lang     string      `json:"lang,omitempty"` // BCP 47 as the document itself says it; empty where it does not
	Pages    []PageBreak `json:"pages,omitempty"`
	// Metadata holds what the document says of itself: kind, url, canonical_url, description, author, pages.
	Metadata map[string]string `json:"metadata,omitempty"`
	// Warnings are sentences for the uploader about what could not be read.
	Warnings []string `json:"warnings,omitempty"`
}

// PageBreak says at which byte of the Markdown a page begins, so that a passage can name its page.
type PageBreak struct {
	Page   int `json:"page"`
	Offset int `json:"offset"`
}

// PageAt gives the page on which a byte of the Markdown lies, 0 where the document has no pages.
func (d Document) PageAt(offset int) int {
	page := 0
	for _, b := range d.Pages {
		if b.Offset > offset {
			break
		}
		page = b.Page
	}
	return page
}
