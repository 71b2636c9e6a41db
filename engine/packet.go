package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"hayauma.example/codec"
	"hayauma.example/engine/journal"
)

// op is what a packet is about; its value is on the wire and never changes.
type op uint8

const (
	opTell    op = 1  // a message to a cell
	opAsk     op = 2  // the same, and an answer goes to an open question of the sender
	opSend    op = 3  // a message to a Hollywood process
	opAnswer  op = 4  // the answer to an opAsk
	opMoved   op = 5  // a packet that came to the wrong member, given back
	opWatch   op = 6  // tell when the cell leaves
	opUnwatch op = 7  // that is not wanted any more
	opEnded   op = 8  // it has left, or was not there
	opStop    op = 9  // Ref.Stop
	opPoison  op = 10 // Ref.Poison
	opTouch   op = 11 // Ref.Touch
	opMark    op = 12 // a word to the directory
)

// maxHops bounds how often a packet goes on to another member, or to the same one again: each time is a change of the view that one of the
// two did not know yet, or retryEvery. So a message that finds its grain nowhere is a dead letter after 8 s.
const maxHops = 150

// header is what stands before a packet's message:
//
//	op 1 | hops 1 | number varint | kind | id | sender's address | sender's id | …
//
// A text is its length as a varint and its bytes. Behind the message of an opTell or opAsk its trace may stand. number is the question's, the watch's, or 0.
type header struct {
	op       op
	hops     uint8
	number   uint64
	kind, id []byte
	address  []byte // of the PID that sent it; empty: none
	process  []byte // its id
}

// outgoing is a packet that is being sent; it is written by the transport where its bytes stay.
type outgoing struct {
	header
	to, toID string // kind and id; of opSend the address and id of a PID
	from     pidText
	registry *codec.Registry
	msg      any
	trace    *Trace // … and this behind it; nil: nothing
	body     bool   // a message follows
	rest     []byte // opMoved: the packet; opEnded: the reason; opMark: the word

	marks  *atomic.Uint64 // nil: it goes whatever was marked
	marked uint64         // else it goes if as many marks were sent as when its place was asked for
}

// unmarked is the number of marks of what goes whatever was marked.
const unmarked = math.MaxUint64

// errStale: a mark was sent since the place was asked for.
var errStale = errors.New("engine: the place may be an old one")

type pidText struct{ address, id string }

var outgoings = sync.Pool{New: func() any { return &outgoing{} }}

// by sets the registry, which is the same most of the time.
func (o *outgoing) by(r *codec.Registry) {
	if o.registry != r {
		o.registry = r
	}
}

// release keeps nothing of a message. It clears field by field, which costs less than all at once while garbage is collected.
func (o *outgoing) release() {
	o.op, o.hops, o.number = 0, 0, 0
	o.to, o.toID, o.msg, o.body, o.marks = "", "", nil, false, nil
	if o.from != (pidText{}) {
		o.from = pidText{}
	}
	if o.rest != nil {
		o.rest = nil
	}
	if o.trace != nil {
		o.trace = nil
	}
	outgoings.Put(o) // with its registry, which its next user sets
}

// AppendPacket implements Packet.
func (o *outgoing) AppendPacket(dst []byte) ([]byte, error) {
	if o.marks != nil && o.marks.Load() != o.marked {
		return nil, errStale
	}
	dst = append(dst, byte(o.op), o.hops)
	dst = binary.AppendUvarint(dst, o.number)
	dst = appendText(dst, o.to)
	dst = appendText(dst, o.toID)
	dst = appendText(dst, o.from.address)
	dst = appendText(dst, o.from.id)
	switch {
	case o.op == opAnswer:
		return appendAnswer(dst, o.registry, o.msg)
	case o.body:
		dst, err := o.registry.Append(dst, o.msg)
		if o.trace != nil && err == nil {
			dst = o.trace.Append(dst)
		}
		return dst, err
	}
	return append(dst, o.rest...), nil
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errPacket = errors.New("engine: malformed packet")

// cutHeader reads a packet's header; its texts are the packet's bytes.
func cutHeader(b []byte) (h header, rest []byte, err error) {
	if len(b) < 2 {
		return h, nil, errPacket
	}
	h.op, h.hops = op(b[0]), b[1]
	number, n := binary.Uvarint(b[2:])
	if n <= 0 {
		return h, nil, errPacket
	}
	h.number = number
	c := cursor{rest: b[2+n:]}
	h.kind, h.id, h.address, h.process = c.text(), c.text(), c.text(), c.text()
	if c.bad {
		return header{}, nil, errPacket
	}
	return h, c.rest, nil
}

// cursor cuts one text after another; after the first that is not there it has none.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) text() []byte {
	if len(c.rest) > 0 && c.rest[0] < 0x80 && int(c.rest[0]) < len(c.rest) { // nearly all are short
		end := 1 + int(c.rest[0])
		text := c.rest[1:end]
		c.rest = c.rest[end:]
		return text
	}
	text, rest, err := cutText(c.rest)
	c.rest, c.bad = rest, c.bad || err != nil
	return text
}

