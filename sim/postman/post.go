package postman

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/flomastr/flomastr/sim/traffic"
)

// errNoAddress is why a parcel waits for a lane that has no webhook yet.
var errNoAddress = errors.New("no webhook address is configured")

// post makes one request. Any 2xx is an acceptance, whatever its body; redirects are not followed and count as refusals.
func (p *Postman) post(address Address, body []byte) error {
	if address.URL == "" {
		return errNoAddress
	}
	request, err := http.NewRequestWithContext(p.ctx, http.MethodPost, address.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if address.HeaderName != "" {
		value := address.HeaderValue
		if address.Sign != nil {
			value = address.Sign(body)
		}
		request.Header.Set(address.HeaderName, value)
	}
	started := time.Now()
	response, err := p.config.Client.Do(request)
	// The client's own wrapping repeats the address, which holds a secret as often as not.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if err != nil {
		p.note(request, body, started, nil, nil, err)
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
	p.note(request, body, started, response, answer, err)
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %d", response.StatusCode)
	}
	return nil
}

func (p *Postman) note(request *http.Request, body []byte, started time.Time, response *http.Response, answer []byte, err error) {
	if p.config.Traffic == nil {
		return
	}
	exchange := traffic.Exchange{
		At: started.UTC(), Direction: traffic.Webhook, Method: request.Method, URL: traffic.URL(request.URL),
		RequestHeaders: traffic.Headers(request.Header), RequestBody: string(body),
		ResponseBody: string(answer), DurationMS: float64(time.Since(started).Microseconds()) / 1000,
	}
	if response != nil {
		exchange.Status = response.StatusCode
		exchange.ResponseHeaders = traffic.Headers(response.Header)
	}
	if err != nil {
		exchange.Error = err.Error()
	}
	p.config.Traffic.Add(exchange)
}
