package assistant

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// TestPagesHoldTheirOwnSentencesAndNoOthers says every sentence of the demo's pages as a reply: cited rightly it stands, with its first
// figure changed or cited wrongly it does not. Two of 122 stand in another page as well, because that page says so.
func TestPagesHoldTheirOwnSentencesAndNoOthers(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../demo/content/*/*.md")
	require.NoError(t, err)
	s := newShelf(analysis.English)
	for _, f := range files {
		page, err := os.ReadFile(f)
		require.NoError(t, err)
		s.add(filepath.Base(f), string(page))
	}
	a := New(Deps{Retriever: s, Businesses: s, Clock: flomastr.SystemClock})
	says := func(text string, cited int) bool {
		g := &agent{Assistant: a, voice: voice{lang: a.lexicon.language(text, "en")}, policy: DefaultPolicy()}
		r := reply{Text: text}
		for i := range 5 {
			r.Citations = append(r.Citations, g.sources.passage(s.passages[(cited+i)%len(s.passages)]))
		}
		c, err := g.check(r)
		return err == nil && len(c.wrong) == 0 && c.dropped == 0 && len(c.units) > 0
	}
	figure := regexp.MustCompile(`\d+`)
	own, held, elsewhere, changed, slipped := 0, 0, 0, 0, 0
	for i := 0; i < len(s.passages); i += 2 {
		for _, u := range units(s.passages[i].Text) {
			if u.shape != sentence || len(u.text) < 25 || strings.ContainsAny(u.text, "[?¿؟") || strings.HasSuffix(u.text, ":") {
				continue
			}
			own++
			if says(u.text, i) {
				held++
			} else {
				t.Logf("its own page does not hold %q", u.text)
			}
			if says(u.text, i+len(s.passages)/2) {
				elsewhere++
			}
			if at := figure.FindStringIndex(u.text); at != nil {
				n, _ := strconv.Atoi(u.text[at[0]:at[1]])
				changed++
				if says(u.text[:at[0]]+strconv.Itoa(n+3)+u.text[at[1]:], i) {
					slipped++
					t.Logf("a page holds %q with another figure", u.text)
				}
			}
		}
	}
	t.Logf("%d sentences: %d held, %d held elsewhere; %d with another figure: %d held", own, held, elsewhere, changed, slipped)
	require.Greater(t, own, 100)
	require.Greater(t, changed, 30)
	require.GreaterOrEqual(t, float64(held), 0.98*float64(own))
	require.LessOrEqual(t, float64(elsewhere), 0.02*float64(own))
	require.Zero(t, slipped)
}
