package linesim

import (
	"errors"
	"fmt"
	"strings"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/internal/canon"
)

// The most that one request may carry.
const (
	maxBody       = 2 << 20 // bytes
	maxRecipients = 500
	maxMessages   = 5
	maxText       = 5000 // UTF-16 code units
)

// endpoint is what limits are counted by.
type endpoint uint8

const (
	push endpoint = iota
	multicast
	validatePush
	validateMulticast
	endpoints
)

func endpointOf(e provider.Endpoint, validate bool) endpoint {
	if validate {
		return validatePush + endpoint(e)
	}
	return endpoint(e)
}

// Request is one question to the simulator.
type Request struct {
	Token    string            // channel access token
	Endpoint provider.Endpoint // Push or Multicast
	Validate bool              // check the messages only; To is ignored
	Key      string            // retry key as sent; empty: none
	To       []string
	Messages []byte // JSON array

	broken *refusal // why the body couldn't be read
}

// refusal is a 4xx in LINE's words.
type refusal struct {
	status            int
	message           string
	property, problem string // one detail; empty: none
}

func badBody(property, problem string) *refusal {
	return &refusal{status: 400, message: "The request body has 1 error(s)", property: property, problem: problem}
}

func badProperty(name string) *refusal {
	return &refusal{status: 400, message: "The property, '" + name + "', in the request body is invalid (line: -, column: -)"}
}

// parseBody reads a request's body once. strict also checks the fields that decide nothing here.
func parseBody(q *Request, body []byte, strict bool) {
	var r canon.Reader
	r.Reset(body)
	err := r.Object(func(name []byte) error {
		switch string(name) {
		case "to":
			if q.To != nil {
				return badProperty("to")
			}
			return readTo(&r, q)
		case "messages":
			if q.Messages != nil || r.Peek() != '[' {
				return badProperty("messages")
			}
			start := r.Pos()
			err := r.Skip()
			q.Messages = body[start:r.Pos()]
			return err
		case "notificationDisabled":
			if c := r.Peek(); strict && c != 't' && c != 'f' && c != 'n' {
				return badProperty("notificationDisabled")
			}
		case "customAggregationUnits":
			if strict {
				return readUnits(&r)
			}
		}
		return r.Skip()
	})
	if err == nil {
		err = r.End()
	}
	q.broken = refusalOf(err, body)
}

// Error makes a refusal travel through the reader's callbacks.
func (r *refusal) Error() string { return r.message }

func refusalOf(err error, body []byte) *refusal {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused
	}
	line, column := 1, 1
	if syntax, ok := errors.AsType[*canon.SyntaxError](err); ok {
		before := string(body[:min(syntax.Offset, len(body))])
		line += strings.Count(before, "\n")
		column += len(before) - 1 - strings.LastIndexByte(before, '\n')
	}
	return &refusal{status: 400, message: fmt.Sprintf("The request body could not be parsed as JSON (line: %d, column: %d)", line, column)}
}

// readTo reads one id for a push, a list for a multicast.
func readTo(r *canon.Reader, q *Request) error {
	if q.Endpoint == provider.Push {
		if r.Peek() != '"' {
			return badProperty("to")
		}
		id, err := r.String()
		q.To = []string{string(id)}
		return err
	}
	if r.Peek() != '[' {
		return badProperty("to")
	}
	q.To = []string{}
	return r.Array(func(i int) error {
		if i == maxRecipients {
			return badBody("to", "size must be between 1 and 500")
		}
		if r.Peek() != '"' {
			return badProperty("to")
		}
		id, err := r.String()
		q.To = append(q.To, string(id))
		return err
	})
}

// readUnits checks customAggregationUnits: at most one name of 1 to 30 letters, digits and underscores. LINE's SDKs send null, and LINE takes it.
func readUnits(r *canon.Reader) error {
	if r.Null() {
		return nil
	}
	if r.Peek() != '[' {
		return badProperty("customAggregationUnits")
	}
	return r.Array(func(i int) error {
		if i > 0 {
			return badBody("customAggregationUnits", "size must be between 0 and 1")
		}
		if r.Peek() != '"' {
			return badProperty("customAggregationUnits")
		}
		name, err := r.String()
		if err == nil && !isUnit(name) {
			return badBody("customAggregationUnits[0]", "must match ^[a-zA-Z0-9_]{1,30}$")
		}
		return err
	})
}

func isUnit(name []byte) bool {
	for _, c := range name {
		if c-'0' > 9 && (c|0x20)-'a' > 25 && c != '_' {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= 30
}
