package campaign

import (
	"log/slog"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// traceOf is a trace as events have it; empty: none.
func traceOf(t engine.Trace) string {
	if !t.Valid() {
		return ""
	}
	return string(t.Append(nil))
}

// log names the trace of the campaign's acceptance, whatever brings about what is logged; before it that of the message in hand.
func (a *Campaign) log(c *engine.Context[actors.CampaignMsg]) *slog.Logger {
	if a.intent.Accepted == nil {
		return c.Log()
	}
	return c.LogOf(engine.TraceFrom(a.intent.Accepted.Trace))
}
