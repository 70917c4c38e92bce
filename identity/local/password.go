package local

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/flomastr/flomastr"
)

const (
	minPassword = 15 // the only factor must be long; no rule of composition (NIST SP 800-63B)
	maxPassword = 128
)

// ErrPassword says that a new password cannot be used; the field says why.
var ErrPassword = flomastr.Errorf(flomastr.Invalid, "password_refused", "Choose another password: at least 15 characters that are hard to guess, such as four unrelated words.")

//go:embed common.txt
var commonList string

// normal makes the same password of what different keyboards send for it.
func normal(password string) string { return norm.NFC.String(password) }

// usable tells whether a presented password is worth hashing: one that is too long for any account is not.
func usable(password string) bool {
	return password != "" && len(password) <= 4*maxPassword && utf8.ValidString(password) &&
		utf8.RuneCountInString(normal(password)) <= maxPassword
}

// checkNew judges a password that somebody wants to have for an address; field is where it stands in the request. The
// parts of the address are what an attacker would try first.
func checkNew(field, password, email string) error {
	refuse := func(why string) error { return ErrPassword.Field(field, why) }
	words := strings.FieldsFunc(email, func(r rune) bool { return r == '@' || r == '.' })
	if len(password) > 4*maxPassword || !utf8.ValidString(password) {
		return refuse("at most 128 characters")
	}
	password = normal(password)
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return refuse("at least 15 characters")
	case n > maxPassword:
		return refuse("at most 128 characters")
	case strings.ContainsFunc(password, unicode.IsControl):
		return refuse("no control characters")
	}
	if guessable(password, words) {
		return refuse("too easy to guess")
	}
	return nil
}

// guessable tells whether a password is made of nothing but what is tried first: common passwords, the product's name,
// the account's own words, runs (abcd, 4321, qwerty) and repetitions. What is left after taking those out must still be
// something.
func guessable(password string, words []string) bool {
	s := bare(password)
	known := map[string]bool{}
	for _, w := range append(strings.Fields(commonList), words...) {
		if w = bare(w); len(w) >= 3 {
			known[w] = true
		}
	}
	// rest[i] is the fewest bytes of s[:i] that nothing explains.
	rest := make([]int, len(s)+1)
	for i := 1; i <= len(s); i++ {
		rest[i] = rest[i-1] + 1
		for j := max(0, i-24); j <= i-3; j++ {
			part := s[j:i]
			if known[part] || known[unleet.Replace(part)] || isRun(part) || j >= len(part) && s[j-len(part):j] == part {
				rest[i] = min(rest[i], rest[j])
			}
		}
	}
	return rest[len(s)] < 8 || distinct(s) < 5
}

// unleet undoes the usual digits and marks for letters.
var unleet = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t")

// bare is a text in lower case without spaces and marks, but for those that stand for letters.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if !strings.ContainsRune("@$!", r) && (unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) && r < 0x2000) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// isRun tells whether each byte follows the one before in the alphabet, among the digits or on a keyboard, either way.
func isRun(s string) bool {
	for _, row := range []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp"} {
		if strings.Contains(row, s) || strings.Contains(row, reversed(s)) {
			return true
		}
	}
	return false
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
