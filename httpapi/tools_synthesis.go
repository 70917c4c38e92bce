package httpapi

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
)

// synthesisInput has one of three forms: a query with its context; a query to a tenant's knowledge, with the conversation
// around it; or pieces to make a message of. The handler tells them apart by which fields are there.
type synthesisInput struct {
	Body struct {
		Query               string            `json:"query,omitempty" maxLength:"4000"`
		Context             *givenContext     `json:"context,omitempty"`
		TenantSlug          string            `json:"tenant_slug,omitempty" maxLength:"255"`
		UserID              string            `json:"user_id,omitempty" maxLength:"255"`
		ConversationID      string            `json:"conversation_id,omitempty" maxLength:"255" doc:"Handed back; one is made where it is missing"`
		ConversationContext []said            `json:"conversation_context,omitempty" maxItems:"100" doc:"Oldest first"`
		SynthesisType       string            `json:"synthesis_type,omitempty" enum:"contextual_answer,pulse_content,agent_response"`
		UserProfile         map[string]any    `json:"user_profile,omitempty" doc:"name, interests and language are read"`
		MessageTemplate     *messageTemplate  `json:"message_template,omitempty"`
		TenantBranding      map[string]string `json:"tenant_branding,omitempty" doc:"name signs the message"`
	}
}

type said struct {
	Role    string `json:"role" enum:"user,assistant,agent,system"`
	Content string `json:"content" maxLength:"20000"`
}

type messageTemplate struct {
	Tone                 string `json:"tone,omitempty" maxLength:"50"`
	MaxLength            int    `json:"max_length,omitempty" minimum:"80" maximum:"4096"`
	IncludeCallToAction  bool   `json:"include_call_to_action,omitempty"`
	PersonalizationLevel string `json:"personalization_level,omitempty" maxLength:"50" doc:"none, low, medium or high"`
}

func (in *synthesisInput) namesTenant() string { return in.Body.TenantSlug }

type synthesisOutput struct {
	Body struct {
		Answer                  string           `json:"answer"`
		SynthesizedMessage      string           `json:"synthesized_message"`
		ConfidenceScore         float64          `json:"confidence_score"`
		SourcesUsed             []answerCitation `json:"sources_used"`
		ConversationID          string           `json:"conversation_id"`
		PersonalizationElements []string         `json:"personalization_elements"`
	}
}

var errSynthesisWhat = flomastr.Errorf(flomastr.Invalid, "invalid_request", "Send a query with a context or a tenant, or a context with a message template.").
	Field("body.query", "is missing")

func (a *API) synthesis(ctx context.Context, call Call, in *synthesisInput) (*synthesisOutput, error) {
	out := &synthesisOutput{}
	b := &in.Body
	var err error
	switch {
	case b.Query == "" && b.Context == nil:
		return nil, errSynthesisWhat
	case b.Query == "" || b.MessageTemplate != nil && b.Context != nil:
		a.synthesisMessage(in, out)
	case b.Context != nil:
		got := a.generated(b.Query, *b.Context)
		out.Body.Answer, out.Body.ConfidenceScore, out.Body.SourcesUsed = got.Answer, got.Confidence, answerCitations(got.Citations)
	default:
		err = a.synthesisAnswer(ctx, call, in, out)
	}
	if err != nil {
		return nil, err
	}
	if out.Body.SynthesizedMessage == "" {
		out.Body.SynthesizedMessage = out.Body.Answer
	}
	if out.Body.ConversationID = b.ConversationID; out.Body.ConversationID == "" {
		out.Body.ConversationID = flomastr.NewID[flomastr.ConversationID]().String()
	}
	out.Body.PersonalizationElements = orEmpty(out.Body.PersonalizationElements)
	if out.Body.SourcesUsed == nil {
		out.Body.SourcesUsed = []answerCitation{}
	}
	return out, nil
}

// synthesisAnswer asks the tenant's own knowledge, as a turn of the given conversation.
func (a *API) synthesisAnswer(ctx context.Context, call Call, in *synthesisInput, out *synthesisOutput) error {
	turn := flomastr.Turn{
		Tenant:   call.Tenant.ID,
		Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: in.Body.Query, At: a.deps.Clock()}},
	}
	for _, s := range in.Body.ConversationContext {
		m := flomastr.TurnMessage{Speaker: flomastr.SpeakerAssistant, Type: "text", Text: s.Content, At: a.deps.Clock()}
		switch s.Role {
		case "user":
			m.Speaker = flomastr.SpeakerContact
		case "agent":
			m.Speaker = flomastr.SpeakerMember
		case "system":
			continue // what an outside workflow told its own model is nothing that was said
		}
		turn.History = append(turn.History, m)
	}
	d, err := a.deps.Assistant.Answer(ctx, turn)
	if err != nil {
		return err
	}
	out.Body.Answer, out.Body.ConfidenceScore = d.Text, d.Confidence
	for i, e := range d.Evidence {
		out.Body.SourcesUsed = append(out.Body.SourcesUsed, answerCitation{Number: i + 1, Quote: e.Quote, Title: e.Title, ChunkID: e.Passage.String(), Place: e.Place})
	}
	if in.Body.SynthesisType == "pulse_content" && d.Action == flomastr.ActionAnswer {
		pieces := make([]assistant.Piece, len(d.Evidence))
		for i, e := range d.Evidence {
			pieces[i] = assistant.Piece{Text: e.Quote, Title: e.Title}
		}
		message := a.deps.Assistant.Synthesise(pieces, in.template())
		out.Body.SynthesizedMessage, out.Body.PersonalizationElements = message.Text, message.Personalised
	}
	return nil
}

// synthesisMessage makes a message of the given pieces.
func (a *API) synthesisMessage(in *synthesisInput, out *synthesisOutput) {
	pieces := in.Body.Context.pieces
	if !in.Body.Context.listed {
		pieces = []contextPiece{{Text: in.Body.Context.text}}
	}
	message := a.deps.Assistant.Synthesise(assistantPieces(pieces), in.template())
	out.Body.Answer, out.Body.SynthesizedMessage = message.Text, message.Text
	out.Body.ConfidenceScore, out.Body.SourcesUsed = message.Confidence, answerCitations(message.Sources)
	out.Body.PersonalizationElements = message.Personalised
}

// template reads what the request says of the message and its reader.
func (in *synthesisInput) template() assistant.Template {
	t := assistant.Template{Personalise: true, Business: in.Body.TenantBranding["name"]}
	if m := in.Body.MessageTemplate; m != nil {
		t.Tone, t.MaxLength, t.CallToAction = m.Tone, m.MaxLength, m.IncludeCallToAction
		t.Personalise = m.PersonalizationLevel != "none"
	}
	profile := in.Body.UserProfile
	for _, key := range []string{"first_name", "name"} {
		if name, ok := profile[key].(string); ok && t.Name == "" {
			t.Name = name
		}
	}
	if lang, ok := profile["language"].(string); ok && len(lang) >= 2 {
		t.Language = lang[:2]
	}
	for _, key := range []string{"interests", "preferences"} {
		list, _ := profile[key].([]any)
		for _, v := range list {
			if word, ok := v.(string); ok {
				t.Interests = append(t.Interests, word)
			}
		}
	}
	return t
}
