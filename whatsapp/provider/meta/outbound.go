package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Send implements provider.Provider.
func (p *Provider) Send(ctx context.Context, ch provider.Channel, msg provider.Message) (provider.Accepted, error) {
	out, refusal := compose(msg)
	if refusal != nil {
		return provider.Accepted{}, refusal
	}
	body, err := json.Marshal(out)
	if err != nil {
		return provider.Accepted{}, provider.RefusedMessage("The message cannot be written as JSON.")
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var written provider.Wire
	req, err := p.request(written.Trace(ctx), ch, http.MethodPost, url.PathEscape(ch.SenderID)+"/messages", nil, bytes.NewReader(body))
	if err == nil && ch.SenderID == "" {
		err = errNoSender
	}
	if err != nil {
		return provider.Accepted{}, incomplete(err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return provider.Accepted{}, written.Failure("Meta", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode != http.StatusOK {
		refusal := refusalOf(resp, answer) // the status says enough even if the body broke off
		refusal.Away = refusal.OutOfOrder(resp.StatusCode)
		return provider.Accepted{}, refusal
	}
	if err != nil || len(answer) > maxAnswer {
		return provider.Accepted{}, provider.BrokeOff("Meta", err)
	}
	return accepted(out.to(), answer)
}

// accepted reads a 200. Without the message's id it proves nothing; neither does an answer about somebody else.
func accepted(to string, answer []byte) (provider.Accepted, error) {
	var said provider.Part[struct {
		Contacts provider.List[struct {
			Input provider.Word `json:"input"`
		}] `json:"contacts"`
		Messages provider.List[struct {
			ID     provider.Word `json:"id"`
			Status provider.Word `json:"message_status"`
		}] `json:"messages"`
	}]
	if json.Unmarshal(answer, &said) != nil || !said.Given {
		return provider.Accepted{}, provider.UnknownOutcome("Meta answered something that is not its own format.", nil)
	}
	if len(said.Value.Messages) != 1 || !provider.IsMessageID(string(said.Value.Messages[0].ID)) {
		return provider.Accepted{}, provider.UnknownOutcome("Meta's answer names no message.", nil)
	}
	if c := said.Value.Contacts; len(c) > 0 && c[0].Input != "" && onlyDigits(string(c[0].Input)) != onlyDigits(to) {
		return provider.Accepted{}, provider.UnknownOutcome("Meta's answer names another recipient.", nil)
	}
	if said.Value.Messages[0].Status == "paused" { // the template's pacing stopped it
		return provider.Accepted{}, meaning{"WhatsApp has paused the template.", final, provider.CheckTemplates, 0}.refusal("paused", 0)
	}
	return provider.Accepted{ProviderID: string(said.Value.Messages[0].ID), State: provider.StateAccepted}, nil
}

// MarkRead implements provider.Presence.
func (p *Provider) MarkRead(ctx context.Context, ch provider.Channel, providerID string) error {
	return p.present(ctx, ch, map[string]any{"messaging_product": "whatsapp", "status": "read", "message_id": providerID})
}

// Typing implements provider.Presence. At Meta it goes with the mark of having read.
func (p *Provider) Typing(ctx context.Context, ch provider.Channel, _, providerID string) error {
	return p.present(ctx, ch, map[string]any{
		"messaging_product": "whatsapp", "status": "read", "message_id": providerID, "typing_indicator": map[string]string{"type": "text"},
	})
}

func (p *Provider) present(ctx context.Context, ch provider.Channel, what map[string]any) error {
	if ch.SenderID == "" {
		return errNoSender
	}
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	var answer json.RawMessage
	return p.ask(ctx, ch, http.MethodPost, url.PathEscape(ch.SenderID)+"/messages", nil, bytes.NewReader(body), &answer)
}
