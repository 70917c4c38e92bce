package memory

import (
	"math"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Bounds of a summary.
const (
	summaryTalks = 8   // the latest
	summaryLines = 2   // of each
	summaryChars = 160 // of each line
)

// Episode is a talk in a few of the customer's own words.
type Episode struct {
	Conversation flomastr.ConversationID
	At           time.Time
	Words        []string
}

// episodes shortens the latest talks to what the customer said in them that is said seldom elsewhere, oldest first. It is made anew each
// time, so that what was edited, taken back or erased is in none. The first messages of a talk that say nothing leave it out.
func (r *reader) episodes(said []Said) []Episode {
	p := r.read(said)
	found := map[uint32]int{}
	for _, b := range p.talks {
		seen := map[uint32]bool{}
		for _, t := range b.Body {
			if !seen[t] {
				seen[t] = true
				found[t]++
			}
		}
	}
	type line struct {
		at    int
		score float64
	}
	byTalk := map[int][]line{}
	for i, s := range said {
		if !s.theirs() {
			continue
		}
		score, words := 0.0, 0
		for _, t := range r.stemmer.Words(s.Text, p.language) {
			if r.detector.Ordinary(t.Word) {
				continue
			}
			words++
			score += math.Log(1 + float64(len(p.talks))/float64(max(found[uint32(t.Term)], 1)))
		}
		if words > 1 {
			byTalk[p.talk[i]] = append(byTalk[p.talk[i]], line{i, score / math.Sqrt(float64(words)+4)})
		}
	}
	var all []int
	for talk := range byTalk {
		all = append(all, talk)
	}
	sort.Slice(all, func(i, j int) bool { return said[byTalk[all[i]][0].at].At.Before(said[byTalk[all[j]][0].at].At) })
	out := []Episode{}
	for _, talk := range all[max(0, len(all)-summaryTalks):] {
		lines := byTalk[talk]
		episode := Episode{Conversation: said[lines[0].at].Conversation, At: said[lines[0].at].At}
		sort.SliceStable(lines, func(i, j int) bool { return lines[i].score > lines[j].score })
		lines = lines[:min(summaryLines, len(lines))]
		sort.Slice(lines, func(i, j int) bool { return lines[i].at < lines[j].at })
		for _, l := range lines {
			episode.Words = append(episode.Words, shortened(said[l.at].Text))
		}
		out = append(out, episode)
	}
	return out
}

func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= summaryChars {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:summaryChars-1])) + "…"
}

// Summary writes episodes as one text, a line each.
func Summary(episodes []Episode) string {
	var b strings.Builder
	for i, e := range episodes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.At.UTC().Format(time.DateOnly) + ": " + strings.Join(e.Words, " / "))
	}
	return b.String()
}
