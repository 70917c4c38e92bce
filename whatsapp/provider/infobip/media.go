package infobip

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxFile is the largest file that WhatsApp carries: a document.
const maxFile = 100 << 20

// maxHops bounds the redirects of a file to the network that keeps it.
const maxHops = 3

var (
	// errMediaHost refuses a file that does not lie at the channel's own address, which alone may see the key.
	errMediaHost = flomastr.Errorf(flomastr.Upstream, "media_host", "The file does not lie at Infobip.")
	// errMediaSize is a file larger than WhatsApp carries.
	errMediaSize = flomastr.Errorf(flomastr.TooLarge, "media_too_large", "The file is larger than WhatsApp carries.")
)

// OpenMedia implements provider.MediaSource. The key is shown to the channel's own address alone; where that sends us on
// to another host, under the client's guards against addresses that lead inside, it is left behind.
func (p *Provider) OpenMedia(ctx context.Context, ch provider.Channel, a provider.Attachment) (provider.MediaFile, error) {
	if a.URL == "" {
		return provider.MediaFile{}, provider.ErrMediaGone
	}
	// The request knows which address and key belong together.
	first, err := p.request(ctx, ch, http.MethodGet, "/", nil)
	if err != nil {
		return provider.MediaFile{}, err
	}
	address, err := url.Parse(a.URL)
	if err != nil || address.User != nil || address.Scheme != first.URL.Scheme || !strings.EqualFold(address.Host, first.URL.Host) {
		return provider.MediaFile{}, errMediaHost
	}
	for range maxHops + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
		if err != nil {
			return provider.MediaFile{}, errMediaHost.Because(err)
		}
		if address.Scheme == first.URL.Scheme && strings.EqualFold(address.Host, first.URL.Host) {
			req.Header.Set("Authorization", first.Header.Get("Authorization"))
		}
		resp, err := p.files.Do(req)
		if err != nil {
			return provider.MediaFile{}, flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Infobip could not be reached.").Because(err)
		}
		if resp.StatusCode < 300 || resp.StatusCode > 399 {
			return fileOf(resp)
		}
		next, err := resp.Location()
		_ = resp.Body.Close()
		if err != nil || next.User != nil || next.Scheme != first.URL.Scheme {
			return provider.MediaFile{}, errMediaHost.Because(err)
		}
		address = next
	}
	return provider.MediaFile{}, errMediaHost
}

func fileOf(resp *http.Response) (provider.MediaFile, error) {
	var err error
	switch {
	case resp.StatusCode == http.StatusOK && resp.ContentLength <= maxFile:
		return provider.MediaFile{
			Body: capped{io.LimitReader(resp.Body, maxFile), resp.Body}, Type: provider.Clean(resp.Header.Get("Content-Type"), 200), Size: resp.ContentLength,
		}, nil
	case resp.StatusCode == http.StatusOK:
		err = errMediaSize
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		err = provider.ErrMediaGone
	default:
		err = flomastr.Errorf(flomastr.Upstream, "provider_refused", "Infobip did not hand the file over: "+strconv.Itoa(resp.StatusCode)+".")
	}
	_ = resp.Body.Close()
	return provider.MediaFile{}, err
}

// capped ends a body at the largest size.
type capped struct {
	io.Reader
	io.Closer
}
