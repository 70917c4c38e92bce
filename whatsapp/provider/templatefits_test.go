package provider_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

func draft(change func(*provider.TemplateState)) provider.TemplateState {
	t := provider.TemplateState{
		Name: "order_ready", Language: "en_US", Category: "utility", Body: "Hello {{1}}, order {{2}} is ready.", Examples: []string{"Ana", "7"},
		Header: &provider.TemplateHeader{Kind: "text", Text: "Order {{1}}", Example: "7"}, Footer: "Reply to ask us",
		Buttons: []provider.TemplateChoice{
			{Kind: "quick_reply", Text: "Thanks"},
			{Kind: "url", Text: "Track it", Value: "https://shop.example/{{1}}", Example: "7"},
		},
	}
	if change != nil {
		change(&t)
	}
	return t
}

func TestATemplateIsCheckedBeforeItIsSubmitted(t *testing.T) {
	t.Parallel()
	type state = provider.TemplateState
	buttons := func(list ...provider.TemplateChoice) func(*state) { return func(t *state) { t.Buttons = list } }
	header := func(h provider.TemplateHeader) func(*state) { return func(t *state) { t.Header = &h } }
	for name, c := range map[string]struct {
		change func(*state)
		field  string
	}{
		"as it should be":                  {nil, ""},
		"a name with capitals":             {func(t *state) { t.Name = "Order" }, "name"},
		"no name":                          {func(t *state) { t.Name = "" }, "name"},
		"a language in words":              {func(t *state) { t.Language = "English" }, "language"},
		"Chinese as written in Taiwan":     {func(t *state) { t.Language = "zh_TW" }, ""},
		"a category that there is not":     {func(t *state) { t.Category = "news" }, "category"},
		"no text":                          {func(t *state) { t.Body = " " }, "body"},
		"1,025 characters":                 {func(t *state) { t.Body = strings.Repeat("x", 1025); t.Examples = nil }, "body"},
		"1,024 characters":                 {func(t *state) { t.Body = strings.Repeat("x", 1024); t.Examples = nil }, ""},
		"a gap in the placeholders":        {func(t *state) { t.Body = "{{1}} and {{3}}" }, "body"},
		"a placeholder from 0":             {func(t *state) { t.Body = "{{0}} and {{1}}" }, "body"},
		"a placeholder with a name":        {func(t *state) { t.Body = "{{1}} and {{name}}" }, "body"},
		"a placeholder that is not closed": {func(t *state) { t.Body = "{{1}}, {{2}} and {{" }, "body"},
		"the same placeholder twice":       {func(t *state) { t.Body = "{{1}}, {{2}} and {{1}}" }, ""},
		"an example too few":               {func(t *state) { t.Examples = t.Examples[:1] }, "examples"},
		"an empty example":                 {func(t *state) { t.Examples = []string{"Ana", ""} }, "examples"},
		"a header of 61 characters":        {header(provider.TemplateHeader{Kind: "text", Text: strings.Repeat("x", 61)}), "header"},
		"two placeholders in a header":     {header(provider.TemplateHeader{Kind: "text", Text: "{{1}} {{2}}", Example: "x"}), "header"},
		"a header's example missing":       {header(provider.TemplateHeader{Kind: "text", Text: "{{1}}"}), "header"},
		"a picture without an example":     {header(provider.TemplateHeader{Kind: "image"}), "header"},
		"a picture":                        {header(provider.TemplateHeader{Kind: "image", Example: "https://x.example/a.png"}), ""},
		"a place":                          {header(provider.TemplateHeader{Kind: "location"}), ""},
		"a header of a kind that is not":   {header(provider.TemplateHeader{Kind: "sound"}), "header"},
		"a footer with a placeholder":      {func(t *state) { t.Footer = "{{1}}" }, "footer"},
		"a footer of 61 characters":        {func(t *state) { t.Footer = strings.Repeat("x", 61) }, "footer"},
		"a button of 26 characters":        {buttons(provider.TemplateChoice{Kind: "quick_reply", Text: strings.Repeat("x", 26)}), "buttons"},
		"two buttons with one text":        {buttons(provider.TemplateChoice{Kind: "quick_reply", Text: "A"}, provider.TemplateChoice{Kind: "quick_reply", Text: "A"}), "buttons"},
		"two phone numbers":                {buttons(provider.TemplateChoice{Kind: "phone_number", Text: "A", Value: "+385911111111"}, provider.TemplateChoice{Kind: "phone_number", Text: "B", Value: "+385911111111"}), "buttons"},
		"a link with the value in between": {buttons(provider.TemplateChoice{Kind: "url", Text: "A", Value: "https://x.example/{{1}}/y", Example: "7"}), "buttons"},
		"a link that is none":              {buttons(provider.TemplateChoice{Kind: "url", Text: "A", Value: "javascript:alert(1)"}), "buttons"},
		"a link whose host is the value":   {buttons(provider.TemplateChoice{Kind: "url", Text: "A", Value: "https://{{2}}", Example: "7"}), "buttons"},
		"a code of 16 characters":          {buttons(provider.TemplateChoice{Kind: "copy_code", Example: strings.Repeat("7", 16)}), "buttons"},
		"a button of a kind that is not":   {buttons(provider.TemplateChoice{Kind: "flow", Text: "A"}), "buttons"},
		"a code to sign in by, no button":  {func(t *state) { t.Category, t.Header, t.Buttons = "authentication", nil, nil }, "buttons"},
		"a code to sign in by, with button": {func(t *state) {
			t.Category, t.Header = "authentication", nil
			t.Buttons = []provider.TemplateChoice{{Kind: "copy_code", Example: "1"}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := draft(c.change).Check()
			if c.field == "" {
				require.Nil(t, found)
				return
			}
			require.NotNil(t, found)
			require.Equal(t, c.field, found.Field, found.Sentence)
			require.NotEmpty(t, found.Sentence)
		})
	}
}

func TestATemplateTakesExactlyItsValues(t *testing.T) {
	t.Parallel()
	type values = provider.Template
	fine := func() values {
		return values{Placeholders: []string{"Ana", "7"}, HeaderText: "7", Buttons: []provider.TemplateButton{{Kind: "url", Index: 1, Value: "7"}}}
	}
	for name, c := range map[string]struct {
		change func(*values)
		field  string
	}{
		"all of them": {func(*values) {}, ""},
		"and what a quick reply sends back": {func(v *values) {
			v.Buttons = append(v.Buttons, provider.TemplateButton{Kind: "quick_reply", Index: 0, Value: "thanks"})
		}, ""},
		"one too few":                       {func(v *values) { v.Placeholders = v.Placeholders[:1] }, "placeholders"},
		"no header":                         {func(v *values) { v.HeaderText = "" }, "header_text"},
		"a file for a header of text":       {func(v *values) { v.HeaderMedia = &provider.Media{Kind: "image", URL: "https://x.example"} }, "header_media"},
		"no end of the link":                {func(v *values) { v.Buttons = nil }, "buttons"},
		"a value for a button that is none": {func(v *values) { v.Buttons[0].Index = 2 }, "buttons"},
		"a value for one of another kind":   {func(v *values) { v.Buttons[0].Kind = "copy_code" }, "buttons"},
		"two values for one button":         {func(v *values) { v.Buttons = append(v.Buttons, v.Buttons[0]) }, "buttons"},
		"a tab":                             {func(v *values) { v.Placeholders[0] = "A\tB" }, "placeholders"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := fine()
			v.Name, v.Language = "order_ready", "en_US"
			c.change(&v)
			found := draft(nil).Takes(v)
			require.Equal(t, c.field == "", found == nil, "%v", found)
			if found != nil {
				require.Equal(t, c.field, found.Field, found.Sentence)
			}
		})
	}
}

