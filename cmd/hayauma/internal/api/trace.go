package api

import (
	"log/slog"
	"net/http"

	"hayauma.example/engine"
)

// traceHeader is W3C Trace Context's.
const traceHeader = "traceparent"

// traced begins the span that accepts a campaign, below the client's if it names one, and tells the client which it is. The function that
// it returns ends it.
func (sub *submission) traced(w http.ResponseWriter, r *http.Request) (over func(error)) {
	tracer := sub.server.System.Tracer()
	if tracer == nil {
		return func(error) {}
	}
	span := tracer.Begin(engine.Span{
		Name: "accept campaign", Parent: engine.ParseTrace(r.Header.Get(traceHeader)), Attrs: []slog.Attr{slog.String("campaign", sub.id)},
	})
	sub.trace = span.Trace()
	w.Header().Set(traceHeader, sub.trace.String())
	return func(err error) {
		if err != nil {
			span.End(excerpt(err.Error()))
			return
		}
		span.End("", slog.String("channel", sub.definition.Channel))
	}
}
