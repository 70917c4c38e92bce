package whatsapp_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
)

// cloud is Meta's send API for a test: it takes every message, and may tell of it before it answers.
type cloud struct {
	mu     sync.Mutex
	sent   []string // wamids
	before func(wamid, key string)
	lost   bool // the answers never arrive
	server *httptest.Server
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			To  string `json:"to"`
			Key string `json:"biz_opaque_callback_data"`
		}
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &m)
		c.mu.Lock()
		id := fmt.Sprintf("wamid.out%d", len(c.sent))
		c.sent = append(c.sent, id)
		before := c.before
		c.mu.Unlock()
		if before != nil {
			before(id, m.Key)
		}
		if c.lost {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprintf(w, `{"messaging_product":"whatsapp","contacts":[{"input":%q,"wa_id":%q}],"messages":[{"id":%q}]}`, m.To, m.To, id)
	}))
	t.Cleanup(c.server.Close)
	return c
}

func (c *cloud) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

func (c *cloud) engine(b *bundle) *whatsapp.Engine {
	return whatsapp.New(whatsapp.Deps{
		Store: b.store, Answerer: b.answerer, Sealer: plain{}, Log: slog.New(slog.DiscardHandler), Settings: quick(),
		Providers: []provider.Provider{meta.New(meta.Config{HTTP: c.server.Client(), StandIn: c.server.URL})},
	})
}

func metaChannel(t *testing.T, e *whatsapp.Engine, tenant flomastr.TenantID, number, sender, secret string) whatsapp.Channel {
	t.Helper()
	ch, made, err := e.CreateChannel(t.Context(), tenant, whatsapp.ChannelDraft{
		Provider: "meta", Number: &number, SenderID: &sender, AccountID: new("acc" + sender),
		Credentials: &provider.Credentials{APIKey: "token"}, Webhook: &provider.WebhookSecret{SigningKey: secret},
		Limits: &whatsapp.Limits{PerSecond: 1000, PairBurst: 1000},
	})
	require.NoError(t, err)
	require.NotEmpty(t, made.VerifyToken, "made up, and shown this once")
	require.Equal(t, "signature", ch.WebhookScheme)
	return ch
}

func metaEntry(sender, part string) string {
	return fmt.Sprintf(`{"id":"acc%s","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":%q},%s}}]}`, sender, sender, part)
}

func metaText(from, id, text string) string {
	return fmt.Sprintf(`"contacts":[{"profile":{"name":"Ana"},"wa_id":%q}],"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]`, from, from, id, time.Now().Unix(), text)
}

func metaStatus(id, status, key string) string {
	return fmt.Sprintf(`"statuses":[{"id":%q,"status":%q,"timestamp":"%d","recipient_id":"385911111111","biz_opaque_callback_data":%q}]`, id, status, time.Now().Unix(), key)
}

func deliverMeta(e *whatsapp.Engine, ch flomastr.ChannelID, secret string, entries ...string) error {
	body := []byte(`{"object":"whatsapp_business_account","entry":[`)
	for i, entry := range entries {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, entry...)
	}
	body = append(body, `]}`...)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	header := http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
	return e.Receive(context.Background(), "meta", ch, whatsapp.WebhookRequest{Header: header, Body: body})
}

func TestOneWebhookForSeveralNumbersReachesEachChannelOfTheSameSecretAndNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	e := newCloud(t).engine(b)
	other, stranger := tenantRow(t, b.db), tenantRow(t, b.db)
	mine := metaChannel(t, e, b.tenant, "97140000001", "101", "shared")
	theirs := metaChannel(t, e, other, "97140000002", "102", "shared")
	secret := metaChannel(t, e, stranger, "97140000003", "103", "their own")
	texts := func(tenant flomastr.TenantID) (out []string) {
		list, _, err := e.Conversations(t.Context(), tenant, whatsapp.Page{Limit: 10})
		require.NoError(t, err)
		for _, c := range list {
			messages, _, err := e.Messages(t.Context(), tenant, c.ID, whatsapp.Page{Limit: 10})
			require.NoError(t, err)
			for _, m := range messages {
				out = append(out, m.Text)
			}
		}
		return out
	}
	entries := []string{
		metaEntry("101", metaText("385911111111", "wamid.a", "for me")),
		metaEntry("102", metaText("385911111111", "wamid.a", "for them")),
		metaEntry("103", metaText("385911111111", "wamid.a", "for the stranger")),
		metaEntry("104", metaText("385911111111", "wamid.a", "for nobody")),
	}
	require.NoError(t, deliverMeta(e, mine.ID, "shared", entries...))
	require.NoError(t, deliverMeta(e, mine.ID, "shared", entries...), "it may come again")
	require.Equal(t, []string{"for me"}, texts(b.tenant))
	require.Equal(t, []string{"for them"}, texts(other), "the same id in another channel is another message")
	require.Empty(t, texts(stranger), "who does not know their secret does not reach them")
	kept, err := e.InboundErrors(t.Context(), b.tenant, mine.ID, 10)
	require.NoError(t, err)
	require.Len(t, kept, 2, "what found no channel, once however often it came")
	for _, k := range kept {
		require.Equal(t, "foreign_number", k.Reason)
		require.NotContains(t, k.Body, "for them", "another tenant's customer is none of ours")
	}
	kept, err = e.InboundErrors(t.Context(), other, theirs.ID, 10)
	require.NoError(t, err)
	require.Empty(t, kept)
	require.ErrorIs(t, deliverMeta(e, secret.ID, "shared", entries...), provider.ErrUnauthenticated)
}

