package ledger

import (
	"bufio"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers GET /ledger?to=&since=: a JSON array of entries, oldest first. to is digits (a leading + is ignored),
// since an inclusive RFC 3339 time; each may be left out.
func (l *Ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	// A + that nobody escaped arrives as a space, both before digits and in a time zone.
	to := strings.TrimPrefix(strings.TrimSpace(query.Get("to")), "+")
	var since time.Time
	if raw := strings.ReplaceAll(query.Get("since"), " ", "+"); raw != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, raw); err != nil {
			http.Error(w, "since is not an RFC 3339 time", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	out := bufio.NewWriterSize(w, 1<<16)
	separator := "["
	err := l.Read(r.Context(), to, since, func(line []byte) error {
		if _, err := out.WriteString(separator); err != nil {
			return err
		}
		separator = ",\n"
		_, err := out.Write(line)
		return err
	})
	if err != nil {
		// Headers are out: break the connection rather than end the array as if it were whole.
		panic(http.ErrAbortHandler)
	}
	if separator == "[" {
		_, _ = out.WriteString("[")
	}
	_, _ = out.WriteString("]\n")
	_ = out.Flush()
}
