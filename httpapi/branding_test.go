package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
)

// painter draws every picture as the same teal square, and sees nothing of it.
type painter struct{}

func (painter) Picture(_ context.Context, _ flomastr.TenantID, _ string, _ []byte, side int) ([]byte, error) {
	return tealSquare(side), nil
}

func tealSquare(side int) []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		picture.SetNRGBA(i%side, i/side, color.NRGBA{R: 0, G: 128, B: 128, A: 255})
	}
	var out bytes.Buffer
	_ = png.Encode(&out, picture)
	return out.Bytes()
}

func brandingOf(t *testing.T, db *postgres.DB) *branding.Engine {
	t.Helper()
	files, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	return branding.New(postgres.NewBrandingStore(db), files, painter{})
}

// noDNS knows no name.
type noDNS struct{}

func (noDNS) LookupTXT(_ context.Context, name string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func profilesOf(db *postgres.DB) *tenant.Profiles {
	return tenant.NewProfiles(tenant.ProfilesDeps{
		Store: postgres.NewTenantStore(db), Domains: postgres.NewDomainStore(db), DNS: noDNS{}, BaseDomain: "localhost",
		Clock: flomastr.SystemClock, Changed: func(string) {},
	})
}

// form is a multipart body with one file.
func form(t *testing.T, name, contentType string, content []byte) (body, header string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`}, "Content-Type": {contentType},
	})
	require.NoError(t, err)
	_, _ = part.Write(content)
	require.NoError(t, w.Close())
	return out.String(), w.FormDataContentType()
}

func (h *house) upload(t *testing.T, path, bearer, name, contentType string, content []byte) answer {
	t.Helper()
	body, header := form(t, name, contentType, content)
	return h.call(t, "POST", path, bearer, body, "Content-Type", header)
}

func (h *house) brand(t *testing.T, host string) map[string]any {
	t.Helper()
	got := h.call(t, "GET", "/config.json", "", "", "Host", host)
	require.Equal(t, 200, got.Code)
	var config struct{ Branding map[string]any }
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &config))
	return config.Branding
}

func TestATenantsLogoIsWornOnItsHostAndNowhereElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "bright-smile")
	_, stranger := h.provision(t, h.root(t), "harbour")
	before := h.call(t, "GET", "/favicon.ico", "", "", "Host", "bright-smile.localhost")
	require.Equal(t, 200, before.Code)

	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>1</script><path d="M0 0h9v9z"/></svg>`)
	up := h.upload(t, "/routes/branding/bright-smile/upload-logo", owner, "logo.svg", "image/svg+xml", svg)
	require.Equal(t, 200, up.Code, up.Body)
	require.Equal(t, 404, h.upload(t, "/routes/branding/bright-smile/upload-logo", stranger, "logo.svg", "image/svg+xml", svg).Code)
	logo := h.call(t, "GET", up.field("logo_url"), "", "")
	require.Equal(t, 200, logo.Code)
	require.Equal(t, "image/png", logo.Header().Get("Content-Type"))
	require.Contains(t, logo.Header().Get("Cache-Control"), "immutable")
	require.Contains(t, logo.Header().Get("Content-Security-Policy"), "sandbox")

	file := h.call(t, "GET", up.field("logo_svg"), "", "")
	require.Equal(t, 200, file.Code)
	require.NotContains(t, file.Header().Get("Content-Type"), "svg", "no browser opens it as a picture")
	require.Contains(t, file.Header().Get("Content-Disposition"), "attachment")
	require.Contains(t, file.Header().Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, "nosniff", file.Header().Get("X-Content-Type-Options"))
	require.Contains(t, file.Body.String(), "<path")
	require.NotContains(t, file.Body.String(), "script")

	for _, path := range []string{"/favicon.ico", "/light.ico", "/dark.ico", "/routes/favicon.ico", "/api/favicon.ico"} {
		own := h.call(t, "GET", path, "", "", "Host", "BRIGHT-smile.localhost.:8000")
		require.Equal(t, 200, own.Code)
		require.Equal(t, "\x00\x00\x01\x00", own.Body.String()[:4], "%s is an icon file", path)
		require.NotEqual(t, before.Body.String(), own.Body.String(), path)
		require.Contains(t, own.Header().Get("Vary"), "Host")
		again := h.call(t, "GET", path, "", "", "Host", "bright-smile.localhost", "If-None-Match", own.Header().Get("ETag"))
		require.Equal(t, 304, again.Code)
		for _, host := range []string{"harbour.localhost", "nobody.localhost", "localhost", "127.0.0.1:8000", "elsewhere.example"} {
			require.Equal(t, before.Body.String(), h.call(t, "GET", path, "", "", "Host", host).Body.String(), host)
		}
	}
	require.Equal(t, up.field("logo_url"), h.brand(t, "bright-smile.localhost")["logo_url"])
	require.Empty(t, h.brand(t, "harbour.localhost")["logo_url"])

	crossed := strings.Replace(up.field("logo_url"), "bright-smile", "harbour", 1)
	require.Equal(t, 404, h.call(t, "GET", crossed, "", "").Code, "another's asset is none")
	require.Equal(t, 404, h.call(t, "GET", strings.Replace(up.field("logo_url"), "logo.png", "%2e%2e", 1), "", "").Code)

	second := h.upload(t, "/routes/branding/upload-logo?tenant_id=bright-smile", owner, "logo.png", "image/png", tealSquare(8))
	require.Equal(t, 200, second.Code, second.Body)
	require.NotEqual(t, up.field("logo_url"), second.field("logo_url"))
	require.Empty(t, second.field("logo_svg"))
	require.Equal(t, 404, h.call(t, "GET", up.field("logo_url"), "", "").Code, "the former logo is gone")

	require.Equal(t, 200, h.call(t, "DELETE", "/routes/branding/bright-smile/reset", owner, "").Code)
	require.Equal(t, 404, h.call(t, "GET", second.field("logo_url"), "", "").Code)
	require.Equal(t, before.Body.String(), h.call(t, "GET", "/favicon.ico", "", "", "Host", "bright-smile.localhost").Body.String())
}

