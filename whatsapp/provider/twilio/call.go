package twilio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// call makes a call that delivers nothing to anybody. A body is sent as JSON; into, when given, takes the answer's.
func (p *Provider) call(ctx context.Context, ch provider.Channel, method, service, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode a call to twilio: %w", err)
		}
		content = bytes.NewReader(text)
	}
	req, err := p.request(ctx, ch, method, p.service(ch, service)+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Twilio could not be reached.").Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Twilio's answer broke off.").Because(err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		refusal := refusalOf(resp, answer)
		return flomastr.Errorf(flomastr.Upstream, "provider_refused", refusal.Sentence).Because(refusal)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return flomastr.Errorf(flomastr.Upstream, "provider_refused", "Twilio answered something that is not its own format.").Because(err)
	}
	return nil
}

// MarkRead implements provider.Presence. Twilio has no call for it: showing the sign of writing marks the message read.
func (*Provider) MarkRead(context.Context, provider.Channel, string) error { return nil }

// Typing implements provider.Presence.
func (p *Provider) Typing(ctx context.Context, ch provider.Channel, _, providerID string) error {
	return p.call(ctx, ch, http.MethodPost, "messaging", "/v3/Indicators/Typing.json",
		map[string]string{"channel": "WHATSAPP", "messageId": messageOf(providerID)}, nil)
}

// maxFile is more than WhatsApp lets anybody send.
const maxFile = 128 << 20

var errTooLarge = flomastr.Errorf(flomastr.TooLarge, "provider_refused", "The file is larger than any that WhatsApp takes.")

// errForeignMedia refuses to show a key to whatever a webhook says.
var errForeignMedia = flomastr.Errorf(flomastr.Invalid, "media_host", "The file does not lie at Twilio.")

// OpenMedia implements provider.MediaSource. Twilio sends us on to where the file lies; the credentials are shown to
// Twilio alone.
func (p *Provider) OpenMedia(ctx context.Context, ch provider.Channel, a provider.Attachment) (provider.MediaFile, error) {
	if !strings.HasPrefix(a.URL, p.service(ch, "api")+"/") {
		return provider.MediaFile{}, errForeignMedia
	}
	req, err := p.request(ctx, ch, http.MethodGet, a.URL, nil)
	if err != nil {
		return provider.MediaFile{}, err
	}
	for range 1 + maxHops {
		resp, err := p.media.Do(req)
		if err != nil {
			return provider.MediaFile{}, flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "The file could not be fetched.").Because(err)
		}
		switch code := resp.StatusCode; {
		case code == http.StatusOK && resp.ContentLength > maxFile:
			_ = resp.Body.Close()
			return provider.MediaFile{}, errTooLarge
		case code == http.StatusOK:
			return provider.MediaFile{Body: resp.Body, Type: resp.Header.Get("Content-Type"), Size: resp.ContentLength}, nil
		case code == http.StatusNotFound, code == http.StatusGone:
			_ = resp.Body.Close()
			return provider.MediaFile{}, provider.ErrMediaGone
		case code < 300 || code > 399:
			_ = resp.Body.Close()
			return provider.MediaFile{}, flomastr.Errorf(flomastr.Upstream, "provider_refused", "Twilio refused the file.").
				Because(fmt.Errorf("status %d", code))
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if err != nil || next.Scheme != "https" && (p.standIn == "" || !strings.HasPrefix(next.String(), p.standIn+"/")) {
			return provider.MediaFile{}, errForeignMedia
		}
		if req, err = http.NewRequestWithContext(ctx, http.MethodGet, next.String(), nil); err != nil {
			return provider.MediaFile{}, errForeignMedia.Because(err)
		}
	}
	return provider.MediaFile{}, flomastr.Errorf(flomastr.Upstream, "provider_refused", "Twilio leads from one place to the next.")
}

// maxHops is how often a fetch is sent on.
const maxHops = 3
