package markup

import (
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTextIsCutAtTheBestPlace(t *testing.T) {
	t.Parallel()
	filler := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	for name, c := range map[string]struct {
		text  string
		limit int
		want  []string
	}{
		"short":         {"Hello.", 40, []string{"Hello."}},
		"blank":         {" \n ", 40, nil},
		"paragraph":     {"First one.\n\nSecond line.\nThird line, which is a bit longer.", 50, []string{"First one.\n\nSecond line.", "Third line, which is a bit longer."}},
		"line":          {filler(6) + "\n" + filler(6), 40, []string{filler(6), filler(6)}},
		"sentence":      {"This is the first sentence. This is the second one. And the third.", 56, []string{"This is the first sentence. This is the second one.", "And the third."}},
		"word":          {filler(12), 40, []string{filler(8), filler(4)}},
		"no spaces":     {strings.Repeat("x", 50), 40, []string{strings.Repeat("x", 40), strings.Repeat("x", 10)}},
		"emoji":         {strings.Repeat("👩‍👩‍👧", 6), 32, []string{strings.Repeat("👩‍👩‍👧", 4), strings.Repeat("👩‍👩‍👧", 2)}},
		"address whole": {filler(6) + " https://example.com/a/b/c?d=e", 40, []string{filler(6), "https://example.com/a/b/c?d=e"}},
		"code whole":    {filler(6) + " `run the thing now`", 40, []string{filler(6), "`run the thing now`"}},
		"bold again":    {"*" + filler(12) + "*", 40, []string{"*" + filler(7) + "*", "*" + filler(5) + "*"}},
		"long code": {
			"```\n" + strings.TrimSpace(strings.Repeat("line of it\n", 5)) + "\n```", 40,
			[]string{"```\nline of it\nline of it\n```", "```\nline of it\nline of it\nline of it\n```"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, Split(c.text, c.limit))
		})
	}
}

// letters are what must survive: everything but white space and the markers that a cut may double.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("*_~`", r) {
			return -1
		}
		return r
	}, s)
}

func check(t interface {
	Fatalf(format string, args ...any)
}, text string, limit int,
) {
	parts := Split(text, limit)
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			t.Fatalf("an empty part of %q at %d: %q", text, limit, parts)
		}
		if units(part) > limit {
			t.Fatalf("a part of %d units of %q at %d: %q", units(part), text, limit, part)
		}
	}
	if got, want := letters(strings.Join(parts, "")), letters(text); got != want {
		t.Fatalf("joined parts are %q, not %q", got, want)
	}
}

var ingredients = []string{
	"word", " ", "\n", "\n\n", ". ", "*bold text*", "_italic_", "~gone~", "`code span`", "```\nblock of code\n```", "https://example.com/a_b_c?d=e*f",
	"👩‍👩‍👧", "é", "漢字", "שלום ", "a*b", "*", "_", "`", "me@example.com", "٣٫٥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
}

func TestNothingIsLostOrTooLongWhateverTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(ingredients), 1, 120).Draw(t, "text"), "")
		limit := rapid.IntRange(32, 200).Draw(t, "limit")
		check(t, text, limit)
	})
}

func TestNoCharacterAddressOrCodeIsCutWhereItFits(t *testing.T) {
	t.Parallel()
	whole := []string{"https://example.com/a_b_c?d=e*f", "`code span`", "👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(append([]string{"word", "a", "fine."}, whole...)), 1, 80).Draw(t, "words")
		parts := Split(strings.Join(words, " "), rapid.IntRange(40, 120).Draw(t, "limit"))
		fields := strings.Fields(strings.Join(parts, " "))
		for _, piece := range whole[:1] {
			if got, want := count(fields, piece), count(words, piece); got != want {
				t.Fatalf("%q is cut in %q", piece, parts)
			}
		}
		if got, want := strings.Count(strings.Join(parts, " "), whole[1]), count(words, whole[1]); got != want {
			t.Fatalf("code is cut in %q", parts)
		}
		if got, want := uniseg.GraphemeClusterCount(strings.Join(parts, " ")), uniseg.GraphemeClusterCount(strings.Join(words, " ")); got != want {
			t.Fatalf("%d characters became %d in %q", want, got, parts)
		}
	})
}

func count(words []string, word string) (n int) {
	for _, w := range words {
		if w == word {
			n++
		}
	}
	return n
}

func FuzzSplit(f *testing.F) {
	for _, seed := range ingredients {
		f.Add(strings.Repeat(seed+" ", 20), 40)
		f.Add(strings.Repeat(seed, 40), 64)
	}
	f.Add("*"+strings.Repeat("b ", 40)+"_c*_", 32)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 32 || limit > 5000 || len(text) > 10_000 {
			return
		}
		check(t, Clean(text), limit)
	})
}
