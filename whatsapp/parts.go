package whatsapp

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/markup"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxParts is how many messages one answer may become; whoever asks a question in a chat does not want a book. maxAnswer
// is more characters than they can hold.
const (
	maxParts  = 4
	maxAnswer = 8 * flomastr.MaxReplyChars
)

// parts makes of an answer what fits into the channel's messages, each with an id of its own.
func (e *Engine) parts(ctx context.Context, channel flomastr.ChannelID, answer provider.Message) []provider.Message {
	texts := []string{answer.Text}
	if !answer.Rich() {
		limit := e.textLimit(ctx, channel)
		texts = markup.Split(answer.Text, limit)
		if len(texts) > maxParts {
			texts = texts[:maxParts]
			texts[maxParts-1] = markup.Split(texts[maxParts-1], limit-1)[0] + "…"
		}
	}
	messages := make([]provider.Message, len(texts))
	for i, text := range texts {
		messages[i] = answer
		messages[i].Key, messages[i].Text = flomastr.NewID[flomastr.MessageID]().String(), text
		if i > 0 {
			messages[i].ReplyTo = ""
		}
	}
	return messages
}

// smallestText is a text that every provider takes.
const smallestText = 1600

// textLimit is how long one text of the channel may be.
func (e *Engine) textLimit(ctx context.Context, channel flomastr.ChannelID) int {
	ch, err := e.channels.get(ctx, channel)
	if err != nil {
		return smallestText // the answer is not lost because the channel could not be read at this moment
	}
	if p, ok := e.providers[ch.row.Provider]; ok {
		return p.Limits().Text
	}
	return smallestText
}
