package whatsapp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// serveTemplates is the provider's list of templates, and takes new ones.
func (l *ledger) serveTemplates(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	upper := func(t provider.TemplateState) map[string]any {
		return map[string]any{
			"id": "id-" + t.Name, "name": t.Name, "language": t.Language, "status": strings.ToUpper(t.Status), "category": strings.ToUpper(t.Category),
			"structure": map[string]any{"body": map[string]any{"text": t.Body, "examples": t.Examples}},
		}
	}
	switch r.Method {
	case http.MethodGet:
		if l.silent {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if l.lists++; l.hangs != nil && r.Header.Get("Authorization") != "App test-key" {
			l.mu.Unlock()
			<-l.hangs
			l.mu.Lock()
			return
		}
		list := []any{}
		for _, t := range l.templates {
			list = append(list, upper(t))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"templates": list})
	case http.MethodPost:
		var t provider.TemplateState
		_ = json.NewDecoder(r.Body).Decode(&t)
		if l.taking != nil {
			l.mu.Unlock()
			l.taking <- struct{}{}
			<-l.taking
			l.mu.Lock()
		}
		t.Status, t.Category = "pending", strings.ToLower(t.Category)
		l.templates = append(l.templates, t)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(upper(t))
	case http.MethodDelete:
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		kept := l.templates[:0:0]
		for _, t := range l.templates {
			if t.Name != name {
				kept = append(kept, t)
			}
		}
		l.templates = kept
		w.WriteHeader(http.StatusNoContent)
	}
}

func (l *ledger) keeps(templates ...provider.TemplateState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.templates = templates
}

// tellsNothing makes the list one that cannot be read.
func (l *ledger) tellsNothing() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
}

// read counts how often the list was read.
func (l *ledger) read() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lists
}

func approved(name, category string) provider.TemplateState {
	return provider.TemplateState{Name: name, Language: "en", Category: category, Status: "approved", Body: "Hello."}
}

func in(status string, t provider.TemplateState) provider.TemplateState {
	t.Status = status
	return t
}

func (b *bundle) sendTemplate(name string, values ...string) error {
	_, err := b.engine.Send(context.Background(), b.tenant, whatsapp.Request{
		To: "+385911111111", Speaker: flomastr.SpeakerExternal,
		Message: provider.Message{Template: &provider.Template{Name: name, Language: "en", Placeholders: values}},
	})
	return err
}

func (b *bundle) stopsMarketing() {
	b.t.Helper()
	b.says("385911111111", "Hello.")
	tenantExec(b.t.(*testing.T), b, `INSERT INTO suppressions (tenant_id, contact_id, scope, source) SELECT tenant_id, id, 'marketing', 'provider' FROM contacts`)
}

// What a template is, its category says, whatever its sender says of it.
func TestNoMarketingTemplateReachesSomebodyWhoTakesNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		category string
		refused  error
	}{
		"marketing":            {"marketing", whatsapp.ErrOptedOut},
		"of no category":       {"", whatsapp.ErrOptedOut},
		"of an unknown one":    {"promotion", whatsapp.ErrOptedOut},
		"utility":              {"utility", nil},
		"a code to sign in by": {"authentication", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.ledger.keeps(approved("news", c.category))
			b.stopsMarketing()
			require.ErrorIs(t, b.sendTemplate("news"), c.refused)
			if c.refused != nil {
				require.Zero(t, b.count(`SELECT count(*) FROM outbox`), "without side effect")
			}
		})
	}
}

