package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// HeaderStatus has the HTTP status of an answer.
const HeaderStatus = "Hayauma-Status"

// headerRoom is what an answer's headers may take of a message.
const headerRoom = 16 << 10

var (
	errLate  = errors.New("no answer in time; the request may have had its effect or not: look, or send it again, a submission with the same Idempotency-Key")
	errLarge = errors.New("the answer is larger than a NATS message may be (max_payload): ask for less, such as by limit, or over HTTP")
)

// answer is a response that is kept until it is whole. It is owned by the handler until that returns.
type answer struct {
	header    http.Header
	status    int // 0: not written yet
	body      []byte
	most      int // bytes of the body
	overflown bool
	tooMuch   context.CancelCauseFunc // called when it overflows
}

func newAnswer(most int, tooMuch context.CancelCauseFunc) *answer {
	return &answer{header: http.Header{}, most: most, tooMuch: tooMuch}
}

// cut is the answer to a request whose own is not to be had.
func cut(why error) *answer {
	if errors.Is(why, errLarge) {
		return problem(http.StatusRequestEntityTooLarge, errLarge.Error())
	}
	return problem(http.StatusGatewayTimeout, errLate.Error())
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if len(a.body)+len(p) > a.most {
		a.overflown = true
		a.tooMuch(errLarge)
		return 0, errLarge
	}
	a.body = append(a.body, p...)
	return len(p), nil
}

// Flush is for [http.ResponseController], and so are the deadlines: all of a request is here, and its answer waits for nobody.
func (a *answer) Flush() {}

// SetReadDeadline does nothing.
func (a *answer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (a *answer) SetWriteDeadline(time.Time) error { return nil }

func (a *answer) fill(e huma.StatusError) {
	a.status = e.GetStatus()
	a.header.Set("Content-Type", "application/problem+json")
	a.body, _ = json.Marshal(e) // strings and a number
}

// message is the answer as it is sent. Headers that a message has no room for are left out.
func (a *answer) message(subject string) *nats.Msg {
	a.WriteHeader(http.StatusOK)
	m := &nats.Msg{Subject: subject, Data: a.body, Header: nats.Header{}}
	room := headerRoom / 2
	for name, values := range a.header {
		for _, v := range values {
			if room -= len(name) + len(v) + 4; room >= 0 {
				m.Header.Add(name, v)
			}
		}
	}
	m.Header.Set(HeaderStatus, strconv.Itoa(a.status))
	if a.status >= http.StatusBadRequest {
		m.Header.Set(micro.ErrorCodeHeader, strconv.Itoa(a.status))
		m.Header.Set(micro.ErrorHeader, http.StatusText(a.status))
	}
	return m
}
