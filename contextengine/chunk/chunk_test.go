package chunk_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/chunk"
)

func TestSectionsBecomeChunksUnderTheirHeadingPath(t *testing.T) {
	t.Parallel()
	got := chunk.Split("# Shop\n\nWelcome.\n\n## Delivery\n\nWe deliver daily.\n\n### **Costs** and [terms](http://x)\n\nTen dirhams.\n\n## Returns\n\nThirty days.", nil)
	require.Equal(t, []chunk.Chunk{
		{Text: "Welcome.", Headings: []string{"Shop"}},
		{Text: "We deliver daily.", Headings: []string{"Shop", "Delivery"}},
		{Text: "Ten dirhams.", Headings: []string{"Shop", "Delivery", "Costs and terms"}},
		{Text: "Thirty days.", Headings: []string{"Shop", "Returns"}},
	}, got)
}

func TestWhatBelongsTogetherStaysTogether(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("The quick brown fox jumps over the lazy dog again. ", 15) // 765 bytes
	for _, c := range []struct{ name, text, whole string }{
		{"a list with its lead-in", filler + "\n\nWe deliver to:\n\n- Dubai\n- Sharjah, within two days of the order\n- Ajman", "We deliver to:\n\n- Dubai\n- Sharjah, within two days of the order\n- Ajman"},
		{"a question with its answer", filler + "\n\nDo you open on public holidays of the emirate?\n\nNo, we rest on all of them, and on the first of May.", "Do you open on public holidays of the emirate?\n\nNo, we rest on all of them, and on the first of May."},
		{"a table", filler + "\n\n| Size | Price |\n| --- | --- |\n| S | 10 |\n| M | 20 |\n| L | " + strings.Repeat("thirty ", 30) + "|", "| Size | Price |\n| --- | --- |\n| S | 10 |\n| M | 20 |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := false
			for _, ch := range chunk.Split(c.text, nil) {
				found = found || strings.Contains(ch.Text, c.whole)
			}
			require.True(t, found, "%q", chunk.Split(c.text, nil))
		})
	}
}

func TestALargeTableIsCutByRowsUnderItsHead(t *testing.T) {
	t.Parallel()
	table := "| Part | Fits |\n| --- | --- |\n" + strings.Repeat("| A pump of the larger kind | every engine of the second series |\n", 60)
	chunks := chunk.Split(table, nil)
	require.Greater(t, len(chunks), 3)
	for _, c := range chunks {
		require.True(t, strings.HasPrefix(c.Text, "| Part | Fits |\n| --- | --- |\n"), c.Text)
		require.LessOrEqual(t, len(c.Text), 900)
	}
}

func TestAChunkKnowsItsPage(t *testing.T) {
	t.Parallel()
	page := func(n int) flomastr.Place { return flomastr.Place{Kind: flomastr.PlacePage, Number: n} }
	first := strings.Repeat("Page one speaks of pumps. ", 30)
	chunks := chunk.Split(first+"\n\n# Two\n\nPage two.", []chunk.Part{{page(1), 0}, {page(2), len(first) + 2}})
	require.Equal(t, page(1), chunks[0].Place)
	require.Equal(t, page(2), chunks[len(chunks)-1].Place)
}

func TestATextOfHeadingsAloneIsAChunk(t *testing.T) {
	t.Parallel()
	require.Equal(t, []chunk.Chunk{{Text: "Closed\nfor ever"}}, chunk.Split("# Closed\n\n## for ever", nil))
	require.Empty(t, chunk.Split(" \n\n ", nil))
}

func TestSentencesEndWhereTheyEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"We open at 9. We close at 6.":               {"We open at 9.", "We close at 6."},
		"Ask Dr. Smith, e.g. on Mondays. He knows!":  {"Ask Dr. Smith, e.g. on Mondays.", "He knows!"},
		"It costs 12.50 a day.\nReally? \"Yes.\" Ok": {"It costs 12.50 a day.", "Really?", "\"Yes.\"", "Ok"},
		"何時ですか？九時です。":                                {"何時ですか？", "九時です。"},
		"هل تعملون؟ نعم.":                            {"هل تعملون؟", "نعم."},
		"":                                           nil,
	} {
		require.Equal(t, want, chunk.Sentences(text), text)
	}
}

// letters drops what cutting may change: space, and the marks of Markdown.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"# A\n\ntext\n\n- a\n- b\n  c", "| a | b |\n|---|---|\n| 1 | 2 |", "```\ncode\n", "Title\n=====\nbody", "Q: why?\n\nA: so",
		strings.Repeat("ab cd. ", 400), strings.Repeat("東京", 900), "a\xff\xfe b", "#\n##\n# x", strings.Repeat("- item\n", 300), "- \n\n\n  x|y\n|-|",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			chunk.Split(text, nil)
			chunk.Sentences(text)
			return
		}
		var all strings.Builder
		for _, c := range chunk.Split(text, nil) {
			if strings.TrimSpace(c.Text) == "" {
				t.Fatalf("an empty chunk of %q", text)
			}
			if len(c.Text) > 5000 {
				t.Fatalf("a chunk of %d bytes", len(c.Text))
			}
			all.WriteString(c.Text)
			all.WriteString(strings.Join(c.Headings, " "))
		}
		kept := letters(all.String())
		for _, line := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(line) < 60 && !strings.Contains(kept, line) && !strings.Contains(text, "#") && !strings.Contains(text, "](") {
				t.Fatalf("%q of %q is in no chunk", line, text)
			}
		}
	})
}

func TestAnAnswerStaysWhole(t *testing.T) {
	t.Parallel()
	answer := "Yes.\n\n# Charges\n\n- 20\n- 30\n\n" + strings.Repeat("word ", 700)
	require.Equal(t, []chunk.Chunk{{Text: strings.TrimSpace(answer)}}, chunk.Whole(answer))
	require.Greater(t, len(chunk.Split(answer, nil)), 1)
	long := strings.Repeat("A sentence of some words. ", 300)
	require.Equal(t, chunk.Split(long, nil), chunk.Whole(long), "what is no one's answer is cut like any text")
	require.Empty(t, chunk.Whole(" \n"))
}
