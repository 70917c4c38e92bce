package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's choice; as a MAC it still holds
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Authenticate implements provider.Provider: the signature covers the address as Twilio called it, followed by the form's
// parameters, or, for a body that is no form, by nothing: then the address names the body's digest.
func (*Provider) Authenticate(ch provider.Channel, r provider.Request) error {
	if ch.Webhook.SigningKey == "" {
		return provider.ErrUnauthenticated.Because(errors.New("the channel has no signing key"))
	}
	shown := r.Header.Values("X-Twilio-Signature")
	if len(shown) != 1 {
		return provider.ErrUnauthenticated
	}
	suffix, err := signedParameters(r)
	if err != nil {
		return provider.ErrUnauthenticated.Because(err)
	}
	for _, key := range []string{ch.Webhook.SigningKey, ch.Webhook.PreviousKey} {
		for _, address := range spellings(r.URL) {
			if key != "" && provider.SameSecret(shown[0], sign(key, address+suffix)) {
				return nil
			}
		}
	}
	return provider.ErrUnauthenticated
}

func sign(key, text string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signedParameters is what the signature covers after the address.
func signedParameters(r provider.Request) (string, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "" && kind != "application/x-www-form-urlencoded" {
		return "", checkDigest(r)
	}
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[key])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			b.WriteString(key)
			b.WriteString(value)
		}
	}
	return b.String(), nil
}

func checkDigest(r provider.Request) error {
	address, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(r.Body)
	if !provider.SameSecret(address.Query().Get("bodySHA256"), hex.EncodeToString(sum[:])) {
		return errors.New("the body's digest is not the one in the address")
	}
	return nil
}

// spellings are the ways in which Twilio may have written the address when it signed: with and without a port.
func spellings(address string) []string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, path := rest[:end], rest[end:]
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		return []string{address, scheme + "://" + host[:at] + path}
	}
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return []string{address, scheme + "://" + host + port + path}
}