func TestABrandingIsChangedInItsOwnFieldsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, owner := h.provision(t, h.root(t), "bright-smile")
	put := func(body string) answer {
		return h.call(t, "PUT", "/routes/branding", owner, body, "X-Tenant-Slug", "bright-smile")
	}
	for field, values := range map[string][]string{
		"brand_primary":   {"red", "#12345", "#12345g", "red;}body{x:y"},
		"brand_secondary": {"</style>"},
		"company_name":    {"a\u202eb", strings.Repeat("a", 121)},
		"logo_url":        {"javascript:alert(1)", "//evil.example/x.png", "https://evil.example/x.png", "http://169.254.169.254/"},
		"logo_svg":        {"https://evil.example/x.svg", "<svg><!DOCTYPE x [<!ENTITY a 'b'>]></svg>", "<html></html>"},
		"custom_domain":   {"chat.evil.com"},
	} {
		for _, value := range values {
			body, err := json.Marshal(map[string]string{field: value})
			require.NoError(t, err)
			got := put(string(body))
			require.Contains(t, []int{415, 422}, got.Code, "%s: %s", body, got.Body)
			require.NotContains(t, got.Body.String(), "evil")
		}
	}
	got := put(`{"brand_primary":"#0A7D4F","brand_secondary":"#FFFFFF","company_name":"Bright  Smile Ltd","logo_svg":"<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"}`)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, id, got.field("tenant_id"))
	require.Equal(t, "Bright Smile Ltd", got.field("company_name"))
	require.NotEmpty(t, got.field("logo_svg"))
	whole := h.call(t, "GET", "/routes/branding", owner, "", "X-Tenant-Slug", "bright-smile")
	require.Equal(t, got.Body.String(), whole.Body.String())
	require.Equal(t, whole.Body.String(), put(whole.Body.String()).Body.String(), "what GET answers may be sent back")
	brand := h.brand(t, "bright-smile.localhost")
	require.Equal(t, "Bright Smile Ltd", brand["name"])
	require.Equal(t, "#0A7D4F", brand["brand_primary"])
	require.Equal(t, "#FFFFFF", brand["on_primary"])
	require.Equal(t, "#0A7D4F", h.call(t, "GET", "/routes/tenants/bright-smile", owner, "").field("brand_primary"), "one colour, wherever it is read")
}

func TestWhatMayNotBeShownLooksLikeNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, owner := h.provision(t, h.root(t), "bright-smile")
	ask := func(path, bearer string) string { return h.call(t, "GET", path, bearer, "").Body.String() }
	nobody := ask("/routes/resolve-tenant?slug=nobody", "")
	require.Contains(t, nobody, `"found":false`)
	require.Contains(t, nobody, "FloMastr")
	for _, path := range []string{"?host=nobody.localhost", "?host=elsewhere.example", "?host=127.0.0.1", "?slug=" + id, "?email=owner@bright-smile.test", ""} {
		require.Equal(t, nobody, ask("/routes/resolve-tenant"+path, ""), path)
	}
	require.Contains(t, ask("/routes/resolve-tenant?host=bright-smile.localhost", ""), `"found":true`)
	byID := func(bearer string) string {
		return h.call(t, "POST", "/routes/resolve-tenant", bearer, `{"identifier":"`+id+`","type":"id"}`).Body.String()
	}
	require.Equal(t, nobody, byID(""), "an id is not public")
	require.Contains(t, byID(owner), `"tenant_slug":"bright-smile"`)
	unknown := ask("/config.json?slug=nobody", "")
	require.NotEqual(t, unknown, ask("/config.json?slug=bright-smile", ""))
	h.setStatus(t, id, "soft_deleted")
	require.Equal(t, unknown, ask("/config.json?slug=bright-smile", ""))
	require.Equal(t, nobody, ask("/routes/resolve-tenant?slug=bright-smile", ""))
}

