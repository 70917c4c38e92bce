package infobip

import (
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// status is Infobip's verdict on a message; its error axis has the same shape.
type status struct {
	GroupID   provider.Word `json:"groupId"`
	GroupName provider.Word `json:"groupName"`
	ID        provider.Word `json:"id"`
	Name      provider.Word `json:"name"`
	Permanent provider.Word `json:"permanent"`
}

type verdict struct {
	state    provider.State // empty: recorded, moves nothing
	mark     string
	sentence string
	effect   provider.Effect
}

// groups decides on the group; either its id or its name may be missing, and a message's own id is not unique over
// groups.
var groups = map[string]string{
	"0": "ACCEPTED", "1": "PENDING", "2": "UNDELIVERABLE", "3": "DELIVERED", "4": "EXPIRED", "5": "REJECTED",
	"OK": "ACCEPTED",
}

func (s status) group() string {
	name := strings.ToUpper(string(s.GroupName))
	if name == "" {
		name = string(s.GroupID)
	}
	if known, ok := groups[name]; ok {
		return known
	}
	return name
}

// judge reads a report's two axes. Where the error says more than the status, its sentence is the one to show.
func judge(s, e status) verdict {
	v := verdict{mark: string(s.ID)}
	if v.mark == "" {
		v.mark = s.group()
	}
	switch s.group() {
	case "ACCEPTED", "PENDING":
		v.state = provider.StateAccepted
	case "DELIVERED":
		v.state = provider.StateDelivered
		if s.ID == "2" { // handed to the operator, not yet on the phone
			v.state = provider.StateSent
		}
	case "UNDELIVERABLE", "EXPIRED", "REJECTED":
		v.state = provider.StateFailed
		m := failureMeaning(s, e)
		v.sentence, v.effect = m.sentence, m.effect
		if e.ID == "7052" { // the report itself is broken: it says nothing about the message
			v.state = ""
		}
	}
	return v
}

func failureMeaning(s, e status) meaning {
	if m, ok := errorMeanings[string(e.ID)]; ok {
		return m
	}
	if m, ok := statusMeanings[string(s.ID)]; ok {
		return m
	}
	name := provider.CleanName(string(s.Name))
	if name == "" {
		name = provider.CleanName(s.group())
	}
	return meaning{sentence: "Infobip could not deliver the message: " + name + ".", class: final}
}

// class says what a send call's refusal means for the next try.
type class uint8

const (
	final class = iota
	transient
	throttle
	// duplicate: this message id was taken before, so an earlier call did reach the provider.
	duplicate
)

type meaning struct {
	sentence string
	class    class
	effect   provider.Effect
}

var statusMeanings = map[string]meaning{
	"10":  {"The recipient is on the do-not-disturb list.", final, provider.StopAll},
	"11":  {"Infobip refused the sender; check the number's registration.", final, provider.PauseChannel},
	"12":  {"The Infobip account has no credit left.", final, provider.PauseChannel},
	"13":  {"Infobip does not know the sender number.", final, provider.PauseChannel},
	"14":  {"The recipient is on the account's block list.", final, provider.StopAll},
	"15":  {"The message expired before it could be delivered.", final, 0},
	"17":  {"The Infobip package has expired.", final, provider.PauseChannel},
	"18":  {"A trial account may only write to its registered numbers.", final, 0},
	"19":  {"Infobip has no route for this message; check the account.", final, provider.PauseChannel},
	"20":  {"Infobip held the message back as flooding.", throttle, 0},
	"21":  {"Infobip had an internal fault.", transient, 0},
	"23":  {"Infobip has already taken this message.", duplicate, 0},
	"25":  {"The message is too long.", final, 0},
	"52":  {"The recipient's number is not valid.", final, provider.Unreachable},
	"100": {"Infobip's platform refused the message.", transient, 0},
}

var errorMeanings = map[string]meaning{
	"7001": {"The channel is not set up at Infobip.", final, provider.PauseChannel},
	"7002": {"The recipient is not on WhatsApp.", final, provider.Unreachable},
	"7003": {"The recipient has blocked this number.", final, provider.Unreachable},
	"7004": {"Infobip does not accept the credentials.", final, provider.PauseChannel},
	"7005": {"The credentials may not send WhatsApp messages.", final, provider.PauseChannel},
	"7006": {"WhatsApp did not accept the message's content.", final, 0},
	"7007": {"This kind of traffic is not allowed on the account.", final, 0},
	"7008": {"The template's parameters do not fit.", final, provider.CheckTemplates},
	"7009": {"The template is not valid.", final, provider.CheckTemplates},
	"7010": {"The 24-hour window is closed; only a template may be sent.", final, provider.CloseWindow},
	"7011": {"The WhatsApp account has a problem at Meta.", final, provider.PauseChannel},
	"7012": {"The number's deployment at Infobip has a fault.", transient, 0},
	"7013": {"The file could not be fetched.", transient, 0},
	"7014": {"The file could not be uploaded to WhatsApp.", transient, 0},
	"7015": {"WhatsApp could not read what the file is.", final, 0},
	"7016": {"WhatsApp's quality limit is reached.", final, 0},
	"7017": {"Too many messages at once.", throttle, 0},
	"7018": {"Infobip could not translate the message for WhatsApp.", final, 0},
	"7019": {"Infobip reports a billing problem.", final, provider.PauseChannel},
	"7020": {"The recipient's phone cannot show the message.", final, 0},
	"7021": {"WhatsApp limits what this account may do.", final, provider.PauseChannel},
	"7022": {"WhatsApp does not support this type of file.", final, 0},
	"7023": {"Parts of the message do not fit together.", final, 0},
	"7024": {"Sending is not allowed at this hour.", transient, 0},
	"7025": {"The recipient's version of WhatsApp is too old.", final, 0},
	"7026": {"The limit for this type of message is used up.", final, 0},
	"7027": {"WhatsApp blocked the content.", final, 0},
	"7029": {"The recipient's identity has changed and must be confirmed first.", final, 0},
	"7030": {"The recipient has blocked this template.", final, 0},
	"7031": {"The form behind the message cannot be used.", final, 0},
	"7032": {"The recipient has had too many marketing messages.", final, provider.HoldMarketing},
	"7033": {"The recipient has opted out of marketing.", final, provider.StopMarketing},
	"7034": {"The sender is not registered with WhatsApp.", final, provider.PauseChannel},
	"7035": {"WhatsApp takes no further request for a call to this recipient now.", final, 0},
	"7036": {"The template is not synchronised yet.", transient, 0},
	"7037": {"The template is not available.", transient, 0},
	"7038": {"The account is not of a kind that may send this.", final, provider.PauseChannel},
	"7050": {"WhatsApp had an internal fault.", transient, 0},
	"7051": {"WhatsApp did not answer Infobip in time.", transient, 0},
	"7052": {"Infobip could not read WhatsApp's report; the outcome is not known.", final, 0},
	"7080": {"Infobip had an internal fault.", transient, 0},
	"7081": {"The channel's configuration at Infobip is wrong.", final, provider.PauseChannel},
	"7082": {"Infobip's gateway had a passing fault.", transient, 0},
	"7083": {"WhatsApp is not activated on the Infobip account.", final, provider.PauseChannel},
	"7084": {"The sender's set-up at Infobip is not complete.", final, provider.PauseChannel},
	"7280": {"Infobip has already taken this message.", duplicate, 0},
	"7281": {"Infobip does not take messages from where this one came.", final, provider.PauseChannel},
}
