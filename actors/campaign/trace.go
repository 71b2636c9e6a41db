package campaign

import "hayauma.example/engine"

// traceOf is a trace as events have it; empty: none.
func traceOf(t engine.Trace) string {
	if !t.Valid() {
		return ""
	}
	return string(t.Append(nil))
}
