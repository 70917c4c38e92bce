package providertest

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Unstorable says what in a batch could not be stored or acted on; empty when all of it can be.
func Unstorable(batch provider.Batch, received time.Time) string {
	var texts []string
	for _, m := range batch.Messages {
		texts = append(texts, m.ProviderID, m.Text, m.Type, m.Choice, m.ProfileName, m.ReplyTo, m.Target, m.Referral, m.Raw, m.From.Phone, m.From.UserID,
			m.Media.ID, m.Media.URL, m.Media.Type, m.Media.Filename, m.Media.SHA256)
		if m.ProviderID == "" || len(m.ProviderID) > 512 || m.From == (provider.Address{}) || m.Type == "" || m.SentAt.After(received) || m.SentAt.IsZero() {
			return fmt.Sprintf("half a message: %+v", m)
		}
	}
	for _, r := range batch.Reports {
		texts = append(texts, r.Key, r.ProviderID, r.Mark, r.Detail, r.Raw)
		if r.Key == "" || len(r.Key) > 512 || len(r.ProviderID) > 512 || r.Mark == "" || r.At.After(received) || r.At.IsZero() {
			return fmt.Sprintf("half a report: %+v", r)
		}
	}
	for _, e := range batch.Events {
		texts = append(texts, e.Mark, e.Detail, e.Raw, e.Contact.Phone, e.Contact.UserID, e.Previous.Phone, e.Previous.UserID,
			e.Template.ID, e.Template.Name, e.Template.Language, e.Template.Status, e.Template.Category, e.Template.Quality, e.Template.Reason)
		if e.Kind == "" || e.Mark == "" || e.Severity == "" || e.At.After(received) || e.At.IsZero() {
			return fmt.Sprintf("half an event: %+v", e)
		}
	}
	for _, u := range batch.Unusable {
		texts = append(texts, u.Reason, u.Body, u.Addressee)
		if u.Reason == "" {
			return fmt.Sprintf("no reason: %+v", u)
		}
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return fmt.Sprintf("cannot be stored: %q", s)
		}
	}
	return ""
}
