package pulse

import (
	"slices"
	"time"
)

// Past is how a person has talked with the business since a moment. Zero for somebody who has not.
type Past struct {
	Said   []Said   // what they wrote, latest first
	Topics []string // titles of what they were answered from, latest first; a title may stand several times
}

// Said is one message of a person's.
type Said struct {
	At    time.Time
	Words int // 0 for one without a text
}

// Insights are what was learnt of a reader from how they have written.
type Insights struct {
	Topics     []string // at most 5, latest first
	Engagement Engagement
	Style      string // as they have asked to be written to, else brief, balanced or detailed, as they write themselves
}

// Engagement says how much a person talks with the business.
type Engagement string

// The levels of engagement, by the messages that a person wrote in the last 30 days.
const (
	EngagementNone   Engagement = "none"   // none in 90 days either
	EngagementLow    Engagement = "low"    // up to 2
	EngagementMedium Engagement = "medium" // up to 9
	EngagementHigh   Engagement = "high"
)

const (
	maxTopics = 5
	month     = 30 * 24 * time.Hour
	// Words of a message at which half of a person's are, from which on they write at length, or up to which briefly.
	briefWords, longWords = 8, 25
)

func insights(past Past, now time.Time, style string) Insights {
	out := Insights{Topics: []string{}, Style: style, Engagement: engagement(past, now)}
	for _, t := range past.Topics {
		if len(out.Topics) < maxTopics && t != "" && !slices.Contains(out.Topics, t) {
			out.Topics = append(out.Topics, t)
		}
	}
	if out.Style == "" {
		out.Style = ownStyle(past)
	}
	return out
}

func engagement(past Past, now time.Time) Engagement {
	recent := 0
	for _, s := range past.Said {
		if now.Sub(s.At) < month {
			recent++
		}
	}
	switch {
	case len(past.Said) == 0:
		return EngagementNone
	case recent <= 2:
		return EngagementLow
	case recent <= 9:
		return EngagementMedium
	}
	return EngagementHigh
}

// ownStyle is balanced for somebody who has written nothing.
func ownStyle(past Past) string {
	var words []int
	for _, s := range past.Said {
		if s.Words > 0 {
			words = append(words, s.Words)
		}
	}
	if len(words) == 0 {
		return "balanced"
	}
	slices.Sort(words)
	switch median := words[len(words)/2]; {
	case median <= briefWords:
		return "brief"
	case median >= longWords:
		return "detailed"
	}
	return "balanced"
}
