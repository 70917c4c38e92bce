package clerk_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/clerk"
	sim "github.com/flomastr/flomastr/sim/clerk"
)

// learned keeps what it is told.
type learned struct{ news []identity.IssuerNews }

func (l *learned) Learn(_ context.Context, news identity.IssuerNews) error {
	l.news = append(l.news, news)
	return nil
}

func webhooks(t *testing.T) (*clerk.Webhooks, *sim.Clerk, *learned, string) {
	t.Helper()
	secret, l := sim.NewWebhookSecret(), &learned{}
	hooks, err := clerk.NewWebhooks(issuer, secret, l, time.Now)
	require.NoError(t, err)
	return hooks, sim.New(sim.Config{Issuer: issuer, WebhookSecret: secret}), l, secret
}

func TestOnlyASignedWebhookOfTheLastMinutesIsRead(t *testing.T) {
	t.Parallel()
	hooks, stand, l, secret := webhooks(t)
	now := time.Now()
	body, good := stand.Event("user.deleted", map[string]any{"id": "user_1", "deleted": true}, now)
	set := func(pairs ...string) http.Header {
		h := good.Clone()
		for i := 0; i < len(pairs); i += 2 {
			h.Del(pairs[i])
			if pairs[i+1] != "" {
				h.Set(pairs[i], pairs[i+1])
			}
		}
		return h
	}
	signature := good.Get("Svix-Signature")
	other := sim.Sign(sim.NewWebhookSecret(), good.Get("Svix-Id"), now, body)
	twice := good.Clone()
	twice.Add("Svix-Signature", other.Get("Svix-Signature"))
	for name, c := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"no headers":              {http.Header{}, body},
		"no id":                   {set("Svix-Id", ""), body},
		"no timestamp":            {set("Svix-Timestamp", ""), body},
		"no signature":            {set("Svix-Signature", ""), body},
		"wrong id":                {set("Svix-Id", "msg_other"), body},
		"edited timestamp":        {set("Svix-Timestamp", strconv.FormatInt(now.Unix()+1, 10)), body},
		"timestamp is text":       {set("Svix-Timestamp", "now"), body},
		"another version":         {set("Svix-Signature", "v2,"+strings.TrimPrefix(signature, "v1,")), body},
		"no version":              {set("Svix-Signature", strings.TrimPrefix(signature, "v1,")), body},
		"one character short":     {set("Svix-Signature", signature[:len(signature)-1]), body},
		"another secret":          {other, body},
		"two signature headers":   {twice, body},
		"another body":            {good, []byte(strings.Replace(string(body), "user_1", "user_2", 1))},
		"a blank more":            {good, append(append([]byte{}, body...), ' ')},
		"older than five minutes": {sim.Sign(secret, "msg_1", now.Add(-6*time.Minute), body), body},
		"from the future":         {sim.Sign(secret, "msg_1", now.Add(6*time.Minute), body), body},
		"the newer names alone":   {http.Header{"Webhook-Id": good["Svix-Id"], "Webhook-Timestamp": good["Svix-Timestamp"], "Webhook-Signature": good["Svix-Signature"]}, body},
	} {
		require.ErrorIs(t, hooks.Receive(t.Context(), c.header, c.body), identity.ErrBadSignature, name)
	}
	require.Empty(t, l.news, "nothing was read")
	many := set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" v2,x "+signature)
	require.NoError(t, hooks.Receive(t.Context(), many, body), "one good signature among many is enough")
	require.Len(t, l.news, 1)
}

