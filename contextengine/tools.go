package contextengine

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/llm"
)

// maxEmbedTexts bounds what one call may have embedded.
const maxEmbedTexts = 256

// ErrTooManyTexts is what EmbedTexts answers beyond its bound.
var ErrTooManyTexts = flomastr.Errorf(flomastr.Invalid, "texts_invalid", "Send 1 to 256 texts at a time.").Field("body.texts", "must hold 1 to 256 texts")

// Convert reads a file to Markdown and keeps nothing.
func (e *Engine) Convert(ctx context.Context, tenant flomastr.TenantID, filename string, body []byte) (Document, error) {
	limits, err := e.Status.Limits(ctx, tenant)
	if err != nil {
		return Document{}, fmt.Errorf("read limits: %w", err)
	}
	if len(body) == 0 {
		return Document{}, ErrEmptyContent
	}
	if err := limits.fit(int64(len(body))); err != nil {
		return Document{}, err
	}
	return e.Reader.ReadFile(ctx, limits, filename, body)
}

// ConvertPage reads a page to Markdown and keeps nothing.
func (e *Engine) ConvertPage(ctx context.Context, tenant flomastr.TenantID, address string) (Document, error) {
	if _, err := saveOf(Draft{Source: FromURL, URL: address}); err != nil {
		return Document{}, err
	}
	limits, err := e.Status.Limits(ctx, tenant)
	if err != nil {
		return Document{}, fmt.Errorf("read limits: %w", err)
	}
	return e.Reader.ReadURL(ctx, limits, address)
}

// EmbedTexts gives the vectors of texts, as the model of that name makes them: the one that serves the tenant.
func (e *Engine) EmbedTexts(ctx context.Context, tenant flomastr.TenantID, texts []string) (vectors [][]float32, model string, err error) {
	if len(texts) == 0 || len(texts) > maxEmbedTexts {
		return nil, "", ErrTooManyTexts
	}
	embedder, err := e.servingNow(ctx, tenant)
	if err != nil {
		return nil, "", err
	}
	vectors, err = embedTexts(ctx, embedder, texts)
	return vectors, embedder.Name(), err
}

func (e *Engine) servingNow(ctx context.Context, tenant flomastr.TenantID) (chosen, error) {
	model, err := e.Content.Serving(ctx, tenant)
	if err != nil {
		return chosen{}, fmt.Errorf("read which model serves: %w", err)
	}
	return e.serving(ctx, tenant, model)
}

func embedTexts(ctx context.Context, embedder llm.Embedder, texts []string) ([][]float32, error) {
	vectors, err := embedder.Embed(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed texts: %w", err)
	}
	return vectors, checkVectors(vectors, len(texts), embedder.Dimensions())
}

// EmbedItem embeds the passages of an item again and stores the vectors.
func (e *Engine) EmbedItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (vectors [][]float32, model string, err error) {
	item, err := e.Status.Item(ctx, tenant, id)
	if err != nil {
		return nil, "", err
	}
	chunks, err := e.Content.Chunks(ctx, tenant, id)
	if err != nil {
		return nil, "", fmt.Errorf("read chunks: %w", err)
	}
	embedder, err := e.servingNow(ctx, tenant)
	if err != nil {
		return nil, "", err
	}
	byPassage := map[flomastr.PassageID][]float32{}
	for len(chunks) > 0 {
		batch := chunks[:min(embedBatch, len(chunks))]
		texts := make([]string, len(batch))
		for i, c := range batch {
			texts[i] = passageText(item.Title, chunk.Chunk{Text: c.Text, Headings: c.HeadingPath})
		}
		got, err := embedTexts(ctx, embedder, texts)
		if err != nil {
			return nil, "", err
		}
		for i, c := range batch {
			byPassage[c.ID] = got[i]
		}
		vectors = append(vectors, got...)
		chunks = chunks[len(batch):]
	}
	return vectors, embedder.Name(), e.Content.SaveVectors(ctx, tenant, embedder.Name(), byPassage)
}
