package infobip

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxAnswer caps what is read of an answer.
const maxAnswer = 1 << 20

// Send implements provider.Provider.
func (p *Provider) Send(ctx context.Context, ch provider.Channel, msg provider.Message) (provider.Accepted, error) {
	path, body, refusal := compose(ch, msg)
	if refusal != nil {
		return provider.Accepted{}, refusal
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var written provider.Wire
	req, err := p.request(written.Trace(ctx), ch, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		sentence := "The channel's set-up is not complete."
		if e, ok := err.(*flomastr.Error); ok {
			sentence = e.Message
		}
		return provider.Accepted{}, &provider.SendError{Outcome: provider.NotSent, Effect: provider.PauseChannel, Sentence: sentence, Err: err}
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return provider.Accepted{}, written.Failure("Infobip", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode != http.StatusOK {
		refusal := refusalOf(resp, answer) // the status says enough even if the body broke off
		refusal.Away = refusal.OutOfOrder(resp.StatusCode)
		return provider.Accepted{}, refusal
	}
	if err != nil || len(answer) > maxAnswer {
		return provider.Accepted{}, provider.BrokeOff("Infobip", err)
	}
	return accepted(msg.Key, answer)
}

// accepted reads a 200. It counts only when it is about this very message; anything else leaves the outcome unknown.
func accepted(key string, answer []byte) (provider.Accepted, error) {
	var one struct {
		MessageID provider.Word         `json:"messageId"`
		Status    provider.Part[status] `json:"status"`
		Messages  []struct {
			MessageID provider.Word         `json:"messageId"`
			Status    provider.Part[status] `json:"status"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(answer, &one); err != nil {
		return provider.Accepted{}, provider.UnknownOutcome("Infobip answered something that is not its own format.", err)
	}
	if len(one.Messages) == 1 {
		one.MessageID, one.Status = one.Messages[0].MessageID, one.Messages[0].Status
	}
	if string(one.MessageID) != key {
		return provider.Accepted{}, provider.UnknownOutcome("Infobip's answer names no message or another one.", nil)
	}
	v := judge(one.Status.Value, status{})
	switch v.state {
	case provider.StateFailed:
		return provider.Accepted{}, classified(failureMeaning(one.Status.Value, status{}), string(one.Status.Value.ID), 0)
	case "":
		v.state = provider.StateAccepted
	}
	return provider.Accepted{ProviderID: key, State: v.state}, nil
}

// refusalOf reads any answer but 200. Its body may be empty, another error shape, or a proxy's HTML.
func refusalOf(resp *http.Response, answer []byte) *provider.SendError {
	var body struct {
		RequestError struct {
			ServiceException struct {
				MessageID provider.Word `json:"messageId"`
			} `json:"serviceException"`
		} `json:"requestError"`
		ErrorCode provider.Word `json:"errorCode"`
	}
	_ = json.Unmarshal(answer, &body)
	code := string(body.RequestError.ServiceException.MessageID)
	if code == "" {
		code = string(body.ErrorCode)
	}
	code = strings.TrimSpace(strconv.Itoa(resp.StatusCode) + " " + provider.CleanName(code))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return classified(meaning{"Infobip asks us to slow down.", throttle, 0}, code, provider.RetryAfter(resp.Header))
	case resp.StatusCode >= 500:
		return classified(meaning{"Infobip has a passing fault.", transient, 0}, code, provider.RetryAfter(resp.Header))
	case resp.StatusCode == http.StatusUnauthorized:
		return paused("Infobip does not accept the API key.", code)
	case resp.StatusCode == http.StatusForbidden:
		return paused("The API key may not send WhatsApp messages, or our address is not allowed.", code)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return paused("The base URL leads elsewhere; copy it from the Infobip portal.", code)
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		e := provider.UnknownOutcome("Infobip answered in an unexpected way.", nil)
		e.Code = code
		return e
	default:
		e := provider.RefusedMessage("Infobip refused the message.")
		e.Code = code
		return e
	}
}

func classified(m meaning, code string, wait time.Duration) *provider.SendError {
	e := &provider.SendError{Outcome: provider.Refused, Effect: m.effect, Sentence: m.sentence, Code: code, RetryAfter: wait}
	switch {
	case m.effect == provider.PauseChannel: // kept, and sent once a person has mended it
		e.Outcome = provider.NotSent
	case m.class == transient:
		e.Outcome = provider.NotSent
	case m.class == throttle:
		e.Outcome, e.Throttled = provider.NotSent, true
	case m.class == duplicate: // an earlier call reached the provider after all; a report will tell
		e.Outcome = provider.Unknown
	}
	return e
}

func paused(sentence, code string) *provider.SendError {
	return classified(meaning{sentence, final, provider.PauseChannel}, code, 0)
}