func cutText(b []byte) (text, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errPacket
	}
	return b[n : n+int(size)], b[n+int(size):], nil
}

// An answer is one byte and what belongs to it.
const (
	answerNothing  = 0 // nil
	answerMessage  = 1 // a message of the registry
	answerError    = 2 // the text of an error
	answerNoAnswer = 3 // ErrNoAnswer, and so on
	answerStopped  = 4
	answerKilled   = 5
	answerDead     = 6 // kind, id, reason of a DeadLetterError
	answerPanic    = 7 // kind, id, text of a PanicError
	answerLost     = 8 // kind (empty), id (empty), member of a MemberLostError
	answerPersist  = 9 // kind, id, text of a PersistError's cause
)

// causes of a PersistError are known again by their texts: who asks decides by them what to do. Another one is a RemoteError.
var causes = []error{journal.ErrFenced, journal.ErrBusy, journal.ErrFull, journal.ErrTooLarge, journal.ErrLost, journal.ErrClosed}

// RemoteError is an error of another member that has no type here.
type RemoteError struct{ Text string }

func (e *RemoteError) Error() string { return e.Text }

// appendAnswer appends an answer; one that can't be carried becomes an error that says so.
func appendAnswer(dst []byte, r *codec.Registry, v any) ([]byte, error) {
	if v == nil {
		return append(dst, answerNothing), nil
	}
	out, err := r.Append(append(dst, answerMessage), v)
	if err == nil {
		return out, nil
	}
	failure, ok := v.(error)
	if !ok {
		failure = fmt.Errorf("engine: an answer of type %T can't be carried to another member: %w", v, err)
	}
	return appendError(dst, failure), nil
}

func appendError(dst []byte, err error) []byte {
	var dead *DeadLetterError
	var crash *PanicError
	var lost *MemberLostError
	var unstored *PersistError
	switch {
	case errors.As(err, &dead):
		dst = appendText(appendText(append(dst, answerDead), dead.Kind), dead.ID)
		return appendText(dst, dead.Reason)
	case errors.As(err, &crash):
		dst = appendText(appendText(append(dst, answerPanic), crash.Kind), crash.ID)
		return appendText(dst, fmt.Sprint(crash.Value))
	case errors.As(err, &lost):
		return appendText(append(dst, answerLost, 0, 0), lost.Member)
	case errors.As(err, &unstored):
		dst = appendText(appendText(append(dst, answerPersist), unstored.Kind), unstored.ID)
		return appendText(dst, causeText(unstored.Err))
	case errors.Is(err, ErrNoAnswer):
		return append(dst, answerNoAnswer)
	case errors.Is(err, ErrStopped):
		return append(dst, answerStopped)
	case errors.Is(err, ErrKilled):
		return append(dst, answerKilled)
	}
	return appendText(append(dst, answerError), err.Error())
}

// cutAnswer reads what appendAnswer wrote; what can't be read is an error to who asked.
func cutAnswer(b []byte, r *codec.Registry) any {
	if len(b) == 0 {
		return errPacket
	}
	tag, b := b[0], b[1:]
	switch tag {
	case answerNothing:
		return nil
	case answerMessage:
		v, _, err := r.Decode(b)
		if err != nil {
			return err
		}
		return v
	case answerNoAnswer:
		return ErrNoAnswer
	case answerStopped:
		return ErrStopped
	case answerKilled:
		return ErrKilled
	case answerError:
		if text, _, err := cutText(b); err == nil {
			return &RemoteError{string(text)}
		}
	case answerDead, answerPanic, answerLost, answerPersist:
		return cutFailure(tag, b)
	}
	return errPacket
}

func cutFailure(tag byte, b []byte) error {
	var texts [3]string
	for i := range texts {
		text, rest, err := cutText(b)
		if err != nil {
			return err
		}
		texts[i], b = string(text), rest
	}
	switch tag {
	case answerDead:
		return &DeadLetterError{Kind: texts[0], ID: texts[1], Reason: texts[2]}
	case answerLost:
		return &MemberLostError{Member: texts[2]}
	case answerPersist:
		return &PersistError{Kind: texts[0], ID: texts[1], Err: causeOf(texts[2])}
	}
	return &PanicError{Kind: texts[0], ID: texts[1], Value: texts[2]}
}

func causeText(err error) string {
	for _, known := range causes {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return err.Error()
}

func causeOf(text string) error {
	for _, known := range causes {
		if known.Error() == text {
			return known
		}
	}
	return &RemoteError{text}
}
