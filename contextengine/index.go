package contextengine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/llm"
)

// IndexArgs is the job that reads, cuts, embeds and publishes one version of an item.
type IndexArgs struct {
	Tenant  flomastr.TenantID `json:"tenant_id"`
	Item    flomastr.ItemID   `json:"item_id"`
	Version int               `json:"version"`
}

// Kind names the job in the queue.
func (IndexArgs) Kind() string { return "knowledge.index" }

// embedBatch is how many passages are embedded between two reports of progress.
const embedBatch = 64

// Index does the job. It may be killed at any point and done again: nothing is half visible, and what was published is
// not published twice. An error that another try cannot mend is written to the item as a sentence and answered with nil;
// the others are returned, for the queue to try again.
func (e *Engine) Index(ctx context.Context, tenant flomastr.TenantID, args IndexArgs) error {
	item, err := e.Status.Item(ctx, tenant, args.Item)
	if errors.Is(err, ErrItemNotFound) {
		return e.Content.Erase(ctx, tenant, args.Item) // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("read item: %w", err)
	}
	if item.Version != args.Version || item.Status != Processing {
		return nil // a newer version has its own job, or this one is done
	}
	err = e.index(ctx, tenant, item)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrVersionPassed):
		return nil
	case errors.Is(err, ErrItemNotFound):
		return e.Content.Erase(ctx, tenant, item.ID)
	case again(err):
		return fmt.Errorf("index item: %w", err)
	}
	e.Log.WarnContext(ctx, "knowledge item failed", "tenant_id", tenant, "item_id", item.ID, "version", item.Version, "error", err)
	return e.fail(ctx, tenant, item, err)
}

// GiveUp writes a failure that the queue has stopped trying to mend.
func (e *Engine) GiveUp(ctx context.Context, tenant flomastr.TenantID, args IndexArgs, cause error) error {
	return e.fail(ctx, tenant, Item{ID: args.Item, Version: args.Version}, cause)
}

func (e *Engine) fail(ctx context.Context, tenant flomastr.TenantID, item Item, cause error) error {
	err := e.Status.FailItem(ctx, tenant, item.ID, item.Version, failure(cause))
	if errors.Is(err, ErrVersionPassed) || errors.Is(err, ErrItemNotFound) {
		return nil
	}
	return err
}

// failure is what people are told of a cause.
func failure(cause error) string {
	var known *flomastr.Error
	if errors.As(cause, &known) && known.Kind != flomastr.Internal {
		return known.Message
	}
	return "Something went wrong on our side while reading it; try to index it again."
}

