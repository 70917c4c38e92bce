package assistant

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/llm"
)

//go:embed lexicon/*.txt prompt/*.txt prompt/*.json
var texts embed.FS

// languages that we have wording for, in the order in which an undecided text is tried.
var languages = []string{"en", "es", "pt", "ar", "hi"}

// lexicon is what words mean to the assistant, read once from the text files.
type lexicon struct {
	phrases  map[string]map[string][]string // key → language → folded phrases
	function map[string]map[string]bool     // language → folded function words
	light    map[string]map[string]bool     // language → folded words that say little by themselves
	days     map[string]string              // folded word → "0"…"6", weekend, weekday, every, to, today, tomorrow
	concept  map[string][]string            // folded word → concepts
	common   map[string]string              // concept → its three commonest words
	wording  map[string]map[string]string   // language → key → sentence
	negation map[string]map[string]bool     // language → folded words that turn a statement around
	closed   map[string]bool                // folded words that say by themselves that something is not so
	secret   map[string]bool                // folded words for what nobody is asked for
	literal  map[string]string              // folded word → the figure, month or price that it means
	rules    string                         // what a model is told
	tools    []llm.Tool                     // what a model may call
	detector *analysis.Detector
	identify *analysis.Identifying
	stemmers sync.Pool // of stemmers that remember the words of earlier turns, which saves most of a turn's stemming
}

// withStemmer lends a stemmer; it must not be kept.
func (x *lexicon) withStemmer(fn func(*analysis.Stemmer)) {
	s, ok := x.stemmers.Get().(*analysis.Stemmer)
	if !ok {
		s = analysis.NewStemmer()
	}
	defer x.stemmers.Put(s)
	fn(s)
}

// newLexicon reads the embedded files; they are part of the program, so a broken one is a broken build.
func newLexicon() *lexicon {
	x := &lexicon{
		phrases:  map[string]map[string][]string{},
		function: map[string]map[string]bool{},
		light:    map[string]map[string]bool{},
		days:     map[string]string{},
		concept:  map[string][]string{},
		common:   map[string]string{},
		wording:  map[string]map[string]string{},
		negation: map[string]map[string]bool{},
		literal:  map[string]string{},
		rules:    agentPrompt(),
		tools:    agentTools(),
		detector: analysis.NewDetector(),
		identify: analysis.NewIdentifying(),
	}
	for _, lang := range languages {
		each(path.Join("lexicon", lang+".txt"), func(key, value string) { x.learn(lang, key, value) })
		x.wording[lang] = map[string]string{}
		each(path.Join("prompt", lang+".txt"), func(key, value string) { x.wording[lang][key] = value })
	}
	each("lexicon/literals.txt", x.learnLiteral)
	each("lexicon/concepts.txt", func(key, value string) {
		words := strings.Fields(value)
		x.common[key] = strings.Join(words[:3], " ")
		for _, w := range words {
			w = analysis.Fold(w)
			x.concept[w] = append(x.concept[w], key)
		}
	})
	return x
}

func (x *lexicon) learn(lang, key, value string) {
	switch {
	case key == "function":
		x.function[lang] = set(value)
	case key == "light":
		x.light[lang] = set(value)
	case strings.HasPrefix(key, "day."):
		for w := range strings.FieldsSeq(value) {
			x.days[analysis.Fold(w)] = strings.TrimPrefix(key, "day.")
		}
	default:
		if x.phrases[key] == nil {
			x.phrases[key] = map[string][]string{}
		}
		split := strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		if key == "pronoun" || key == "ask" {
			split = strings.Fields(value)
		}
		for _, p := range split {
			x.phrases[key][lang] = append(x.phrases[key][lang], folded(p))
		}
	}
}

func set(value string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(value) {
		out[analysis.Fold(w)] = true
	}
	return out
}

// each calls f for every "key: value" line of an embedded file.
func each(name string, f func(key, value string)) {
	data, err := texts.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("assistant: %v", err))
	}
	for l := range strings.SplitSeq(string(data), "\n") {
		if l = strings.TrimSpace(l); l == "" || l[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(l, ": ")
		if !ok {
			panic(fmt.Sprintf("assistant: %s: no key in %q", name, l))
		}
		f(key, strings.TrimSpace(value))
	}
}

// folded is the form in which phrases are compared: folded words, one space between, nothing else.
func folded(s string) string {
	s = strings.NewReplacer("'", "", "’", "", "-", " ").Replace(s)
	return strings.Join(strings.FieldsFunc(analysis.Fold(s), func(r rune) bool { return !wordRune(r) }), " ")
}

// say fills a sentence of ours in a language, English where we do not speak it.
func (x *lexicon) say(lang, key string, fill ...string) string {
	s, ok := x.wording[lang][key]
	if !ok {
		s = x.wording["en"][key]
	}
	return strings.NewReplacer(fill...).Replace(s)
}

// is tells whether the whole text is one of the key's phrases, in any language.
func (x *lexicon) is(key, text string) bool {
	for _, lang := range languages {
		if slices.Contains(x.phrases[key][lang], text) {
			return true
		}
	}
	return false
}

// holds tells whether one of the key's phrases stands in the text between word borders.
func (x *lexicon) holds(key, text string) bool {
	padded := " " + text + " "
	for _, list := range x.phrases[key] {
		for _, p := range list {
			if strings.Contains(padded, " "+p+" ") {
				return true
			}
		}
	}
	return false
}

// begins gives the longest of the key's phrases with which the text begins, followed by more.
func (x *lexicon) begins(key, text string) string {
	best := ""
	for _, list := range x.phrases[key] {
		for _, p := range list {
			if len(p) > len(best) && strings.HasPrefix(text, p+" ") {
				best = p
			}
		}
	}
	return best
}

// language of a text: by its script and its little words; where they leave it open, by our own words for each language;
// else the one given.
func (x *lexicon) language(text, otherwise string) string {
	detected := string(x.detector.Detect(text))
	if _, latin := x.function[detected]; detected == "ar" || detected == "hi" || detected != "" && !latin {
		return detected
	}
	if strings.ContainsAny(text, "¿¡") {
		return "es"
	}
	f := folded(text)
	best, most, second := otherwise, 0, 0
	for _, lang := range languages {
		votes := 0
		if lang == detected {
			votes++
		}
		for w := range strings.FieldsSeq(f) {
			if x.function[lang][w] || x.light[lang][w] {
				votes++
			}
		}
		for _, key := range []string{"greeting", "thanks", "bye", "okay", "human", "reach", "yes", "help", "howareyou"} {
			for _, p := range x.phrases[key][lang] {
				if strings.Contains(" "+f+" ", " "+p+" ") {
					votes += 2
				}
			}
		}
		if votes > most {
			best, most, second = lang, votes, most
		} else {
			second = max(second, votes)
		}
	}
	if most == second {
		return otherwise
	}
	return best
}
