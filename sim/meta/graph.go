package meta

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"
)

// refusal is an error as the Graph API writes it.
type refusal struct {
	status  int
	code    int
	message string
	details string
}

func (r refusal) Error() string { return r.message }

func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, 100, "(#100) Invalid parameter", fmt.Sprintf(format, args...)}
}

func writeRefusal(w http.ResponseWriter, r *refusal) {
	body := map[string]any{"message": r.message, "type": "OAuthException", "code": r.code, "fbtrace_id": "A" + newID()}
	if r.details != "" {
		body["error_data"] = map[string]string{"messaging_product": "whatsapp", "details": r.details}
	}
	writeJSON(w, r.status, map[string]any{"error": body})
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

var version = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)

// graph frames a call: the version, the token, and an object of the path that the token may see.
func (s *StandIn) graph(handle func(w http.ResponseWriter, r *http.Request, n Number)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !version.MatchString(r.PathValue("version")) {
			writeRefusal(w, &refusal{http.StatusBadRequest, 2500, "Unknown path components: " + r.URL.Path, ""})
			return
		}
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		n, known := s.byToken(token, r.PathValue("object"))
		switch {
		case !found || token == "" || !s.knowsToken(token):
			writeRefusal(w, &refusal{http.StatusUnauthorized, 190, "Invalid OAuth access token - Cannot parse access token", ""})
		case !known:
			writeRefusal(w, &refusal{http.StatusBadRequest, 100, "Unsupported " + strings.ToLower(r.Method) + " request. Object with ID '" + r.PathValue("object") +
				"' does not exist, cannot be loaded due to missing permissions, or does not support this operation", ""})
		default:
			handle(w, r, n)
		}
	}
}

func (s *StandIn) knowsToken(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.numbers {
		if n.Token == token {
			return true
		}
	}
	return false
}

// byToken finds the number that an object belongs to, among those of the token: the number itself, its account, or a file.
func (s *StandIn) byToken(token, object string) (Number, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := s.media[object].owner
	for _, n := range s.numbers {
		if n.Token == token && (n.PhoneNumberID == object || n.AccountID == object || n.PhoneNumberID == owner) {
			return *n, true
		}
	}
	return Number{}, false
}

const maxBody = 1 << 20

// readJSON reads a body whose every member must be known, as the Graph API wants it.
func readJSON(w http.ResponseWriter, r *http.Request, into any) *refusal {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return invalid("Content-Type must be application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalid("%v", err)
	}
	return nil
}

func (s *StandIn) getNumber(w http.ResponseWriter, r *http.Request, n Number) {
	if r.PathValue("object") != n.PhoneNumberID {
		s.getMedia(w, r)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{
		"id": n.PhoneNumberID, "display_phone_number": "+" + n.Number, "verified_name": "Stand-in", "quality_rating": "GREEN",
	})
}
