package assistant

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// figureShape is a number as people write it, with what makes an hour of it.
var figureShape = regexp.MustCompile(`(?i)\d+(?:[.,:]\d+)*(?:\s*[ap]\.?m\b)?`)

var (
	thousands = regexp.MustCompile(`^\d{1,3}(?:[.,]\d{3})+$`)
	afterNoon = regexp.MustCompile(`(?i)\s*([ap])\.?m$`)
	nothing   = regexp.MustCompile(`[.:]00?$`)
)

// numerals are the numbers of a text, sorted and each once, so that 1,200 and 1200, 9:00 and 9 am, 18:00 and 6 pm are the same.
func numerals(text string) []string {
	var out []string
	for _, f := range figureShape.FindAllString(western(text), -1) {
		half := afterNoon.FindStringSubmatch(f)
		f = afterNoon.ReplaceAllString(f, "")
		if thousands.MatchString(f) {
			f = strings.NewReplacer(".", "", ",", "").Replace(f)
		}
		f = nothing.ReplaceAllString(strings.ReplaceAll(f, ",", "."), "")
		if half != nil && strings.EqualFold(half[1], "p") {
			f = evening(f)
		}
		if f = strings.TrimLeft(f, "0"); f == "" || f[0] == '.' || f[0] == ':' {
			f = "0" + f
		}
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// evening adds twelve hours.
func evening(f string) string {
	end := strings.IndexAny(f+".", ".:")
	if hour, err := strconv.Atoi(f[:end]); err == nil && hour < 12 {
		return strconv.Itoa(hour+12) + f[end:]
	}
	return f
}

// western writes Arabic and Devanagari digits as 0 to 9.
func western(text string) string {
	return strings.Map(func(r rune) rune {
		for _, zero := range []rune{'٠', '۰', '०'} {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, text)
}

// differ tells whether of two sets of figures neither is all of the other: "Monday to Friday 9 to 18, Saturday 9 to 13" only
// says more than "Monday to Friday 9 to 18".
func differ(a, b []string) bool {
	return len(a) > 0 && len(b) > 0 && !allIn(a, b) && !allIn(b, a)
}

func allIn(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
