package twilio

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
)

// listMessages serves GET Messages.json for a recipient: what was sent to them, the newest first, on one page. Without a
// recipient the list is empty.
func (s *StandIn) listMessages(c call) {
	query := c.request.URL.Query()
	list := []map[string]any{}
	to := query.Get("To")
	since, _ := time.Parse(time.DateOnly, query.Get("DateSent>"))
	if to != "" {
		for _, m := range s.phones.Thread(strings.TrimPrefix(strings.TrimPrefix(to, "whatsapp:"), "+"), "", 0) {
			from := "whatsapp:+" + m.Business
			sender, ours := s.sender(m.Business)
			if m.Author != phone.Business || !ours || sender.AccountSID != c.account || m.At.Before(since) || query.Has("From") && query.Get("From") != from {
				continue
			}
			one := s.resource(c.account, url.Values{"From": {from}, "To": {to}}, m)
			one["status"] = map[phone.State]string{phone.Sent: "sent", phone.Delivered: "delivered", phone.Read: "read", phone.Failed: "failed"}[m.State]
			list = append([]map[string]any{one}, list...)
		}
	}
	c.write(http.StatusOK, map[string]any{"messages": list, "page": 0, "page_size": 50, "next_page_uri": nil})
}
