package meta

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// graphError is the Graph API's error. It comes in the answer of a refused call, in a failed status, and in a message
// that could not be shown to us.
type graphError struct {
	Code      provider.Word `json:"code"`
	Message   provider.Word `json:"message"`
	Title     provider.Word `json:"title"`
	Transient provider.Word `json:"is_transient"`
	Data      provider.Part[struct {
		Details provider.Word `json:"details"`
	}] `json:"error_data"`
}

// class says what a refusal means for the next try.
type class uint8

const (
	final class = iota
	transient
	throttle
	pairwise // to one contact
)

type meaning struct {
	sentence string
	class    class
	effect   provider.Effect
	wait     time.Duration // the least before another try
}

// judge reads an error by its code, which is all that Meta promises to keep.
func (e graphError) judge() meaning {
	code, err := strconv.Atoi(string(e.Code))
	if m, ok := meanings[code]; ok && err == nil {
		if e.Transient == "true" && m.class == final && m.effect == provider.NoEffect {
			m.class = transient
		}
		return m
	}
	switch {
	case err == nil && code >= 200 && code <= 299:
		return meaning{"The access token lacks a permission.", final, provider.PauseChannel, 0}
	case err == nil && code >= 139000 && code <= 139999:
		return meaning{"The recipient has blocked this business or is blocked by it.", final, provider.Unreachable, 0}
	case err == nil && code >= 132000 && code <= 132999:
		return meaning{"WhatsApp did not accept the template.", final, provider.CheckTemplates, 0}
	}
	m := meaning{sentence: "WhatsApp refused the message."}
	for _, said := range []provider.Word{e.Title, e.Message} {
		if s := provider.CleanName(string(said)); s != "" {
			m.sentence = "WhatsApp refused the message: " + strings.TrimRight(s, ".") + "."
			break
		}
	}
	if e.Transient == "true" {
		m.class = transient
	}
	return m
}

var meanings = map[int]meaning{
	// Credentials and set-up: nothing goes until a person has mended it.
	0:      {"Meta does not accept the access token.", final, provider.PauseChannel, 0},
	3:      {"The app may not use the WhatsApp API.", final, provider.PauseChannel, 0},
	10:     {"The access token lacks a permission.", final, provider.PauseChannel, 0},
	190:    {"The access token has expired or was withdrawn.", final, provider.PauseChannel, 0},
	368:    {"Meta has restricted the account for breaking its policies.", final, provider.PauseChannel, 0},
	130497: {"Meta does not let this account write to that country.", final, provider.PauseChannel, 0},
	131005: {"The access token may not send for this number.", final, provider.PauseChannel, 0},
	131031: {"Meta has locked the account.", final, provider.PauseChannel, 0},
	131037: {"The number's display name is not approved yet.", final, provider.PauseChannel, 0},
	131042: {"Meta reports a problem with the account's payment method.", final, provider.PauseChannel, 0},
	131044: {"Meta reports a problem with the account's billing.", final, provider.PauseChannel, 0},
	131045: {"The number is not registered for the Cloud API.", final, provider.PauseChannel, 0},
	133010: {"The number is not registered for the Cloud API.", final, provider.PauseChannel, 0},

	// Too much at once.
	4:      {"The app has made too many calls.", throttle, 0, 30 * time.Second},
	613:    {"The app has made too many calls.", throttle, 0, 30 * time.Second},
	80007:  {"The account has made too many calls.", throttle, 0, 30 * time.Second},
	130429: {"Too many messages at once.", throttle, 0, 0},
	131048: {"WhatsApp slows this number down because customers blocked or reported it.", throttle, 0, time.Minute},
	131056: {"Too many messages to this recipient at once.", pairwise, 0, 0},
	131057: {"The number is under maintenance at Meta.", throttle, 0, 30 * time.Second},
	131064: {"Too many messages at once.", throttle, 0, 0},
	133016: {"The number was registered too often.", throttle, 0, time.Minute},

	// Passing faults.
	1:      {"Meta had an internal fault.", transient, 0, 0},
	2:      {"Meta's service is not available for the moment.", transient, 0, 0},
	131000: {"WhatsApp had an internal fault.", transient, 0, 0},
	131016: {"WhatsApp's service is not available for the moment.", transient, 0, 0},
	131052: {"The file could not be fetched.", transient, 0, 0},
	131053: {"The file could not be uploaded to WhatsApp.", transient, 0, 0},

	// The window.
	131047: {"The 24-hour window is closed; only a template may be sent.", final, provider.CloseWindow, 0},
	470:    {"The 24-hour window is closed; only a template may be sent.", final, provider.CloseWindow, 0},

	// The recipient, and what they chose.
	131021: {"The recipient is this number itself.", final, 0, 0},
	131026: {"The recipient cannot be reached: not on WhatsApp, or with a version or terms too old.", final, provider.Unreachable, 0},
	131030: {"The recipient is not on the test number's list.", final, 0, 0},
	131062: {"This kind of message cannot go to a user id; it needs the phone number.", final, 0, 0},
	131063: {"The recipient cannot take this message.", final, 0, 0},
	131050: {"The recipient has stopped marketing messages.", final, provider.StopMarketing, 0},
	131049: {"WhatsApp held the message back: the recipient has had enough marketing for today.", final, provider.HoldMarketing, 0},
	130472: {"WhatsApp did not deliver the message as part of an experiment.", final, 0, 0},

	// The content.
	100:    {"WhatsApp did not accept the message's content.", final, 0, 0},
	131008: {"WhatsApp misses a part of the message.", final, 0, 0},
	131009: {"WhatsApp did not accept a value in the message.", final, 0, 0},
	131051: {"WhatsApp does not support this type of message.", final, 0, 0},
	131060: {"WhatsApp cannot show this message.", final, 0, 0},
	135000: {"WhatsApp did not accept the message's content.", final, 0, 0},
	137000: {"The recipient's identity has changed and must be confirmed first.", final, 0, 0},

	// Templates.
	132000: {"The number of values does not fit the template.", final, provider.CheckTemplates, 0},
	132001: {"The template does not exist in this language, or is not approved.", final, provider.CheckTemplates, 0},
	132005: {"The template is too long with these values.", final, provider.CheckTemplates, 0},
	132007: {"The template's values break WhatsApp's policy.", final, provider.CheckTemplates, 0},
	132008: {"The template's values have the wrong form.", final, provider.CheckTemplates, 0},
	132012: {"The template's values have the wrong form.", final, provider.CheckTemplates, 0},
	132015: {"WhatsApp has paused the template.", final, provider.CheckTemplates, 0},
	132016: {"WhatsApp has disabled the template.", final, provider.CheckTemplates, 0},
	132068: {"The form behind the template is blocked.", final, provider.CheckTemplates, 0},
	132069: {"The form behind the template is held back for the moment.", final, provider.CheckTemplates, 0},
}

