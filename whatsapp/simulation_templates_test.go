package whatsapp

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// FindTemplate knows every template as one that is approved and no advertising by itself.
func (w *world) FindTemplate(_ context.Context, _ flomastr.TenantID, channel flomastr.ChannelID, key TemplateKey) (KnownTemplate, error) {
	return KnownTemplate{Channel: channel, TemplateState: provider.TemplateState{
		Name: key.Name, Language: key.Language, Category: "utility", Status: "approved", Body: "News.",
	}}, nil
}
