package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
)

// life is a line whose tenant can be erased, before an operator.
type life struct {
	*line
	tenants *tenant.Engine
	key     ed25519.PublicKey
	clock   time.Duration // how far the door's clock is ahead
	root    string
	id      string
}

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{line: newLine(t)}
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l.key = public
	l.tenants = tenant.New(tenant.Deps{Store: postgres.NewTenantStore(l.db), Cold: l.cold, Owners: l.team, Files: blobs, Key: private})
	l.handler = httpapi.New(httpapi.Deps{
		BaseDomain: "localhost", PublicURL: "http://localhost:8000", Clock: func() time.Time { return time.Now().Add(l.clock) }, Log: slog.New(slog.DiscardHandler), Gate: l.gate, Tenants: l.tenants,
		Idempotency: postgres.NewIdempotencyStore(l.db), WaitingTurns: l.engine.QueueSize, Settings: func() []httpapi.SettingState { return nil },
		Engines: httpapi.Engines{
			Audit:   postgres.NewAuditStore(l.db),
			SignIns: l.house.provider, People: l.gate, APITokens: l.store, Team: l.team, TenantAdmin: l.tenants, TenantLife: l.tenants, WhatsApp: l.engine,
		},
	}).Handler()
	l.root = l.house.root(t)
	found, err := l.tenants.Find(t.Context(), l.slug)
	require.NoError(t, err)
	l.id = found.ID.String()
	return l
}

func (l *life) act(t *testing.T, action, more string) answer {
	t.Helper()
	return l.call(t, "POST", "/routes/"+action, l.root, fmt.Sprintf(`{"tenant_id":%q,"reason":"a test"%s}`, l.slug, more))
}

