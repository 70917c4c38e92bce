package analysis

import (
	"strings"
	"unicode"
)

// Language names a stemmer's language by its ISO 639-1 code; "" means undecided.
type Language string

// The languages that are told apart. Others are read as undecided: folded and unstemmed, which the 4-gram leg carries.
const (
	Undecided  Language = ""
	English    Language = "en"
	Spanish    Language = "es"
	French     Language = "fr"
	Swedish    Language = "sv"
	Norwegian  Language = "no"
	Hungarian  Language = "hu"
	German     Language = "de"
	Portuguese Language = "pt"
	Italian    Language = "it"
	Dutch      Language = "nl"
	Russian    Language = "ru"
	Arabic     Language = "ar"
	Hindi      Language = "hi"
	Chinese    Language = "zh" // and Japanese, Korean, Thai: scripts read by character n-grams
)

// stopWords are the most frequent little words of the languages in Latin script. They decide the language of a text;
// nothing is ever dropped for being among them.
func stopWords() map[Language]string {
	return map[Language]string{
		English:    "the of and to in a is that it was for on are with as be at by this have from or an not you your how what which do does can i my we when where who why there if will has had but they he she his her its were been would could should about much many more most some any also just only very too here than then them these those please need want get know tell",
		Spanish:    "de la que el en y los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante cuál cuánot cuántos qué cómo dónde quién cuándo fue era es son está están tiene puede mi",
		French:     "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec ont été aux cette mais ou son leur nous vous je quel quelle comment où quand pourquoi est-ce puis mon ma mes votre vos elle",
		German:     "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum kann ich wir was wo wann mein ihre",
		Portuguese: "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos qual quanto onde você são está meu",
		Italian:    "di e il la che in a per un è del non si da una i le della con sono al dei alla come più o anche ha lo nel gli delle ma nella dove quando quanto chi cosa mio posso sul dal ed",
		Dutch:      "de van het een en in is dat op te zijn met voor niet die er aan om ook als dan maar bij uit door naar heeft hij ik je wat hoe waar wanneer kan mijn worden wordt deze dit nog",
		Swedish:    "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när år sade mot hur vad där ska eller mycket",
		Norwegian:  "og i det er på som en til å for av at med de ikke har den om et var fra men jeg seg vi så kan når etter hvordan hva hvor skal eller mye ble også",
		Hungarian:  "a az és hogy nem is egy ez de azt ha csak meg mint el ki még van volt már vagy kell mi hogyan mikor hol mennyi lehet",
	}
}

// Detector tells the language of a text by its script and its little words. Make one and keep it.
type Detector struct{ owners map[string][]Language }

// NewDetector prepares the word lists.
func NewDetector() *Detector {
	d := &Detector{owners: map[string][]Language{}}
	for lang, list := range stopWords() {
		for w := range strings.FieldsSeq(list) {
			d.owners[w] = append(d.owners[w], lang)
		}
	}
	return d
}

// Ordinary tells whether a word is one of the little words of some language. One that a collection happens not to hold is
// no slip of another word.
func (d *Detector) Ordinary(word string) bool { return len(d.owners[word]) > 0 }

// Detect looks at the first few kilobytes. A text of one or two words is mostly undecidable: it answers Undecided then,
// and the caller falls back to the language of its collection.
func (d *Detector) Detect(text string) Language {
	if len(text) > 4096 {
		text = text[:4096]
	}
	if lang := script(text); lang != "latin" {
		return lang
	}
	score := map[Language]float64{}
	words := 0
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		words++
		for _, lang := range d.owners[w] {
			score[lang] += 1 / float64(len(d.owners[w])) // a word of five languages says little about each
		}
	}
	best, second := Undecided, 0.0
	for lang, s := range score {
		switch {
		case best == Undecided || s > score[best] || s == score[best] && lang < best:
			if best != Undecided {
				second = max(second, score[best])
			}
			best = lang
		default:
			second = max(second, s)
		}
	}
	if best == Undecided || score[best] < 1.15*second || score[best] < 0.04*float64(words) || score[best] < 0.5 {
		return Undecided
	}
	return best
}

// script decides by the letters where the script alone says enough, else answers "latin".
func script(text string) Language {
	var latin, arabic, deva, han, cyr int
	for _, r := range text {
		switch {
		case r < 0x80:
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				latin++
			}
		case unicode.Is(unicode.Latin, r):
			latin++
		case unicode.Is(unicode.Arabic, r):
			arabic++
		case unicode.Is(unicode.Devanagari, r):
			deva++
		case unspaced(r):
			han += 3 // a character is about half a word
		case unicode.Is(unicode.Cyrillic, r):
			cyr++
		}
	}
	most := max(latin, arabic, deva, han, cyr)
	switch most {
	case 0:
		return Undecided
	case arabic:
		return Arabic
	case deva:
		return Hindi
	case han:
		return Chinese
	case cyr:
		return Russian
	}
	return "latin"
}

// unspaced tells the scripts that write words without spaces between, or that are read by characters.
func unspaced(r rune) bool {
	return r >= 0x0E00 && r <= 0x0EFF || // Thai, Lao
		r >= 0x3040 && r <= 0x30FF || // kana
		r >= 0x3400 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF || // Han
		r >= 0xAC00 && r <= 0xD7AF // Hangul
}
