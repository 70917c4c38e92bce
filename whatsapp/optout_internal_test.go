package whatsapp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestOnlyAWholeMessageIsAWish(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Wish{
		"STOP": WishStop, " stop!!! ": WishStop, "«Stop.»": WishStop, "Stop 🛑": WishStop, "*STOP*": WishStop, "UNSUBSCRIBE": WishStop,
		"Opt-out": WishStop, "ＳＴＯＰ": WishStop, "Stopp": WishStop, "ABMELDEN": WishStop, "keine Nachrichten mehr!": WishStop,
		"BAJA": WishStop, "¡Darme de baja!": WishStop, "No más mensajes": WishStop, "ARRÊT": WishStop, "arret": WishStop, "Désabonner": WishStop,
		"annulla iscrizione": WishStop, "Cancelar inscrição": WishStop, "PARE": WishStop, "إلغاء الاشتراك": WishStop, "الغاء": WishStop, "تَوَقَّف": WishStop,
		"Afmelden": WishStop, "Rezygnuję": WishStop, "wypisz mnie": WishStop, "İPTAL": WishStop, "iptal": WishStop, "DURDUR": WishStop,
		"Odjavi me.": WishStop, "ne salji": WishStop, "बंद करो": WishStop,
		"START": WishStart, "Unstop": WishStart, "weiter": WishStart, "ابدأ": WishStart, "Başlat": WishStart, "prijava": WishStart, "शुरू": WishStart,
		"Please don't stop": NoWish, "stop by on Monday": NoWish, "Is there a bus stop?": NoWish, "don't cancel": NoWish, "Fine.": NoWish,
		"": NoWish, "🛑": NoWish, "!!!": NoWish, "non-stop": NoWish, "stopstop": NoWish, "Can I cancel my order?": NoWish,
		"bitte nicht abmelden": NoWish, strings.Repeat("stop ", 100): NoWish,
	} {
		wish, reply := wishOf(provider.Inbound{Type: "text", Text: text})
		require.Equal(t, want, wish, text)
		require.Equal(t, want == NoWish, reply == "", text)
	}
}

func TestAWishIsACustomersOwnWord(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]provider.Inbound{
		"a row that we offered":          {Type: "interactive_list_reply", Text: "Cancel"},
		"a person's, in the business":    {Type: "text", Text: "stop", Echo: true},
		"of the past":                    {Type: "text", Text: "stop", History: true},
		"a new wording of an old text":   {Type: "edit", Text: "stop", Target: "wamid.1"},
		"a message to a group":           {Type: "text", Text: "stop", Silent: true},
		"the caption of an image (STOP)": {Type: "image", Text: "stop"},
	} {
		wish, _ := wishOf(in)
		require.Equal(t, NoWish, wish, name)
	}
	wish, reply := wishOf(provider.Inbound{Type: "button", Text: "Abmelden"})
	require.Equal(t, WishStop, wish, "a template's button is the customer's word")
	require.Contains(t, reply, "keine Nachrichten")
}

func TestEveryLanguageHasItsWordsAndNoWordMeansBoth(t *testing.T) {
	t.Parallel()
	for _, l := range languages {
		require.NotEmpty(t, l.stop)
		require.NotEmpty(t, l.start)
		require.Contains(t, l.stopped, "START")
		require.Contains(t, l.restarted, "STOP")
		for _, word := range l.stop {
			require.Equal(t, WishStop, wishWords[bare(word)].wish, word)
			require.LessOrEqual(t, len([]rune(word)), longestWish)
		}
		for _, word := range l.start {
			require.Equal(t, WishStart, wishWords[bare(word)].wish, word)
		}
	}
}

func FuzzWishOf(f *testing.F) {
	f.Add("STOP")
	f.Add("إلغاء")
	f.Fuzz(func(t *testing.T, text string) {
		wish, reply := wishOf(provider.Inbound{Type: "text", Text: text})
		if (wish == NoWish) != (reply == "") {
			t.Fatal("a wish has a confirmation, and nothing else has")
		}
		if wish != NoWish && bare(bare(text)) != bare(text) {
			t.Fatal("bare is not stable")
		}
	})
}
