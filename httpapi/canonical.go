package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

var errAddress = flomastr.Errorf(flomastr.Malformed, "malformed_address",
	"The address does not parse: each parameter stands once, in UTF-8, percent-encoded, without control characters.")

// canonical refuses what two parties might read differently, or what no table of ours can hold, before anything is
// decided by it: paths that a proxy may fold, queries with a parameter twice, bytes that are no text.
func (a *API) canonical(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !plainPath(r.URL) {
			a.answerProblem(w, r, identity.ErrNotFound)
			return
		}
		if a.isAPI(r.URL.Path) && !plainQuery(r.URL.RawQuery) {
			a.answerProblem(w, r, errAddress)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// plainPath tells whether a path has one reading: no empty or dotted segment, no encoded slash, no parameters.
func plainPath(u *url.URL) bool {
	encoded := strings.ToLower(u.EscapedPath())
	if strings.Contains(encoded, ";") || strings.Contains(encoded, "%2f") || strings.Contains(encoded, "%5c") || !isText(u.Path) {
		return false
	}
	segments := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	for i, segment := range segments {
		if segment == "." || segment == ".." || segment == "" && i < len(segments)-1 {
			return false
		}
	}
	return true
}

// plainQuery tells whether every parameter stands once and is text. No parameter of the API is a list.
func plainQuery(raw string) bool {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, list := range values {
		if len(list) > 1 || !isText(name) || slices.ContainsFunc(list, func(s string) bool { return !isText(s) }) {
			return false
		}
	}
	return true
}

// isText tells whether a database of text can keep a string.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
