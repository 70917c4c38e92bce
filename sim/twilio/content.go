package twilio

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// entry is one content of an account.
type entry struct {
	SID          string                     `json:"sid"`
	AccountSID   string                     `json:"account_sid"`
	FriendlyName string                     `json:"friendly_name"`
	Language     string                     `json:"language"`
	Variables    map[string]string          `json:"variables"`
	Types        map[string]json.RawMessage `json:"types"`
	Approval     *approval                  `json:"approval_requests,omitempty"`
}

type approval struct {
	Name                string `json:"name"`
	Category            string `json:"category"`
	ContentType         string `json:"content_type"`
	Status              string `json:"status"`
	RejectionReason     string `json:"rejection_reason"`
	AllowCategoryChange bool   `json:"allow_category_change"`
}

// listContents serves GET /v1/ContentAndApprovals: one page.
func (s *StandIn) listContents(c call) {
	s.mu.Lock()
	list := make([]entry, 0, len(s.contents))
	for _, e := range s.contents {
		if e.AccountSID == c.account {
			list = append(list, *e)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.SID, b.SID) })
	c.write(http.StatusOK, map[string]any{"contents": list, "meta": map[string]any{"key": "contents", "page": 0, "page_size": 500, "next_page_url": nil}})
}

// createContent serves POST /v1/Content, which takes JSON.
func (s *StandIn) createContent(c call) {
	var e entry
	if json.Unmarshal(c.body, &e) != nil || c.request.Header.Get("Content-Type") != "application/json" || e.Language == "" || len(e.Types) == 0 {
		c.refuse(http.StatusBadRequest, 20001, "language and types are required")
		return
	}
	e.SID, e.AccountSID, e.Approval = newSID("HX"), c.account, nil
	s.mu.Lock()
	s.contents[e.SID] = &e
	s.mu.Unlock()
	c.write(http.StatusCreated, e)
}

// approve serves POST /v1/Content/{HX}/ApprovalRequests/whatsapp. WhatsApp approves at once here.
func (s *StandIn) approve(c call) {
	var a approval
	if json.Unmarshal(c.body, &a) != nil || a.Name == "" || !slices.Contains([]string{"MARKETING", "UTILITY", "AUTHENTICATION"}, a.Category) {
		c.refuse(http.StatusBadRequest, 20001, "name and category are required")
		return
	}
	a.Status, a.RejectionReason, a.AllowCategoryChange = "approved", "", true
	s.mu.Lock()
	e, ok := s.contents[c.request.PathValue("sid")]
	if ok = ok && e.AccountSID == c.account; ok {
		for a.ContentType = range e.Types {
			break
		}
		verdict := a
		e.Approval = &verdict
	}
	s.mu.Unlock()
	if !ok {
		c.refuse(http.StatusNotFound, 20404, "The requested resource was not found")
		return
	}
	a.Status = "received" // as the answer says; the next look shows the verdict
	c.write(http.StatusCreated, a)
}

func (s *StandIn) deleteContent(c call) {
	s.mu.Lock()
	e, ok := s.contents[c.request.PathValue("sid")]
	if ok = ok && e.AccountSID == c.account; ok {
		delete(s.contents, e.SID)
	}
	s.mu.Unlock()
	if !ok {
		c.refuse(http.StatusNotFound, 20404, "The requested resource was not found")
		return
	}
	c.WriteHeader(http.StatusNoContent)
}
