package provider_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestChoicesTakeTheFormThatWhatsAppHasForSoMany(t *testing.T) {
	t.Parallel()
	rows := func(n int) (list []provider.Choice) {
		for i := range n {
			list = append(list, provider.Choice{ID: fmt.Sprintf("id-%d", i+1), Title: fmt.Sprintf("Choice %d", i+1)})
		}
		return list
	}
	picture := &provider.Media{Kind: "image", URL: "https://x.example/a.jpg"}
	list := func(label string, n int) *provider.Interactive {
		return &provider.Interactive{Body: "Which?", Label: label, Sections: []provider.Section{{Rows: rows(n)}}}
	}
	for name, c := range map[string]struct {
		given provider.Interactive
		want  *provider.Interactive // none: a text
	}{
		"three are buttons":              {provider.Interactive{Body: "Which?", Buttons: rows(3)}, &provider.Interactive{Body: "Which?", Buttons: rows(3)}},
		"four are a list":                {provider.Interactive{Body: "Which?", Buttons: rows(4)}, list("Menu", 4)},
		"ten are a list":                 {provider.Interactive{Body: "Which?", Buttons: rows(10), Label: "Choose"}, list("Choose", 10)},
		"eleven are numbered":            {provider.Interactive{Body: "Which?", Buttons: rows(11)}, nil},
		"a list of ten stays one":        {*list("Choose", 10), list("Choose", 10)},
		"a list of eleven is numbered":   {*list("Choose", 11), nil},
		"a link stays one":               {provider.Interactive{Body: "Go", Link: &provider.Link{Label: "Open", URL: "https://x.example"}}, &provider.Interactive{Body: "Go", Link: &provider.Link{Label: "Open", URL: "https://x.example"}}},
		"under a picture nothing moves":  {provider.Interactive{Body: "Which?", HeaderMedia: picture, Buttons: rows(4)}, &provider.Interactive{Body: "Which?", HeaderMedia: picture, Buttons: rows(4)}},
		"asking for a place stays as is": {provider.Interactive{Body: "Where?", AskLocation: true}, &provider.Interactive{Body: "Where?", AskLocation: true}},
	} {
		got := provider.Message{To: "385911111111", Interactive: &c.given}.Arranged()
		require.Equal(t, c.want, got.Interactive, name)
		if c.want == nil {
			require.Contains(t, got.Text, "Which?\n\n1. Choice 1\n2. Choice 2\n", name)
			require.Contains(t, got.Text, "\n11. Choice 11", name)
			require.NotContains(t, got.Text, "id-", name)
		}
	}
}

func TestFilesAreReplacedInACopy(t *testing.T) {
	t.Parallel()
	at := func(url string) *provider.Media { return &provider.Media{Kind: "image", URL: url} }
	m := provider.Message{Media: at("a"), Template: &provider.Template{HeaderMedia: at("b")}, Interactive: &provider.Interactive{HeaderMedia: at("c")}}
	var seen []string
	got, err := m.WithFiles(func(f provider.Media) (provider.Media, error) {
		seen = append(seen, f.URL)
		f.URL += "!"
		return f, nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, seen)
	require.Equal(t, []string{"a!", "b!", "c!"}, []string{got.Media.URL, got.Template.HeaderMedia.URL, got.Interactive.HeaderMedia.URL})
	require.Equal(t, []string{"a", "b", "c"}, []string{m.Media.URL, m.Template.HeaderMedia.URL, m.Interactive.HeaderMedia.URL})
}
