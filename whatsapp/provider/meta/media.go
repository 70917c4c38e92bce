package meta

import (
	"context"
	"errors"
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

var (
	// errMediaHost refuses to show the token to a host that is not Meta's.
	errMediaHost = flomastr.Errorf(flomastr.Upstream, "media_host", "The file does not lie at Meta.")
	// errMediaSize is a file larger than WhatsApp carries.
	errMediaSize = flomastr.Errorf(flomastr.TooLarge, "media_too_large", "The file is larger than WhatsApp carries.")
)

// OpenMedia implements provider.MediaSource. Where the file lies is asked first: an address is good for minutes, the id
// for days.
func (p *Provider) OpenMedia(ctx context.Context, ch provider.Channel, a provider.Attachment) (provider.MediaFile, error) {
	if a.ID == "" {
		return provider.MediaFile{}, provider.ErrMediaGone
	}
	var lies struct {
		URL  provider.Word `json:"url"`
		Type provider.Word `json:"mime_type"`
		Size provider.Word `json:"file_size"`
	}
	query := url.Values{}
	if ch.SenderID != "" {
		query.Set("phone_number_id", ch.SenderID)
	}
	if err := p.ask(ctx, ch, http.MethodGet, url.PathEscape(a.ID), query, nil, &lies); err != nil {
		var refusal *provider.SendError
		if errors.As(err, &refusal) && (refusal.Code == "100" || refusal.Code == "131052" || refusal.Code == "HTTP 404") {
			return provider.MediaFile{}, provider.ErrMediaGone.Because(err)
		}
		return provider.MediaFile{}, err
	}
	if size, err := strconv.ParseInt(string(lies.Size), 10, 64); err == nil && size > maxFile {
		return provider.MediaFile{}, errMediaSize
	}
	return p.download(ctx, ch, string(lies.URL), string(lies.Type))
}

// download fetches a file with the token, from Meta's own hosts alone, wherever an answer says that it lies.
func (p *Provider) download(ctx context.Context, ch provider.Channel, address, kind string) (provider.MediaFile, error) {
	if !p.isMediaHost(address) {
		return provider.MediaFile{}, errMediaHost
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return provider.MediaFile{}, errMediaHost.Because(err)
	}
	req.Header.Set("Authorization", "Bearer "+ch.Credentials.APIKey)
	req.Header.Set("User-Agent", "FloMastr") // Meta's file host refuses callers that name no agent
	resp, err := p.files.Do(req)
	if err != nil {
		return provider.MediaFile{}, flomastr.Errorf(flomastr.Upstream, "provider_unreachable", "Meta could not be reached.").Because(err)
	}
	switch {
	case resp.StatusCode == http.StatusOK && resp.ContentLength <= maxFile:
		if kind == "" {
			kind = resp.Header.Get("Content-Type")
		}
		return provider.MediaFile{Body: capped{io.LimitReader(resp.Body, maxFile), resp.Body}, Type: provider.Clean(kind, 200), Size: resp.ContentLength}, nil
	case resp.StatusCode == http.StatusOK:
		err = errMediaSize
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		err = provider.ErrMediaGone
	default: // a redirect as well: it would carry the token elsewhere
		err = flomastr.Errorf(flomastr.Upstream, "provider_refused", "Meta did not hand the file over: "+strconv.Itoa(resp.StatusCode)+".")
	}
	_ = resp.Body.Close()
	return provider.MediaFile{}, err
}

// capped ends a body at the largest size.
type capped struct {
	io.Reader
	io.Closer
}

func (p *Provider) isMediaHost(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" {
		return false
	}
	if p.standIn != "" && u.Scheme+"://"+u.Host == p.standIn {
		return true
	}
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && (host == "lookaside.fbsbx.com" || host == "graph.facebook.com")
}
