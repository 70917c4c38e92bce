package infobip

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mediaFolder holds what customers sent, each as two files: the bytes, and their declared type beside them.
const mediaFolder = "media"

// What one upload and all uploads together may take. The oldest go first.
const (
	maxMedia    = 100 << 20
	maxAllMedia = 512 << 20
)

var mediaID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

func (s *StandIn) mediaFile(id string) string { return filepath.Join(s.config.Dir, mediaFolder, id) }

func (s *StandIn) hasMedia(id string) bool {
	if !mediaID.MatchString(id) {
		return false
	}
	_, err := os.Stat(s.mediaFile(id))
	return err == nil
}

// uploadMedia takes a file of a customer: POST /control/media, the bytes as body, their type as Content-Type.
func (s *StandIn) uploadMedia(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMedia))
	if err != nil {
		controlError(w, http.StatusRequestEntityTooLarge, "the file is larger than 100 MB")
		return
	}
	id := newID()
	kind := r.Header.Get("Content-Type")
	if err = os.WriteFile(s.mediaFile(id)+".type", []byte(kind), 0o600); err == nil {
		err = os.WriteFile(s.mediaFile(id), body, 0o600)
	}
	if err != nil {
		controlError(w, http.StatusInsufficientStorage, "the file could not be kept")
		return
	}
	s.forgetMedia()
	writeJSON(w, http.StatusCreated, map[string]string{"media_id": id, "content_type": kind})
}

// forgetMedia removes the oldest files beyond the limit, which is what a provider's expiry looks like from outside.
func (s *StandIn) forgetMedia() {
	entries, err := os.ReadDir(filepath.Join(s.config.Dir, mediaFolder))
	if err != nil {
		return
	}
	var infos []fs.FileInfo
	total := int64(0)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && !strings.HasSuffix(entry.Name(), ".type") {
			infos = append(infos, info)
			total += info.Size()
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		if total <= maxAllMedia {
			return
		}
		total -= info.Size()
		s.removeMedia(info.Name())
	}
}

func (s *StandIn) removeMedia(id string) {
	_ = os.Remove(s.mediaFile(id))
	_ = os.Remove(s.mediaFile(id) + ".type")
}

// getMedia serves GET and HEAD of a medium to the account of its sender.
func (s *StandIn) getMedia(c call) {
	if !s.ownsSender(c) {
		return
	}
	id := c.request.PathValue("mediaId")
	if !s.hasMedia(id) {
		notFound(c, "Media not found")
		return
	}
	file, err := os.Open(s.mediaFile(id))
	if err != nil {
		notFound(c, "Media not found")
		return
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		notFound(c, "Media not found")
		return
	}
	if kind, err := os.ReadFile(s.mediaFile(id) + ".type"); err == nil && len(kind) > 0 {
		c.Header().Set("Content-Type", string(kind))
	} else {
		c.Header().Set("Content-Type", "application/octet-stream")
	}
	c.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	c.WriteHeader(http.StatusOK)
	if c.request.Method != http.MethodHead {
		_, _ = io.Copy(c, file)
	}
}

// deleteMedia removes a medium by its URL.
func (s *StandIn) deleteMedia(c call) {
	if !s.ownsSender(c) {
		return
	}
	var body struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil || body.URL == "" {
		badRequest(c, findings{"url": {"must not be blank"}})
		return
	}
	id := body.URL[strings.LastIndexByte(body.URL, '/')+1:]
	if !s.hasMedia(id) {
		notFound(c, "Media not found")
		return
	}
	s.removeMedia(id)
	c.WriteHeader(http.StatusNoContent)
}

// ownsSender answers 404 and returns false for a sender in the path that is not this account's.
func (s *StandIn) ownsSender(c call) bool {
	sender, known := s.senders.get(c.request.PathValue("sender"))
	if !known || sender.APIKey != c.account {
		notFound(c, "Sender not found")
		return false
	}
	return true
}