// refusalOf reads any answer but 200. The code in the body decides, where there is one; throttling has come as 403. The
// body may also be empty, or a proxy's HTML.
func refusalOf(resp *http.Response, answer []byte) *provider.SendError {
	var body struct {
		Error provider.Part[graphError] `json:"error"`
	}
	_ = json.Unmarshal(answer, &body)
	code := "HTTP " + strconv.Itoa(resp.StatusCode)
	wait := provider.RetryAfter(resp.Header)
	if given := body.Error.Value.Code; body.Error.Given && given != "" {
		m := body.Error.Value.judge()
		if resp.StatusCode >= 500 && m.class == final && m.effect == provider.NoEffect {
			m.class = transient
		}
		return m.refusal(provider.CleanName(string(given)), wait)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return meaning{"Meta asks us to slow down.", throttle, 0, 0}.refusal(code, wait)
	case resp.StatusCode >= 500:
		return meaning{"Meta has a passing fault.", transient, 0, 0}.refusal(code, wait)
	case resp.StatusCode == http.StatusUnauthorized:
		return meaning{"Meta does not accept the access token.", final, provider.PauseChannel, 0}.refusal(code, wait)
	case resp.StatusCode == http.StatusForbidden:
		return meaning{"The access token may not do this.", final, provider.PauseChannel, 0}.refusal(code, wait)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return meaning{"The base URL leads elsewhere; it must be Meta's own.", final, provider.PauseChannel, 0}.refusal(code, wait)
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		e := provider.UnknownOutcome("Meta answered in an unexpected way.", nil)
		e.Code = code
		return e
	default:
		return meaning{sentence: "Meta refused the call."}.refusal(code, wait)
	}
}

func (m meaning) refusal(code string, wait time.Duration) *provider.SendError {
	e := &provider.SendError{Outcome: provider.Refused, Effect: m.effect, Sentence: m.sentence, Code: code, RetryAfter: max(wait, m.wait)}
	switch {
	case m.effect == provider.PauseChannel: // kept, and sent once a person has mended it
		e.Outcome = provider.NotSent
	case m.class == transient:
		e.Outcome = provider.NotSent
	case m.class == throttle:
		e.Outcome, e.Throttled = provider.NotSent, true
	case m.class == pairwise:
		e.Outcome, e.Throttled, e.Pair = provider.NotSent, true, true
	}
	return e
}
