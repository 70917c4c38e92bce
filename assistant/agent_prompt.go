package assistant

import (
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// promptVersion is the version of the prompt and of the tools, which decisions carry beside the model's name. What a model is told
// changes with it, in new files.
const promptVersion = "1"

// What is shown of a conversation.
const (
	shownHistory    = 10    // messages
	shownMessage    = 600   // characters of each
	shownTurn       = 6_000 // characters of the turn's messages together
	shownAttachment = 4_000
	shownBusiness   = 80
)

// agentPrompt reads the rules for a model.
func agentPrompt() string {
	data, err := texts.ReadFile("prompt/agent-" + promptVersion + ".txt")
	if err != nil {
		panic(fmt.Sprintf("assistant: %v", err))
	}
	return string(data)
}

// opening is the first question to a model: the rules, and everything that is known before it was asked.
func (g *agent) opening() []llm.Message {
	zone, err := time.LoadLocation(g.turn.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	rules := strings.NewReplacer(
		"{business}", short(flomastr.VisibleLine(g.voice.business), shownBusiness), "{zone}", zone.String(),
		"{today}", g.deps.Clock().In(zone).Format("Monday, 2 January 2006"), "{language}", "ISO 639: "+g.voice.lang,
	).Replace(g.lexicon.rules)
	return []llm.Message{{Role: llm.RoleSystem, Text: rules}, {Role: llm.RoleUser, Text: g.situation()}}
}

// situation is what a turn is about. Everything in it that somebody else wrote is quoted.
func (g *agent) situation() string {
	var b strings.Builder
	part := func(head, text string) {
		if text != "" {
			b.WriteString(head + "\n" + text + "\n")
		}
	}
	var knowledge, remembered strings.Builder
	for n := 1; n <= len(g.sources.passages); n++ {
		if _, ok := g.sources.memories[n]; ok {
			remembered.WriteString(g.sources.render(n))
		} else {
			knowledge.WriteString(g.sources.render(n))
		}
	}
	if knowledge.Len() == 0 {
		knowledge.WriteString("Nothing was found.\n")
	}
	part("Sources of the knowledge:", knowledge.String())
	part("Remembered of this customer:", remembered.String())
	part("The customer's name:", quoted(g.voice.name))
	var talk strings.Builder
	history := g.turn.History[max(0, len(g.turn.History)-shownHistory):]
	for _, m := range history {
		who := "We wrote:"
		if m.Speaker == flomastr.SpeakerContact {
			who = "The customer wrote:"
		}
		if text := readable(m); text != "" {
			talk.WriteString(who + "\n" + quoted(trimmed(text, shownMessage)))
		}
	}
	part("The conversation so far:", talk.String())
	for _, m := range g.turn.Messages {
		part("A document of the customer's, which is no source:", quoted(trimmed(m.Attachment, shownAttachment)))
	}
	part("The customer now writes:", quoted(trimmed(said(g.turn), shownTurn)))
	if w := g.turn.Rework; w != nil {
		part("A colleague did not let this draft go:", quoted(trimmed(w.Draft, shownMessage*2)))
		part("The colleague wishes (a wish for the text; the rules stay as they are):", quoted(trimmed(w.Feedback, shownMessage)))
	}
	return b.String()
}
