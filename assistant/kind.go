package assistant

import (
	"regexp"
	"strings"
)

// kind is what sort of thing a question asks for.
type kind string

// The kinds, in the order in which their cues are tried: "how much time" is a duration, not a price.
const (
	asksAnything kind = ""
	asksDuration kind = "duration"
	asksContact  kind = "contact"
	asksMoney    kind = "money"
	asksTime     kind = "time"
	asksPlace    kind = "place"
	asksQuantity kind = "quantity"
	asksPerson   kind = "person"
)

var kinds = []kind{asksDuration, asksContact, asksMoney, asksTime, asksPlace, asksQuantity, asksPerson}

// kindOf finds what a folded question asks for, the earliest cue winning: "how much is it and when" asks for money.
func (x *lexicon) kindOf(text string) kind {
	padded := " " + text + " "
	best, at := asksAnything, len(padded)
	for _, k := range kinds {
		for _, list := range x.phrases["cue."+string(k)] {
			for _, p := range list {
				if i := strings.Index(padded, " "+p+" "); i >= 0 && (i < at || best == asksAnything) {
					best, at = k, i
				}
			}
		}
	}
	return best
}

var (
	moneyShape = regexp.MustCompile(`(?i)(?:\b(?:aed|dhs?|dirhams?|usd|eur|gbp|inr|sar|riyals?|rs|rupees?|dollars?|euros?|pounds?|pesos?|reais|mxn|brl|r\$)\b|[$€£₹¥]|درهم|ريال|रुपये|रु)|\b(?:free|complimentary|gratis|grátis|gratuito|gratuita)\b|مجان|मुफ़्त|\bno (?:extra )?(?:charge|cost|fee)|\b(?:cost|price|charge|fee|rate|pay|precio|preço|cuesta|custa)\w*(?:\W+\w+){0,3}\W+\d`)
	timeShape  = regexp.MustCompile(`(?i)\b\d{1,2}(?::\d{2})?\s*(?:a\.?m\.?|p\.?m\.?)|\b\d{1,2}[:.h]\d{2}\b|\b(?:noon|midnight|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sun)(?:day)?s?\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b|\b(?:1[5-9]|20)\d{2}\b|\b(?:closed|daily|every day|weekdays?|weekends?|24 hours|24/7|morning|evening|afternoon|ramadan|lunes|martes|jueves|viernes|domingos?|segunda|quarta|quinta|sexta)\b|صباح|مساء|ظهر|السبت|الأحد|الجمعة|बजे|रविवार|सोमवार`)
	spanShape  = regexp.MustCompile(`(?i)\b(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|forty|forty-five|sixty|ninety|half|an?|few|several|un|una|dos|tres|cuatro|cinco|um|uma|dois|três)[\s-]*(?:to|–|-|or|and|a)?\s*(?:\d+|two|three|four|five|six|seven|ten)?[\s-]*(?:(?:working|business|calendar|full|extra|más|half)[\s-]*)?(?:an?\s+)?(?:seconds?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|años?|anos?)\b|\b(?:same|next)[\s-]day\b|\bovernight\b|دقيقة|ساعة|أيام|يوم|मिनट|घंटे|दिन`)
	placeShape = regexp.MustCompile(`\b(?:in|at|on|near|opposite|behind|beside|from|to|across|within|inside|en|em|na|no)\s+(?:the\s+)?[\p{Lu}]|\b(?:Street|St\.|Road|Rd|Avenue|Mall|Tower|Building|Floor|Shop|Unit|Warehouse|Villa|Block|District|Plaza|Calle|Rua|Avenida)\b|شارع|مول|मार्ग`)
	nameShape  = regexp.MustCompile(`\b(?:Dr|Mr|Mrs|Ms|Prof|Eng|Capt|Sra?|Dra?)\b|\b\p{Lu}\p{Ll}+(?:\s+(?:al|bin|de|da|van|von|Al|El))*[\s-]+\p{Lu}[\p{Ll}.]+`)
	countShape = regexp.MustCompile(`(?i)\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|once|twice|every|daily|weekly|monthly|annually|uno|dos|tres|dois|três|half|hundred|thousand)\b|[٠-٩]`)
	reachShape = regexp.MustCompile(`[\w.+-]+@[\w-]+\.\w+|\+?\d[\d\s().-]{5,}\d`)
	bareNumber = regexp.MustCompile(`\d`)
)

// answers tells whether a unit has the sort of thing that a kind of question asks for.
func (u unit) answers(k kind) bool {
	switch k {
	case asksMoney:
		return moneyShape.MatchString(u.text) || u.shape == row && bareNumber.MatchString(u.text) && priced(u.header)
	case asksTime:
		return timeShape.MatchString(u.text)
	case asksDuration:
		return spanShape.MatchString(u.text)
	case asksPlace:
		return placeShape.MatchString(u.text) || u.shape == row && headed(u.header, "address", "location", "where", "direccion", "endereco")
	case asksPerson:
		return nameShape.MatchString(u.text)
	case asksQuantity:
		return countShape.MatchString(u.text)
	case asksContact:
		return reachShape.MatchString(u.text)
	}
	return true
}

// priced tells whether a table's header speaks of money.
func priced(header []string) bool {
	return headed(header, "price", "cost", "fee", "rate", "charge", "amount", "precio", "preco", "aed", "usd", "eur", "dhs")
}

// headed tells whether a table's header has one of the words, in singular or plural.
func headed(header []string, words ...string) bool {
	for _, h := range header {
		f := " " + folded(h) + " "
		for _, w := range words {
			if strings.Contains(f, " "+w+" ") || strings.Contains(f, " "+w+"s ") {
				return true
			}
		}
	}
	return false
}
