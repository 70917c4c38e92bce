package infobip

import (
	"context"
	"net/http"
	"net/url"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// MarkRead implements provider.Presence.
func (p *Provider) MarkRead(ctx context.Context, ch provider.Channel, providerID string) error {
	return p.ask(ctx, ch, http.MethodPost, "/whatsapp/1/senders/"+url.PathEscape(ch.Number)+"/message/"+url.PathEscape(providerID)+"/read", nil, nil)
}

// Typing implements provider.Presence. Infobip wants the customer, not the message.
func (p *Provider) Typing(ctx context.Context, ch provider.Channel, to, _ string) error {
	return p.ask(ctx, ch, http.MethodPost, "/whatsapp/1/events", map[string]any{"events": []any{map[string]any{
		"sender": ch.Number, "destinations": []any{map[string]string{"to": to}}, "content": map[string]string{"type": "TYPING_INDICATOR"},
	}}}, nil)
}
