package whatsapp

import (
	"context"
	"errors"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// prepare makes of what somebody wants to have sent what the channel's provider takes, or says why it cannot go, before
// anything is queued.
func (e *Engine) prepare(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, m provider.Message) (provider.Message, error) {
	m, err := checkContent(m)
	if err != nil {
		return m, err
	}
	if m.ReplyTo, err = e.quoted(ctx, tenant, m.ReplyTo); err != nil {
		return m, err
	}
	if r := m.Reaction; r != nil {
		target, err := e.quoted(ctx, tenant, r.Target)
		if err != nil {
			return m, err
		}
		m.Reaction = &provider.Reaction{Target: target, Emoji: r.Emoji}
	}
	m = m.Arranged()
	row, err := e.store.Channel(ctx, tenant, channel)
	if err != nil {
		return m, err
	}
	p, ok := e.providers[row.Provider]
	if !ok {
		return m, nil // it waits for a server that speaks the provider
	}
	if m, err = e.withFiles(ctx, tenant, p, m); err != nil {
		return m, err
	}
	return m, checkFits(p, m)
}

// checkFits asks the provider whether it takes the message at all.
func checkFits(p provider.Provider, m provider.Message) error {
	m.To = "15550000000" // somebody: who it is does not matter
	refusal, ok := errors.AsType[*provider.SendError](p.Check(m))
	if !ok {
		return nil
	}
	if m.Template != nil {
		return flomastr.Errorf(flomastr.Invalid, "template_values", refusal.Sentence).Field("body.message.template", refusal.Sentence)
	}
	return flomastr.Errorf(flomastr.Invalid, "message_not_sendable", refusal.Sentence).Field("body.message", refusal.Sentence)
}

var errQuoted = flomastr.Errorf(flomastr.Invalid, "message_not_quotable", "The message to refer to is not known, or has no id at the provider yet.").
	Field("body.reply_to_message_id", "must be the id of a message of this conversation, ours or the provider's")

// quoted is the provider's id of a message that is named by that or by ours.
func (e *Engine) quoted(ctx context.Context, tenant flomastr.TenantID, named string) (string, error) {
	id, err := flomastr.ParseID[flomastr.MessageID](named)
	if err != nil {
		return named, nil //nolint:nilerr // it is the provider's
	}
	m, err := e.store.Message(ctx, tenant, id)
	switch {
	case flomastr.KindOf(err) == flomastr.NotFound, err == nil && m.ProviderID == "":
		return "", errQuoted.Because(err)
	case err != nil:
		return "", err
	}
	return m.ProviderID, nil
}
