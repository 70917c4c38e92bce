package twilio

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Send implements provider.Provider. Twilio keeps no id of ours and takes a message twice that is posted twice; our key
// rides in the address of the reports.
func (p *Provider) Send(ctx context.Context, ch provider.Channel, msg provider.Message) (provider.Accepted, error) {
	form, refusal := compose(ch, msg)
	if refusal != nil {
		return provider.Accepted{}, refusal
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var written provider.Wire
	address := p.service(ch, "api") + accountPath(ch) + "/Messages.json"
	req, err := p.request(written.Trace(ctx), ch, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		sentence := "The channel's set-up is not complete."
		if e, ok := err.(*flomastr.Error); ok {
			sentence = e.Message
		}
		return provider.Accepted{}, &provider.SendError{Outcome: provider.NotSent, Effect: provider.PauseChannel, Sentence: sentence, Err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.http.Do(req)
	if err != nil {
		return provider.Accepted{}, written.Failure("Twilio", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusOK {
		refusal := refusalOf(resp, answer) // the status says enough even if the body broke off
		refusal.Away = refusal.OutOfOrder(resp.StatusCode)
		return provider.Accepted{}, refusal
	}
	if err != nil || len(answer) > maxAnswer {
		return provider.Accepted{}, provider.BrokeOff("Twilio", err)
	}
	return accepted(answer, form.Get("To"))
}

// accepted reads a 201. Without a SID nobody knows which message it is about, if any, and one to somebody else is not ours.
func accepted(answer []byte, to string) (provider.Accepted, error) {
	var body struct {
		SID       string      `json:"sid"`
		To        string      `json:"to"`
		Status    string      `json:"status"`
		ErrorCode json.Number `json:"error_code"`
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return provider.Accepted{}, provider.UnknownOutcome("Twilio answered something that is not its own format.", err)
	}
	if !sid.MatchString(body.SID) {
		return provider.Accepted{}, provider.UnknownOutcome("Twilio's answer names no message.", nil)
	}
	if body.To != "" && body.To != to {
		return provider.Accepted{}, provider.UnknownOutcome("Twilio's answer is about a message to somebody else.", nil)
	}
	state := states[body.Status]
	switch state {
	case provider.StateFailed:
		return provider.Accepted{}, classified(meaningOf(body.ErrorCode.String()), body.ErrorCode.String(), nil)
	case "":
		state = provider.StateAccepted
	}
	return provider.Accepted{ProviderID: body.SID, State: state}, nil
}

// problem is Twilio's one shape of an error.
type problem struct {
	Code json.Number `json:"code"`
}

// refusalOf reads any answer but success. Its body may be empty or a proxy's HTML.
func refusalOf(resp *http.Response, answer []byte) *provider.SendError {
	var body problem
	own := json.Unmarshal(answer, &body) == nil && body.Code != ""
	code := strings.TrimSpace(strconv.Itoa(resp.StatusCode) + " " + body.Code.String())
	known, ok := meanings[body.Code.String()]
	switch {
	case ok:
		return classified(known, code, resp.Header)
	case resp.StatusCode == http.StatusTooManyRequests:
		return classified(meanings["20429"], code, resp.Header)
	case resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode >= 500 && own:
		return classified(meaning{"Twilio has a passing fault.", transient, 0}, code, resp.Header)
	case resp.StatusCode >= 500:
		// Somebody between us and Twilio answered. The message may have been taken, and Twilio would take it twice.
		e := provider.UnknownOutcome("Twilio could not be reached through its gateway.", nil)
		e.Code = code
		return e
	case resp.StatusCode == http.StatusUnauthorized:
		return classified(meanings["20003"], code, nil)
	case resp.StatusCode == http.StatusForbidden:
		return classified(meaning{"The credentials may not send messages.", final, provider.PauseChannel}, code, nil)
	case resp.StatusCode == http.StatusNotFound:
		return classified(meanings["20404"], code, nil)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return classified(meaning{"The base URL leads elsewhere; it must be " + home + ".", final, provider.PauseChannel}, code, nil)
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		e := provider.UnknownOutcome("Twilio answered in an unexpected way.", nil)
		e.Code = code
		return e
	default:
		e := provider.RefusedMessage("Twilio refused the message.")
		e.Code = code
		return e
	}
}

func classified(m meaning, code string, header http.Header) *provider.SendError {
	e := &provider.SendError{Outcome: provider.Refused, Effect: m.effect, Sentence: m.sentence, Code: code}
	switch {
	case m.effect == provider.PauseChannel: // kept, and sent once a person has mended it
		e.Outcome = provider.NotSent
	case m.class == transient:
		e.Outcome, e.RetryAfter = provider.NotSent, provider.RetryAfter(header)
	case m.class == throttle:
		e.Outcome, e.Throttled, e.RetryAfter = provider.NotSent, true, provider.RetryAfter(header)
		if strings.HasSuffix(code, "63038") {
			e.RetryAfter = aDay
		}
	}
	return e
}

// recipient writes a contact's name as an address of Twilio's.
func recipient(to string) string {
	if userID.MatchString(to) {
		return "whatsapp:" + to
	}
	return "whatsapp:+" + strings.TrimPrefix(to, "+")
}

func compose(ch provider.Channel, msg provider.Message) (url.Values, error) {
	if strings.Trim(msg.To, "+") == "" {
		return nil, provider.RefusedMessage("The message has no recipient.")
	}
	form := url.Values{"To": {recipient(msg.To)}, "From": {"whatsapp:+" + ch.Number}}
	if ch.SenderID != "" {
		form.Set("MessagingServiceSid", ch.SenderID)
	}
	if callback := withKey(msg.CallbackURL, msg.Key); callback != "" {
		form.Set("StatusCallback", callback)
	}
	return form, content(form, msg)
}
