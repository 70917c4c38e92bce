package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// The vendor's own vectors: the tests of twilio-go and twilio-python, key 12345.
const (
	vendorURL  = "https://mycompany.com/myapp.php?foo=1&bar=2"
	vendorForm = "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
	vendorJSON = `{"property": "value", "boolean": true}`
	vendorHash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
	formType   = "application/x-www-form-urlencoded"
	formUTF8   = "application/x-www-form-urlencoded; charset=UTF-8"
)

func signed(address, contentType, body string, signatures ...string) provider.Request {
	header := http.Header{"Content-Type": {contentType}}
	for _, s := range signatures {
		header.Add("X-Twilio-Signature", s)
	}
	return provider.Request{Header: header, URL: address, Body: []byte(body)}
}

func TestTheVendorsOwnVectorsAreAccepted(t *testing.T) {
	t.Parallel()
	withPort, plain := strings.Replace(vendorURL, ".com", ".com:1234", 1), strings.Replace(vendorURL, "https", "http", 1)
	for name, r := range map[string]provider.Request{
		"form":                            signed(vendorURL, formUTF8, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
		"https with a port, signed bare":  signed(withPort, formType, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
		"https bare, signed with a port":  signed(vendorURL, formType, vendorForm, "kvajT1Ptam85bY51eRf/AJRuM3w="),
		"http bare, signed with a port":   signed(plain, formType, vendorForm, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
		"http with a port, signed with":   signed(strings.Replace(plain, ".com", ".com:1234", 1), formType, vendorForm, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
		"repeated keys, sorted":           signed(vendorURL, formType, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
		"repeated keys, duplicates":       signed(vendorURL, formType, "Digits=1234&Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
		"JSON by the digest in the query": signed(vendorURL+"&bodySHA256="+vendorHash, "application/json", vendorJSON, "a9nBmqA0ju/hNViExpshrM61xv4="),
		"JSON by the digest alone":        signed("https://mycompany.com/myapp.php?bodySHA256="+vendorHash, "application/json", vendorJSON, "y77kIzt2vzLz71DgmJGsen2scGs="),
	} {
		require.NoError(t, newProvider("", 0).Authenticate(channel, r), name)
	}
}

// signatureOf is Twilio's rule, written for the tests once more.
func signatureOf(key, address, body string) string {
	form, _ := url.ParseQuery(body)
	text := address
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Sorted(slices.Values(form[name]))
		for _, v := range slices.Compact(values) {
			text += name + v
		}
	}
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestWhateverTheSignatureDoesNotCoverIsRefused(t *testing.T) {
	t.Parallel()
	const good = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	digest := vendorURL + "&bodySHA256=" + vendorHash
	for name, r := range map[string]provider.Request{
		"no signature":                  signed(vendorURL, formType, vendorForm),
		"an empty signature":            signed(vendorURL, formType, vendorForm, ""),
		"a wrong signature":             signed(vendorURL, formType, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
		"half a signature":              signed(vendorURL, formType, vendorForm, good[:14]),
		"another spelling of base64":    signed(vendorURL, formType, vendorForm, strings.TrimSuffix(good, "=")),
		"two signatures":                signed(vendorURL, formType, vendorForm, good, good),
		"another host":                  signed(strings.Replace(vendorURL, "mycompany", "yourcompany", 1), formType, vendorForm, good),
		"another scheme":                signed(strings.Replace(vendorURL, "https", "http", 1), formType, vendorForm, good),
		"another path":                  signed(strings.Replace(vendorURL, "myapp", "myApp", 1), formType, vendorForm, good),
		"another query":                 signed(strings.Replace(vendorURL, "bar=2", "bar=3", 1), formType, vendorForm, good),
		"the query in another order":    signed("https://mycompany.com/myapp.php?bar=2&foo=1", formType, vendorForm, good),
		"another value":                 signed(vendorURL, formType, strings.Replace(vendorForm, "1234&", "1235&", 1), good),
		"one parameter more":            signed(vendorURL, formType, vendorForm+"&Extra=1", good),
		"one empty parameter more":      signed(vendorURL, formType, vendorForm+"&Extra=", good),
		"one parameter less":            signed(vendorURL, formType, strings.Replace(vendorForm, "Digits=1234&", "", 1), good),
		"a broken form":                 signed(vendorURL, formType, vendorForm+"&x=%zz", good),
		"an empty body":                 signed(vendorURL, formType, "", good),
		"JSON without a digest":         signed(vendorURL, "application/json", vendorJSON, signatureOf("12345", vendorURL, "")),
		"JSON of another digest":        signed(digest, "application/json", vendorJSON+" ", "a9nBmqA0ju/hNViExpshrM61xv4="),
		"JSON called a form":            signed(digest, formType, vendorJSON, "a9nBmqA0ju/hNViExpshrM61xv4="),
		"a form called JSON":            signed(vendorURL, "application/json", vendorForm, good),
		"no address":                    signed("", formType, vendorForm, good),
		"signed with the key of nobody": signed(vendorURL, formType, vendorForm, signatureOf("", vendorURL, vendorForm)),
	} {
		require.ErrorIs(t, newProvider("", 0).Authenticate(channel, r), provider.ErrUnauthenticated, name)
	}
}

func TestEmptyAndUnknownParametersAreCovered(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"A=&B=&Unknown=%F0%9F%91%8B", "a=1&A=2&%C3%A4=3&Aa=4", "B", ""} {
		r := signed(vendorURL, formType, body, signatureOf("12345", vendorURL, body))
		require.NoError(t, newProvider("", 0).Authenticate(channel, r), body)
	}
}

func TestThePreviousKeyIsBelievedWhileItIsThere(t *testing.T) {
	t.Parallel()
	p, ch := newProvider("", 0), channel
	ch.Webhook = provider.WebhookSecret{SigningKey: "new", PreviousKey: "12345"}
	require.NoError(t, p.Authenticate(ch, signed(vendorURL, formType, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")))
	require.NoError(t, p.Authenticate(ch, signed(vendorURL, formType, vendorForm, signatureOf("new", vendorURL, vendorForm))))
	ch.Webhook.PreviousKey = ""
	require.ErrorIs(t, p.Authenticate(ch, signed(vendorURL, formType, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")), provider.ErrUnauthenticated)
	ch.Webhook = provider.WebhookSecret{PreviousKey: "12345"}
	require.ErrorIs(t, p.Authenticate(ch, signed(vendorURL, formType, vendorForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")), provider.ErrUnauthenticated, "a key that is only previous is none")
}