func TestMetasReportsFindTheMessageByEitherIDAndBeforeTheSendReturns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		key    bool // the report carries our own id
		before bool // it comes before the answer to the send
	}{{"by our id", true, false}, {"by theirs", false, false}, {"by our id, early", true, true}, {"by theirs, early", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			cloud := newCloud(t)
			e := cloud.engine(b)
			ch := metaChannel(t, e, b.tenant, "97140000001", "101", "s")
			tell := func(wamid, key string) {
				if !c.key {
					key = ""
				}
				for _, status := range []string{"read", "sent", "read", "delivered"} {
					require.NoError(t, deliverMeta(e, ch.ID, "s", metaEntry("101", metaStatus(wamid, status, key))))
				}
			}
			if c.before {
				cloud.before = tell
			}
			b.work(e)
			require.NoError(t, deliverMeta(e, ch.ID, "s", metaEntry("101", metaText("385911111111", "wamid.in", "Hello."))))
			var answer whatsapp.Message
			b.eventually("the answer is accepted", func() bool {
				list, _, err := e.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 1})
				require.NoError(t, err)
				messages, _, err := e.Messages(t.Context(), b.tenant, list[0].ID, whatsapp.Page{Limit: 1})
				require.NoError(t, err)
				answer = messages[0]
				return answer.Direction == whatsapp.Out && answer.State != provider.StateQueued && answer.State != provider.StateIntent &&
					b.count(`SELECT count(*) FROM outbox WHERE phase = 'settled' AND provider_message_id <> ''`) == 1
			})
			if !c.before {
				tell("wamid.out0", answer.ID.String())
			}
			answer, err := e.Message(t.Context(), b.tenant, answer.ID)
			require.NoError(t, err)
			require.Equal(t, provider.StateRead, answer.State)
			require.Equal(t, 3, b.count(`SELECT count(*) FROM message_events WHERE message_id = $1 AND mark IN ('sent', 'delivered', 'read')`, answer.ID), "each report counts once")
			require.Zero(t, b.count(`SELECT count(*) FROM parked_reports`))
		})
	}
}

func TestAPatchOfTheAppsSecretKeepsTheVerifyToken(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	e := newCloud(t).engine(b)
	ch := metaChannel(t, e, b.tenant, "97140000001", "101", "old")
	_, err := e.UpdateChannel(t.Context(), b.tenant, ch.ID, whatsapp.ChannelDraft{Webhook: &provider.WebhookSecret{SigningKey: "new", PreviousKey: "old"}})
	require.NoError(t, err)
	require.NoError(t, deliverMeta(e, ch.ID, "old", metaEntry("101", metaText("385911111111", "wamid.1", "x"))))
	require.NoError(t, deliverMeta(e, ch.ID, "new", metaEntry("101", metaText("385911111111", "wamid.2", "y"))))
	require.ErrorIs(t, deliverMeta(e, ch.ID, "other", metaEntry("101", "")), provider.ErrUnauthenticated)
	_, err = e.UpdateChannel(t.Context(), b.tenant, ch.ID, whatsapp.ChannelDraft{Webhook: &provider.WebhookSecret{Username: "u", Password: "p"}})
	require.Equal(t, flomastr.Invalid, flomastr.KindOf(err))
}
