package infobip

import (
	"context"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// standing is how WhatsApp judges a number, as Infobip tells it.
type standing struct {
	Sender  provider.Word `json:"sender"`
	Quality provider.Word `json:"qualityRating"`
	Status  provider.Word `json:"status"`
	Limit   provider.Word `json:"currentLimit"`
	Updated provider.Word `json:"lastUpdated"`
}

// Standing implements provider.StandingSource. Infobip tells of all of an account's numbers at once.
func (p *Provider) Standing(ctx context.Context, ch provider.Channel) ([]provider.Event, error) {
	var list struct {
		Results provider.List[standing] `json:"results"`
	}
	if err := p.ask(ctx, ch, http.MethodGet, "/whatsapp/1/senders/quality", nil, &list); err != nil {
		return nil, err
	}
	for _, s := range list.Results {
		if strings.TrimPrefix(string(s.Sender), "+") == ch.Number {
			return []provider.Event{s.event()}, nil
		}
	}
	return nil, nil
}

// event has a mark that is another one each day at most: what does not change is told once.
func (s standing) event() provider.Event {
	rating, status, limit := provider.CleanName(string(s.Quality)), provider.CleanName(string(s.Status)), provider.CleanName(string(s.Limit))
	e := provider.Event{
		Kind: provider.NumberChanged, Severity: severities[status], Recipients: recipients[strings.TrimPrefix(limit, "LIMIT_")],
		Mark:   provider.Truncate(strings.Join([]string{"standing", rating, status, limit, provider.Truncate(provider.CleanName(string(s.Updated)), 10)}, " "), 200),
		Detail: "Infobip: quality " + strings.ToLower(rating) + ", status " + strings.ToLower(strings.ReplaceAll(status, "_", " ")) + ".",
	}
	switch {
	case e.Severity != "":
	case rating == "LOW":
		e.Severity = provider.Warning
	default: // all is well: nobody is to be told of that each day
		e.Severity, e.Detail = provider.Info, ""
	}
	return e
}

// severities are the states in which a number needs somebody.
var severities = map[string]provider.Severity{
	"BANNED": provider.Urgent, "DELETED": provider.Urgent, "DISCONNECTED": provider.Urgent, "RESTRICTED": provider.Urgent,
	"FLAGGED": provider.Warning, "RATE_LIMITED": provider.Warning, "UNVERIFIED": provider.Warning, "MIGRATED": provider.Warning,
}

// recipients is what WhatsApp's limits mean.
var recipients = map[string]int{"250": 250, "2K": 2000, "10K": 10_000, "100K": 100_000, "UNLIMITED": provider.Unlimited}
