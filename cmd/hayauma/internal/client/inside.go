package client

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Inside makes a client of the daemon that it runs in: requests go to its handler, over no network.
func Inside(handler http.Handler, token string) *Client {
	return &Client{base: "http://inside", token: token, http: &http.Client{Transport: inside{handler}}}
}

// inside has a handler answer, whole, before the answer is read: it is for requests that answer once.
type inside struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t inside) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if v := recover(); v != nil { // a handler's way to break an answer off
			resp, err = nil, fmt.Errorf("the answer broke off: %v", v)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &whole{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: w.status, Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// whole is a response that is kept until it is whole.
type whole struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (w *whole) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *whole) WriteHeader(status int) {
	if !w.begun && status >= http.StatusOK {
		w.status, w.begun = status, true
	}
}

// Write implements [http.ResponseWriter].
func (w *whole) Write(p []byte) (int, error) {
	w.begun = true
	return w.body.Write(p)
}