func TestAProfileIsKeptAndItsDomainProvenBeforeItIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "bright-smile")
	put := func(body string) answer {
		return h.call(t, "PUT", "/routes/tenant-profile?tenant_id=bright-smile", owner, body)
	}
	for _, bad := range []string{
		`{"size":"many"}`, `{"time_zone":"Mars/Olympus"}`, `{"contacts":{"billing":{"email":"x"}}}`, `{"contacts":{"primary":{"phone":"12"}}}`,
		`{"custom_domain":"localhost"}`, `{"custom_domain":"x.localhost"}`, `{"custom_domain":"10.0.0.1"}`, `{"custom_domain":"https://a.example"}`, `{"custom_domain":"a_b.example"}`,
	} {
		require.Equal(t, 422, put(bad).Code, bad)
	}
	require.Equal(t, 409, h.call(t, "POST", "/routes/tenant-profile/domain/verify?tenant_id=bright-smile", owner, "").Code)
	got := put(`{"company":"Bright Smile Ltd","size":"11-50","industry":"Dentistry","time_zone":"Europe/London","custom_domain":"Chat.BrightSmile.example.","contacts":{"billing":{"name":"Sara","email":"sara@example.com","phone":"+44 20 7946 0000"}}}`)
	require.Equal(t, 200, got.Code, got.Body)
	require.Contains(t, got.Body.String(), `"phone":"+442079460000"`)
	require.Equal(t, "chat.brightsmile.example", got.field("custom_domain"))
	require.Contains(t, got.Body.String(), `"name":"_flomastr.chat.brightsmile.example"`)
	again := put(got.Body.String())
	require.Equal(t, got.Body.String(), again.Body.String(), "what GET answers may be sent back, and keeps the claim")
	verify := h.call(t, "POST", "/routes/tenant-profile/domain/verify?tenant_id=bright-smile", owner, "")
	require.Equal(t, 200, verify.Code, verify.Body)
	require.Contains(t, verify.Body.String(), `"verified":false`)
	require.Equal(t, "FloMastr", h.brand(t, "chat.brightsmile.example")["name"], "a claim alone is not served")
	require.Equal(t, "Europe/London", h.call(t, "GET", "/routes/tenants/bright-smile", owner, "").field("time_zone"))
}

func TestATenantIsCreatedWithItsProfile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	made := h.call(t, "POST", "/routes/tenants", root, `{"slug":"bright-smile","name":"Bright Smile","brand_primary":"#0A7D4F","company":"Bright Smile Ltd","contacts":{"primary":{"email":"a@b.example"}}}`)
	require.Equal(t, 201, made.Code, made.Body)
	require.Equal(t, "#0A7D4F", made.field("brand_primary"))
	id, err := flomastr.ParseID[flomastr.TenantID](made.field("id"))
	require.NoError(t, err)
	profile, err := profilesOf(h.db).Profile(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Bright Smile Ltd", profile.Company)
	require.Equal(t, "a@b.example", profile.Primary.Email)
}

func TestOnlyOurOwnHostsMayHaveACertificate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.provision(t, h.root(t), "bright-smile")
	ask := func(query string) int {
		out := httptest.NewRecorder()
		h.api.Internal().ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/internal/tls-ask"+query, nil))
		return out.Code
	}
	for host, want := range map[string]int{
		"localhost": 200, "app.localhost": 200, "engine.localhost": 200, "bright-smile.localhost": 200,
		"": 404, "www.localhost": 404, "admin.localhost": 404, "nobody.localhost": 404, "a.bright-smile.localhost": 404, id + ".localhost": 404,
		"127.0.0.1": 404, "elsewhere.example": 404, "bright-smile.localhost.": 404, "BRIGHT-SMILE.localhost": 404, "x%00.localhost": 404,
	} {
		require.Equal(t, want, ask("?domain="+host), host)
	}
	require.Equal(t, 404, ask(""))
	require.Equal(t, 404, ask("?domain=localhost&domain=evil.example"))
	require.Equal(t, 404, h.call(t, "GET", "/internal/tls-ask?domain=localhost", "", "").Code, "never on the public listener")
	h.setStatus(t, id, "suspended")
	require.Equal(t, 404, ask("?domain=bright-smile.localhost"))
}
