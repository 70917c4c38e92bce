package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxToken = 8 << 10 // a session token is about one kilobyte; request headers are capped at more than this
	maxDepth = 8
)

// errForm is why a token could not be read. It is for the log.
var errForm = errors.New("malformed token")

// header is what a token says about itself. Nothing else of the header is read.
type header struct {
	Alg string
	Typ string
	Kid string
}

// claims are what we read of a token's body; the rest is ignored, whatever it says about roles.
type claims struct {
	Issuer        string
	Subject       string
	Audience      []string
	Party         string // azp
	Email         string
	EmailVerified bool
	Session       string // sid
	SessionState  string // sts
	Expires       time.Time
	NotBefore     time.Time
	IssuedAt      time.Time
	AuthTime      time.Time
	FactorAge     *time.Duration // fva, of the first factor
	names         map[string]bool
}

// split cuts a compact JWS into its header and body. It refuses what a lenient decoder would let pass: other numbers of
// parts, padding, line breaks, non-zero trailing bits.
func split(token string) (header, claims, error) {
	if len(token) > maxToken {
		return header{}, claims{}, fmt.Errorf("%w: %d bytes", errForm, len(token))
	}
	if strings.Count(token, ".") != 2 {
		return header{}, claims{}, fmt.Errorf("%w: not three parts", errForm)
	}
	parts := strings.Split(token, ".")
	raw := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		// The decoder skips line breaks even when it is strict.
		if strings.ContainsAny(part, "\r\n") {
			return header{}, claims{}, fmt.Errorf("%w: part %d", errForm, i+1)
		}
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil || len(raw[i]) == 0 {
			return header{}, claims{}, fmt.Errorf("%w: part %d", errForm, i+1)
		}
	}
	h, err := readHeader(raw[0])
	if err != nil {
		return header{}, claims{}, err
	}
	c, err := readClaims(raw[1])
	return h, c, err
}

// kidForm holds no separator of paths, URLs, SQL or shells. Nothing of ours would mind one; the key set's look-up need
// not find that out.
var kidForm = regexp.MustCompile(`^[A-Za-z0-9_.=-]{1,128}$`)

func readHeader(raw []byte) (header, error) {
	fields, err := object(raw)
	if err != nil {
		return header{}, err
	}
	// Each of these would let the token bring its own key, or change how it is read.
	for _, name := range []string{"jku", "jwk", "x5u", "x5c", "crit", "zip", "b64"} {
		if _, ok := fields[name]; ok {
			return header{}, fmt.Errorf("%w: header %s", errForm, name)
		}
	}
	h := header{}
	if err := text(fields, "alg", &h.Alg); err != nil || h.Alg == "" {
		return header{}, fmt.Errorf("%w: alg", errForm)
	}
	if err := text(fields, "typ", &h.Typ); err != nil {
		return header{}, err
	}
	if err := text(fields, "kid", &h.Kid); err != nil {
		return header{}, err
	}
	if !kidForm.MatchString(h.Kid) {
		return header{}, fmt.Errorf("%w: kid", errForm)
	}
	return h, nil
}

func readClaims(raw []byte) (claims, error) {
	fields, err := object(raw)
	if err != nil {
		return claims{}, err
	}
	c := claims{names: map[string]bool{}}
	for name := range fields {
		c.names[name] = true
	}
	for name, into := range map[string]*string{
		"iss": &c.Issuer, "sub": &c.Subject, "azp": &c.Party, "email": &c.Email, "sid": &c.Session, "sts": &c.SessionState,
	} {
		if err := text(fields, name, into); err != nil {
			return claims{}, err
		}
	}
	for name, into := range map[string]*time.Time{
		"exp": &c.Expires, "nbf": &c.NotBefore, "iat": &c.IssuedAt, "auth_time": &c.AuthTime,
	} {
		if err := seconds(fields, name, into); err != nil {
			return claims{}, err
		}
	}
	if raw, ok := fields["email_verified"]; ok {
		// Some issuers send the text "true"; only the boolean counts.
		c.EmailVerified = string(raw) == "true"
	}
	if raw, ok := fields["fva"]; ok {
		c.FactorAge = factorAge(raw)
	}
	if raw, ok := fields["aud"]; ok {
		var one string
		if json.Unmarshal(raw, &one) == nil {
			c.Audience = []string{one}
		} else if err := json.Unmarshal(raw, &c.Audience); err != nil {
			return claims{}, fmt.Errorf("%w: aud", errForm)
		}
	}
	return c, nil
}

// factorAge reads minutes since the first factor was checked; -1 and whatever else is not that says nothing.
func factorAge(raw json.RawMessage) *time.Duration {
	var minutes []int64
	if json.Unmarshal(raw, &minutes) != nil || len(minutes) == 0 || minutes[0] < 0 || minutes[0] > 1<<30 {
		return nil
	}
	age := time.Duration(minutes[0]) * time.Minute
	return &age
}

// object reads one JSON object and nothing after it. It refuses what parsers disagree about: a name that comes twice or
// in two cases, at any depth.
func object(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil || first != json.Delim('{') {
		return nil, fmt.Errorf("%w: not an object", errForm)
	}
	if err := walk(dec, first, 1); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: trailing data", errForm)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	return fields, nil
}

// walk reads the rest of a value whose first token is given.
func walk(dec *json.Decoder, first json.Token, depth int) error {
	open, ok := first.(json.Delim)
	if !ok {
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("%w: too deep", errForm)
	}
	names := map[string]bool{}
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return fmt.Errorf("%w: %w", errForm, err)
			}
			folded := strings.ToLower(strings.ToUpper(name.(string)))
			if names[folded] {
				return fmt.Errorf("%w: a name comes twice", errForm)
			}
			names[folded] = true
		}
		next, err := dec.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", errForm, err)
		}
		if err := walk(dec, next, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil { // the closing bracket
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}

// text reads an optional string. A present claim of another type is an error, never a default.
func text(fields map[string]json.RawMessage, name string, into *string) error {
	raw, ok := fields[name]
	if !ok {
		return nil
	}
	if len(raw) == 0 || raw[0] != '"' {
		return fmt.Errorf("%w: %s", errForm, name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%w: %s", errForm, name)
	}
	return nil
}

// seconds reads an optional time: a whole number of seconds of at most eleven digits. Fractions, exponents, signs and
// strings are not what an issuer sends.
func seconds(fields map[string]json.RawMessage, name string, into *time.Time) error {
	raw, ok := fields[name]
	if !ok {
		return nil
	}
	if len(raw) == 0 || len(raw) > 11 {
		return fmt.Errorf("%w: %s", errForm, name)
	}
	n, err := strconv.ParseUint(string(raw), 10, 63)
	if err != nil {
		return fmt.Errorf("%w: %s", errForm, name)
	}
	*into = time.Unix(int64(n), 0)
	return nil
}
