// Package demo holds the businesses that the embedded default shows: their knowledge, their look and a few
// conversations, as data. Nothing here knows a database or an engine; whoever seeds adds each [Page] as a draft would be
// added by a person and stores each [Conversation] as it stands.
//
// The businesses, their people, brands and numbers are invented. The PDF and DOCX pages are made from the texts in
// sources/ by sources/make.sh and committed, so that a build needs no converter.
package demo

import (
	"embed"
	"fmt"
	"path"
	"time"
)

//go:embed content
var content embed.FS

// Tenant is one business.
type Tenant struct {
	Slug          string
	Name          string
	About         string // one sentence
	TimeZone      string // IANA
	Locale        string // of its staff, a BCP 47 tag
	BrandColour   string // #rrggbb, dark enough for white text
	Owner         Person
	Members       []Person
	Pages         []Page
	Conversations []Conversation
}

// Person is somebody who works there.
type Person struct {
	Name  string
	Email string
	Role  string // owner, admin or member
}

// Page is one piece of knowledge, a file of the business.
type Page struct {
	Title    string
	Filename string // its ending says the format
	Intent   string // what customers come to it for
	Tags     []string
	Content  []byte
}

// Conversation is one customer's thread, oldest message first.
type Conversation struct {
	ContactName string
	Phone       string // E.164
	Messages    []Message
}

// Message is one message of a conversation.
type Message struct {
	FromContact bool
	Text        string
	Before      time.Duration // how long before the seeding it was sent
	Source      string        // the title of the page that an answer stands on
	Refused     bool          // the assistant said that it does not know
}

// Tenants gives every business of the demo, the main one first.
func Tenants() []Tenant {
	return []Tenant{opticians(), dentist()}
}

// pages reads the files of a business; the list and the files are both part of the program, so a gap between them is a
// broken build.
func pages(slug string, list []Page) []Page {
	for i := range list {
		data, err := content.ReadFile(path.Join("content", slug, list[i].Filename))
		if err != nil {
			panic(fmt.Sprintf("demo: %v", err))
		}
		list[i].Content = data
	}
	return list
}
