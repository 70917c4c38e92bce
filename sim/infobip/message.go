package infobip

import (
	"bytes"
	"encoding/json"
	"strings"
)

// draft is one message that a request asks to send, found correct.
type draft struct {
	from, to, id     string
	kind, text       string
	callback, notify string
	replyTo          string
	template         string
	language         string
	placeholders     int
	body             json.RawMessage // the message as it came
	content          json.RawMessage
}

// readSingle reads the body of a send endpoint for one recipient.
func readSingle(k kind, raw []byte) (draft, findings, error) {
	document, err := readDocument(raw)
	if err != nil {
		return draft{}, nil, err
	}
	found := findings{}
	o := newObject(found, "", document)
	d := sharedMembers(o)
	d.kind = k.name()
	removesProtocol := false
	if k.links {
		removesProtocol = urlOptions(o)
	}
	if content := o.object("content", required); content != nil {
		d.text = k.content(content)
		if removesProtocol && content.value.members["previewUrl"].flag {
			content.wrong("previewUrl", "must not be combined with urlOptions.removeProtocol")
		}
		content.done()
	}
	o.done()
	if len(found) == 0 {
		d.keep(raw)
	}
	return d, found, nil
}

// maxBulk is ours: the contract names no limit on messages in one bulk, and memory needs one.
const maxBulk = 1000

// readBulk reads the body of the template endpoint.
func readBulk(raw []byte) (drafts []draft, bulkID string, found findings, err error) {
	document, err := readDocument(raw)
	if err != nil {
		return nil, "", nil, err
	}
	found = findings{}
	o := newObject(found, "", document)
	bulkID = o.text("bulkId", optional, size(0, 100))
	for _, message := range o.objects("messages", required, 1, maxBulk) {
		drafts = append(drafts, readTemplateMessage(message))
		message.done()
	}
	o.done()
	if len(found) > 0 {
		return nil, "", found, nil
	}
	var bulk struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(raw, &bulk); err != nil {
		return nil, "", nil, err
	}
	for i := range drafts {
		drafts[i].keep(bulk.Messages[i])
	}
	return drafts, bulkID, found, nil
}

func readTemplateMessage(o *object) draft {
	d := sharedMembers(o)
	d.kind = "template"
	urlOptions(o)
	if failover := o.object("smsFailover", optional); failover != nil {
		failover.text("from", required, size(1, 24))
		failover.text("text", required, size(1, 4096))
		failover.done()
	}
	if content := o.object("content", required); content != nil {
		d.template, d.language, d.text = templateContent(content)
		d.placeholders = len(content.value.members["templateData"].members["body"].members["placeholders"].items)
		content.done()
	}
	return d
}

// keep holds on to the message as it came, in one line.
func (d *draft) keep(raw []byte) {
	var line bytes.Buffer
	if json.Compact(&line, raw) == nil {
		d.body = line.Bytes()
	}
	var message struct {
		Content json.RawMessage `json:"content"`
	}
	if json.Unmarshal(d.body, &message) == nil {
		d.content = message.Content
	}
}

// sharedMembers reads what every message has.
func sharedMembers(o *object) draft {
	d := draft{
		from:     o.text("from", required, size(1, 24), matches(digitsOnly, "must contain only digits")),
		to:       o.text("to", required, size(1, 150), matches(recipient, "must be a phone number in digits or a business-scoped user id")),
		id:       o.text("messageId", optional, size(0, 200)),
		callback: o.text("callbackData", optional, size(0, 4000)),
		notify:   o.text("notifyUrl", optional, size(0, 2048), webAddress),
	}
	o.text("entityId", optional, size(0, 255))
	o.text("applicationId", optional, size(0, 255))
	if context := o.object("context", optional); context != nil {
		d.replyTo = context.text("replyToMessageId", required, notBlank)
		context.done()
	}
	return d
}

// urlOptions reads the options on links and tells whether links lose their protocol.
func urlOptions(o *object) (removesProtocol bool) {
	options := o.object("urlOptions", optional)
	if options == nil {
		return false
	}
	options.flag("shortenUrl", true)
	options.flag("trackClicks", true)
	options.text("trackingUrl", optional, webAddress)
	options.text("customDomain", optional)
	removesProtocol = options.flag("removeProtocol", false)
	options.done()
	return removesProtocol
}

// isUserID tells a business-scoped user id from digits.
func isUserID(address string) bool { return strings.Contains(address, ".") }
