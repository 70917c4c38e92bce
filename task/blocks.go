package task

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// PayloadVersion is the version of the blocks' shapes.
const PayloadVersion = 1

// The limits of what a task is made with, in characters.
const (
	MaxBlocks = 20
	MaxTitle  = 200
	maxText   = 8000
	maxPairs  = 40
)

// BlockType says how a block is shown.
type BlockType string

// The types of blocks, and what of [Data] each uses.
const (
	TextContent   BlockType = "text_content"    // Label, Text
	ImagePreview  BlockType = "image_preview"   // URL or MediaID, Alt
	KeyValuePairs BlockType = "key_value_pairs" // Label, Pairs
	DocumentLink  BlockType = "document_link"   // URL, ItemID or MediaID, Title, Text: an excerpt
	DraftReply    BlockType = "draft_reply"     // Text
)

// Block is one thing that a person is shown of a task.
type Block struct {
	ID   string    `json:"id" minLength:"1" maxLength:"60"`
	Type BlockType `json:"type" enum:"text_content,image_preview,key_value_pairs,document_link,draft_reply"`
	Data Data      `json:"data"`
}

// Data is what a block shows; each type uses its own part of it.
type Data struct {
	Label   string `json:"label,omitempty" maxLength:"120"`
	Text    string `json:"text,omitempty" maxLength:"8000" doc:"Of text_content, of a draft_reply, and an excerpt of a document_link"`
	Title   string `json:"title,omitempty" maxLength:"300" doc:"Of a document_link"`
	URL     string `json:"url,omitempty" maxLength:"2000" doc:"Of an image_preview or a document_link: http or https"`
	Alt     string `json:"alt,omitempty" maxLength:"300" doc:"Of an image_preview: what can be seen"`
	MediaID string `json:"media_id,omitempty" format:"uuid" doc:"Of an image_preview or a document_link: a file of ours, under /routes/media"`
	ItemID  string `json:"item_id,omitempty" format:"uuid" doc:"Of a document_link: an item of the knowledge"`
	Pairs   []Pair `json:"pairs,omitempty" maxItems:"40" doc:"Of key_value_pairs"`
}

// Pair is one line of a key_value_pairs block.
type Pair struct {
	Key   string `json:"key" minLength:"1" maxLength:"120"`
	Value string `json:"value" maxLength:"1000"`
}

// Components are the blocks that a person is shown: the customer's words, the draft, where it comes from, and what its maker
// added.
func (t Task) Components() []Block {
	blocks := []Block{}
	add := func(id string, kind BlockType, data Data) { blocks = append(blocks, Block{id, kind, data}) }
	if t.Asked != "" {
		add("asked", TextContent, Data{Label: t.Contact, Text: t.Asked})
	}
	blocks = append(blocks, t.Blocks...)
	if t.Draft != "" {
		add("draft", DraftReply, Data{Text: t.Draft})
	}
	var pairs []Pair
	if t.Kind == Draft && t.Draft != "" {
		pairs = append(pairs, Pair{"confidence", strconv.Itoa(int(math.Round(t.Decided.Confidence*100))) + " %"})
	}
	if t.Decided.Reason != "" {
		pairs = append(pairs, Pair{"reason", cut(t.Decided.Reason, 1000)})
	}
	if t.Decided.Model != "" {
		pairs = append(pairs, Pair{"model", cut(t.Decided.Model, 1000)})
	}
	if len(pairs) > 0 {
		add("why", KeyValuePairs, Data{Pairs: pairs})
	}
	for i, e := range t.Decided.Evidence {
		data := Data{Title: cut(e.Title, 300), URL: e.URL, Text: cut(e.Quote, maxText)}
		if !e.Item.IsZero() {
			data.ItemID = e.Item.String()
		}
		add(fmt.Sprintf("evidence-%d", i+1), DocumentLink, data)
	}
	return blocks
}

// cleanBlocks checks the blocks that somebody makes a task with. A draft_reply is the task's draft and no block of its own.
func cleanBlocks(blocks []Block) (kept []Block, draft string, err error) {
	wrong := func(i int, field, message string) error {
		return errInvalid.Field(fmt.Sprintf("body.payload_components.blocks[%d].%s", i, field), message)
	}
	if len(blocks) > MaxBlocks {
		return nil, "", errInvalid.Field("body.payload_components.blocks", "must be at most 20")
	}
	seen := map[string]bool{}
	for i, b := range blocks {
		d := b.Data
		switch {
		case b.ID == "" || seen[b.ID]:
			return nil, "", wrong(i, "id", "must be unique in the task")
		case utf8.RuneCountInString(d.Text) > maxText:
			return nil, "", wrong(i, "data.text", "must have at most 8,000 characters")
		case len(d.Pairs) > maxPairs:
			return nil, "", wrong(i, "data.pairs", "must be at most 40")
		case d.URL != "" && !linked(d.URL):
			return nil, "", wrong(i, "data.url", "must be an address that begins with http:// or https://")
		}
		seen[b.ID] = true
		switch b.Type {
		case TextContent:
			if d.Text == "" {
				return nil, "", wrong(i, "data.text", "is needed")
			}
		case ImagePreview:
			if d.URL == "" && d.MediaID == "" {
				return nil, "", wrong(i, "data.url", "is needed, or media_id")
			}
		case KeyValuePairs:
			if len(d.Pairs) == 0 {
				return nil, "", wrong(i, "data.pairs", "is needed")
			}
		case DocumentLink:
			if d.URL == "" && d.ItemID == "" && d.MediaID == "" {
				return nil, "", wrong(i, "data.url", "is needed, or item_id or media_id")
			}
		case DraftReply:
			if draft != "" {
				return nil, "", wrong(i, "type", "a task has one draft at most")
			}
			if draft = strings.TrimSpace(d.Text); draft == "" || utf8.RuneCountInString(draft) > flomastr.MaxReplyChars {
				return nil, "", wrong(i, "data.text", "must have 1 to 4,096 characters")
			}
			continue
		default:
			return nil, "", wrong(i, "type", "must be one of the types of blocks")
		}
		kept = append(kept, b)
	}
	return kept, draft, nil
}

// linked tells whether an address may become a link on a page: nothing but the web's own schemes.
func linked(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// cut keeps the beginning of a text.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// Line makes a title of what somebody wrote: one line, and what fits into a list.
func Line(s string) string { return cut(flomastr.VisibleLine(s), MaxTitle) }
