package twilio

import (
	"encoding/json"
	"mime"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// files are the attachments in their order.
func (p params) files() (files []provider.Attachment) {
	for i := range maxMedia {
		n := strconv.Itoa(i)
		if address := p.get("MediaUrl" + n); address != "" {
			kind, _, err := mime.ParseMediaType(p.get("MediaContentType" + n))
			if err != nil {
				kind = ""
			}
			files = append(files, provider.Attachment{URL: address, Type: kind, Voice: kind == "audio/ogg"})
		}
	}
	return files
}

// kindOf names what a file is, by what Twilio says of it.
func kindOf(a provider.Attachment) string {
	family, _, _ := strings.Cut(a.Type, "/")
	switch {
	case a.Type == "text/vcard", a.Type == "text/x-vcard":
		return "contacts"
	case a.Type == "image/webp":
		return "sticker"
	case a.Voice:
		return "voice"
	case family == "image", family == "video", family == "audio":
		return family
	default:
		return "document"
	}
}

// describe fills in what kind of message it is and its text form. Types are open: one that we do not know is kept and
// named, and can be read if it has a body.
func (p params) describe(in *provider.Inbound, files []provider.Attachment) {
	in.Text = provider.Clean(p.form.Get("Body"), maxText)
	in.Readable = strings.TrimSpace(in.Text) != ""
	kind := strings.ToLower(provider.Truncate(provider.CleanName(p.get("MessageType")), 60))
	switch {
	case p.get("ListId") != "":
		in.Type, in.Choice = "interactive_list_reply", provider.Truncate(p.get("ListId"), 512)
		p.title(in, "ListTitle")
	case p.get("ButtonText") != "" || p.get("ButtonPayload") != "":
		in.Type, in.Choice = "button", provider.Truncate(p.get("ButtonPayload"), 512)
		if kind == "interactive" {
			in.Type = "interactive_button_reply"
		}
		p.title(in, "ButtonText")
	case p.get("Latitude") != "" || kind == "location":
		in.Type, in.Text, in.Readable = "location", p.location(), false
	case len(files) > 0:
		in.Media, in.Type = files[0], kindOf(files[0])
		if !in.Readable {
			in.Text = "[" + in.Type + "]"
		}
	case kind == "reaction":
		in.Type, in.Text, in.Readable, in.Silent = kind, strings.TrimSpace("[reaction "+in.Text)+"]", false, true
	case kind == "" && in.Text == "":
		in.Type, in.Text = "unsupported", "[unsupported]"
	case kind == "" || kind == "text":
		in.Type = "text"
	default:
		in.Type = kind
		if !in.Readable {
			in.Text = "[" + kind + "]"
		}
	}
}

// title takes the words of a choice where the body does not repeat them.
func (p params) title(in *provider.Inbound, name string) {
	if !in.Readable {
		in.Text = p.get(name)
		in.Readable = strings.TrimSpace(in.Text) != ""
	}
	if !in.Readable {
		in.Text = "[" + in.Type + "]"
	}
}

// location writes a place down; coordinates that are none are left out.
func (p params) location() string {
	words := []string{"location"}
	lat, errLat := strconv.ParseFloat(p.get("Latitude"), 64)
	lon, errLon := strconv.ParseFloat(p.get("Longitude"), 64)
	if errLat == nil && errLon == nil && onEarth(lat, lon) {
		words = append(words, p.get("Latitude")+", "+p.get("Longitude"))
	}
	for _, name := range []string{"Label", "Address"} {
		if v := p.get(name); v != "" {
			words = append(words, v)
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// onEarth is false for what is no number as well.
func onEarth(lat, lon float64) bool {
	return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180
}

// referral is the advertisement that a message came by. ReferralNumMedia=0 stands on ordinary messages too and says
// nothing.
func (p params) referral() string {
	found := map[string]string{}
	for name := range p.form {
		if v := p.get(name); strings.HasPrefix(name, "Referral") && name != "ReferralNumMedia" && v != "" {
			found[provider.Clean(name, 200)] = v
		}
	}
	if len(found) == 0 {
		return ""
	}
	text, _ := json.Marshal(found) // strings always can be
	return provider.CleanRaw(text, maxRaw)
}
