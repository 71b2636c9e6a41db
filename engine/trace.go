package engine

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"
)

// Trace says of what a message is a part: a span of a distributed trace, as W3C Trace Context and OpenTelemetry have it. The zero value is
// none. A message that is told with one brings it to its handler, on this member and on others; see [Ref.TellTraced].
type Trace struct {
	ID    [16]byte
	Span  [8]byte
	Flags byte // 1: sampled
}

// traceBytes is what a traced message has behind it in its packet: ID, Span, Flags. A member that knows nothing of traces skips it, as all that
// follows a message.
const traceBytes = 16 + 8 + 1

// Valid tells whether there is a trace.
func (t Trace) Valid() bool { return t.ID != [16]byte{} && t.Span != [8]byte{} }

// Append appends the trace's 25 bytes, as they stand in packets and events.
func (t Trace) Append(dst []byte) []byte {
	return append(append(append(dst, t.ID[:]...), t.Span[:]...), t.Flags)
}

// TraceFrom reads what Append has written; anything else is no trace.
func TraceFrom[B []byte | string](b B) (t Trace) {
	if len(b) != traceBytes {
		return Trace{}
	}
	copy(t.ID[:], b[:16])
	copy(t.Span[:], b[16:24])
	t.Flags = b[24]
	return t
}

// String is the trace as a W3C traceparent header; empty: there is none.
func (t Trace) String() string {
	if !t.Valid() {
		return ""
	}
	return "00-" + hex.EncodeToString(t.ID[:]) + "-" + hex.EncodeToString(t.Span[:]) + "-" + hex.EncodeToString([]byte{t.Flags})
}

// TraceID is the trace's name in hexadecimal digits; empty: there is none.
func (t Trace) TraceID() string {
	if !t.Valid() {
		return ""
	}
	return hex.EncodeToString(t.ID[:])
}

// Log returns a logger whose records name the trace and the span; with none, the logger itself.
func (t Trace) Log(l *slog.Logger) *slog.Logger {
	if !t.Valid() {
		return l
	}
	return l.With("trace_id", t.TraceID(), "span_id", hex.EncodeToString(t.Span[:]))
}

// ParseTrace reads a W3C traceparent header of version 00, or the known part of a later one; what is none is no trace.
func ParseTrace(header string) (t Trace) {
	const size = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(header) < size || header[2] != '-' || header[35] != '-' || header[52] != '-' || header[:2] == "ff" ||
		len(header) > size && (header[:2] == "00" || header[size] != '-') {
		return Trace{}
	}
	for _, c := range header[:size] {
		if c >= 'A' && c <= 'F' {
			return Trace{} // lower case only
		}
	}
	var version, flags [1]byte
	for _, part := range []struct {
		to   []byte
		text string
	}{{version[:], header[:2]}, {t.ID[:], header[3:35]}, {t.Span[:], header[36:52]}, {flags[:], header[53:55]}} {
		if _, err := hex.Decode(part.to, []byte(part.text)); err != nil {
			return Trace{}
		}
	}
	if t.Flags = flags[0] & 1; !t.Valid() {
		return Trace{}
	}
	return t
}

// Span is something that is done and shown in a trace.
type Span struct {
	Name   string
	Parent Trace // not valid: it begins a trace of its own
	Links  []Trace
	Began  time.Time // zero: now
	Attrs  []slog.Attr
}

// Tracer records spans. It is safe for concurrent use, and never blocks.
type Tracer interface{ Begin(s Span) OpenSpan }

// OpenSpan is a span that is not over.
type OpenSpan interface {
	Trace() Trace
	// End ends it, once; failure says what went wrong, empty: nothing.
	End(failure string, attrs ...slog.Attr)
}

// Tracer records what the system's actors do; nil: nobody wants to know.
func (s *System) Tracer() Tracer { return s.tracer }

// traced is a message with its trace, in an envelope. Only those that have one are wrapped, so that the others cost nothing.
type traced struct {
	trace Trace
	msg   any
}

// bare is the envelope's message without its trace.
func (e *envelope) bare() any {
	if t, ok := e.msg.(*traced); ok {
		return t.msg
	}
	return e.msg
}

// withTrace is a packet's message with the trace behind it, if there is one.
func withTrace(msg any, behind []byte) any {
	if len(behind) != traceBytes {
		return msg
	}
	return &traced{TraceFrom(behind), msg}
}

// TellTraced is Tell with a trace, which the handler finds as its [Context.Trace]; with none it is Tell.
func (r Ref[M]) TellTraced(t Trace, m M) {
	if !t.Valid() {
		r.Tell(m)
		return
	}
	r.deliver(&envelope{msg: &traced{t, m}})
}

// AskTraced is Ask with a trace.
func AskTraced[R, M any](ctx context.Context, r Ref[M], t Trace, m M) (R, error) {
	if err := ctx.Err(); err != nil || !t.Valid() {
		return Ask[R](ctx, r, m)
	}
	p := &r.kind.sys.asks
	a, gen := p.open()
	e := asked(&traced{t, m}, a, gen)
	r.deliver(&e)
	v, err := p.await(ctx, a, gen)
	return typed[R](v, err)
}

// Trace is that of the message in hand; not valid: it has none.
func (c *Context[M]) Trace() Trace { return c.traced() }

func (f *frame) traced() Trace {
	if f.trace == nil {
		return Trace{}
	}
	return *f.trace
}

// passOn gives a message that goes to another actor instead the trace of the one in hand.
func (f *frame) passOn(msg any) any {
	if f.trace == nil {
		return msg
	}
	return &traced{*f.trace, msg}
}
