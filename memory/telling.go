package memory

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// telling gives texts in lower case of which one stands in everything that an expression matches, the longest that it tells; none
// where it tells none. An expression that looks for its words anywhere in a text takes a thousand times as long as looking for
// a word, and hardly any message fits any.
func telling(re *syntax.Regexp) []string {
	switch re.Op { //nolint:exhaustive // whatever else there is tells nothing
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return telling(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return telling(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, part := range re.Sub {
			if found := telling(part); shortest(found) > shortest(best) {
				best = found
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, way := range re.Sub {
			found := telling(way)
			if len(found) == 0 {
				return nil
			}
			all = append(all, found...)
		}
		return all
	}
	return nil
}

// shortest is the length of the shortest text, 0 for none.
func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	return len(slices.MinFunc(texts, func(a, b string) int { return len(a) - len(b) }))
}

// tells says whether a rule may fit a text, given in lower case.
func (r rule) tells(lower string) bool {
	return slices.ContainsFunc(r.telling, func(t string) bool { return strings.Contains(lower, t) })
}
