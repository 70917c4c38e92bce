package httpapi

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr"
)

// places seal where a caller is in a list or a stream: a cursor, an event's id. Sealed, a place shows nothing of what it is
// made of, such as a counter over all tenants, and fits only where it was given: the seal covers its tenant and its list. The
// same place has the same seal on every server, so an event's id can be recognised.
type places struct{ keys []placeKey }

// placeKey is one master key's pair. The first seals; the others open what was sealed before the master key changed.
type placeKey struct {
	mac     []byte
	encrypt cipher.Block
}

var errPlace = errors.New("not a place that we gave here")

// newPlaces takes keys of 32 bytes, the one in use first. Without one it makes a key that ends with the process.
func newPlaces(keys [][]byte) *places {
	if len(keys) == 0 {
		keys = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	p := &places{}
	for _, key := range keys {
		part := func(purpose string) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(purpose))
			return mac.Sum(nil)
		}
		block, err := aes.NewCipher(part("encrypt"))
		if err != nil {
			panic(err) // a hash has the length of a key
		}
		p.keys = append(p.keys, placeKey{part("authenticate"), block})
	}
	return p
}

// seal encrypts a place under an initial vector that is its authentication code, as SIV does (RFC 5297): two equal places
// have equal seals, and nothing else is told.
func (p *places) seal(place string, within ...string) string {
	key, sealed := p.keys[0], []byte(place)
	code := key.code(sealed, within)
	cipher.NewCTR(key.encrypt, code).XORKeyStream(sealed, sealed)
	return base64.RawURLEncoding.EncodeToString(append(code, sealed...))
}

// open gives back what was sealed within the same bounds.
func (p *places) open(sealed string, within ...string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	// The decoder passes over line breaks, and a seal is to have one form.
	if err != nil || len(raw) < aes.BlockSize || strings.ContainsAny(sealed, "\r\n") {
		return "", errPlace
	}
	for _, key := range p.keys {
		place := make([]byte, len(raw)-aes.BlockSize)
		cipher.NewCTR(key.encrypt, raw[:aes.BlockSize]).XORKeyStream(place, raw[aes.BlockSize:])
		if hmac.Equal(raw[:aes.BlockSize], key.code(place, within)) {
			return string(place), nil
		}
	}
	return "", errPlace
}

// code authenticates a place and its bounds, each with its length before it, so that none runs into the next.
func (k placeKey) code(place []byte, within []string) []byte {
	mac := hmac.New(sha256.New, k.mac)
	for _, part := range append(within, string(place)) {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(part)))
		_, _ = mac.Write([]byte(part))
	}
	return mac.Sum(nil)[:aes.BlockSize]
}

// PageCursor is the part of a request that goes on with a list. The handler reads and writes places as the engine names
// them; the frame opens and seals. It is exported because the frame reads the fields of exported embedded structs alone.
type PageCursor struct {
	Cursor string `query:"cursor" maxLength:"500" doc:"next_cursor of the page before, for the same filter"`
}

func (c *PageCursor) cursor() *string { return &c.Cursor }

// pageAsked and pageGiven are what a paged route's request and answer are; route refuses one without the other.
type (
	pageAsked interface{ cursor() *string }
	pageGiven interface{ next() *string }
)

var errCursor = flomastr.Errorf(flomastr.Malformed, "invalid_cursor",
	"The cursor is not one that we gave for this list. Begin again without one.").Field("query.cursor", "next_cursor of the page before")

// badPlace is errCursor for a place that an engine cannot use.
func badPlace(err error) error { return errCursor.Because(err) }

// openCursor replaces a request's cursor by the place that it stands for.
func (a *API) openCursor(in any, within []string) error {
	asked, ok := in.(pageAsked)
	if !ok || *asked.cursor() == "" {
		return nil
	}
	place, err := a.places.open(*asked.cursor(), within...)
	if err != nil {
		return badPlace(err)
	}
	*asked.cursor() = place
	return nil
}

// sealCursor replaces the place where the next page begins by a cursor.
func (a *API) sealCursor(out any, within []string) {
	if given, ok := out.(pageGiven); ok && *given.next() != "" {
		*given.next() = a.places.seal(*given.next(), within...)
	}
}

// listOf bounds a cursor: the tenant, the route, and what of the request chooses the list. How long a page is does not.
func listOf(r *http.Request, call Call, route string) []string {
	chosen := r.URL.Query()
	for _, name := range []string{"cursor", "limit", "tenant_id"} {
		chosen.Del(name)
	}
	for part := range strings.SplitSeq(route, "/") {
		if name := strings.Trim(part, "{}"); name != part && !strings.HasPrefix(name, "tenant_") {
			chosen.Set(part, r.PathValue(name))
		}
	}
	return []string{"cursor", call.Tenant.ID.String(), route, chosen.Encode()}
}