func TestATemplateThatTurnsIntoMarketingIsCalledBack(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	b.stopsMarketing()
	require.NoError(t, b.sendTemplate("news"))
	tenantExec(t, b, `UPDATE whatsapp_templates SET category = 'marketing'`)
	b.work()
	b.eventually("it is called back", func() bool {
		return b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE '%asked not to be%'`) == 1
	})
}

func TestATemplateIsSentOnlyWhenItIsKnownApprovedAndComplete(t *testing.T) {
	t.Parallel()
	greeting := provider.TemplateState{Name: "greeting", Language: "en", Category: "utility", Status: "approved", Body: "Hello {{1}}, it is {{2}}."}
	for name, c := range map[string]struct {
		kept   provider.TemplateState
		values []string
		code   string
	}{
		"as it should be":           {greeting, []string{"Ana", "nine"}, ""},
		"flagged":                   {in("flagged", greeting), []string{"Ana", "nine"}, ""},
		"another name":              {approved("other", "utility"), nil, "template_unknown"},
		"another language":          {provider.TemplateState{Name: "greeting", Language: "de", Category: "utility", Status: "approved", Body: "Hallo."}, nil, "template_unknown"},
		"pending":                   {in("pending", greeting), []string{"Ana", "nine"}, "template_not_approved"},
		"rejected":                  {in("rejected", greeting), []string{"Ana", "nine"}, "template_not_approved"},
		"paused":                    {in("paused", greeting), []string{"Ana", "nine"}, "template_paused"},
		"disabled":                  {in("disabled", greeting), []string{"Ana", "nine"}, "template_paused"},
		"one value too few":         {greeting, []string{"Ana"}, "template_values"},
		"one value too many":        {greeting, []string{"Ana", "nine", "ten"}, "template_values"},
		"an empty value":            {greeting, []string{"Ana", " "}, "template_values"},
		"a value with a line break": {greeting, []string{"Ana", "nine\nten"}, "template_values"},
		"a value with five spaces":  {greeting, []string{"Ana", "n     e"}, "template_values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.ledger.keeps(c.kept)
			err := b.sendTemplate("greeting", c.values...)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.code, flomastr.CodeOf(err), "%v", err)
			require.Zero(t, b.count(`SELECT count(*) FROM conversations`), "without side effect")
		})
	}
}

func TestNoTemplateGoesWhileTheProvidersListCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.server.Close()
	require.Equal(t, flomastr.Upstream, flomastr.KindOf(b.sendTemplate("news")))
	require.Zero(t, b.count(`SELECT count(*) FROM outbox`))
	require.Equal(t, "template_unknown", flomastr.CodeOf(b.sendTemplate("news")), "it was tried a moment ago, and is not tried for every message")
}

func TestATemplateThatIsPausedWhileItWaitsIsNotSentAndPeopleAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	require.NoError(t, b.sendTemplate("news"))
	require.NoError(t, b.post(`{"messageTemplateId":"id-news","messageTemplateName":"news","messageTemplateLanguage":"en","timestamp":"`+now()+`",
		"change":{"type":"TEMPLATE_STATUS_UPDATE","newStatus":"FIRST_PAUSED","reason":"NONE"}}`))
	b.work()
	b.eventually("it comes to rest", func() bool {
		return b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE 'Not sent: the template is paused%'`) == 1
	})
	require.Empty(t, b.ledger.all())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE kind = 'template' AND object = 'template news en' AND resolved_at IS NULL`))
	require.Equal(t, "template_paused", flomastr.CodeOf(b.sendTemplate("news")))
}

func TestNewsOfATemplateCountByTheProvidersTimeAndListsOnlyWhereTheyAreNewer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	due := whatsapp.DueTemplates{Tenant: b.tenant, Channel: b.channel.ID}
	status := func() string {
		t.Helper()
		list, _, err := b.engine.Templates(t.Context(), b.tenant, whatsapp.TemplatePage{Limit: 10})
		require.NoError(t, err)
		require.Len(t, list, 1)
		return list[0].Status
	}
	tell := func(mark, to string, at time.Time) {
		t.Helper()
		b.tell(provider.Batch{Events: []provider.Event{{
			Kind: provider.TemplateChanged, Mark: mark, At: at, Template: provider.TemplateState{Name: "news", Language: "en", Status: to},
		}}})
	}
	began, err := b.store.BeginReading(t.Context(), due, 0)
	require.NoError(t, err)
	require.NoError(t, b.store.SaveTemplates(t.Context(), due, began, []provider.TemplateState{approved("news", "utility")}))
	old, err := b.store.BeginReading(t.Context(), due, 0)
	require.NoError(t, err)
	noon := time.Now()
	tell("1", "paused", noon)
	require.Equal(t, "paused", status())
	tell("2", "approved", noon.Add(-time.Hour))
	require.Equal(t, "paused", status(), "it came late, and is older news")
	require.NoError(t, b.store.SaveTemplates(t.Context(), due, old, []provider.TemplateState{approved("news", "utility")}))
	require.Equal(t, "paused", status(), "the list was begun before the webhook came")
	tell("3", "approved", noon.Add(time.Hour))
	require.Equal(t, "approved", status())
	began, err = b.store.BeginReading(t.Context(), due, 0)
	require.NoError(t, err)
	require.NoError(t, b.store.SaveTemplates(t.Context(), due, began, nil))
	require.Zero(t, b.count(`SELECT count(*) FROM whatsapp_templates`), "the provider has it no more")
}

func TestTemplatesThatAreDueAreReadByOneServer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	second := b.another(options{settings: quick()})
	b.work(b.engine, second)
	b.eventually("the list is read", func() bool { return b.count(`SELECT count(*) FROM whatsapp_templates WHERE status = 'approved'`) == 1 })
	require.NoError(t, b.post(`{"messageTemplateName":"unheard_of","messageTemplateLanguage":"en","timestamp":"`+now()+`",
		"change":{"type":"TEMPLATE_STATUS_UPDATE","newStatus":"APPROVED"}}`))
	b.ledger.keeps(approved("news", "utility"), approved("unheard_of", "utility"))
	b.eventually("news of an unknown one have it read again", func() bool { return b.count(`SELECT count(*) FROM whatsapp_templates`) == 2 })
	require.Equal(t, 2, b.ledger.read())
}

func TestADraftIsSubmittedApprovedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	actor := flomastr.ActorSystem
	draft := provider.TemplateState{Name: "order_ready", Language: "en", Category: "utility", Body: "Hello {{1}}.", Examples: []string{"Ana"}}
	made, err := b.engine.CreateTemplate(t.Context(), b.tenant, actor, b.channel.ID, draft)
	require.NoError(t, err)
	require.Equal(t, whatsapp.StatusDraft, made.Status)
	_, err = b.engine.CreateTemplate(t.Context(), b.tenant, actor, b.channel.ID, draft)
	require.ErrorIs(t, err, whatsapp.ErrTemplateTaken)
	require.Equal(t, "template_not_approved", flomastr.CodeOf(b.sendTemplate("order_ready", "Ana")))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM whatsapp_templates`), "reading the list leaves drafts alone")

	made, err = b.engine.SubmitTemplate(t.Context(), b.tenant, actor, made.TemplateID)
	require.NoError(t, err)
	require.Equal(t, "pending", made.Status)
	_, err = b.engine.SubmitTemplate(t.Context(), b.tenant, actor, made.TemplateID)
	require.ErrorIs(t, err, whatsapp.ErrNotDraft)
	require.NoError(t, b.post(`{"messageTemplateId":"`+made.ID+`","messageTemplateName":"order_ready","messageTemplateLanguage":"en","timestamp":"`+now()+`",
		"change":{"type":"TEMPLATE_STATUS_UPDATE","newStatus":"APPROVED"}}`))
	require.NoError(t, b.sendTemplate("order_ready", "Ana"))

	require.NoError(t, b.engine.DeleteTemplate(t.Context(), b.tenant, actor, made.TemplateID))
	_, err = b.engine.Template(t.Context(), b.tenant, made.TemplateID)
	require.ErrorIs(t, err, whatsapp.ErrTemplateNotFound)
	for _, action := range []string{"template.created", "template.submitted", "template.deleted"} {
		require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = $1`, action), action)
	}
}

func TestTwoClicksSubmitADraftOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	second := b.another(options{settings: quick()})
	made, err := b.engine.CreateTemplate(t.Context(), b.tenant, flomastr.ActorSystem, b.channel.ID,
		provider.TemplateState{Name: "order_ready", Language: "en", Category: "utility", Body: "Hello."})
	require.NoError(t, err)
	b.ledger.taking = make(chan struct{})
	first := make(chan error)
	go func() {
		_, err := b.engine.SubmitTemplate(context.Background(), b.tenant, flomastr.ActorSystem, made.TemplateID)
		first <- err
	}()
	<-b.ledger.taking // the provider is thinking about it
	_, err = second.SubmitTemplate(t.Context(), b.tenant, flomastr.ActorSystem, made.TemplateID)
	require.ErrorIs(t, err, whatsapp.ErrSubmitting, "on another server, too")
	b.ledger.taking <- struct{}{}
	require.NoError(t, <-first)
	_, err = second.SubmitTemplate(t.Context(), b.tenant, flomastr.ActorSystem, made.TemplateID)
	require.ErrorIs(t, err, whatsapp.ErrNotDraft)
	require.Len(t, b.ledger.templates, 1)
	_, err = second.SubmitTemplate(t.Context(), b.tenant, flomastr.ActorSystem, flomastr.NewID[flomastr.TemplateID]())
	require.ErrorIs(t, err, whatsapp.ErrTemplateNotFound)
}

func TestADraftThatCouldNotBeSubmittedMayBeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	made, err := b.engine.CreateTemplate(t.Context(), b.tenant, flomastr.ActorSystem, b.channel.ID,
		provider.TemplateState{Name: "order_ready", Language: "en", Category: "utility", Body: "Hello."})
	require.NoError(t, err)
	tenantExec(t, b, `UPDATE channels SET base_url = 'http://127.0.0.1:1'`)
	_, err = b.engine.SubmitTemplate(t.Context(), b.tenant, flomastr.ActorSystem, made.TemplateID)
	require.Error(t, err)
	tenantExec(t, b, `UPDATE channels SET base_url = '`+b.ledger.server.URL+`'`)
	_, err = b.engine.SubmitTemplate(t.Context(), b.tenant, flomastr.ActorSystem, made.TemplateID)
	require.NoError(t, err)
}

// One number's provider takes its time; the others' lists are read meanwhile.
func TestAListThatHangsKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	b.ledger.hangs = make(chan struct{})
	for i := range 3 {
		ch := b.newChannel(b.tenant, "44786009940"+strconv.Itoa(i))
		tenantExec(t, b, `UPDATE channels SET templates_due_at = now() - interval '1 hour', sealed_credentials = '{"api_key":"of one that hangs"}'::text::bytea WHERE id = '`+ch.ID.String()+`'`)
	}
	b.work()
	b.eventually("the list is read", func() bool { return b.count(`SELECT count(*) FROM whatsapp_templates`) == 1 })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM channels WHERE templates_read_at IS NOT NULL`), "while the others hang")
	close(b.ledger.hangs)
}

