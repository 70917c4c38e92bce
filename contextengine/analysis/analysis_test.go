package analysis_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

func stems(tokens []analysis.Token) string {
	var out []string
	for _, t := range tokens {
		out = append(out, t.Stem)
	}
	return strings.Join(out, " ")
}

func TestWordsAreCutAndStemmedByLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		lang       analysis.Language
		want       string
	}{
		{"English inflections", "Connected connections, CONNECTING", analysis.English, "connect connect connect"}, //nolint:dupword // three words of one stem
		{"apostrophes", "Don't take the child's l’autre", analysis.English, "dont take the child lautr"},
		{"French elision", "l'hôtel", analysis.French, "hotel"},
		{"Spanish accents fold after stemming", "información informaciones", analysis.Spanish, "inform inform"}, //nolint:dupword // two words of one stem
		{"undecided is only folded", "Größen Über", analysis.Undecided, "großen uber"},
		{"digits stay whole", "9:30 on 2024-05-01", analysis.English, "9 30 on 2024 05 01"},
		{"Arabic in 4-grams, variants folded", "المدرسة", analysis.Arabic, "المد لمدر مدرس درسه"},
		{"short Arabic whole", "في بيت", analysis.Arabic, "في بيت"},
		{"Han in bigrams", "東京都", analysis.Chinese, "東京 京都"},
		{"one Han character", "水 a", analysis.Chinese, "水 a"},
		{"Russian", "книги книгами", analysis.Russian, "книг книг"},
		{"nothing", " .,!— ", analysis.English, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, stems(analysis.NewStemmer().Words(c.text, c.lang)))
		})
	}
}

func TestTheLanguageIsToldByScriptAndLittleWords(t *testing.T) {
	t.Parallel()
	d := analysis.NewDetector()
	for text, want := range map[string]analysis.Language{
		"When does the shop open and how do I get there?":       analysis.English,
		"¿Cuándo abre la tienda y cómo llego desde el centro?":  analysis.Spanish,
		"Quand est-ce que vous ouvrez et où êtes-vous ?":        analysis.French,
		"Wann ist das Geschäft geöffnet und wie komme ich hin?": analysis.German,
		"متى يفتح المتجر؟":                                      analysis.Arabic,
		"दुकान कब खुलती है":                                     analysis.Hindi,
		"когда открывается магазин":                             analysis.Russian,
		"お店は何時に開きますか":                                           analysis.Chinese,
		"Panasonic":                                             analysis.Undecided,
		"":                                                      analysis.Undecided,
		"12345":                                                 analysis.Undecided,
	} {
		require.Equal(t, want, d.Detect(text), text)
	}
}

func TestIdentifiersMeetHoweverTheyArePunctuated(t *testing.T) {
	t.Parallel()
	x := analysis.NewIdentifying()
	norms := func(text string) map[string]bool {
		out := map[string]bool{}
		for _, id := range x.Find(text) {
			out[id.Norm] = id.Strict()
		}
		return out
	}
	for _, c := range []struct{ name, stored, asked string }{
		{"part number", "The filter QX-4471/B fits.", "do you have qx4471b"},
		{"order id", "Order ORD-2024-00017 left on Monday", "where is ord 2024? I mean ORD-2024-00017"},
		{"phone, national and international", "Call +971 4 123 4567.", "is 04 123 4567 your number"},
		{"price with and without cents", "costs AED 1,250.00", "why 1250?"},
		{"e-mail", "write to Help@Example.com.", "is help@example.com right?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := norms(c.stored)
			strict := false
			for norm, s := range norms(c.asked) {
				if _, held := stored[norm]; held && s {
					strict = true
				}
			}
			require.True(t, strict, "stored %v, asked %v", stored, norms(c.asked))
		})
	}
	for _, plain := range []string{"open 7 days", "we have 3 shops", "hello there", "in 2024 we moved"} {
		for norm, strict := range norms(plain) {
			require.False(t, strict, "%q in %q", norm, plain)
		}
	}
	require.NotEqual(t, norms("part QX-4471"), norms("part QX-4472"))
}

func TestGramsSlideWithinWordsAndOverTheirEdges(t *testing.T) {
	t.Parallel()
	count := func(s string) int {
		n := 0
		analysis.EachGram([]byte(s), func(analysis.Gram) { n++ })
		return n
	}
	require.Equal(t, 4, count(" hours "))       // " hou", "hour", "ours", "urs "
	require.Equal(t, 4, count(" größe "))       // the same number for letters of two bytes
	require.Equal(t, 8, count(" hours größe ")) // none across the gap
	require.Zero(t, count("abc"))
}

func FuzzWords(f *testing.F) {
	for _, seed := range []string{"Don't stop!", "المدرسة 123", "東京 Tōkyō", "a\xffb", "’’'", "ﷺ ŉ İ", "x'"} {
		f.Add(seed)
	}
	d, x := analysis.NewDetector(), analysis.NewIdentifying()
	f.Fuzz(func(t *testing.T, text string) {
		tokens := analysis.NewStemmer().Words(text, d.Detect(text))
		last := 0
		for _, tok := range tokens {
			if tok.Start < 0 || tok.End > len(text) || tok.Start >= tok.End || tok.Start < last && !tok.Cut {
				t.Fatalf("token %+v of %q", tok, text)
			}
			last = tok.Start
			if utf8.ValidString(text) && !utf8.ValidString(tok.Stem) {
				t.Fatalf("stem %q of %q", tok.Stem, text)
			}
		}
		analysis.EachGram(analysis.GramText(tokens, text), func(analysis.Gram) {})
		for _, id := range x.Find(text) {
			if id.Start < 0 || id.End > len(text) || id.Norm == "" {
				t.Fatalf("identifier %+v of %q", id, text)
			}
		}
	})
}
