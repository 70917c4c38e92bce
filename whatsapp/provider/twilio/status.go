package twilio

import (
	"time"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// states are Twilio's words for what became of a message; any other is recorded and moves nothing.
var states = map[string]provider.State{
	"accepted": provider.StateAccepted, "scheduled": provider.StateAccepted, "queued": provider.StateAccepted, "sending": provider.StateAccepted,
	"sent": provider.StateSent, "delivered": provider.StateDelivered, "read": provider.StateRead,
	"undelivered": provider.StateFailed, "failed": provider.StateFailed, "canceled": provider.StateFailed,
}

// class says what a send call's refusal means for the next try.
type class uint8

const (
	final class = iota
	transient
	throttle
)

type meaning struct {
	sentence string
	class    class
	effect   provider.Effect
}

// aDay is how long the account's daily cap is left alone before it is tried again: not a whole day, because nobody says
// when the day ends.
const aDay = time.Hour

// meaningOf explains an error code of an answer or of a report.
func meaningOf(code string) meaning {
	if m, ok := meanings[code]; ok {
		return m
	}
	if code == "" {
		return meaning{sentence: "Twilio could not deliver the message."}
	}
	return meaning{sentence: "Twilio could not deliver the message (error " + provider.CleanName(code) + ")."}
}

var meanings = map[string]meaning{
	"63016": {"The 24-hour window is closed; only a template may be sent.", final, provider.CloseWindow},

	"63018": {"Too many messages at once.", throttle, 0},
	"63017": {"Too many messages at once.", throttle, 0},
	"14107": {"Too many messages at once.", throttle, 0},
	"20429": {"Twilio asks us to slow down.", throttle, 0},
	"63038": {"The Twilio account has reached its daily limit of messages.", throttle, 0},

	"63012": {"WhatsApp had an internal fault.", transient, 0},
	"63009": {"WhatsApp answered Twilio with a fault.", transient, 0},
	"63010": {"Twilio had an internal fault.", transient, 0},
	"63021": {"WhatsApp refused the request for the moment.", transient, 0},
	"63022": {"WhatsApp could not check the message for the moment.", transient, 0},
	"30001": {"Twilio's queue is full.", transient, 0},
	"30008": {"Twilio reports an unknown fault.", transient, 0},

	"63003": {"The recipient is not on WhatsApp.", final, provider.Unreachable},
	"63024": {"The recipient's number is not valid.", final, provider.Unreachable},
	"21211": {"The recipient's number is not valid.", final, provider.Unreachable},
	"21614": {"The recipient's number cannot receive messages.", final, provider.Unreachable},
	"63033": {"The recipient has blocked this number.", final, provider.Unreachable},
	"30003": {"The recipient's phone cannot be reached.", final, provider.Unreachable},
	"30005": {"The recipient's number does not exist.", final, provider.Unreachable},

	"21610": {"The recipient has told Twilio to stop our messages.", final, provider.StopAll},
	"63014": {"The recipient has blocked this number.", final, provider.StopAll},
	"63049": {"WhatsApp did not deliver the marketing message to this recipient.", final, provider.StopMarketing},

	"63007": {"Twilio finds no WhatsApp sender with this number; check the sender.", final, provider.PauseChannel},
	"63020": {"WhatsApp has not taken the invitation of the business, or money is missing.", final, provider.PauseChannel},
	"63001": {"Twilio could not sign in to WhatsApp with this sender; check the sender.", final, provider.PauseChannel},
	"63025": {"The sender's set-up at Twilio is not complete.", final, provider.PauseChannel},
	"63032": {"WhatsApp limits this sender.", final, provider.PauseChannel},
	"63062": {"WhatsApp's terms have not been accepted for this sender.", final, provider.PauseChannel},
	"63013": {"WhatsApp says that the sender breaks its policy.", final, provider.PauseChannel},
	"20003": {"Twilio does not accept the credentials.", final, provider.PauseChannel},
	"20404": {"Twilio does not know the account's SID.", final, provider.PauseChannel},

	"63005": {"WhatsApp did not accept the message's content.", final, 0},
	"63019": {"The file could not be fetched.", final, 0},
	"11751": {"The file is too large or could not be fetched.", final, 0},
	"63034": {"The file is too large.", final, 0},
	"21617": {"The message is longer than 1,600 characters.", final, 0},
	"21655": {"The template's SID is not valid.", final, provider.CheckTemplates},
	"21656": {"The template's values are not valid.", final, provider.CheckTemplates},
	"63027": {"WhatsApp does not know the template in this language.", final, provider.CheckTemplates},
	"63028": {"The number of values does not fit the template.", final, provider.CheckTemplates},
	"63029": {"The template's text with its values is too long or not allowed.", final, provider.CheckTemplates},
	"63030": {"WhatsApp does not accept a parameter of the message.", final, 0},
	"63036": {"WhatsApp does not accept this message for this recipient.", final, 0},
	"63040": {"WhatsApp has rejected the template.", final, provider.CheckTemplates},
	"63041": {"WhatsApp has paused the template.", final, provider.CheckTemplates},
}
