package clerk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// minSecret is the least number of bytes of a webhook's secret, by the scheme's own specification.
const minSecret = 24

// ErrSecret says that a webhook's secret is none.
var ErrSecret = flomastr.Errorf(flomastr.Invalid, "webhook_secret_invalid", "The secret of Clerk's webhook is whsec_ and at least 24 bytes in base64, as Clerk's dashboard shows it.")

// Webhooks takes Clerk's webhooks in, which are signed by the Svix scheme.
type Webhooks struct {
	issuer string
	hook   *standardwebhooks.Webhook
	store  identity.IssuerStore
	clock  flomastr.Clock
}

// NewWebhooks refuses a secret that could be guessed, an empty one above all.
func NewWebhooks(issuer, secret string, store identity.IssuerStore, clock flomastr.Clock) (*Webhooks, error) {
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, ErrSecret // the cause may quote it
	}
	// The library does not tell how long its key is; four characters of base64 are three bytes.
	if !strings.HasPrefix(secret, "whsec_") || (len(secret)-len("whsec_"))*3/4 < minSecret {
		return nil, ErrSecret
	}
	return &Webhooks{issuer: issuer, hook: hook, store: store, clock: clock}, nil
}

type event struct {
	Type      string          `json:"type"`
	Timestamp int64           `json:"timestamp"` // milliseconds
	Data      json.RawMessage `json:"data"`
}

var errBadEvent = flomastr.Errorf(flomastr.Malformed, "event_invalid", "This is signed by Clerk, but not an event as Clerk writes them.")

// Receive checks the signature over the very bytes of the body, and that it is at most five minutes old, before it reads
// them. What an event says of people and sessions is kept; every other event is taken and means nothing to us.
func (w *Webhooks) Receive(ctx context.Context, header http.Header, body []byte) error {
	// The same scheme under the older names: the library knows the newer ones. Only these three are looked at.
	signed := http.Header{}
	for _, name := range []string{"Id", "Timestamp", "Signature"} {
		values := header.Values("Svix-" + name)
		if len(values) != 1 {
			return identity.ErrBadSignature.Because(fmt.Errorf("%d headers svix-%s", len(values), strings.ToLower(name)))
		}
		signed.Set("Webhook-"+name, values[0])
	}
	if err := w.hook.Verify(body, signed); err != nil {
		return identity.ErrBadSignature.Because(err)
	}
	id := signed.Get("Webhook-Id")
	if len(id) > 255 {
		return errBadEvent
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return errBadEvent.Because(err)
	}
	news, ok, err := w.read(e)
	if err != nil || !ok {
		return err
	}
	news.Issuer, news.MessageID = w.issuer, id
	return w.store.Learn(ctx, news)
}

func (w *Webhooks) read(e event) (news identity.IssuerNews, ours bool, err error) {
	switch e.Type {
	case "user.created", "user.updated", "user.deleted":
		u, err := readUser(e.Data)
		if err != nil {
			return news, false, errBadEvent.Because(err)
		}
		news.Subject, news.Disabled, news.Deleted = u.ID, u.Banned, e.Type == "user.deleted"
		if address, verified := u.email(); verified {
			news.Email = address
		}
		news.SaidAt = w.saidAt(u.UpdatedAt, e.Timestamp)
		return news, true, nil
	case "session.ended", "session.removed", "session.revoked":
		var session struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(e.Data, &session); err != nil || session.ID == "" || len(session.ID) > 255 {
			return news, false, errBadEvent
		}
		news.EndedSession, news.SaidAt = session.ID, w.saidAt(e.Timestamp)
		return news, true, nil
	}
	return news, false, nil
}

// saidAt is the first time that is given. None lies ahead: news from the future would outweigh all that follows it.
func (w *Webhooks) saidAt(times ...int64) time.Time {
	now := w.clock()
	for _, ms := range times {
		if at := millis(ms); ms > 0 && at.Before(now) {
			return at
		}
	}
	return now
}
