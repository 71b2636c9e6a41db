package line

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hayauma.example/actors/provider"
)

// maxAnswer is the most bytes of an answer that are read; LINE's are below 1 KB.
const maxAnswer = 64 << 10

var errLongAnswer = errors.New("the answer is longer than 64 KB")

var jsonType = []string{"application/json"} // shared by all requests, never written to

// answers are buffers to read answers into.
var answers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// Pool is connections that clients of any channels share. It is safe for concurrent use.
type Pool struct{ transport *http.Transport }

// NewPool makes a pool of HTTP/1.1 connections: without HTTP/2 no request shares its connection with another's fate. most is how many
// there are for one host; more calls wait. Idle ones are closed after 50 s.
func NewPool(most int) *Pool {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &Pool{&http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxConnsPerHost:        most,
		MaxIdleConns:           most,
		MaxIdleConnsPerHost:    most,
		IdleConnTimeout:        50 * time.Second, // below the usual 60 s of servers, which would cost doubt
		MaxResponseHeaderBytes: 32 << 10,
		ReadBufferSize:         1 << 10, // answers are short, and thousands of connections may be open
		WriteBufferSize:        2 << 10, // a push with its header; what is longer passes the buffer by
		DisableCompression:     true,
	}}
}

// post makes one attempt.
func (c *Client) post(ctx context.Context, to *url.URL, payload []byte, key string) provider.Answer {
	auth, err := c.authorization()
	if err != nil {
		return provider.Answer{Verdict: provider.Unauthorized, Reason: reason(err.Error())}
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	left := c.leaving(payload, key)
	header := http.Header{"Authorization": auth, "Content-Type": jsonType}
	if key != "" {
		header["X-Line-Retry-Key"] = left.key[:]
	}
	request := (&http.Request{
		Method: http.MethodPost, URL: to, Host: to.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: int64(len(payload)),
		// net/http knows this reader: it writes the body with the header, where another reader would cost a second packet.
		Body: io.NopCloser(&left.body),
	}).WithContext(httptrace.WithClientTrace(ctx, &left.trace))
	answer, err := c.roundTrip(request)
	switch {
	case err == nil:
		return answer
	case left.connected.Load():
		return provider.Answer{Verdict: provider.Doubtful, Reason: reason(err.Error())}
	}
	return provider.Answer{Verdict: provider.Unsent, Reason: reason(err.Error())}
}

// leaving tells whether a request may have left: it can't have before it had a connection, and net/http announces that before it
// writes the first byte.
type leaving struct {
	trace     httptrace.ClientTrace
	key       [1]string    // the header's value, and with the body part of the same allocation
	body      bytes.Reader // owned by the transport
	connected atomic.Bool
}

// leaving watches one attempt. Another transport than a pool's may announce nothing: with it every request may have left.
func (c *Client) leaving(payload []byte, key string) *leaving {
	l := &leaving{key: [1]string{key}}
	l.body.Reset(payload)
	l.trace.GotConn = func(httptrace.GotConnInfo) { l.connected.Store(true) }
	l.connected.Store(!c.announces)
	return l
}

// bounded gives an attempt its time, unless the caller has given it less.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= c.timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.timeout)
}

// get reads one JSON object.
func (c *Client) get(ctx context.Context, op string, from *url.URL, into any) error {
	auth, err := c.authorization()
	if err != nil {
		return &AnswerError{Op: op, Answer: provider.Answer{Verdict: provider.Unauthorized, Reason: reason(err.Error())}}
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	request := (&http.Request{Method: http.MethodGet, URL: from, Host: from.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Authorization": auth}}).WithContext(ctx)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return &AnswerError{Op: op, Answer: provider.Answer{Verdict: provider.Doubtful, Reason: reason(err.Error())}}
	}
	defer response.Body.Close()
	body, err := readAnswer(nil, response.Body)
	if answer := Classify(response.StatusCode, response.Header, body, err); answer.Verdict != provider.Accepted {
		return &AnswerError{Op: op, Answer: answer}
	}
	if json.Unmarshal(body, into) != nil {
		return unreadable(op, "the answer can't be read")
	}
	return nil
}

// roundTrip returns the answer, or an error if there was none.
func (c *Client) roundTrip(request *http.Request) (provider.Answer, error) {
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return provider.Answer{}, err
	}
	defer response.Body.Close()
	buffer := answers.Get().(*[]byte)
	defer answers.Put(buffer)
	body, err := readAnswer((*buffer)[:0], response.Body)
	*buffer = body
	return Classify(response.StatusCode, response.Header, body, err), nil
}

// readAnswer appends what r holds to buf, up to maxAnswer bytes.
func readAnswer(buf []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), maxAnswer+1)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, err
		case len(buf) > maxAnswer:
			return buf, errLongAnswer
		}
	}
}

// authorization asks for the token and makes its header.
func (c *Client) authorization() ([]string, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	if last := c.bearer.Load(); last != nil && last.token == token {
		return last.header, nil
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return nil, errors.New("the channel access token is empty or holds characters that no token has: check where it comes from")
	}
	fresh := &bearer{token: token, header: []string{"Bearer " + token}}
	c.bearer.Store(fresh)
	return fresh.header, nil
}
