package httpapi

import (
	"context"
	"maps"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/pulse"
)

// Pulse chooses what could be told to a customer on the business's own accord.
type Pulse interface {
	Content(ctx context.Context, tenant flomastr.TenantID, ask pulse.Ask) (pulse.Content, error)
}

type pulseContentInput struct {
	Body struct {
		TenantID     string           `json:"tenant_id" minLength:"1" maxLength:"255" doc:"The tenant, by id or slug"`
		UserID       string           `json:"user_id" minLength:"1" maxLength:"255" doc:"A contact's id, phone number or provider's id; nothing is known of anybody else"`
		UserContext  map[string]any   `json:"user_context,omitempty" doc:"What else is known of them, such as their last purchase: its texts are searched for"`
		Preferences  pulsePreferences `json:"preferences,omitzero"`
		ContentTypes []string         `json:"content_types,omitempty" maxItems:"20" doc:"Types or tags of the knowledge that may be used; none: all"`
		MaxItems     int              `json:"max_items,omitempty" minimum:"1" maximum:"20" default:"5"`
	}
}

type pulsePreferences struct {
	Topics []string `json:"topics,omitempty" maxItems:"20" doc:"What they like to read about, the most telling first"`
	Style  string   `json:"content_style,omitempty" maxLength:"50" doc:"How they like to be written to; else it is read off their own messages"`
}

func (in *pulseContentInput) namesTenant() string { return in.Body.TenantID }

type pulseContentOutput struct {
	Body struct {
		Content  []pulsePiece  `json:"contextual_content" doc:"The most fitting first"`
		Insights pulseInsights `json:"user_insights"`
	}
}

type pulsePiece struct {
	Type      string          `json:"type" doc:"The one of content_types that it was found by, else its intent, else what it was read from"`
	Title     string          `json:"title"`
	Content   string          `json:"content" doc:"A passage of the knowledge, literally"`
	Relevance float64         `json:"relevance_score" doc:"Between 0 and 1; 0 for what is given only because it is new"`
	Interest  string          `json:"interest,omitempty" doc:"What it was found by"`
	ItemID    flomastr.ItemID `json:"item_id" format:"uuid"`
	Source    string          `json:"source" enum:"file,url,paste,hitl"`
	URL       string          `json:"url,omitempty"`
}

type pulseInsights struct {
	Topics     []string `json:"recent_topics" doc:"Titles of what they were answered from in the last 90 days, latest first"`
	Engagement string   `json:"engagement_level" enum:"none,low,medium,high" doc:"By their messages of the last 30 days: low up to 2, medium up to 9; none when there were none in 90"`
	Style      string   `json:"preferred_content_style" doc:"As asked for, else brief, balanced or detailed, as they write themselves"`
}

func (a *API) pulseContent(ctx context.Context, call Call, in *pulseContentInput) (*pulseContentOutput, error) {
	got, err := a.deps.Pulse.Content(ctx, call.Tenant.ID, pulse.Ask{
		Reader: in.Body.UserID, Interests: append(in.Body.Preferences.Topics, texts(in.Body.UserContext)...),
		Kinds: in.Body.ContentTypes, Style: in.Body.Preferences.Style, Most: in.Body.MaxItems,
	})
	if err != nil {
		return nil, err
	}
	out := &pulseContentOutput{}
	out.Body.Content = make([]pulsePiece, len(got.Pieces))
	for i, p := range got.Pieces {
		out.Body.Content[i] = pulsePiece{Type: p.Kind, Title: p.Title, Content: p.Text, Relevance: p.Relevance, Interest: p.Interest, ItemID: p.Item, Source: p.Source, URL: p.URL}
	}
	out.Body.Insights = pulseInsights{Topics: got.Insights.Topics, Engagement: string(got.Insights.Engagement), Style: got.Insights.Style}
	return out, nil
}

// texts lists the texts of an object, those of lists in it among them, in the order of its names.
func texts(object map[string]any) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch v := object[name].(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, one := range v {
				if text, ok := one.(string); ok {
					out = append(out, text)
				}
			}
		}
	}
	return out
}
