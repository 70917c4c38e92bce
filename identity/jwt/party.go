package jwt

import (
	"regexp"
	"strings"
	"time"
)

// anyLabel begins an authorised party that stands for every host one label below another, as tenants' hosts are.
const anyLabel = "https://*."

var labelForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func badParty(party string) bool {
	rest, wild := strings.CutPrefix(party, anyLabel)
	if wild {
		host, _, _ := strings.Cut(rest, ":")
		return !strings.Contains(host, ".") || strings.ContainsAny(rest, "*/")
	}
	return party == "" || strings.Contains(party, "*")
}

// isParty compares byte for byte, but for the one label that a * stands for.
func isParty(ours, party string) bool {
	rest, wild := strings.CutPrefix(ours, anyLabel)
	if !wild {
		return ours == party
	}
	label, ok := strings.CutPrefix(party, "https://")
	if !ok {
		return false
	}
	label, ok = strings.CutSuffix(label, "."+rest)
	return ok && labelForm.MatchString(label)
}

func (t *trusted) authTime(body claims) time.Time {
	if body.AuthTime.IsZero() && t.FactorAges && body.FactorAge != nil {
		return body.IssuedAt.Add(-*body.FactorAge)
	}
	return body.AuthTime
}
