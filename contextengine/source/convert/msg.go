package convert

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// The properties of an Outlook mail that its reader sees, by the numbers in the names of their streams.
const (
	msgSubject  = "0037"
	msgSender   = "0C1A"
	msgAddress  = "5D01" // the sender's, as the world writes it
	msgAddress2 = "0C1F"
	msgTo       = "0E04"
	msgCc       = "0E03"
	msgText     = "1000"
	msgHTML     = "1013"
	msgLongName = "3707" // of what is attached
	msgName     = "3704"
	msgContent  = "3701"
	msgSMTP     = "39FE" // of a recipient
	msgShown    = "3001"
	msgEmail    = "3003"
)

// maxMSGStreams bounds the streams of a mail's container.
const maxMSGStreams = 20_000

// msg reads a mail as Outlook keeps it.
func msg(ctx context.Context, req Request) (Document, error) {
	folders, date, err := msgProperties(req.Content)
	if err != nil {
		return Document{}, err
	}
	top := folders[""]
	l := mailText{
		subject: top.text(msgSubject), to: top.text(msgTo), cc: top.text(msgCc), date: date, text: top.text(msgText), html: top.text(msgHTML),
		from: address(top.text(msgSender), cmp.Or(top.text(msgAddress), top.text(msgAddress2))),
	}
	var to []string
	for _, name := range folders.named("__recip_version1.0_") {
		r := folders[name]
		to = append(to, address(r.text(msgShown), cmp.Or(r.text(msgSMTP), r.text(msgEmail))))
	}
	if len(to) > 0 { // Outlook's own line has their names alone, and the copies apart
		l.to, l.cc = strings.Join(to, ", "), ""
	}
	for _, name := range folders.named("__attach_version1.0_") {
		a := folders[name]
		if content := a[msgContent+"0102"]; len(content) > 0 {
			l.attached = append(l.attached, attachment{cmp.Or(a.text(msgLongName), a.text(msgName), "attachment"), content})
		}
	}
	return l.document(ctx, MSG, req)
}

func address(name, mail string) string {
	switch {
	case mail == "" || mail == name || strings.HasPrefix(mail, "/o="):
		return name
	case name == "":
		return mail
	}
	return name + " <" + mail + ">"
}

// msgFolder holds properties by number and type: 0037001F.
type msgFolder map[string][]byte

type msgFolders map[string]msgFolder

// named lists folders in the order of their names, which Outlook numbers.
func (f msgFolders) named(prefix string) []string {
	var out []string
	for i := range 2000 {
		name := fmt.Sprintf("%s#%08X", prefix, i)
		if _, ok := f[name]; ok {
			out = append(out, name)
		}
	}
	return out
}

// text gives a property as text, in whichever of its types it is there.
func (f msgFolder) text(number string) string {
	if wide, ok := f[number+"001F"]; ok {
		units := make([]uint16, len(wide)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(wide[2*i:])
		}
		return strings.TrimRight(string(utf16.Decode(units)), "\x00")
	}
	narrow, ok := f[number+"001E"]
	if !ok {
		narrow = f[number+"0102"]
	}
	text, _, err := decode(bytes.TrimRight(narrow, "\x00"), "")
	if err != nil {
		return ""
	}
	return text
}

// msgProperties reads the container's properties by their folder, and when the mail was sent.
func msgProperties(content []byte) (msgFolders, string, error) {
	container, err := mscfb.New(bytes.NewReader(content))
	if err != nil {
		return nil, "", ErrBroken.Because(err)
	}
	folders, date := msgFolders{}, ""
	left := int64(len(content))
	for range maxMSGStreams {
		entry, err := container.Next()
		if err != nil {
			break
		}
		if len(entry.Path) > 1 { // of a mail within the mail
			continue
		}
		folder := strings.Join(entry.Path, "")
		number, isProperty := strings.CutPrefix(entry.Name, "__substg1.0_")
		if !isProperty && (entry.Name != "__properties_version1.0" || folder != "") || entry.FileInfo().IsDir() {
			continue
		}
		value, err := io.ReadAll(io.LimitReader(entry, left))
		if err != nil {
			return nil, "", ErrBroken.Because(err)
		}
		left -= int64(len(value))
		if !isProperty {
			date = sentAt(value)
			continue
		}
		if folders[folder] == nil {
			folders[folder] = msgFolder{}
		}
		folders[folder][strings.ToUpper(number)] = value
	}
	return folders, date, nil //nolint:nilerr // an entry that cannot be read ends the list; what was read counts
}

// sentAt finds the time of sending among the properties of a fixed size: sixteen bytes each, behind a head of 32.
func sentAt(properties []byte) string {
	for at := 32; at+16 <= len(properties); at += 16 {
		if binary.LittleEndian.Uint32(properties[at:]) != 0x00390040 {
			continue
		}
		// Ticks of 100 ns since 1601.
		ticks := binary.LittleEndian.Uint64(properties[at+8:])
		seconds := int64(ticks/10_000_000) - 11_644_473_600
		if seconds > 0 && seconds < 1<<33 {
			return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04 -0700")
		}
	}
	return ""
}