// finish does what the queued job does.
func (l *life) finish(t *testing.T) {
	t.Helper()
	var id tenant.ErasureID
	require.NoError(t, l.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT id FROM erasures WHERE tenant_id = $1`, l.id).Scan(&id)
	}))
	require.NoError(t, l.tenants.FinishErasure(t.Context(), id))
}

func TestACallThatMakesATenantIsDoneOnceForItsKey(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	const create, provision = "/routes/tenants", "/routes/api/v1/admin/tenants/provision"
	first := l.call(t, "POST", create, l.root, `{"slug":"gamma","name":"Gamma"}`, "Idempotency-Key", "k1")
	require.Equal(t, 201, first.Code, first.Body.String())
	again := l.call(t, "POST", create, l.root, `{"slug":"gamma","name":"Gamma"}`, "Idempotency-Key", "k1")
	require.Equal(t, first.Body.String(), again.Body.String(), "not slug_taken")
	require.Equal(t, 201, again.Code)
	other := l.call(t, "POST", create, l.root, `{"slug":"gamma","name":"Delta"}`, "Idempotency-Key", "k1")
	require.Contains(t, other.Body.String(), "idempotency_mismatch")
	require.Contains(t, l.call(t, "POST", "/api/tenants", l.root, `{"slug":"gamma","name":"Gamma"}`, "Idempotency-Key", "k2").Body.String(), "slug_taken", "another key is another call")

	made := l.call(t, "POST", provision, l.root, `{"tenant_slug":"epsilon","owner_email":"o@epsilon.test"}`, "Idempotency-Key", "k1")
	require.Equal(t, 201, made.Code, made.Body.String())
	require.Contains(t, made.Body.String(), "invitation_link")
	kept := l.call(t, "POST", provision, l.root, `{"tenant_slug":"epsilon","owner_email":"o@epsilon.test"}`, "Idempotency-Key", "k1")
	require.Equal(t, 201, kept.Code, "the stored answer")
	require.NotContains(t, kept.Body.String(), "invitation_link", "a right is shown once and kept nowhere")
	var held string
	require.NoError(t, l.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT string_agg(convert_from(response, 'UTF8'), ' ') FROM platform_idempotency_keys`).Scan(&held)
	}))
	require.NotContains(t, held, "/invite/")
	require.Contains(t, held, "epsilon")

	require.Equal(t, 200, l.call(t, "POST", "/routes/soft-delete", l.root, `{"tenant_id":"epsilon","reason":"a test"}`).Code)
	require.Equal(t, 200, l.call(t, "POST", "/routes/hard-delete", l.root, `{"tenant_id":"epsilon","reason":"a test","confirm_slug":"epsilon"}`).Code)
	require.NoError(t, l.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT string_agg(convert_from(response, 'UTF8'), ' ') FROM platform_idempotency_keys`).Scan(&held)
	}))
	require.NotContains(t, held, "epsilon", "an erased tenant's answer goes with it")
}

func TestALifeFromProvisioningToErasure(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	status := func() (out struct {
		TenantID       string `json:"tenant_id"`
		TenantSlug     string `json:"tenant_slug"`
		Status, Reason string
		ChangedBy      string `json:"changed_by"`
		Steps          []struct{ Name, State, Error string }
		Restorable     *time.Time `json:"restorable_until"`
		Allowed        []string   `json:"allowed_actions"`
	},
	) {
		got := l.call(t, "GET", "/routes/status/"+l.id, l.root, "")
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &out))
		require.Equal(t, l.slug, out.TenantSlug)
		return out
	}
	begun := status()
	require.Equal(t, "active", begun.Status)
	require.Equal(t, []string{"suspend", "soft_delete"}, begun.Allowed)
	require.Len(t, begun.Steps, 3)
	for _, s := range begun.Steps {
		require.Equal(t, "done", s.State, s.Name)
	}
	confirm := fmt.Sprintf(`,"confirm_slug":%q`, l.slug)
	for _, c := range []struct {
		action, more string
		code         int
		status       string
	}{
		{"reactivate", "", 409, "wrong_status"},
		{"restore", "", 409, "wrong_status"},
		{"hard-delete", confirm, 409, "wrong_status"},
		{"suspend", "", 200, "suspended"},
		{"suspend", "", 409, "wrong_status"},
		{"reactivate", "", 200, "active"},
		{"soft-delete", "", 200, "soft_deleted"},
		{"suspend", "", 409, "wrong_status"},
		{"restore", "", 200, "active"},
		{"soft-delete", "", 200, "soft_deleted"},
		{"hard-delete", "", 422, "confirm_slug"},
		{"hard-delete", `,"confirm_slug":"other"`, 422, "confirm_slug"},
		{"hard-delete", confirm, 200, "erasing"},
		{"hard-delete", confirm, 404, "not_found"},
		{"restore", "", 404, "not_found"},
	} {
		got := l.act(t, c.action, c.more)
		require.Equal(t, c.code, got.Code, "%s: %s", c.action, got.Body)
		if c.code != 200 {
			require.Equal(t, c.status, got.field("code"), c.action)
			continue
		}
		require.Equal(t, c.status, got.field("status"), c.action)
		require.Equal(t, l.id, got.field("tenant_id"))
		require.NotEmpty(t, got.field("message"))
		if c.status == "soft_deleted" {
			require.NotNil(t, status().Restorable)
			require.Equal(t, "a test", status().Reason)
			require.Contains(t, status().ChangedBy, "user:")
		}
	}
	require.Equal(t, 404, l.call(t, "GET", "/routes/tenants/"+l.slug, l.root, "").Code)
	require.Equal(t, 404, l.call(t, "GET", "/routes/tenants/"+l.id, l.root, "").Code)
	require.Equal(t, "erasing", status().Status)
	report := "/routes/status/" + l.id + "/erasure-report"
	require.Equal(t, 409, l.call(t, "GET", report, l.root, "").Code)
	l.finish(t)
	require.Equal(t, "erased", status().Status)
	require.Empty(t, status().Allowed)
	got := l.call(t, "GET", report, l.root, "")
	require.Equal(t, 200, got.Code)
	require.Contains(t, got.Header().Get("Content-Disposition"), "attachment")
	read, err := tenant.VerifyReport(got.Body.Bytes(), l.key)
	require.NoError(t, err)
	require.Equal(t, l.id, read.TenantID)
	require.NotContains(t, l.call(t, "GET", "/routes/tenants", l.root, "").Body.String(), l.id)
}

func TestWhatEndsATenantsLifeNeedsAFreshSignIn(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	confirm := fmt.Sprintf(`,"confirm_slug":%q`, l.slug)
	require.Equal(t, 200, l.act(t, "suspend", "").Code)
	l.clock = 10*time.Minute + 5*time.Second
	for _, action := range []string{"suspend", "soft-delete", "hard-delete"} {
		more := ""
		if action == "hard-delete" {
			more = confirm
		}
		got := l.act(t, action, more)
		require.Equal(t, 403, got.Code, action)
		require.Equal(t, "reauth_required", got.field("code"), action)
	}
	got := l.call(t, "DELETE", "/routes/tenants/"+l.slug, l.root, "")
	require.Equal(t, "reauth_required", got.field("code"))
	require.Equal(t, 200, l.act(t, "reactivate", "").Code, "what ends nothing does not")
	l.clock = 9 * time.Minute
	got = l.call(t, "DELETE", "/routes/tenants/"+l.slug, l.root, "")
	require.Equal(t, "soft_deleted", got.field("status"), got.Body)
	l.clock = time.Hour
	require.Equal(t, 200, l.act(t, "restore", "").Code)
	require.Equal(t, 403, l.call(t, "POST", "/routes/suspend", l.owner, fmt.Sprintf(`{"tenant_id":%q,"reason":"mine"}`, l.slug)).Code, "an owner cannot")
}

func TestASuspendedTenantListensAndItsOwnerReads(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	_, path := l.connect(t, "assistant")
	l.work(t)
	member := l.member(t)
	require.Equal(t, 200, l.act(t, "suspend", "").Code)
	for _, c := range []struct {
		who, bearer, method, path, body string
		code                            int
	}{
		{"owner reads", l.owner, "GET", "/routes/conversations", "", 200},
		{"owner reads", l.owner, "GET", "/routes/tenants/" + l.slug, "", 200},
		{"owner writes", l.owner, "POST", "/messages/send", `{"to":"+385911111111","message":"Hi"}`, 403},
		{"owner makes a token", l.owner, "POST", "/routes/tenants/" + l.slug + "/api-tokens", `{"name":"x","scopes":["tools:use"]}`, 403},
		{"member reads", member, "GET", "/routes/conversations", "", 403},
		{"service reads", l.service, "GET", "/routes/conversations", "", 403},
		{"service works", l.service, "GET", "/queue/next-job", "", 403},
		{"service sends", l.service, "POST", "/messages/send", `{"to":"+385911111111","message":"Hi"}`, 403},
		{"platform", platformToken, "GET", "/routes/conversations?tenant_id=" + l.slug, "", 403},
		{"neutral webhook", l.service, "POST", "/webhook/inbound", `{"from":"+385911111111","message":"Second","message_id":"n2"}`, 202},
	} {
		if c.who == "neutral webhook" {
			require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "First"), "X-Hook", "h-secret").Code, "stored")
		}
		got := l.call(t, c.method, c.path, c.bearer, c.body)
		require.Equal(t, c.code, got.Code, "%s: %s", c.who, got.Body)
		if c.code == 403 {
			require.Equal(t, "tenant_suspended", got.field("code"), c.who)
		}
	}
	require.Contains(t, l.call(t, "GET", "/routes/conversations", l.owner, "").Body.String(), "Second")
	l.mu.Lock()
	require.Empty(t, l.sent, "nothing is answered")
	l.mu.Unlock()
	require.Equal(t, 200, l.act(t, "reactivate", "").Code)
	l.eventually(t, "re: First")
}

func TestASoftDeletedTenantIsAbsentForItsOwnPeople(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	_, path := l.connect(t, "assistant")
	require.Equal(t, 200, l.act(t, "soft-delete", "").Code)
	for _, bearer := range []string{l.owner, l.service} {
		for _, what := range []string{"/routes/conversations?tenant_id=" + l.slug, "/routes/tenants/" + l.slug + "/channels"} {
			got := l.call(t, "GET", what, bearer, "")
			require.Contains(t, []int{403, 404}, got.Code, "%s: %s", what, got.Body)
			require.NotContains(t, got.Body.String(), "suspended")
		}
	}
	require.Equal(t, 404, l.call(t, "GET", "/routes/conversations?tenant_id="+l.slug, l.owner, "").Code)
	require.Equal(t, 404, l.call(t, "GET", "/routes/conversations", l.service, "").Code)
	require.Equal(t, "false", l.call(t, "GET", "/routes/resolve-tenant?slug="+l.slug, "", "").field("found"))
	require.Equal(t, 200, l.call(t, "GET", "/routes/tenants/"+l.slug, l.root, "").Code, "the operator still sees it")
	require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "Are you still there?"), "X-Hook", "h-secret").Code, "so that restoring loses nothing")
	require.Equal(t, 200, l.act(t, "restore", "").Code)
	require.Contains(t, l.call(t, "GET", "/routes/conversations", l.owner, "").Body.String(), "Are you still there?")
}

func TestWhoTakesAnErasedTenantsSlugSeesNothingOfIt(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	_, path := l.connect(t, "assistant")
	require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "CNRY-old"), "X-Hook", "h-secret").Code)
	require.Equal(t, 200, l.act(t, "soft-delete", "").Code)
	require.Equal(t, 200, l.act(t, "hard-delete", fmt.Sprintf(`,"confirm_slug":%q`, l.slug)).Code)

	// While the old one's database is still there.
	got := l.call(t, "POST", "/routes/api/v1/admin/tenants/provision", l.root, fmt.Sprintf(`{"tenant_slug":%q,"owner_email":"new@owner.test"}`, l.slug))
	require.Equal(t, 201, got.Code, got.Body)
	require.NotEqual(t, l.id, got.field("tenant_id"))
	_, err := l.house.provider.Enrol(t.Context(), flomastr.ActorSystem, "new@owner.test", goodPassword)
	require.NoError(t, err)
	heir := l.signIn(t, "new@owner.test", goodPassword).field("access_token")
	l.finish(t)

	for _, dead := range []string{l.owner, l.service} {
		got := l.call(t, "GET", "/routes/conversations?tenant_id="+l.slug, dead, "")
		require.Contains(t, []int{401, 404}, got.Code, got.Body)
	}
	require.NotEqual(t, 200, l.call(t, "POST", path, "", inboundBody("m2", "CNRY-late"), "X-Hook", "h-secret").Code)
	list := l.call(t, "GET", "/routes/conversations", heir, "")
	require.Equal(t, 200, list.Code)
	require.NotContains(t, list.Body.String(), "CNRY")
	require.Equal(t, 200, l.call(t, "GET", "/routes/tenants/"+l.slug+"/channels", heir, "").Code)
	require.NotContains(t, l.call(t, "GET", "/routes/tenants/"+l.slug+"/channels", heir, "").Body.String(), "Front desk")
}

// member makes somebody a plain member of the line's tenant.
func (l *life) member(t *testing.T) string {
	t.Helper()
	account, err := l.house.provider.Enrol(t.Context(), flomastr.ActorSystem, "member@"+l.slug+".test", goodPassword)
	require.NoError(t, err)
	id, err := flomastr.ParseID[flomastr.TenantID](l.id)
	require.NoError(t, err)
	require.NoError(t, l.store.Grant(context.Background(), flomastr.ActorSystem, id, account, "member"))
	return l.signIn(t, "member@"+l.slug+".test", goodPassword).field("access_token")
}
