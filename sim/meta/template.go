package meta

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// template is one template of an account in one language.
type template struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Language   string           `json:"language"`
	Status     string           `json:"status"`
	Category   string           `json:"category"`
	Components []map[string]any `json:"components"`
	Rejected   string           `json:"rejected_reason,omitempty"`
}

type sentTemplate struct {
	Name     string `json:"name"`
	Language *struct {
		Policy string `json:"policy"`
		Code   string `json:"code"`
	} `json:"language"`
	Components []struct {
		Type       string           `json:"type"`
		SubType    string           `json:"sub_type"`
		Index      any              `json:"index"`
		Parameters []map[string]any `json:"parameters"`
	} `json:"components"`
}

var placeholders = regexp.MustCompile(`\{\{[^{}]+\}\}`)

func (t template) body() string {
	for _, c := range t.Components {
		if c["type"] == "BODY" {
			words, _ := c["text"].(string)
			return words
		}
	}
	return ""
}

func (s *StandIn) checkTemplate(sent sentTemplate, n Number) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.templates[n.AccountID] {
		if t.Name != sent.Name || t.Language != sent.Language.Code {
			continue
		}
		switch t.Status {
		case "APPROVED":
		case "PAUSED":
			return &refusal{http.StatusBadRequest, 132015, "(#132015) Template is paused", ""}
		case "DISABLED":
			return &refusal{http.StatusBadRequest, 132016, "(#132016) Template is disabled", ""}
		default:
			return &refusal{http.StatusNotFound, 132001, "(#132001) Template name does not exist in the translation", ""}
		}
		given := 0
		for _, c := range sent.Components {
			if strings.EqualFold(c.Type, "body") {
				given += len(c.Parameters)
			}
		}
		if want := len(placeholders.FindAllString(t.body(), -1)); want != given {
			return &refusal{
				http.StatusBadRequest, 132000, "(#132000) Number of parameters does not match the expected number of params",
				"body: number of localizable_params (" + strconv.Itoa(given) + ") does not match the expected number of params (" + strconv.Itoa(want) + ")",
			}
		}
		return nil
	}
	return &refusal{http.StatusNotFound, 132001, "(#132001) Template name does not exist in the translation", "template name (" + sent.Name + ") does not exist in " + sent.Language.Code}
}

func (s *StandIn) listTemplates(w http.ResponseWriter, r *http.Request, n Number) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = 25
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.templates[n.AccountID]
	from := min(max(after, 0), len(all))
	to := min(from+limit, len(all))
	page := slices.Clone(all[from:to])
	if page == nil {
		page = []*template{}
	}
	paging := map[string]any{"cursors": map[string]string{"before": strconv.Itoa(from), "after": strconv.Itoa(to)}}
	if to < len(all) {
		paging["next"] = s.config.BaseURL + r.URL.Path + "?after=" + strconv.Itoa(to)
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": page, "paging": paging})
}

var templateName = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)

func (s *StandIn) createTemplate(w http.ResponseWriter, r *http.Request, n Number) {
	var t template
	if refused := readJSON(w, r, &t); refused != nil {
		writeRefusal(w, refused)
		return
	}
	if refused := t.check(); refused != nil {
		writeRefusal(w, refused)
		return
	}
	t.ID, t.Status = newID(), "PENDING"
	s.mu.Lock()
	taken := slices.ContainsFunc(s.templates[n.AccountID], func(o *template) bool { return o.Name == t.Name && o.Language == t.Language })
	if !taken {
		s.templates[n.AccountID] = append(s.templates[n.AccountID], &t)
	}
	s.mu.Unlock()
	if taken {
		writeRefusal(w, invalid("There is already content in this language for this template"))
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": t.ID, "status": "PENDING", "category": t.Category})
	s.later.Do(milliseconds(s.set().ApprovalDelayMS), func() {
		if strings.Contains(t.Name, "reject") {
			s.judge(n, t.Name, "REJECTED", "INVALID_FORMAT")
			return
		}
		s.judge(n, t.Name, "APPROVED", "NONE")
	})
}

func (t template) check() *refusal {
	switch {
	case !templateName.MatchString(t.Name):
		return invalid("Param name must be lower case letters, digits and underscores")
	case t.Language == "" || !slices.Contains([]string{"MARKETING", "UTILITY", "AUTHENTICATION"}, t.Category):
		return invalid("Param language and category are required")
	case t.body() == "" || longer(t.body(), 1024):
		return invalid("A component of type BODY with 1 to 1024 characters is required")
	}
	for _, c := range t.Components {
		words, _ := c["text"].(string)
		given := 0
		if example, ok := c["example"].(map[string]any); ok {
			for _, rows := range example {
				if list, ok := rows.([]any); ok && len(list) > 0 {
					if given = len(list); c["type"] == "BODY" {
						row, _ := list[0].([]any)
						given = len(row)
					}
				}
			}
		}
		if want := len(placeholders.FindAllString(words, -1)); want > 0 && want != given {
			return invalid("component of type %v is missing expected field(s) (example)", c["type"])
		}
	}
	return nil
}

// judge gives a template a new status and tells.
func (s *StandIn) judge(n Number, name, status, reason string) {
	var changed []template
	s.mu.Lock()
	for _, t := range s.templates[n.AccountID] {
		if t.Name == name && t.Status != status {
			t.Status = status
			if status == "REJECTED" {
				t.Rejected = reason
			}
			changed = append(changed, *t)
		}
	}
	s.mu.Unlock()
	for _, t := range changed {
		id, _ := strconv.ParseUint(t.ID, 10, 64)
		if err := s.tell(n, "account", "message_template_status_update", t.ID, map[string]any{
			"event": status, "message_template_id": id, "message_template_name": t.Name, "message_template_language": t.Language, "reason": reason,
		}); err != nil {
			s.config.Log.Error("template's news not queued", "template", name, "error", err)
		}
	}
}

func (s *StandIn) deleteTemplate(w http.ResponseWriter, r *http.Request, n Number) {
	name := r.URL.Query().Get("name")
	s.mu.Lock()
	before := len(s.templates[n.AccountID])
	s.templates[n.AccountID] = slices.DeleteFunc(s.templates[n.AccountID], func(t *template) bool { return t.Name == name })
	gone := before > len(s.templates[n.AccountID])
	s.mu.Unlock()
	if !gone {
		writeRefusal(w, invalid("Message template not found"))
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
