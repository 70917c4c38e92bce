package clerk

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed browser.js
var browserScript []byte

// PublishableKey is the key of the instance at a frontend API's URL, as Clerk's dashboard shows one for development.
func PublishableKey(frontendAPI string) string {
	u, err := url.Parse(frontendAPI)
	if err != nil {
		panic(err) // not an address
	}
	return "pk_test_" + base64.StdEncoding.EncodeToString([]byte(u.Host+"$"))
}

// signedIn is a session that a browser began here.
type signedIn struct {
	user   string
	proved time.Time // when the person last said who they are
}

// browser serves what a page loads: a script in the place of clerk-js, which has the documented surface of window.Clerk as
// far as FloMastr uses it, and a form that believes whatever address is typed. What the two say to each other under
// /stand-in is their own; Clerk's frontend API is not imitated.
func (c *Clerk) browser() {
	script := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(body)
		}
	}
	c.mux.HandleFunc("GET /npm/@clerk/{package}/dist/clerk.browser.js", script(browserScript))
	c.mux.HandleFunc("GET /npm/@clerk/{package}/dist/ui.browser.js", script([]byte("window.__internal_ClerkUICtor = class {}\n")))
	c.mux.HandleFunc("OPTIONS /stand-in/{rest...}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	c.mux.HandleFunc("POST /stand-in/sessions", c.begin)
	c.mux.HandleFunc("POST /stand-in/sessions/{id}/tokens", c.token)
	c.mux.HandleFunc("POST /stand-in/sessions/{id}/proof", c.prove)
	c.mux.HandleFunc("DELETE /stand-in/sessions/{id}", c.end)
}

// fromAPage lets every page read the answers. The stand-in listens on this machine only and holds nobody's data.
func fromAPage(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Methods", "POST, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Vary", "Origin")
	}
}

// begin signs in whoever is named. An address has the same subject for ever, so that memberships outlive the stand-in.
func (c *Clerk) begin(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Email string `json:"email"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&asked); err != nil || !strings.Contains(asked.Email, "@") {
		answer(w, http.StatusUnprocessableEntity, problem("form_param_format_invalid", "Email address must be a valid email address."))
		return
	}
	sum := sha256.Sum256([]byte(strings.ToLower(asked.Email)))
	id := "user_" + hex.EncodeToString(sum[:12])
	session := "sess_" + hex.EncodeToString(sum[12:20]) + hex.EncodeToString([]byte(c.cfg.Clock().Format("150405.000000")))
	c.mu.Lock()
	if _, known := c.users[id]; !known {
		c.users[id] = User{ID: id, Email: asked.Email, Verified: true, Updated: c.cfg.Clock()}
	}
	user := c.users[id]
	c.begun[session] = signedIn{user: id, proved: c.cfg.Clock()}
	c.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"id": session, "user": map[string]string{"id": user.ID, "email": user.Email}})
}

// token makes one for a session, for the page that asks.
func (c *Clerk) token(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	session, ok := c.running(id)
	if !ok {
		answer(w, http.StatusNotFound, problem("resource_not_found", "Session not found"))
		return
	}
	claims := c.Claims(session.user, r.Header.Get("Origin"))
	claims["sid"] = id
	claims["fva"] = []int{int(c.cfg.Clock().Sub(session.proved) / time.Minute), -1}
	answer(w, http.StatusOK, map[string]string{"jwt": c.Token(claims)})
}

func (c *Clerk) prove(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	session, ok := c.running(id)
	if !ok {
		answer(w, http.StatusNotFound, problem("resource_not_found", "Session not found"))
		return
	}
	session.proved = c.cfg.Clock()
	c.mu.Lock()
	c.begun[id] = session
	c.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (c *Clerk) end(w http.ResponseWriter, r *http.Request) {
	c.EndSession(r.PathValue("id"), "ended")
	w.WriteHeader(http.StatusNoContent)
}

func (c *Clerk) running(id string) (signedIn, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	session, ok := c.begun[id]
	return session, ok && c.ended[id] == "" && !c.users[session.user].Banned
}
