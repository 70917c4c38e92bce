package whatsapp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// LinkUseful is how long a provider may fetch a file under the address that it was given.
const LinkUseful = 2 * time.Hour

// ErrLinkGone is an address of a file that was never given, or has ended.
var ErrLinkGone = flomastr.Errorf(flomastr.NotFound, "link_gone", "There is no such file, or its address has ended.")

// link is a file of ours under an address that anybody may fetch: the tenant, the medium and when it ends, with a code that
// nobody makes who has not the key.
const linkBody = 16 + 16 + 8

// fileLink makes an address for one file.
func (e *Engine) fileLink(tenant flomastr.TenantID, id flomastr.MediaID) string {
	body := make([]byte, 0, linkBody+sha256.Size)
	body = append(append(body, tenant[:]...), id[:]...)
	body = binary.BigEndian.AppendUint64(body, uint64(e.clock().Add(LinkUseful).Unix()))
	token := base64.RawURLEncoding.EncodeToString(append(body, linkCode(e.linkKeys[0], body)...))
	return strings.TrimRight(e.set.FilesURL, "/") + "/files/" + token
}

func linkCode(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// OpenLinked opens the file of an address that was given to a provider; ErrLinkGone. The caller closes it.
func (e *Engine) OpenLinked(ctx context.Context, token string) (Attached, io.ReadSeekCloser, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The decoder passes over line breaks, and an address is to have one form.
	if err != nil || len(raw) != linkBody+sha256.Size || strings.ContainsAny(token, "\r\n") || !e.gaveLink(raw) {
		return Attached{}, nil, ErrLinkGone
	}
	ends := time.Unix(int64(binary.BigEndian.Uint64(raw[32:])), 0)
	if !e.clock().Before(ends) {
		return Attached{}, nil, ErrLinkGone
	}
	a, body, err := e.OpenMedia(ctx, flomastr.TenantID(raw[:16]), flomastr.MediaID(raw[16:32]))
	if flomastr.KindOf(err) == flomastr.NotFound {
		return a, nil, ErrLinkGone.Because(err)
	}
	return a, body, err
}

func (e *Engine) gaveLink(raw []byte) bool {
	for _, key := range e.linkKeys {
		if hmac.Equal(raw[linkBody:], linkCode(key, raw[:linkBody])) {
			return true
		}
	}
	return false
}
