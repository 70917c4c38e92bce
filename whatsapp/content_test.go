package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestContentIsHeldToWhatsAppsLimitsBeforeItIsQueued(t *testing.T) {
	t.Parallel()
	choices := func(n int) (list []provider.Choice) {
		for i := range n {
			list = append(list, provider.Choice{ID: string(rune('a' + i)), Title: "T" + string(rune('a'+i))})
		}
		return list
	}
	interactive := func(m provider.Interactive) provider.Message { return provider.Message{Interactive: &m} }
	sections := func(s ...provider.Section) []provider.Section { return s }
	for name, c := range map[string]struct {
		message provider.Message
		field   string // the first that is wrong; none when empty
	}{
		"text":               {provider.Message{Text: strings.Repeat("é", 4096)}, ""},
		"long text":          {provider.Message{Text: strings.Repeat("é", 4097)}, "body.message.text"},
		"blank text":         {provider.Message{Text: " \n"}, "body.message.text"},
		"buttons":            {interactive(provider.Interactive{Body: "b", Buttons: choices(3)}), ""},
		"four buttons":       {interactive(provider.Interactive{Body: "b", Buttons: choices(4)}), "body.message.interactive.buttons"},
		"two alike":          {interactive(provider.Interactive{Body: "b", Buttons: []provider.Choice{{ID: "1", Title: "A"}, {ID: "2", Title: "A"}}}), "body.message.interactive.buttons[1].title"},
		"one id twice":       {interactive(provider.Interactive{Body: "b", Buttons: []provider.Choice{{ID: "1", Title: "A"}, {ID: "1", Title: "B"}}}), "body.message.interactive.buttons[1].id"},
		"long button":        {interactive(provider.Interactive{Body: "b", Buttons: []provider.Choice{{ID: "1", Title: strings.Repeat("x", 21)}}}), "body.message.interactive.buttons[0].title"},
		"long body":          {interactive(provider.Interactive{Body: strings.Repeat("x", 1025), Buttons: choices(1)}), "body.message.interactive.body"},
		"list":               {interactive(provider.Interactive{Body: "b", Label: "Menu", Sections: sections(provider.Section{Rows: choices(10)})}), ""},
		"eleven rows":        {interactive(provider.Interactive{Body: "b", Label: "Menu", Sections: sections(provider.Section{Rows: choices(11)})}), "body.message.interactive.sections"},
		"untitled sections":  {interactive(provider.Interactive{Body: "b", Label: "Menu", Sections: sections(provider.Section{Title: "x", Rows: choices(1)}, provider.Section{Rows: []provider.Choice{{ID: "z", Title: "Z"}}})}), "body.message.interactive.sections[1].title"},
		"list without label": {interactive(provider.Interactive{Body: "b", Sections: sections(provider.Section{Rows: choices(1)})}), "body.message.interactive.label"},
		"nothing to tap":     {interactive(provider.Interactive{Body: "b"}), "body.message.interactive"},
		"two things to tap":  {interactive(provider.Interactive{Body: "b", Buttons: choices(1), AskLocation: true}), "body.message.interactive"},
		"link":               {interactive(provider.Interactive{Body: "b", Link: &provider.Link{Label: "Go", URL: "https://x.example"}}), ""},
		"bad link":           {interactive(provider.Interactive{Body: "b", Link: &provider.Link{Label: "Go", URL: "javascript:1"}}), "body.message.interactive.link.url"},
		"null island":        {provider.Message{Location: &provider.Location{}}, ""},
		"off the map":        {provider.Message{Location: &provider.Location{Latitude: 91}}, "body.message.location"},
		"nameless card":      {provider.Message{Contacts: []provider.ContactCard{{Name: "A"}}}, "body.message.contacts[0].first_name"},
		"audio with caption": {provider.Message{Media: &provider.Media{Kind: "audio", URL: "https://x.example/a", Caption: "c"}}, "body.message.media.caption"},
		"long caption":       {provider.Message{Media: &provider.Media{Kind: "image", URL: "https://x.example/a", Caption: strings.Repeat("x", 1025)}}, "body.message.media.caption"},
		"template":           {provider.Message{Template: &provider.Template{Placeholders: []string{"a    b"}}}, ""},
		"value with newline": {provider.Message{Template: &provider.Template{Placeholders: []string{"a", "b\nc"}}}, "body.message.template.placeholders[1]"},
		"empty value":        {provider.Message{Template: &provider.Template{Placeholders: []string{""}}}, "body.message.template.placeholders[0]"},
		"five spaces":        {provider.Message{Template: &provider.Template{Placeholders: []string{"a     b"}}}, "body.message.template.placeholders[0]"},
		"long code":          {provider.Message{Template: &provider.Template{Buttons: []provider.TemplateButton{{Kind: "copy_code", Value: strings.Repeat("1", 16)}}}}, "body.message.template.buttons[0].value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := whatsapp.CheckContent(c.message, provider.Limits{Text: 4096, Caption: 1024})
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, flomastr.Invalid, flomastr.KindOf(err))
			var found *flomastr.Error
			require.ErrorAs(t, err, &found)
			require.Equal(t, c.field, found.Fields[0].Location)
		})
	}
}
