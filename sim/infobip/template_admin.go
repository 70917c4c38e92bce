package infobip

import (
	"net/http"
	"regexp"
	"slices"
)

// approved tells whether a template may be sent. One that was registered over the control API says nothing of it.
func (t Template) approved() bool { return t.status() == "APPROVED" }

func (t Template) status() string {
	if t.Status == "" {
		return "APPROVED"
	}
	return t.Status
}

var placeholderForm = regexp.MustCompile(`\{\{\d+\}\}`)

// createTemplate serves POST /whatsapp/2/senders/{sender}/templates. Nobody reviews here: a template waits until the sender is
// registered again with it as approved.
func (s *StandIn) createTemplate(c call) {
	if !s.ownsSender(c) {
		return
	}
	document, err := readDocument(c.body)
	if err != nil {
		badRequestText(c, "Malformed request body")
		return
	}
	found := findings{}
	made := readTemplate(newObject(found, "", document))
	if len(found) > 0 {
		badRequest(c, found)
		return
	}
	s.templates.Lock()
	defer s.templates.Unlock()
	sender, _ := s.senders.get(c.request.PathValue("sender"))
	for _, t := range sender.Templates {
		if t.Name == made.Name && t.Language == made.Language {
			badRequest(c, findings{"name": {"template with this name and language already exists"}})
			return
		}
	}
	sender.Templates = append(slices.Clone(sender.Templates), made)
	if err := s.PutSender(sender); err != nil {
		controlError(c, http.StatusInternalServerError, "the template could not be kept")
		return
	}
	writeJSON(c, http.StatusCreated, templateView(made))
}

func readTemplate(o *object) Template {
	defer o.done()
	t := Template{
		Name:     o.text("name", required, size(1, 512), matches(templateName, "must contain only lowercase letters, digits and underscores")),
		Language: o.text("language", required, notBlank),
		Category: o.text("category", required, oneOf("MARKETING", "UTILITY", "AUTHENTICATION")),
		Status:   "PENDING",
	}
	o.anything("platform")
	structure := o.object("structure", required)
	if structure == nil {
		return t
	}
	defer structure.done()
	structure.anything("header", "footer", "buttons", "carousel", "type")
	body := structure.object("body", required)
	if body == nil {
		return t
	}
	defer body.done()
	t.Body = body.text("text", required, size(1, 1024))
	seen := map[string]bool{}
	for _, p := range placeholderForm.FindAllString(t.Body, -1) {
		seen[p] = true
	}
	t.Placeholders = len(seen)
	if n := len(body.items("examples", optional, 0, 100)); n != t.Placeholders {
		body.wrong("examples", "number of examples must equal the number of placeholders")
	}
	return t
}

// deleteTemplate serves DELETE /whatsapp/2/senders/{sender}/templates/{name}: the name goes in all its languages.
func (s *StandIn) deleteTemplate(c call) {
	if !s.ownsSender(c) {
		return
	}
	s.templates.Lock()
	defer s.templates.Unlock()
	sender, _ := s.senders.get(c.request.PathValue("sender"))
	left := slices.DeleteFunc(slices.Clone(sender.Templates), func(t Template) bool { return t.Name == c.request.PathValue("name") })
	if len(left) == len(sender.Templates) {
		notFound(c, "Template not found")
		return
	}
	sender.Templates = left
	if err := s.PutSender(sender); err != nil {
		controlError(c, http.StatusInternalServerError, "the template could not be forgotten")
		return
	}
	c.WriteHeader(http.StatusNoContent)
}

// quality serves GET /whatsapp/1/senders/quality: all numbers of the account, which are well.
func (s *StandIn) quality(c call) {
	type standing struct {
		Sender  string `json:"sender"`
		Rating  string `json:"qualityRating"`
		Status  string `json:"status"`
		Limit   string `json:"currentLimit"`
		Updated string `json:"lastUpdated"`
	}
	list := []standing{}
	for _, sender := range s.senders.all() {
		if sender.APIKey == c.account {
			list = append(list, standing{sender.Number, "HIGH", "CONNECTED", "LIMIT_NA", "2026-01-01T00:00:00.000+0000"})
		}
	}
	writeJSON(c, http.StatusOK, map[string]any{"results": list})
}
