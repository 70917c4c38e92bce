package meta

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strings"
)

// file is one file; owner is the number that it was sent to or uploaded by.
type file struct {
	owner string
	kind  string
	bytes []byte
}

const (
	maxFile  = 16 << 20
	maxFiles = 500
)

func (f file) sum() []byte {
	sum := sha256.Sum256(f.bytes)
	return sum[:]
}

// keep stores a file and gives its id. The oldest make room by chance: ids have no order.
func (s *StandIn) keep(f file) string {
	id := newID()
	s.mu.Lock()
	defer s.mu.Unlock()
	for old := range s.media {
		if len(s.media) < maxFiles {
			break
		}
		delete(s.media, old)
	}
	s.media[id] = f
	return id
}

func (s *StandIn) file(id string) (file, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.media[id]
	return f, known
}

func (s *StandIn) uploadMedia(w http.ResponseWriter, r *http.Request, n Number) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFile+1<<20)
	sent, header, err := r.FormFile("file")
	if err != nil || r.FormValue("messaging_product") != "whatsapp" {
		writeRefusal(w, invalid("Param file and messaging_product are required"))
		return
	}
	defer func() { _ = sent.Close() }()
	content, err := io.ReadAll(sent)
	if err != nil {
		writeRefusal(w, invalid("The file broke off"))
		return
	}
	kind := r.FormValue("type")
	if kind == "" {
		kind = header.Header.Get("Content-Type")
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": s.keep(file{n.PhoneNumberID, kind, content})})
}

// getMedia tells where a file lies.
func (s *StandIn) getMedia(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("object")
	f, known := s.file(id)
	if asked := r.URL.Query().Get("phone_number_id"); !known || asked != "" && asked != f.owner {
		writeRefusal(w, invalid("Unsupported get request. Object with ID '%s' does not exist", id))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"messaging_product": "whatsapp", "url": s.config.BaseURL + "/lookaside/" + id, "mime_type": f.kind, "sha256": hex.EncodeToString(f.sum()),
		"file_size": len(f.bytes), "id": id,
	})
}

func (s *StandIn) deleteMedia(w http.ResponseWriter, r *http.Request, _ Number) {
	s.mu.Lock()
	_, known := s.media[r.PathValue("object")]
	delete(s.media, r.PathValue("object"))
	s.mu.Unlock()
	if !known {
		writeRefusal(w, invalid("Unsupported delete request"))
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

// lookaside hands a file over to whoever shows its number's token and names an agent.
func (s *StandIn) lookaside(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	f, known := s.file(r.PathValue("id"))
	n, _ := s.number(f.owner)
	switch {
	case !known:
		w.WriteHeader(http.StatusNotFound)
	case token == "" || token != n.Token || r.UserAgent() == "":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", f.kind)
		_, _ = w.Write(f.bytes)
	}
}

// controlMedia takes a file that a customer is going to send to a number.
func (s *StandIn) controlMedia(w http.ResponseWriter, r *http.Request) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	content, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	if _, known := s.number(r.URL.Query().Get("phone_number_id")); err != nil || readErr != nil || !known {
		controlError(w, http.StatusBadRequest, "a file of at most 16 MB with its Content-Type, and phone_number_id of a registered number")
		return
	}
	f := file{r.URL.Query().Get("phone_number_id"), kind, content}
	writeJSON(w, http.StatusCreated, map[string]string{"id": s.keep(f), "sha256": base64.StdEncoding.EncodeToString(f.sum()), "mime_type": kind})
}
