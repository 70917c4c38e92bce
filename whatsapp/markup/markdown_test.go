package markup_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flomastr/flomastr/whatsapp/markup"
)

func TestMarkdownBecomesWhatsAppsMarkup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"bold":                          {"**b** and __b__", "*b* and *b*"},
		"italic":                        {"*i* and _i_", "_i_ and _i_"},
		"bold italic":                   {"***x***", "*_x_*"},
		"italic in bold":                {"**a *b* c**", "*a _b_ c*"},
		"struck":                        {"~~s~~", "~s~"},
		"code keeps everything":         {"`**c** &amp; \\*`", "`**c** &amp; \\*`"},
		"a backtick in code":            {"``a`b``", "```a`b```"},
		"a fence loses its language":    {"```go\nx := **y**\n```", "```\nx := **y**\n```"},
		"heading":                       {"# Opening hours", "*Opening hours*"},
		"heading with bold":             {"## The **best**", "*The best*"},
		"link":                          {"[Shop](https://x.example/a_b_c)", "Shop (https://x.example/a_b_c)"},
		"link that names its address":   {"[https://x.example](https://x.example)", "https://x.example"},
		"mail link":                     {"[a_b@x.example](mailto:a_b@x.example)", "a_b@x.example"},
		"image":                         {"![plan](https://x.example/p.png)", "https://x.example/p.png"},
		"list with dashes":              {"- a\n- b", "- a\n- b"},
		"list with stars":               {"* a\n* b", "* a\n* b"},
		"numbers are facts":             {"3. a\n5. b", "3. a\n5. b"},
		"nested list":                   {"- a\n  - b\n  - c\n- d", "- a\n  - b\n  - c\n- d"},
		"quote":                         {"> a\n> b", "> a\n> b"},
		"nested quote is one":           {"> > a", "> a"},
		"table":                         {"| Day | Open |\n|---|---|\n| Mon | 9–17 |\n| Sun | |", "Day: Mon\nOpen: 9–17\n\nDay: Sun"},
		"rule":                          {"a\n\n---\n\nb", "a\n\nb"},
		"html":                          {"a<br>b <b>c</b><!-- d -->", "a\nb c"},
		"html block":                    {"<div>\n**a**\n</div>", "*a*"},
		"entities":                      {"Q&amp;A &lt;3 &#8364;5 &nope;", "Q&A <3 €5 &nope;"},
		"escapes":                       {`1\. a\_b 5\$`, "1. a_b 5$"},
		"an escaped entity stays":       {`\&amp;`, "&amp;"},
		"arithmetic":                    {"2*3*4 and 2**3**4", "2*3*4 and 2**3**4"},
		"names":                         {"snake_case_name __init__py", "snake_case_name __init__py"},
		"addresses":                     {"see https://x.example/_a_/b_c and a_b_c@x.example.", "see https://x.example/_a_/b_c and a_b_c@x.example."},
		"literal stars with spaces":     {"* b * and 5 * 3", "* b * and 5 * 3"},
		"bold over two lines":           {"**a\nb**", "*a*\n*b*"},
		"bold that a word follows":      {"**note**s", "notes"},
		"a bold address stays clean":    {"**https://x.example**", "https://x.example"},
		"brackets that are no link":     {"[1]: see the [terms]", "[1]: see the [terms]"},
		"indented text is text":         {"a\n\n    b **c**", "a\n\nb *c*"},
		"underline is no heading":       {"Hours\n-----\nMon", "Hours\nMon"},
		"plain text keeps its lines":    {"Hello!\nWe open at 9.\n\nBye", "Hello!\nWe open at 9.\n\nBye"},
		"more cells than columns":       {"| Day |\n|---|\n| Mon | 9–17 | closed |", "Day: Mon\n9–17\nclosed"},
		"a fence of tildes is none":     {"~~~~note", "~~~~note"},
		"a language is not said":        {"```json\n{}\n```", "```\n{}\n```"},
		"words beside a fence are":      {"```your code is\n12\n```", "```\nyour code is\n12\n```"},
		"emoji and right-to-left marks": {"👩‍👩‍👧 שלום\u200f!", "👩‍👩‍👧 שלום\u200f!"},
		"invisible characters":          {"a\u200bb\x00c\u202ed\ufeff", "abcd"},
		"joiners that join nothing":     {"a\u200d\u200d\u200db", "a\u200db"},
		"empty":                         {"  \n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c[1], markup.FromMarkdown(c[0]))
		})
	}
}

func FuzzFromMarkdown(f *testing.F) {
	for _, seed := range []string{"**a** _b_ `c`", "| a | b |\n|-|-|\n| c | d |", "- a\n  1. b\n> c", "***x*y** z*", "<b>&amp;\\*", "```\n", "[a](b)![c](d)", "# #\n#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			return
		}
		out := markup.FromMarkdown(text)
		if !utf8.ValidString(out) || strings.ContainsRune(out, 0) {
			t.Fatalf("not fit to be stored: %q from %q", out, text)
		}
	})
}

// Words in whatever arrangement come out again: Markdown may lose marks, never what they are on.
func TestNoWordIsLost(t *testing.T) {
	t.Parallel()
	marks := []string{" ", "\n", "\n\n", "**", "*", "_", "~~", "`", "- ", "\n- ", "\n1. ", "\n    ", "\n# ", "\n> ", "\n---\n", "[", "]", "(", ")", "|", "&", "\\", "!", "```\n"}
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		n := rapid.IntRange(1, 40).Draw(t, "words")
		for i := range n {
			text.WriteString(rapid.SampledFrom(marks).Draw(t, "mark") + rapid.SampledFrom(marks).Draw(t, "mark"))
			fmt.Fprintf(&text, "w%dw", i)
		}
		out := markup.FromMarkdown(text.String())
		for i := range n {
			if !strings.Contains(out, fmt.Sprintf("w%dw", i)) {
				t.Fatalf("w%dw is lost: %q from %q", i, out, text.String())
			}
		}
	})
}
