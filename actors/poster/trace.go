package poster

import (
	"cmp"
	"log/slog"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// traceOf is that of the message in hand; nil: it has none, as nearly all.
func traceOf(c *engine.Context[actors.PosterMsg]) *engine.Trace {
	t := c.Trace()
	if !t.Valid() {
		return nil
	}
	return &t
}

// log names the trace of the call's chunk, if that is traced.
func (h *held) log(c *engine.Context[actors.PosterMsg]) *slog.Logger {
	if h.trace == nil {
		return c.Log()
	}
	return c.LogOf(*h.trace)
}

// spanOf is what tells a call's begin and answer to who traces it, from any goroutine.
func spanOf(c *engine.Context[actors.PosterMsg], h *held) func(time.Time, provider.Answer) {
	tracer := c.System().Tracer()
	if tracer == nil || h.trace == nil {
		return func(time.Time, provider.Answer) {}
	}
	chunk, tries, m := *h.trace, h.tries, h.post
	return func(began time.Time, a provider.Answer) {
		endpoint, failure := "push", ""
		if m.Endpoint == provider.Multicast {
			endpoint = "multicast"
		}
		if a.Verdict != provider.Accepted {
			failure = cmp.Or(a.Reason, "not accepted")
		}
		tracer.Begin(engine.Span{Name: "provider call", Parent: chunk, Began: began, Attrs: []slog.Attr{
			slog.String("channel", m.Channel), slog.String("endpoint", endpoint), slog.Int("attempt", int(tries)), slog.Int("recipients", len(called(m.To))),
		}}).End(failure, slog.Int("status", a.Status), slog.String("request_id", a.RequestID))
	}
}
