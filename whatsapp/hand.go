package whatsapp

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Who answers a turn.
const (
	WorkerAssistant = "assistant" // ours alone
	WorkerN8N       = "n8n"       // an outside worker; ours steps in when none comes for it in time
	WorkerBoth      = "both"      // whoever comes first; ours lets an outside worker go first for a moment
)

// How long our own worker holds back, where nobody said otherwise, and at most.
const (
	DefaultBothWait    = 5 * time.Second
	DefaultOutsideWait = time.Minute
	maxWorkerWait      = time.Hour
)

// The limits of a channel's rules.
const (
	MaxWorkerRules = 20
	MaxRuleWords   = 20
	maxRuleWord    = 60
)

// WorkerRule gives the turns in which the customer writes one of its words to a worker. Upper and lower case are one, and
// a word counts only whole; it may be a phrase.
type WorkerRule struct {
	Words  []string `json:"words"`
	Worker string   `json:"worker"`
}

// Hand is in whose hands a turn is.
type Hand struct {
	Worker    string
	HeadStart time.Duration // how long it is an outside worker's before it is ours as well
	Ruled     bool          // a rule chose it
}

// HandOf chooses who answers a message: the first rule of the channel that it fits, else the channel's worker.
func (ch Channel) HandOf(text string) Hand {
	for _, rule := range ch.Rules {
		for _, word := range rule.Words {
			if says(text, word) {
				return ch.hand(rule.Worker, true)
			}
		}
	}
	return ch.hand(ch.Worker, false)
}

func (ch Channel) hand(worker string, ruled bool) Hand {
	h := Hand{Worker: worker, Ruled: ruled}
	switch worker {
	case WorkerBoth:
		h.HeadStart = ch.BothWait
	case WorkerN8N:
		h.HeadStart = ch.OutsideWait
	}
	return h
}

// says tells whether a text holds a word or phrase, whole.
func says(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, size := utf8.DecodeRuneInString(text[end:])
		if (start == 0 || !inWord(before)) && (size == 0 || !inWord(after)) {
			return true
		}
		_, size = utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
	return false
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func knownWorker(worker string) bool {
	return worker == WorkerAssistant || worker == WorkerN8N || worker == WorkerBoth
}

// applyHands changes who answers as the draft says.
func applyHands(ch *Channel, d ChannelDraft) error {
	if d.Worker != nil {
		if ch.Worker = *d.Worker; !knownWorker(ch.Worker) {
			return errInvalidChannel.Field("body.worker", "must be assistant, n8n or both")
		}
	}
	if d.BothWait != nil {
		if ch.BothWait = *d.BothWait; ch.BothWait < 0 || ch.BothWait > maxWorkerWait {
			return errInvalidChannel.Field("body.both_wait_seconds", "must be between 0 and 3600")
		}
	}
	if d.OutsideWait != nil {
		if ch.OutsideWait = *d.OutsideWait; ch.OutsideWait < time.Second || ch.OutsideWait > maxWorkerWait {
			return errInvalidChannel.Field("body.outside_wait_seconds", "must be between 1 and 3600")
		}
	}
	if d.Mode != nil {
		if ch.Mode = *d.Mode; !ch.Mode.Known() {
			return errInvalidChannel.Field("body.mode", "must be off, suggest, approve or automatic")
		}
	}
	if d.Rules == nil {
		return nil
	}
	if len(*d.Rules) > MaxWorkerRules {
		return errInvalidChannel.Field("body.worker_rules", "must be at most 20")
	}
	ch.Rules = nil
	for _, rule := range *d.Rules {
		words, ok := cleanWords(rule.Words)
		if !ok || !knownWorker(rule.Worker) {
			return errInvalidChannel.Field("body.worker_rules", "must each name 1 to 20 words of at most 60 characters, and a worker")
		}
		ch.Rules = append(ch.Rules, WorkerRule{Words: words, Worker: rule.Worker})
	}
	return nil
}

func cleanWords(words []string) (clean []string, ok bool) {
	for _, word := range words {
		if utf8.RuneCountInString(word) > maxRuleWord {
			return nil, false
		}
		if word = strings.TrimSpace(provider.Clean(word, len(word))); word == "" {
			return nil, false
		}
		clean = append(clean, word)
	}
	return clean, len(clean) > 0 && len(clean) <= MaxRuleWords
}
