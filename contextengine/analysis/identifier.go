package analysis

import (
	"regexp"
	"strings"
)

// Identifier is a run of text that means one exact thing: a part number, an order id, a phone number, a price, an
// e-mail address. It is matched whole or not at all, however each side punctuates it.
type Identifier struct {
	Norm       string
	Term       Term
	Start, End int
}

// Identifying reads identifiers. Make one and keep it: it holds compiled expressions.
type Identifying struct{ email, phone *regexp.Regexp }

// NewIdentifying compiles the expressions; all run in linear time on any input.
func NewIdentifying() *Identifying {
	return &Identifying{
		email: regexp.MustCompile(`[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}`),
		phone: regexp.MustCompile(`(?:\+|\b00|\b|\()\d{1,4}\)?(?:[ \-.()]{1,2}\d{1,5}){1,6}\b`),
	}
}

// Find lists the identifiers of a text in order of appearance, phone numbers both whole and by their last seven
// digits, so that a national and an international spelling meet.
func (x *Identifying) Find(text string) []Identifier {
	if !strings.ContainsAny(text, "0123456789@") {
		return nil
	}
	var found []Identifier
	add := func(norm string, start, end int) {
		found = append(found, Identifier{Norm: norm, Term: IdentifierTerm(norm), Start: start, End: end})
	}
	if strings.Contains(text, "@") {
		for _, at := range x.email.FindAllStringIndex(text, -1) {
			add(strings.ToLower(strings.TrimRight(text[at[0]:at[1]], ".-")), at[0], at[1])
		}
	}
	eachCode(text, func(start, end int) {
		if norm, ok := normalCode(text[start:end]); ok {
			add(norm, start, end)
		}
	})
	eachDialled(text, func(from, to int) {
		for _, at := range x.phone.FindAllStringIndex(text[from:to], -1) {
			if d := digits(text[from+at[0] : from+at[1]]); len(d) >= 7 && len(d) <= 15 {
				add(d, from+at[0], from+at[1])
				add("tel:"+d[len(d)-7:], from+at[0], from+at[1])
			}
		}
	})
	return found
}

// eachCode calls f for every run of ASCII letters and digits joined by single connectors that holds a digit.
func eachCode(text string, f func(start, end int)) {
	for i := 0; i < len(text); i++ {
		if !alphanumeric(text[i]) {
			continue
		}
		start, digit := i, false
		for ; i < len(text); i++ {
			c := text[i]
			digit = digit || c >= '0' && c <= '9'
			if !alphanumeric(c) && (strings.IndexByte("-_./:,#", c) < 0 || i+1 == len(text) || !alphanumeric(text[i+1])) {
				break
			}
		}
		if digit {
			f(start, i)
		}
	}
}

// eachDialled calls f for every stretch of what phone numbers are written with that holds seven digits or more. A regular
// expression over all of a text took a third of its analysis.
func eachDialled(text string, f func(from, to int)) {
	for i := 0; i < len(text); i++ {
		if c := text[i]; (c < '0' || c > '9') && c != '+' && c != '(' {
			continue
		}
		from, n := i, 0
		for ; i < len(text); i++ {
			c := text[i]
			if c >= '0' && c <= '9' {
				n++
			} else if strings.IndexByte("+() -.", c) < 0 {
				break
			}
		}
		if from > 0 && alphanumeric(text[from-1]) { // the end of a code is no beginning of a number
			for from < i && text[from] >= '0' && text[from] <= '9' {
				from++
				n--
			}
		}
		if n >= 7 {
			f(from, i)
		}
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// normalCode says whether a run is an identifier and how it is normalised: prices lose their thousands separators and
// empty cents, codes lose their connectors. Plain words, plain years and small plain numbers are none.
func normalCode(run string) (string, bool) {
	d := 0
	letters := 0
	for i := range len(run) {
		switch c := run[i]; {
		case c >= '0' && c <= '9':
			d++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		}
	}
	if d == 0 || d < 2 && letters < 2 || len(run) > 48 {
		return "", false
	}
	if letters == 0 {
		if norm, ok := amount(run); ok {
			return norm, d >= 3
		}
	}
	norm := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_/#,", r) {
			return -1
		}
		return r
	}, strings.ToLower(run))
	if letters == 0 && !strings.ContainsAny(run, "-_./:,#") && d < 4 {
		return "", false
	}
	if letters > 0 && d+letters < 4 {
		return "", false
	}
	if letters == 0 && len(digits(norm)) >= 9 {
		return norm, true
	}
	return norm, true
}

// amount reads 1,250.00 and 1250 and 1.250,00 as the number 1250.
func amount(run string) (string, bool) {
	whole, cents := run, ""
	if i := strings.LastIndexAny(run, ".,"); i >= 0 && len(run)-i-1 <= 2 {
		whole, cents = run[:i], run[i+1:]
	}
	for i := range len(whole) {
		if c := whole[i]; c == '.' || c == ',' {
			if rest := whole[i+1:]; len(rest) < 3 || len(rest) > 3 && rest[3] != '.' && rest[3] != ',' {
				return "", false
			}
		} else if c < '0' || c > '9' {
			return "", false
		}
	}
	if strings.Trim(cents, "0") == "" {
		cents = ""
	} else {
		cents = "." + cents
	}
	return digits(whole) + cents, true
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Strict tells the identifiers whose exact match must win: e-mail addresses, phone numbers, amounts with cents or at
// least four digits, and codes that mix letters with three digits or more. Bare years are left to the other legs.
func (id Identifier) Strict() bool {
	n := id.Norm
	if strings.Contains(n, "@") || strings.HasPrefix(n, "tel:") {
		return true
	}
	d := len(digits(n))
	if d == len(n) {
		return d >= 5 || d == 4 && !strings.HasPrefix(n, "19") && !strings.HasPrefix(n, "20")
	}
	return d >= 3
}
