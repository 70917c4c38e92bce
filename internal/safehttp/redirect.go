package safehttp

import (
	"errors"
	"net/http"
)

// carried are the only headers that follow a redirect to another origin. The standard library drops Authorization and
// Cookie there but would forward an X-Api-Key.
var carried = map[string]bool{"Accept": true, "Accept-Language": true, "User-Agent": true}

// checkRedirect is asked before each hop; the transport then checks the hop's address like any other.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if c.config.Redirects == 0 {
		return http.ErrUseLastResponse
	}
	if len(via) > c.config.Redirects {
		return ErrTooManyRedirects
	}
	target, err := c.rules.check(req.URL.String())
	if err != nil {
		return ErrUnreachable.Because(err)
	}
	first := via[0].URL
	if sameOrigin(first, target) {
		return nil
	}
	// The operator's origins are entered by the front door only: a stranger's page must not lead to one.
	if c.rules.allows(target) {
		return ErrUnreachable.Because(errors.New("redirect to an allowed origin from elsewhere"))
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return ErrUnreachable.Because(errors.New("redirect would repeat a body at another origin"))
	}
	for name := range req.Header {
		if !carried[name] {
			req.Header.Del(name)
		}
	}
	return nil
}
