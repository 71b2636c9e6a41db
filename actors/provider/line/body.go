package line

import (
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"unicode/utf8"

	"hayauma.example/actors/provider"
)

// The states of a body. Only the one compare-and-swap from whole decides whether the request may have left.
const (
	whole  = iota // not a byte was handed out
	opened        // handed out, at least in part
	sealed        // given up while whole: no byte can leave any more
)

var errSealed = errors.New("the attempt was given up")

// body is a request's body that can prove that none of it was sent: net/http reads it only after it has a connection, and a request
// whose body never left can't have been accepted, even if its header was written.
type body struct {
	rest  []byte // owned by the reader
	state atomic.Int32
}

func newBody(payload []byte) *body { return &body{rest: payload} }

// seal ends an attempt without an answer and tells whether it surely was never sent.
func (b *body) seal() bool { return b.state.CompareAndSwap(whole, sealed) }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.state.Load() != opened && !b.state.CompareAndSwap(whole, opened) {
		return 0, errSealed
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements io.Closer; net/http may call it after the attempt has ended.
func (b *body) Close() error { return nil }

// appendCall writes the request's body. The same call gives the same bytes.
func appendCall(dst []byte, call *provider.Call) []byte {
	if dst == nil {
		dst = make([]byte, 0, 24+len(call.To)*36+len(call.Messages))
	}
	dst = append(dst, `{"to":`...)
	if call.Endpoint == provider.Push {
		dst = appendID(dst, call.To[0])
	} else {
		for i, id := range call.To {
			dst = append(dst, "[,"[min(i, 1)])
			dst = appendID(dst, id)
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"messages":`...)
	dst = append(dst, call.Messages...)
	return append(dst, '}')
}

// appendMessages writes the body of a validation.
func appendMessages(dst, messages []byte) []byte {
	return append(append(append(dst, `{"messages":`...), messages...), '}')
}

// appendID writes an id as a JSON string. LINE's ids are plain ASCII; anything else is escaped and left for LINE to refuse.
func appendID(dst []byte, id string) []byte {
	dst = append(dst, '"')
	for _, r := range id {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x10:
			dst = strconv.AppendInt(append(dst, `\u000`...), int64(r), 16)
		case r < 0x20:
			dst = strconv.AppendInt(append(dst, `\u00`...), int64(r), 16)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
