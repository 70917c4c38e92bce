package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func (b *bundle) alerts(open bool) []whatsapp.Alert {
	b.t.Helper()
	list, next, err := b.engine.Alerts(b.t.Context(), b.tenant, whatsapp.AlertPage{Limit: 50, Open: open})
	require.NoError(b.t, err)
	require.Empty(b.t, next)
	return list
}

func TestWhatAProviderTellsOfTemplatesAndNumbersIsAnAlertUntilItIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	template := provider.TemplateState{Name: "welcome", Language: "en"}
	paused := provider.Event{Kind: provider.TemplateChanged, Mark: "1", Template: template, Severity: provider.Urgent, Detail: "The template is paused."}
	b.tell(provider.Batch{Events: []provider.Event{paused, paused}})
	b.tell(provider.Batch{Events: []provider.Event{paused}})
	again := paused
	again.Mark, again.Detail = "2", "The template is paused again."
	b.tell(provider.Batch{Events: []provider.Event{again, {Kind: provider.NumberChanged, Mark: "3", Severity: provider.Warning, Detail: "Quality is low."}}})
	open := b.alerts(true)
	require.Len(t, open, 2, "one for each thing")
	require.Equal(t, whatsapp.AlertNumber, open[0].Kind)
	require.Equal(t, "channel "+b.channel.ID.String(), open[0].Object)
	require.Equal(t, "template welcome en", open[1].Object)
	require.Equal(t, "The template is paused again.", open[1].Detail)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM events WHERE type = 'alert.raised'`), "said once each")

	b.tell(provider.Batch{Events: []provider.Event{
		{Kind: provider.TemplateChanged, Mark: "4", Template: template, Severity: provider.Info, Detail: "The template is approved."},
		{Kind: provider.Noted, Mark: "5", Detail: "Something happened."},
	}})
	open = b.alerts(true)
	require.Len(t, open, 1, "good news ends the bad")
	require.Equal(t, whatsapp.AlertNumber, open[0].Kind)
	require.Len(t, b.alerts(false), 4, "the rest is on record")

	resolved, err := b.engine.ResolveAlert(t.Context(), b.tenant, "user:x|a", open[0].ID)
	require.NoError(t, err)
	require.False(t, resolved.ResolvedAt.IsZero())
	require.Equal(t, flomastr.Actor("user:x|a"), resolved.ResolvedBy)
	twice, err := b.engine.ResolveAlert(t.Context(), b.tenant, "user:x|b", open[0].ID)
	require.NoError(t, err)
	require.Equal(t, resolved, twice)
	require.Empty(t, b.alerts(true))
	_, err = b.engine.ResolveAlert(t.Context(), b.tenant, "user:x|a", flomastr.NewID[flomastr.AlertID]())
	require.ErrorIs(t, err, whatsapp.ErrAlertNotFound)
}

func TestAlertsAreReadInPages(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	for _, object := range []string{"a", "b", "c"} {
		require.NoError(t, b.store.RaiseAlert(t.Context(), b.tenant, whatsapp.Alert{Kind: "notice", Severity: provider.Warning, Object: object}))
	}
	first, next, err := b.engine.Alerts(t.Context(), b.tenant, whatsapp.AlertPage{Limit: 2, Open: true})
	require.NoError(t, err)
	require.Len(t, first, 2)
	rest, end, err := b.engine.Alerts(t.Context(), b.tenant, whatsapp.AlertPage{Limit: 2, Open: true, Cursor: next})
	require.NoError(t, err)
	require.Equal(t, "a", rest[0].Object)
	require.Empty(t, end)
	require.NoError(t, b.store.ClearAlert(t.Context(), b.tenant, "notice", "a"))
	require.Len(t, b.alerts(true), 2)
}

func TestAChangedIdentityMarksTheConversationUntilAMemberAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Hello!"})
	known := provider.Address{Phone: "385911111111"}
	b.tell(provider.Batch{Events: []provider.Event{
		{Kind: provider.IdentityChanged, Mark: "1", Contact: known, At: time.Now()},
		{Kind: provider.IdentityChanged, Mark: "2", Contact: provider.Address{Phone: "385910000000"}, At: time.Now()},
	}})
	require.False(t, b.only().IdentityChangedAt.IsZero())
	_, err := b.engine.Reply(t.Context(), b.tenant, b.only().ID, whatsapp.Author{ID: "agent-1"}, provider.Message{Text: "Is it you?"})
	require.NoError(t, err)
	require.True(t, b.only().IdentityChangedAt.IsZero())
}
