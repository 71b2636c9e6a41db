package webhook

import "sync/atomic"

// Figures are what the webhooks of a node have told. The zero value is empty; they are safe for concurrent use.
type Figures struct {
	Sent    atomic.Uint64 // events that an endpoint has taken
	Failed  atomic.Uint64 // tries that are made again
	GivenUp atomic.Uint64 // events that no endpoint took in time
}
