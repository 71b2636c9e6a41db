package linesim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/internal/canon"
	"hayauma.example/actors/provider/line"
)

// exam is what can be said about a request without knowing any other.
type exam struct {
	at       endpoint
	wrong    *refusal // with the body
	badKey   bool
	key      [16]byte // zero: none
	to       []string // each once
	body     [32]byte // SHA-256 of the messages in canonical JSON
	sent     uint8    // message objects
	quotable uint8    // bit i: message i may be quoted
}

// examiner keeps the buffers of one examination.
type examiner struct {
	json      canon.Reader
	canonical []byte
	seen      map[string]struct{}
}

var examiners = sync.Pool{New: func() any { return &examiner{seen: map[string]struct{}{}} }}

// examine is pure. Without strict, only what the ledger needs must be readable.
func examine(q *Request, strict bool) exam {
	x := exam{at: endpointOf(q.Endpoint, q.Validate), wrong: q.broken}
	if q.Key != "" {
		key, err := uuid.Parse(q.Key)
		x.key, x.badKey = key, err != nil || len(q.Key) != 36 || key == uuid.Nil
	}
	if x.wrong != nil {
		return x
	}
	e := examiners.Get().(*examiner)
	defer examiners.Put(e)
	if x.wrong = e.messages(&x, q.Messages, strict); x.wrong == nil && !q.Validate {
		x.wrong = e.recipients(&x, q, strict)
	}
	return x
}

// messages counts them, checks them and names them by their hash.
func (e *examiner) messages(x *exam, messages []byte, strict bool) *refusal {
	if messages == nil {
		return badBody("messages", "may not be empty")
	}
	var misfit *line.MessageError
	if strict && errors.As(line.CheckMessages(messages), &misfit) {
		return badBody(misfit.Path, misfit.Problem)
	}
	if wrong := e.count(x, messages); wrong != nil && strict {
		return wrong
	}
	if strict {
		if wrong := e.media(messages); wrong != nil {
			return wrong
		}
	}
	e.json.Reset(messages)
	var err error
	if e.canonical, err = e.json.Canonical(e.canonical[:0]); err == nil {
		err = e.json.End()
	}
	x.body = sha256.Sum256(e.canonical)
	return refusalOf(err, messages)
}

// count is the simulator's own look at numbers and lengths, see the package documentation.
func (e *examiner) count(x *exam, messages []byte) *refusal {
	e.json.Reset(messages)
	n := 0
	err := e.json.Array(func(i int) error {
		if n++; n > maxMessages {
			return badBody("messages", "size must be between 1 and 5")
		}
		return e.json.Object(func(name []byte) error {
			field := string(name)
			if e.json.Peek() != '"' || field != "type" && field != "text" {
				return e.json.Skip()
			}
			value, err := e.json.String()
			if err != nil {
				return err
			}
			if field == "type" && isQuotable(string(value)) {
				x.quotable |= 1 << i
			}
			if field == "text" && isTooLong(string(value)) {
				return badBody(fmt.Sprintf("messages[%d].text", i), "Length must be between 0 and 5000")
			}
			return nil
		})
	})
	x.sent = uint8(min(n, maxMessages))
	if err == nil && n == 0 {
		return badBody("messages", "size must be between 1 and 5")
	}
	return refusalOf(err, messages)
}

// isTooLong counts UTF-16 code units.
func isTooLong(text string) bool {
	units := 0
	for _, r := range text {
		if units++; r > 0xFFFF {
			units++
		}
	}
	return units > maxText
}

// isQuotable tells which messages get a quote token.
func isQuotable(kind string) bool {
	switch kind {
	case "text", "textV2", "sticker", "image", "video", "template":
		return true
	}
	return false
}

// recipients checks the ids and drops those that stand twice.
func (e *examiner) recipients(x *exam, q *Request, strict bool) *refusal {
	if len(q.To) == 0 {
		return badProperty("to")
	}
	if strict && len(q.To) > maxRecipients {
		return badBody("to", "size must be between 1 and 500")
	}
	for _, id := range q.To {
		if strict && !isRecipient(id, q.Endpoint) {
			return badProperty("to")
		}
	}
	if x.to = q.To; len(q.To) == 1 {
		return nil
	}
	clear(e.seen)
	for i, id := range q.To {
		if _, twice := e.seen[id]; twice {
			if len(x.to) == len(q.To) {
				x.to = append([]string(nil), q.To[:i]...)
			}
			continue
		}
		e.seen[id] = struct{}{}
		if len(x.to) < len(q.To) {
			x.to = append(x.to, id)
		}
	}
	return nil
}

// isRecipient knows user ids, and for a push the ids of groups (C) and rooms (R).
func isRecipient(id string, e provider.Endpoint) bool {
	if isUserID(id) {
		return true
	}
	return e == provider.Push && len(id) == 33 && (id[0] == 'C' || id[0] == 'R') && isUserID("U"+id[1:])
}
