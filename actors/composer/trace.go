package composer

import (
	"hash/fnv"
	"log/slog"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// tracedChunks is how many chunks of a run are traced, about; of fewer all are.
const tracedChunks = 200

// sampled decides whether a piece is traced: what is sent again always, else the same chunks of a run everywhere, min(1, 200/chunks) of them.
func sampled(o *actors.Compose, p piece) bool {
	if o.Traced <= tracedChunks || p.number > 0 || o.Generation > 0 {
		return o.Traced > 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(o.Run)) // never fails
	_, _ = h.Write([]byte{byte(p.path.Chunk), byte(p.path.Chunk >> 8), byte(p.path.Chunk >> 16), byte(p.path.Chunk >> 24)})
	x := h.Sum64()
	x = (x ^ x>>32) * 0xd6e8feb86659fd93 // the last bytes reach all bits
	return (x^x>>32)%uint64(o.Traced) < tracedChunks
}

// begin opens the span of the piece in hand: the root of a trace of its own, linked to the campaign's acceptance.
func (k *Composer) begin(c *engine.Context[actors.ComposerMsg]) {
	tracer, p := c.System().Tracer(), k.piece
	if tracer == nil || !k.trace.Valid() || !sampled(&k.order, p.piece) {
		return
	}
	mode := "push"
	if p.path.Multicast {
		mode = "multicast"
	}
	p.span = tracer.Begin(engine.Span{Name: "chunk", Links: []engine.Trace{k.trace}, Attrs: []slog.Attr{
		slog.String("campaign", k.order.Campaign), slog.String("run", k.order.Run), slog.Int("window", int(k.order.Window)),
		slog.Int("number", int(p.number)), slog.Int("chunk", int(p.path.Chunk)), slog.String("mode", mode), slog.Int("recipients", actors.Total(p.spans())),
	}})
}

// over ends it.
func (r *rendering) over(failure string) {
	if r == nil || r.span == nil {
		return
	}
	r.span.End(failure, slog.Int("failures", r.failures))
	r.span = nil
}

// traceOf is what the command of a piece is told with: of pushes only the first, so that no recipient has spans of his own.
func (r *rendering) traceOf(command int) engine.Trace {
	if r.span == nil || command > 0 {
		return engine.Trace{}
	}
	return r.span.Trace()
}

// unsaid is why nothing was told of the piece in hand; empty: it was.
func (k *Composer) unsaid() string {
	if k.piece == nil || k.piece.spent {
		return ""
	}
	return "nothing was told of it"
}

// log names the trace of the piece in hand, or the campaign's where that piece is not traced.
func (k *Composer) log(c *engine.Context[actors.ComposerMsg]) *slog.Logger {
	if k.piece != nil && k.piece.span != nil {
		return c.LogOf(k.piece.span.Trace())
	}
	return c.LogOf(k.trace)
}
