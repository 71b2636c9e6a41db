package api

import (
	"cmp"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"hayauma.example/engine/meter"
)

// Traffic counts what the API answers. The zero value is empty; it is safe for concurrent use and must not be copied.
type Traffic struct {
	routes meter.By[route]

	// Duplicates are recipients of accepted audiences that stood there twice, and Repeats submissions under a key that had been used.
	Duplicates, Repeats atomic.Uint64
}

// route is what was counted of one operation.
type route struct {
	status [6]atomic.Uint64 // by hundreds
	took   meter.Histogram
}

// Route is what was counted of one operation, such as GET /v1/campaigns/{id}; none is what no operation takes, or nobody may ask.
type Route struct {
	Answers map[string]uint64 // by class of status, such as 2xx
	Took    meter.Reading     // without streams of events
}

// noRoute names what no operation takes.
const noRoute = "none"

// Routes returns what was counted, by operation.
func (t *Traffic) Routes() map[string]Route {
	out := map[string]Route{}
	for name, r := range t.routes.All() {
		x := Route{Answers: map[string]uint64{}, Took: r.took.Read()}
		for class := range r.status {
			if n := r.status[class].Load(); n > 0 {
				x.Answers[string('0'+rune(class))+"xx"] = n
			}
		}
		out[name] = x
	}
	return out
}

// Again returns what was given twice: recipients of audiences, and submissions.
func (t *Traffic) Again() (recipients, submissions uint64) {
	return t.Duplicates.Load(), t.Repeats.Load()
}

// count notes an answer; nil counts none. The route is known to the request once it was routed.
func (t *Traffic) count(r *http.Request, w *begun, began time.Time) {
	if t == nil {
		return
	}
	name := r.Pattern
	if !strings.Contains(name, " ") { // of no method: none of ours
		name = noRoute
	}
	figures := t.routes.Of(name)
	figures.status[min(cmp.Or(w.status, http.StatusOK)/100, len(figures.status)-1)].Add(1)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		figures.took.Took(time.Since(began))
	}
}
