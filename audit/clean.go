package audit

import (
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Hidden stands in a line in place of a secret.
const Hidden = "(hidden)"

// maxDetail is the longest value of a detail, in bytes.
const maxDetail = 2000

var (
	secretName  = regexp.MustCompile(`(?i)(password|passphrase|secret|credential|api_?key|authorization|cookie|private_key|access_token|refresh_token)`)
	secretValue = regexp.MustCompile(`fm_live_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*|(?i)\b(?:bearer|basic) [A-Za-z0-9+/=._-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY(?s:.*?-----END [A-Z ]*PRIVATE KEY-----|.*)|://[^/\s:@]*:[^/\s@]+@`)
)

// Clean gives a copy of a detail without what must not stand in a log that is kept and exported: the value of a name
// that says it is a secret (its fingerprint is none), and whatever has the form of a token, a key or an address with a password. Every store
// cleans every line, so that one careless caller cannot leak; whoever knows that a value is a secret writes [Hidden]
// itself.
func Clean(detail map[string]string) map[string]string {
	out := maps.Clone(detail)
	if out == nil {
		return map[string]string{}
	}
	for name, value := range out {
		if value != "" && secretName.MatchString(name) && !isFingerprint(name) {
			out[name] = Hidden
			continue
		}
		value = secretValue.ReplaceAllString(value, Hidden)
		if len(value) > maxDetail {
			cut := maxDetail
			for !utf8.RuneStart(value[cut]) {
				cut--
			}
			value = value[:cut] + "…"
		}
		out[name] = value
	}
	return out
}

// isFingerprint tells whether a value, or what it was before a change, is by its name a secret's fingerprint.
func isFingerprint(name string) bool {
	name, _ = strings.CutSuffix(name, ".old")
	name, _ = strings.CutSuffix(name, ".new")
	return strings.HasSuffix(name, "_fingerprint")
}

// Changes says what became of settings: old and new value of each that differs.
func Changes(before, after map[string]string) map[string]string {
	out := map[string]string{}
	for name, now := range after {
		if was := before[name]; was != now {
			out[name+".old"], out[name+".new"] = was, now
		}
	}
	for name, was := range before {
		if _, there := after[name]; !there {
			out[name+".old"] = was
		}
	}
	return out
}
