package twilio

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// skew is how far Twilio's clock may be from ours.
const skew = time.Minute

// resource is a message as Twilio lists it.
type resource struct {
	SID       string        `json:"sid"`
	From      string        `json:"from"`
	To        string        `json:"to"`
	Body      string        `json:"body"`
	Status    string        `json:"status"`
	Direction string        `json:"direction"`
	Files     provider.Word `json:"num_media"`
	Created   string        `json:"date_created"`
	ErrorCode provider.Word `json:"error_code"`
}

// FindSent implements provider.Reconciler. Twilio keeps no id of ours, so the words decide: of what this number sent to the
// recipient in the time in question, exactly one message that is no other of ours may say the same. A template is listed as it
// was filled in, which we do not know, and of a file the list does not say which it was.
func (p *Provider) FindSent(ctx context.Context, ch provider.Channel, s provider.Sought) (provider.Report, error) {
	form, err := compose(ch, s.Message)
	if err != nil || form.Get("Body") == "" || form.Has("MediaUrl") {
		return provider.Report{}, provider.ErrNotFound
	}
	query := url.Values{"To": {form.Get("To")}, "DateSent>": {s.From.Add(-skew).UTC().Format(time.DateOnly)}, "PageSize": {"200"}}
	var list struct {
		Messages []resource    `json:"messages"`
		Next     provider.Word `json:"next_page_uri"`
	}
	if err := p.call(ctx, ch, http.MethodGet, "api", accountPath(ch)+"/Messages.json?"+query.Encode(), nil, &list); err != nil {
		return provider.Report{}, err
	}
	if list.Next != "" { // there is more than can be overlooked
		return provider.Report{}, provider.ErrNotFound
	}
	var found []resource
	for _, m := range list.Messages {
		at, err := time.Parse(time.RFC1123Z, m.Created)
		if err == nil && m.Direction == "outbound-api" && m.From == form.Get("From") && m.To == form.Get("To") && m.Body == form.Get("Body") && m.Files == "0" &&
			sid.MatchString(m.SID) && !slices.Contains(s.Known, m.SID) && !at.Before(s.From.Add(-skew)) && !at.After(s.To.Add(skew)) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return provider.Report{}, provider.ErrNotFound
	}
	return found[0].report(s.Message.Key), nil
}

func (m resource) report(key string) provider.Report {
	r := provider.Report{Key: key, ProviderID: m.SID, Mark: "status:" + provider.Truncate(provider.CleanName(m.Status), 40), State: states[m.Status], At: time.Now().UTC()}
	switch r.State {
	case "": // whatever its status, it was taken
		r.Mark, r.State = "status:found", provider.StateAccepted
	case provider.StateFailed:
		why := meaningOf(string(m.ErrorCode))
		r.Detail, r.Effect = why.sentence, why.effect
	}
	return r
}