// A list may come empty, or in pieces, or never yet have come: what waits goes when the template is known again, and is given
// up only when the lists have been without it for long.
func TestWhatWaitsForATemplateOutlivesAnEmptyList(t *testing.T) {
	t.Parallel()
	empty := func(b *bundle) {
		due := whatsapp.DueTemplates{Tenant: b.tenant, Channel: b.channel.ID}
		began, err := b.store.BeginReading(context.Background(), due, 0)
		require.NoError(b.t, err)
		require.NoError(b.t, b.store.SaveTemplates(context.Background(), due, began, nil))
	}
	waits := func(b *bundle) func() bool {
		return func() bool {
			return b.count(`SELECT count(*) FROM outbox WHERE phase = 'queued' AND template_missed_at IS NOT NULL`) == 2
		}
	}
	start := func(t *testing.T) *bundle {
		b := setup(t, options{})
		b.ledger.keeps(approved("news", "utility"))
		require.NoError(t, b.sendTemplate("news"))
		_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
			To: "+385922222222", Speaker: flomastr.SpeakerExternal,
			Message: provider.Message{Template: &provider.Template{Name: "news", Language: "en"}},
		})
		require.NoError(t, err)
		b.ledger.keeps()
		empty(b)
		b.work()
		b.eventually("both wait", waits(b))
		return b
	}
	t.Run("it comes back", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		b.ledger.keeps(approved("news", "utility"))
		tenantExec(t, b, `UPDATE channels SET templates_due_at = now()`)
		b.eventually("the list is read", func() bool { return b.count(`SELECT count(*) FROM whatsapp_templates`) == 1 })
		tenantExec(t, b, `UPDATE lanes SET ready_at = now() WHERE kind = 'send'`)
		b.eventually("both are sent", func() bool { return len(b.ledger.all()) == 2 })
	})
	t.Run("it stays away", func(t *testing.T) {
		t.Parallel()
		b := start(t)
		tenantExec(t, b, `UPDATE outbox SET template_missed_at = now() - interval '11 minutes'`)
		empty(b)
		tenantExec(t, b, `UPDATE lanes SET ready_at = now() WHERE kind = 'send'`)
		b.eventually("both are given up", func() bool {
			return b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE '%does not know the template any more%'`) == 2
		})
		require.Empty(t, b.ledger.all())
	})
}

func TestDeletingATemplateNamesTheOnesThatPeopleSee(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	german := approved("news", "utility")
	german.Language = "de"
	b.ledger.keeps(approved("news", "utility"), german, approved("other", "utility"))
	_, err := b.engine.ReadTemplates(t.Context(), b.tenant, b.channel.ID)
	require.NoError(t, err)
	list, _, err := b.engine.Templates(t.Context(), b.tenant, whatsapp.TemplatePage{Search: "news", Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 2)
	named, err := b.store.NamedTemplates(t.Context(), b.tenant, list[0])
	require.NoError(t, err)
	require.ElementsMatch(t, list, named)
	require.NoError(t, b.engine.DeleteTemplate(t.Context(), b.tenant, flomastr.ActorSystem, list[0].TemplateID))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM whatsapp_templates WHERE name = 'other'`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM whatsapp_templates`))
}

func TestHowANumberStandsIsReadWithItsTemplatesAndRaisesAnAlert(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	inner := b.ledger.server.Config.Handler
	b.ledger.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/whatsapp/1/senders/quality" {
			inner.ServeHTTP(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"results":[{"sender":%q,"qualityRating":"LOW","status":"FLAGGED","currentLimit":"LIMIT_2K","lastUpdated":"2026-11-30T01:02:03.000+0000"}]}`, ourNumber)
	})
	b.work()
	var alerts []whatsapp.Alert
	b.eventually("an alert", func() bool {
		var err error
		alerts, _, err = b.engine.Alerts(t.Context(), b.tenant, whatsapp.AlertPage{Limit: 10})
		return err == nil && len(alerts) > 0
	})
	require.Len(t, alerts, 1)
	require.Equal(t, whatsapp.AlertNumber, alerts[0].Kind)
	require.Equal(t, provider.Warning, alerts[0].Severity)
	require.Equal(t, "channel "+b.channel.ID.String(), alerts[0].Object)
	require.Contains(t, alerts[0].Detail, "flagged")
	ch, err := b.store.Channel(t.Context(), b.tenant, b.channel.ID)
	require.NoError(t, err)
	require.Equal(t, 2000, ch.ToldRecipients)
}
