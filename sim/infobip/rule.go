package infobip

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// rule looks at a text and says what is wrong with it, or nothing.
type rule func(text string) string

// size bounds the number of Unicode characters.
func size(low, high int) rule {
	return func(text string) string {
		if n := utf8.RuneCountInString(text); n < low || n > high {
			return fmt.Sprintf("size must be between %d and %d", low, high)
		}
		return ""
	}
}

func notBlank(text string) string {
	if strings.TrimSpace(text) == "" {
		return "must not be blank"
	}
	return ""
}

func noEdgeSpaces(text string) string {
	if strings.TrimSpace(text) != text {
		return "must not begin or end with a space"
	}
	return ""
}

func matches(pattern *regexp.Regexp, finding string) rule {
	return func(text string) string {
		if !pattern.MatchString(text) {
			return finding
		}
		return ""
	}
}

// The patterns that the contract gives in words.
var (
	digitsOnly   = regexp.MustCompile(`^[0-9]+$`)
	recipient    = regexp.MustCompile(`^([0-9]+|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})$`)
	templateName = regexp.MustCompile(`^[a-z0-9_]+$`)
	templateRun  = regexp.MustCompile(`[\n\r\t]| {5,}`)
	markdown     = regexp.MustCompile("\\*[^*]+\\*|_[^_]+_|~[^~]+~|`")
	protocol     = regexp.MustCompile(`(?i)https?://`)
)

func oneOf(words ...string) rule {
	return func(text string) string {
		if slices.Contains(words, text) {
			return ""
		}
		return "must be one of " + strings.Join(words, ", ")
	}
}

func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "must be a valid http or https URL"
	}
	return ""
}

func isoDate(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "must be a date in the form YYYY-MM-DD"
	}
	return ""
}

// plainTitle refuses emoji and WhatsApp's markdown, which a reply button's title may not hold.
func plainTitle(text string) string {
	if markdown.MatchString(text) || strings.ContainsFunc(text, isEmoji) {
		return "must not contain emoji or markdown"
	}
	return ""
}

// isEmoji goes by what emoji are made of: pictographs and arrows from U+2190 on, regional letters, skin tones, joiners and
// the presentation selector. Signs such as © and ° are text.
func isEmoji(r rune) bool {
	return r == 0x200D || r == 0xFE0F || r == 0x20E3 || (r >= 0x1F000 && r <= 0x1FAFF) || (r >= 0x2190 && unicode.Is(unicode.So, r))
}

// placeholder is a template's parameter: no line break, no tab, no run of more than four spaces, and not empty.
func placeholder(text string) string {
	if text == "" {
		return "must not be empty"
	}
	if templateRun.MatchString(text) {
		return "must not contain new-line, tab or more than four consecutive spaces"
	}
	return ""
}
