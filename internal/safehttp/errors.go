package safehttp

import (
	"context"
	"errors"
	"net"

	"github.com/flomastr/flomastr"
)

// What a caller may be told. A blocked address and one that cannot be reached are the same error on purpose.
var (
	ErrInvalidURL = flomastr.Errorf(flomastr.Invalid, "url_invalid",
		"Give a public web address that starts with http:// or https://, without a user name, on the usual port.")
	ErrUnreachable = flomastr.Errorf(flomastr.Upstream, "url_unreachable",
		"This address could not be reached.")
	ErrTimeout = flomastr.Errorf(flomastr.UpstreamTimeout, "url_timeout",
		"This address did not answer in time.")
	ErrTooLarge = flomastr.Errorf(flomastr.TooLarge, "url_too_large",
		"What this address sends is larger than we read.")
	ErrTooManyRedirects = flomastr.Errorf(flomastr.Upstream, "url_redirects",
		"This address redirects too often.")
)

// translate turns a transport's failure into one of ours, with the cause kept for the log. An error of ours, which may
// come wrapped from a redirect's check, stays what it is; but a hop that is not a valid address is merely unreachable,
// since it was not the caller who gave it.
func translate(err error) error {
	if ours, ok := errors.AsType[*flomastr.Error](err); ok {
		return ours
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	// A connection that does not open in time must look like one that is blocked; only a server that was
	// reached can be slow.
	case dialFailed(err):
		return ErrUnreachable.Because(err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout.Because(err)
	}
	return ErrUnreachable.Because(err)
}

func dialFailed(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}