func TestWhatAWebhookSaysIsRead(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Millisecond).UTC()
	updated := now.Add(-time.Minute)
	person := sim.User{ID: "user_1", Email: "Sara@People.test", Verified: true, Updated: updated}
	with := func(change func(*sim.User)) sim.User { u := person; change(&u); return u }
	for name, c := range map[string]struct {
		kind string
		user *sim.User
		data any
		want *identity.IssuerNews
	}{
		"a person":          {"user.updated", &person, nil, &identity.IssuerNews{Subject: "user_1", SaidAt: updated, Email: "Sara@people.test"}},
		"a new person":      {"user.created", &person, nil, &identity.IssuerNews{Subject: "user_1", SaidAt: updated, Email: "Sara@people.test"}},
		"an unverified one": {"user.updated", new(with(func(u *sim.User) { u.Verified = false })), nil, &identity.IssuerNews{Subject: "user_1", SaidAt: updated}},
		"banned":            {"user.updated", new(with(func(u *sim.User) { u.Banned = true })), nil, &identity.IssuerNews{Subject: "user_1", SaidAt: updated, Email: "Sara@people.test", Disabled: true}},
		"changed in a year": {"user.updated", new(with(func(u *sim.User) { u.Updated = now.AddDate(1, 0, 0) })), nil, &identity.IssuerNews{Subject: "user_1", SaidAt: now, Email: "Sara@people.test"}},
		"deleted":           {"user.deleted", nil, map[string]any{"id": "user_1", "object": "user", "deleted": true}, &identity.IssuerNews{Subject: "user_1", SaidAt: now, Deleted: true}},
		"a session revoked": {"session.revoked", nil, map[string]any{"id": "sess_1", "user_id": "user_1", "status": "revoked"}, &identity.IssuerNews{EndedSession: "sess_1", SaidAt: now}},
		"a session ended":   {"session.ended", nil, map[string]any{"id": "sess_1"}, &identity.IssuerNews{EndedSession: "sess_1", SaidAt: now}},
		"a session removed": {"session.removed", nil, map[string]any{"id": "sess_1"}, &identity.IssuerNews{EndedSession: "sess_1", SaidAt: now}},
		"a session began":   {"session.created", nil, map[string]any{"id": "sess_1"}, nil},
		"an organisation":   {"organization.updated", nil, map[string]any{"id": "org_1"}, nil},
		"what is not yet":   {"user.promoted", nil, []any{}, nil},
	} {
		hooks, stand, l, _ := webhooks(t)
		body, header := stand.Event(c.kind, c.data, now)
		if c.user != nil {
			body, header = stand.UserEvent(c.kind, *c.user, now)
		}
		require.NoError(t, hooks.Receive(t.Context(), header, body), name)
		if c.want == nil {
			require.Empty(t, l.news, name)
			continue
		}
		c.want.Issuer, c.want.MessageID = issuer, header.Get("Svix-Id")
		require.Equal(t, []identity.IssuerNews{*c.want}, l.news, name)
	}
}

func TestASignedBodyThatIsNoEventChangesNothing(t *testing.T) {
	t.Parallel()
	hooks, _, l, secret := webhooks(t)
	for name, body := range map[string]string{
		"not JSON":          `<html>`,
		"no person":         `{"type":"user.deleted","data":{}}`,
		"a strange id":      `{"type":"user.deleted","data":{"id":"../user_1"}}`,
		"an id of a kind":   `{"type":"user.deleted","data":{"id":1}}`,
		"no session":        `{"type":"session.revoked","data":{"id":""}}`,
		"data that is text": `{"type":"user.updated","data":"user_1"}`,
	} {
		err := hooks.Receive(t.Context(), sim.Sign(secret, "msg_1", time.Now(), []byte(body)), []byte(body))
		require.Equal(t, flomastr.Malformed, flomastr.KindOf(err), name)
	}
	require.Empty(t, l.news)
}

func TestASecretThatCouldBeGuessedIsRefused(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "whsec_", "whsec_c2hvcnQ=", "letmein", "whsec_not base64!", base64.StdEncoding.EncodeToString(make([]byte, 32))} {
		_, err := clerk.NewWebhooks(issuer, secret, &learned{}, time.Now)
		require.ErrorIs(t, err, clerk.ErrSecret, secret)
	}
}
