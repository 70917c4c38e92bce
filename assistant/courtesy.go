package assistant

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// voice is in which language and as whom a decision speaks.
type voice struct {
	lang     string
	business string
	name     string              // the customer's first name, "" when there is none fit to say
	called   []flomastr.Evidence // what says that they want to be called so
	first    bool
	bare     bool // no source line: the caller gets the citations as data
}

// voice chooses the language of the customer's own words, the latest first.
func (a *Assistant) voice(turn flomastr.Turn, business string) voice {
	lang := "en"
	for _, m := range turn.History {
		if m.Speaker == flomastr.SpeakerContact {
			lang = a.lexicon.language(m.Text, lang)
		}
	}
	lang = a.lexicon.language(said(turn), lang)
	if business = plain(business); business == "" {
		business = a.lexicon.say(lang, "our_business")
	}
	return voice{lang: lang, business: business, name: firstName(turn.ContactName), first: turn.First}
}

func said(turn flomastr.Turn) string {
	var parts []string
	for _, m := range turn.Messages {
		if t := readable(m); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "\n")
}

// firstName takes a profile name's first word when it looks like one: letters alone, no longer than a name is. Profile
// names are whatever people type, links and slogans included.
func firstName(profile string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(profile), " ")
	if n := utf8.RuneCountInString(first); n < 2 || n > 20 {
		return ""
	}
	for _, r := range first {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && r != '-' && r != '\'' && r != '’' {
			return ""
		}
	}
	return first
}

// courteous decides turns that need no knowledge: nothing to read, a wish for a person, small talk.
func (a *Assistant) courteous(turn flomastr.Turn, v voice) (flomastr.Decision, bool) {
	x := a.lexicon
	text := said(turn)
	if folded(text) == "" {
		if text == "" {
			return a.speak(v, flomastr.ActionAsk, "unreadable", "no text that could be read"), true
		}
		return a.speak(v, flomastr.ActionAsk, "hello", "no words in the message"), true
	}
	if x.wantsBot(text) {
		return a.speak(v, flomastr.ActionAnswer, "bot", "asked who is speaking"), true
	}
	if x.wantsPerson(text) || a.acceptsPerson(turn, text) {
		return a.speak(v, flomastr.ActionHandOver, "handover", "the customer asked for a person"), true
	}
	for _, m := range turn.Messages {
		if len(x.pieces(readable(m))) > 0 {
			return flomastr.Decision{}, false
		}
	}
	for _, talk := range []struct {
		key, say string
		action   flomastr.Action
	}{
		{"help", "help", flomastr.ActionAsk},
		{"bye", "bye", flomastr.ActionAnswer},
		{"thanks", "thanks", flomastr.ActionAnswer},
		{"howareyou", "hello", flomastr.ActionAsk},
		{"greeting", "hello", flomastr.ActionAsk},
		{"okay", "okay", flomastr.ActionAsk},
	} {
		if x.says(talk.key, text) {
			return a.speak(v, talk.action, talk.say, "small talk: "+talk.key), true
		}
	}
	return a.speak(v, flomastr.ActionAsk, "hello", "small talk"), true
}

// says tells whether a line or sentence of the text is one of the key's phrases.
func (x *lexicon) says(key, text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		for _, s := range sentences(line) {
			if x.is(key, folded(x.withoutCourtesy(s.of(line)))) {
				return true
			}
			if x.is(key, folded(s.of(line))) {
				return true
			}
		}
	}
	return false
}

func (x *lexicon) wantsBot(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		for _, s := range sentences(line) {
			f := folded(s.of(line))
			if len(strings.Fields(f)) <= 12 && x.holds("bot", f) {
				return true
			}
		}
	}
	return false
}

// wantsPerson tells a wish for a person: as the whole message, or as a phrase that can mean nothing else.
func (x *lexicon) wantsPerson(text string) bool {
	return x.says("human", text) || x.holds("reach", folded(text))
}

// acceptsPerson tells a "yes" to our own offer of a person.
func (a *Assistant) acceptsPerson(turn flomastr.Turn, text string) bool {
	if !a.lexicon.says("yes", text) || len(turn.History) == 0 {
		return false
	}
	last := turn.History[len(turn.History)-1]
	if last.Speaker != flomastr.SpeakerAssistant {
		return false
	}
	for _, lang := range languages {
		if strings.Contains(last.Text, a.lexicon.say(lang, "refuse")) {
			return true
		}
	}
	return false
}

// speak makes a decision of one of our own sentences.
func (a *Assistant) speak(v voice, action flomastr.Action, key, reason string) flomastr.Decision {
	var evidence []flomastr.Evidence
	switch {
	case v.first && key == "hello":
		key, evidence = "greeting", v.called // the introduction has said hello
	case key == "hello" && v.called != nil:
		key, evidence = "hello_named", v.called
	}
	return flomastr.Decision{
		Action:     action,
		Text:       a.introduced(v, a.lexicon.say(v.lang, key, "{business}", v.business, "{name}", v.name)),
		Evidence:   evidence,
		Confidence: 1,
		Reason:     reason,
		Model:      Offline,
	}
}

// introduced puts into the first line of the first answer that an assistant is speaking.
func (a *Assistant) introduced(v voice, text string) string {
	if !v.first {
		return text
	}
	key := "intro"
	if v.name != "" {
		key = "intro_named"
	}
	intro := a.lexicon.say(v.lang, key, "{business}", v.business, "{name}", v.name)
	return strings.ReplaceAll(intro, "..", ".") + "\n\n" + text // "Bar Ltd." ends in a full stop of its own
}
