package jwt

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// InProcess is a client whose requests are answered by a handler of this process. The built-in issuer's key set is
// fetched through it: the same request, answer and checks as over the network, without depending on our own listener.
func InProcess(handler http.Handler) *http.Client {
	return &http.Client{Transport: inProcess{handler}}
}

type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := &answerWriter{header: http.Header{}}
	t.handler.ServeHTTP(answer, req)
	if answer.status == 0 {
		answer.status = http.StatusOK
	}
	return &http.Response{
		Status:        strconv.Itoa(answer.status) + " " + http.StatusText(answer.status),
		StatusCode:    answer.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.header,
		Body:          io.NopCloser(&answer.body),
		ContentLength: int64(answer.body.Len()),
		Request:       req,
	}, nil
}

type answerWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