// again tells the failures that time may mend.
func again(err error) bool {
	switch flomastr.KindOf(err) {
	case flomastr.Unavailable, flomastr.Limited, flomastr.UpstreamTimeout, flomastr.Internal:
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (e *Engine) index(ctx context.Context, tenant flomastr.TenantID, item Item) error {
	progress := func(p Progress) error { return e.Status.SetProgress(ctx, tenant, item.ID, item.Version, p) }
	if err := progress(Progress{Stage: StageReading}); err != nil {
		return err
	}
	doc, err := e.fetch(ctx, tenant, item)
	if err != nil {
		return err
	}
	title := item.Title
	if item.Source == FromURL && item.Title == clipTitle(item.URL) && strings.TrimSpace(doc.Title) != "" {
		title = clipTitle(strings.TrimSpace(doc.Title))
	}
	var publication Publication
	for range modelTries {
		if publication, err = e.publish(ctx, tenant, item, title, doc, progress); !errors.Is(err, ErrModelPassed) {
			break
		}
	}
	if err != nil {
		return err
	}
	err = e.Status.FinishItem(ctx, tenant, item.ID, item.Version, Finished{
		Chunks: len(publication.Passages), Type: publication.Type, Title: title, Warnings: doc.Warnings,
	})
	if err != nil {
		return err
	}
	// The item serves by now. What could not be built is begun again by whatever is published next.
	if err := e.Content.IndexVectors(ctx, tenant, publication.Model, publication.Numbers, exactVectors); err != nil {
		e.Log.WarnContext(ctx, "vectors not indexed", "tenant_id", tenant, "error", err)
	}
	return nil
}

func (e *Engine) publish(ctx context.Context, tenant flomastr.TenantID, item Item, title string, doc Document, progress func(Progress) error) (Publication, error) {
	p, err := e.prepare(ctx, tenant, item, title, doc, progress)
	if err != nil {
		return p, err
	}
	if err := progress(Progress{Stage: StageStore, Done: len(p.Passages), Total: len(p.Passages)}); err != nil {
		return p, err
	}
	if err := e.Content.Publish(ctx, tenant, p); err != nil {
		return p, fmt.Errorf("publish: %w", err)
	}
	return p, nil
}

// fetch reads the item's source to Markdown.
func (e *Engine) fetch(ctx context.Context, tenant flomastr.TenantID, item Item) (Document, error) {
	var doc Document
	limits, err := e.Status.Limits(ctx, tenant)
	if err != nil {
		return Document{}, fmt.Errorf("read limits: %w", err)
	}
	switch {
	case item.Source == FromURL && item.BlobKey != "": // a crawl has read it
		body, err := e.Blobs.Get(ctx, tenant, item.BlobKey)
		if err != nil {
			return Document{}, fmt.Errorf("fetch page: %w", err)
		}
		if err := json.Unmarshal(body, &doc); err != nil {
			return Document{}, fmt.Errorf("read kept page: %w", err)
		}
	case item.Source == FromURL:
		if doc, err = e.Reader.ReadURL(ctx, limits, item.URL); err != nil {
			return Document{}, fmt.Errorf("read page: %w", err)
		}
	case item.Source == FromFile:
		body, err := e.Blobs.Get(ctx, tenant, item.BlobKey)
		if err != nil {
			return Document{}, fmt.Errorf("fetch content: %w", err)
		}
		if doc, err = e.Reader.ReadFile(ctx, limits, item.Filename, body); err != nil {
			return Document{}, fmt.Errorf("read file: %w", err)
		}
	default:
		body, err := e.Blobs.Get(ctx, tenant, item.BlobKey)
		if err != nil {
			return Document{}, fmt.Errorf("fetch content: %w", err)
		}
		doc = Document{Markdown: string(body), Type: "markdown"}
	}
	if !utf8.ValidString(doc.Markdown) || strings.ContainsRune(doc.Markdown, 0) {
		doc.Markdown = strings.ReplaceAll(strings.ToValidUTF8(doc.Markdown, "\uFFFD"), "\x00", "")
	}
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrEmptyContent
	}
	return doc, nil
}

// prepare cuts and embeds: the slow part, during which no transaction is open.
func (e *Engine) prepare(ctx context.Context, tenant flomastr.TenantID, item Item, title string, doc Document, progress func(Progress) error) (Publication, error) {
	sum := sha256.Sum256([]byte(title + "\x00" + doc.Markdown))
	p := Publication{
		Item: item.ID, Version: item.Version, Title: title, Source: item.Source, URL: item.URL, Type: item.Type, Intent: item.Intent,
		Tags: item.Tags, Markdown: doc.Markdown, Hash: sum[:],
	}
	if doc.Type != "" {
		p.Type = doc.Type
	}
	chunks := chunk.Split(doc.Markdown, doc.Parts)
	if item.Source == FromHITL {
		chunks = chunk.Whole(doc.Markdown)
	}
	if len(chunks) == 0 {
		return Publication{}, ErrEmptyContent
	}
	before, err := e.Content.Indexed(ctx, tenant, item.ID)
	if err != nil {
		return Publication{}, fmt.Errorf("read what is published: %w", err)
	}
	// Where the embedder that serves is there no more, no question has a vector either: the wanted one's are made at once.
	embedder, err := e.serving(ctx, tenant, before.Serving)
	if err != nil && (embedder.Embedder == nil || !errors.Is(err, ErrNoEmbedder)) {
		return Publication{}, fmt.Errorf("find the embedder: %w", err)
	}
	p.Model, p.Numbers, p.Serving = embedder.Name(), embedder.Dimensions(), before.Serving
	_ = e.withAnalyst(func(a *analyst) error {
		if p.Language = a.detector.Detect(sample(doc.Markdown)); p.Language == analysis.Undecided {
			p.Language = before.Language // a few words say too little; a tenant mostly writes one language
		}
		p.Passages = a.index(title, p.Language, chunks)
		return nil
	})
	return p, e.embed(ctx, embedder, title, chunks, &p, before, progress)
}

// embed gives a vector to every passage that has none published, a batch at a time.
func (e *Engine) embed(ctx context.Context, embedder llm.Embedder, title string, chunks []chunk.Chunk, p *Publication, before Indexed, progress func(Progress) error) error {
	var missing []int
	for i := range p.Passages {
		if !slices.Contains(before.Models[p.Passages[i].Key], p.Model) {
			missing = append(missing, i)
		}
	}
	done := len(p.Passages) - len(missing)
	for len(missing) > 0 {
		if err := progress(Progress{Stage: StageEmbed, Done: done, Total: len(p.Passages)}); err != nil {
			return err
		}
		batch := missing[:min(embedBatch, len(missing))]
		texts := make([]string, len(batch))
		for i, at := range batch {
			texts[i] = passageText(title, chunks[at])
		}
		vectors, err := embedder.Embed(ctx, texts)
		if err != nil {
			return fmt.Errorf("embed passages %d to %d: %w", batch[0], batch[len(batch)-1], err)
		}
		if err := checkVectors(vectors, len(texts), embedder.Dimensions()); err != nil {
			return err
		}
		for i, at := range batch {
			p.Passages[at].Vector = vectors[i]
		}
		missing = missing[len(batch):]
		done += len(batch)
	}
	return nil
}

// ErrBadVectors is what an embedder gets that breaks its contract. Storing such vectors would poison every later search.
var ErrBadVectors = flomastr.Errorf(flomastr.Upstream, "embedder_broken", "The embedding service answered with unusable vectors; try to index it again later.")

func checkVectors(vectors [][]float32, want, dimensions int) error {
	if len(vectors) != want {
		return ErrBadVectors.Because(fmt.Errorf("%d vectors for %d texts", len(vectors), want))
	}
	for i, v := range vectors {
		if len(v) != dimensions {
			return ErrBadVectors.Because(fmt.Errorf("vector %d has %d dimensions, not %d", i, len(v), dimensions))
		}
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return ErrBadVectors.Because(fmt.Errorf("vector %d holds a number that is none", i))
			}
		}
	}
	return nil
}

// sample takes the text that the language is told by, past a page's menus and headings where it is long.
func sample(markdown string) string {
	if len(markdown) > 12000 {
		return strings.ToValidUTF8(markdown[2000:6000], "")
	}
	return markdown
}
