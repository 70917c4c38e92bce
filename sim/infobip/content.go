package infobip

import (
	"strings"
)

// kind is one send endpoint: its path under /whatsapp/1/message, and what its content must look like.
type kind struct {
	path    string
	content func(o *object) string // reads the content and returns what a person reads of it
	links   bool                   // urlOptions are allowed
}

// name is the kind's word in the ledger and on the phone: text, interactive_buttons …
func (k kind) name() string { return strings.NewReplacer("/", "_", "-", "_").Replace(k.path) }

// kinds is the table of send endpoints of the contract that this stand-in serves, besides the bulk one for templates.
func kinds() []kind {
	return []kind{
		{"text", textContent, true},
		{"image", captionedContent, true},
		{"video", captionedContent, true},
		{"document", documentContent, true},
		{"audio", audioContent, false},
		{"sticker", stickerContent, false},
		{"location", locationContent, false},
		{"contact", contactContent, false},
		{"interactive/buttons", buttonsContent, true},
		{"interactive/list", listContent, true},
		{"interactive/url-button", urlButtonContent, true},
		{"interactive/location-request", locationRequestContent, true},
		{"interactive/flow", flowContent, true},
	}
}

func textContent(o *object) string {
	text := o.text("text", required, size(1, 4096), notBlank)
	if o.flag("previewUrl", false) && !protocol.MatchString(text) {
		o.wrong("previewUrl", "text must contain a URL starting with http:// or https://")
	}
	return text
}

func mediaURL(o *object) { o.text("mediaUrl", required, size(1, 2048), webAddress) }

func captionedContent(o *object) string {
	mediaURL(o)
	return o.text("caption", optional, size(0, 3000))
}

func documentContent(o *object) string {
	filename := o.text("filename", optional, size(0, 240))
	if caption := captionedContent(o); caption != "" {
		return caption
	}
	return filename
}

func audioContent(o *object) string {
	mediaURL(o)
	o.flag("voice", false)
	return ""
}

func stickerContent(o *object) string {
	mediaURL(o)
	return ""
}

func locationContent(o *object) string {
	o.number("latitude", required, -90, 90)
	o.number("longitude", required, -180, 180)
	return joined(o.text("name", optional, size(0, 1000)), o.text("address", optional, size(0, 1000)))
}

// maxContacts is ours: the contract names no limit on contacts in one message, and memory needs one.
const maxContacts = 257

func contactContent(o *object) string {
	var names []string
	for _, contact := range o.objects("contacts", required, 1, maxContacts) {
		names = append(names, oneContact(contact))
		contact.done()
	}
	return joined(names...)
}

func oneContact(o *object) string {
	formatted := ""
	if name := o.object("name", required); name != nil {
		name.text("firstName", required, notBlank)
		formatted = name.text("formattedName", required, notBlank)
		for _, part := range []string{"lastName", "middleName", "namePrefix", "nameSuffix"} {
			name.text(part, optional)
		}
		name.done()
	}
	o.text("birthday", optional, isoDate)
	records(o, "phones", []string{"CELL", "MAIN", "IPHONE", "HOME", "WORK"}, "phone", "waId")
	records(o, "emails", []string{"HOME", "WORK"}, "email")
	records(o, "urls", []string{"HOME", "WORK"}, "url")
	records(o, "addresses", []string{"HOME", "WORK"}, "street", "city", "state", "zip", "country", "countryCode")
	if org := o.object("org", optional); org != nil {
		for _, part := range []string{"company", "department", "title"} {
			org.text(part, optional)
		}
		org.done()
	}
	return formatted
}

func records(o *object, list string, types []string, members ...string) {
	for _, record := range o.objects(list, optional, 0, maxContacts) {
		for _, member := range members {
			record.text(member, optional)
		}
		record.text("type", optional, oneOf(types...))
		record.done()
	}
}

// joined puts the parts that are there on one line.
func joined(parts ...string) string {
	var there []string
	for _, part := range parts {
		if part != "" {
			there = append(there, part)
		}
	}
	return strings.Join(there, ", ")
}
