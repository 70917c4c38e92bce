package contextengine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// The longest title and label, in characters, and the most tags.
const (
	maxTitle = 300
	maxLabel = 200
	maxTags  = 50
)

// Add keeps a draft and has it indexed. A page is known by its address, everything else by its title: adding one again
// with other content raises its version, with the same content does nothing. The content is safe in the blob store
// before the item's row and its job are written in one commit.
func (e *Engine) Add(ctx context.Context, tenant flomastr.TenantID, d Draft) (Item, error) {
	return e.keep(ctx, tenant, d, func(*SaveItem) {})
}

// keep is Add, with a say in what is written.
func (e *Engine) keep(ctx context.Context, tenant flomastr.TenantID, d Draft, with func(*SaveItem)) (Item, error) {
	save, err := e.store(ctx, tenant, d)
	if err != nil {
		return Item{}, err
	}
	with(&save)
	saved, err := e.Status.SaveItem(ctx, tenant, save)
	if err != nil {
		return Item{}, fmt.Errorf("save item: %w", err)
	}
	e.dropBlob(ctx, tenant, saved.Dropped)
	return saved.Item, nil
}

// store judges a draft and puts its content into the blob store.
func (e *Engine) store(ctx context.Context, tenant flomastr.TenantID, d Draft) (SaveItem, error) {
	save, err := saveOf(d)
	if err != nil {
		return SaveItem{}, err
	}
	if d.Document != nil {
		if d.Content, err = json.Marshal(d.Document); err != nil {
			return SaveItem{}, fmt.Errorf("write down page: %w", err)
		}
	}
	if err := e.allowed(ctx, tenant, d.Source, save.Type, int64(len(d.Content))); err != nil {
		return SaveItem{}, err
	}
	if d.Content == nil {
		return save, nil
	}
	sum := sha256.Sum256(d.Content)
	save.Hash, save.Size = sum[:], int64(len(d.Content))
	// Each upload has its own key, so that no deletion of another item can take this one's content away.
	save.BlobKey = "knowledge/" + flomastr.NewID[flomastr.ItemID]().String()
	if err := e.Blobs.Put(ctx, tenant, save.BlobKey, d.Content); err != nil {
		return SaveItem{}, fmt.Errorf("keep content of %q: %w", save.Title, err)
	}
	return save, nil
}

// allowed holds an upload to the tenant's policies. What a file really is, the reader finds out; its name must at least
// claim something that is allowed.
func (e *Engine) allowed(ctx context.Context, tenant flomastr.TenantID, source Origin, kind string, size int64) error {
	if source == FromURL {
		return nil
	}
	limits, err := e.Status.Limits(ctx, tenant)
	if err != nil {
		return fmt.Errorf("read limits: %w", err)
	}
	if source == FromFile {
		return limits.Allow(kind, size)
	}
	return limits.fit(size)
}

// Allow tells whether a tenant may have a document of this type and size read. The type is a file's ending, or what a
// reader found it to be.
func (l Limits) Allow(kind string, size int64) error {
	if err := l.fit(size); err != nil {
		return err
	}
	if !slices.Contains(l.FileTypes, flomastr.FileTypeOf(kind)) {
		return ErrFileType
	}
	return nil
}

func (l Limits) fit(size int64) error {
	if size > l.MaxFileSize {
		return ErrTooLarge
	}
	return nil
}

func extension(filename string) string {
	return strings.TrimPrefix(strings.ToLower(path.Ext(filename)), ".")
}

func saveOf(d Draft) (SaveItem, error) {
	save := SaveItem{
		ID: flomastr.NewID[flomastr.ItemID](), By: cmp.Or(d.By, flomastr.ActorSystem), Title: strings.TrimSpace(strings.ToValidUTF8(d.Title, "")), Source: d.Source,
		Filename: strings.ToValidUTF8(d.Filename, ""), URL: d.URL, Intent: d.Intent, Tags: d.Tags, Type: "markdown", Cause: Edited,
	}
	if !labels(d) {
		return SaveItem{}, ErrLabels
	}
	u, err := url.Parse(strings.TrimSpace(d.URL))
	// The address of a page, and the link that people are shown beside what is cited: a script is neither.
	if d.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(d.URL) > 2000) {
		return SaveItem{}, ErrBadURL
	}
	switch d.Source {
	case FromURL:
		if d.URL == "" {
			return SaveItem{}, ErrBadURL
		}
		u.Fragment = ""
		save.URL, save.Type, save.Cause = u.String(), "html", Crawled
		if save.Title == "" {
			save.Title = clipTitle(save.URL)
		}
	case FromFile:
		if len(d.Content) == 0 {
			return SaveItem{}, ErrEmptyContent
		}
		save.Type, save.Cause = extension(save.Filename), Uploaded
		if save.Title == "" {
			save.Title = clipTitle(strings.TrimSuffix(path.Base(save.Filename), path.Ext(save.Filename)))
		}
	default:
		if len(bytes.TrimSpace(d.Content)) == 0 {
			return SaveItem{}, ErrEmptyContent
		}
	}
	if strings.ContainsRune(save.Title+save.Filename, 0) || save.Title == "" || utf8.RuneCountInString(save.Title) > maxTitle {
		return SaveItem{}, ErrTitleLength
	}
	return save, nil
}

// labels tells whether intent and tags are short text.
func labels(d Draft) bool {
	for _, label := range append([]string{d.Intent}, d.Tags...) {
		if !utf8.ValidString(label) || strings.ContainsRune(label, 0) || utf8.RuneCountInString(label) > maxLabel {
			return false
		}
	}
	return len(d.Tags) <= maxTags
}

func clipTitle(s string) string {
	if runes := []rune(s); len(runes) > maxTitle {
		return string(runes[:maxTitle])
	}
	return s
}
