package convert

import (
	"regexp"
	"slices"
)

var (
	digits     = regexp.MustCompile(`\d+`)
	pageNumber = regexp.MustCompile(`(?i)^(page|seite|página|pagina|p\.?)?\s*[-–]?\s*\d{1,4}\s*[-–]?(\s*(of|/|von|de|sur)\s*\d{1,4})?$`)
)

// repeated finds the running headers and footers: lines near an edge that stand on at least half of three or more pages.
func repeated(pages []page) map[string]int {
	count := map[string]int{}
	for _, p := range pages {
		seen := map[string]bool{}
		for _, r := range makeRows(p.words) {
			if key := marginKey(r); inMargin(p, r) && !seen[key] {
				seen[key] = true
				count[key]++
			}
		}
	}
	for key, n := range count {
		if len(pages) < 3 || n*2 < len(pages) || n < 3 {
			delete(count, key)
		}
	}
	return count
}

func marginKey(r row) string { return digits.ReplaceAllString(r.text(), "#") }

func inMargin(p page, r row) bool { return r.y1 < 0.1*p.height || r.y0 > 0.9*p.height }

// withoutMargins takes page numbers away, and running lines from all pages but the first, which keeps them as what they
// say.
func withoutMargins(p page, index int, margins map[string]int) page {
	type band struct{ y0, y1 float64 }
	var gone []band
	for _, r := range makeRows(p.words) {
		if !inMargin(p, r) {
			continue
		}
		if pageNumber.MatchString(r.text()) || margins[marginKey(r)] > 0 && index > 0 {
			gone = append(gone, band{r.y0, r.y1})
		}
	}
	if len(gone) == 0 {
		return p
	}
	kept := page{width: p.width, height: p.height}
	for _, w := range p.words {
		if !slices.ContainsFunc(gone, func(b band) bool { return w.y0 >= b.y0 && w.y1 <= b.y1 }) {
			kept.words = append(kept.words, w)
		}
	}
	return kept
}
