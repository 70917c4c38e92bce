package clerk

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config is what a stand-in is made of.
type Config struct {
	Issuer        string // the frontend API's URL
	SecretKey     string
	WebhookSecret string
	Clock         func() time.Time
}

// User is a person at Clerk.
type User struct {
	ID       string
	Email    string
	Verified bool
	Banned   bool
	Updated  time.Time
}

// Clerk is the stand-in. It is safe for concurrent use.
type Clerk struct {
	cfg Config
	mux *http.ServeMux

	mu      sync.Mutex
	keys    map[string]*rsa.PrivateKey
	current string
	users   map[string]User
	begun   map[string]signedIn
	ended   map[string]string // sessions that are not active, and how they ended
	lie     http.HandlerFunc
	calls   map[string]int
}

// New makes a stand-in with one key and nobody in it.
func New(cfg Config) *Clerk {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &Clerk{
		cfg: cfg, mux: http.NewServeMux(), keys: map[string]*rsa.PrivateKey{}, users: map[string]User{}, begun: map[string]signedIn{}, ended: map[string]string{}, calls: map[string]int{},
	}
	c.Rotate(true)
	c.mux.HandleFunc("GET /.well-known/jwks.json", c.keySet)
	c.mux.HandleFunc("GET /v1/users/{id}", c.user)
	c.mux.HandleFunc("GET /v1/sessions/{id}", c.session)
	c.browser()
	return c
}

// ServeHTTP answers as Clerk's frontend and backend APIs do.
func (c *Clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.calls[r.URL.Path]++
	lie := c.lie
	c.mu.Unlock()
	if lie != nil {
		lie(w, r)
		return
	}
	fromAPage(w, r)
	c.mux.ServeHTTP(w, r)
}

// Calls is how often a path was asked for.
func (c *Clerk) Calls(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[path]
}

// Lie makes every answer the given one; nil ends it.
func (c *Clerk) Lie(answer http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lie = answer
}

// Rotate signs with a new key from now on. The old ones stay published until told otherwise.
func (c *Clerk) Rotate(forgetOld bool) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if forgetOld {
		clear(c.keys)
	}
	c.current = "ins_" + rand.Text()
	c.keys[c.current] = key
}

// Put adds or replaces a person.
func (c *Clerk) Put(user User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users[user.ID] = user
}

// Remove deletes a person.
func (c *Clerk) Remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.users, id)
}

// EndSession makes a session what Clerk calls ended, removed or revoked.
func (c *Clerk) EndSession(id, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[id] = status
}

// Claims are those of a session token of version 2, as Clerk makes them by default: without an address.
func (c *Clerk) Claims(user, party string) map[string]any {
	now := c.cfg.Clock().Unix()
	return map[string]any{
		"iss": c.cfg.Issuer, "sub": user, "azp": party, "sid": "sess_" + user, "sts": "active", "v": 2, "jti": rand.Text(),
		"iat": now, "nbf": now - 10, "exp": now + 60, "fva": []int{3, -1}, "pla": "u:free", "fea": "",
		"o": map[string]any{"id": "org_1", "slg": "acme", "rol": "admin", "per": "manage"},
	}
}

// Token signs claims as they stand.
func (c *Clerk) Token(claims map[string]any) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	maps.Copy(token.Header, map[string]any{"kid": c.current, "cat": "cl_B7d4PD111AAA"})
	signed, err := token.SignedString(c.keys[c.current])
	if err != nil {
		panic(err) // the claims cannot be written as JSON
	}
	return signed
}

func (c *Clerk) keySet(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b64 := base64.RawURLEncoding.EncodeToString
	set := []map[string]string{}
	for kid, key := range c.keys {
		set = append(set, map[string]string{
			"use": "sig", "kty": "RSA", "alg": "RS256", "kid": kid, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		})
	}
	answer(w, http.StatusOK, map[string]any{"keys": set})
}

func (c *Clerk) user(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	user, ok := c.users[r.PathValue("id")]
	c.mu.Unlock()
	if c.authorised(w, r) {
		if !ok {
			answer(w, http.StatusNotFound, problem("resource_not_found", "not found"))
			return
		}
		answer(w, http.StatusOK, user.object())
	}
}

func (c *Clerk) session(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	status, ok := c.ended[r.PathValue("id")]
	c.mu.Unlock()
	if !ok {
		status = "active"
	}
	if c.authorised(w, r) {
		answer(w, http.StatusOK, map[string]any{"object": "session", "id": r.PathValue("id"), "status": status})
	}
}

func (c *Clerk) authorised(w http.ResponseWriter, r *http.Request) bool {
	if c.cfg.SecretKey == "" || r.Header.Get("Authorization") != "Bearer "+c.cfg.SecretKey {
		answer(w, http.StatusUnauthorized, problem("authentication_invalid", "Invalid authentication"))
		return false
	}
	return true
}

// object is the person as the Backend API and the webhooks show one.
func (u User) object() map[string]any {
	status := "unverified"
	if u.Verified {
		status = "verified"
	}
	object := map[string]any{
		"object": "user", "id": u.ID, "banned": u.Banned, "locked": false, "updated_at": u.Updated.UnixMilli(), "created_at": u.Updated.UnixMilli(),
		"primary_email_address_id": nil, "email_addresses": []any{}, "public_metadata": map[string]any{}, "unsafe_metadata": map[string]any{"role": "admin"},
	}
	if u.Email != "" {
		object["primary_email_address_id"] = "idn_1"
		object["email_addresses"] = []any{
			map[string]any{"object": "email_address", "id": "idn_0", "email_address": "second@people.test", "verification": map[string]any{"status": "verified", "strategy": "email_code"}},
			map[string]any{"object": "email_address", "id": "idn_1", "email_address": u.Email, "verification": map[string]any{"status": status, "strategy": "email_code"}},
		}
	}
	return object
}

func problem(code, message string) map[string]any {
	return map[string]any{"errors": []any{map[string]any{"code": code, "message": message, "long_message": message}}}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone
}