func TestAValueThatLooksLikeAPlaceholderStaysWhatItIs(t *testing.T) {
	t.Parallel()
	shown := draft(nil).Show(provider.Template{Placeholders: []string{"{{2}}", "7"}, HeaderText: "9"})
	require.Equal(t, "Hello {{2}}, order 7 is ready.", shown.Body)
	require.Equal(t, "Order 9", shown.Header)
	require.Equal(t, []string{"Thanks", "Track it"}, shown.Buttons)
	require.Equal(t, "Hello Ana, order {{2}} is ready.", draft(nil).Show(provider.Template{Placeholders: []string{"Ana"}}).Body, "a value that is missing is seen to be")
}

func FuzzATemplateThatPassesTakesAsManyValuesAsItHasExamples(f *testing.F) {
	f.Add("Hello {{1}}", "Ana")
	f.Add("{{ 1 }}{{2}}", "x")
	f.Add("{{{1}}}", "")
	f.Fuzz(func(t *testing.T, body, example string) {
		s := provider.TemplateState{Name: "n", Language: "en", Category: "utility", Body: body}
		for range strings.Count(body, "{{") {
			s.Examples = append(s.Examples, example)
			if s.Check() == nil {
				break
			}
		}
		if s.Check() != nil {
			return
		}
		v := provider.Template{Name: "n", Language: "en", Placeholders: s.Examples}
		require.Nil(t, s.Takes(v))
		for i := range s.Examples {
			require.NotContains(t, s.Show(provider.Template{Placeholders: append([]string(nil), replaced(s.Examples)...)}).Body, "{{"+string(rune('1'+i))+"}}")
		}
	})
}

// replaced gives as many values that hold no braces.
func replaced(list []string) []string {
	out := make([]string, len(list))
	for i := range out {
		out[i] = "v"
	}
	return out
}
