package pipeline

import (
	"context"
	"fmt"
	"time"

	"hayauma.example/actors/gate"
)

// Kind says how recipients are reached.
type Kind string

// The kinds.
const (
	Push      Kind = "push"      // one request a recipient, each with its own text
	Multicast Kind = "multicast" // one request for up to 500 recipients, one text for all
)

// Job is the work of one cell: deliver one campaign. All systems get the same.
type Job struct {
	Kind       Kind   `json:"kind"`
	Recipients int    `json:"recipients"`
	Audience   string `json:"audience"`  // path of a CSV file with the header user_id,name,coupon
	Endpoint   string `json:"endpoint"`  // base URL of the provider's API
	InFlight   int    `json:"in_flight"` // calls at once, at most
	Rate       int    `json:"rate"`      // requests per second that the provider takes; 0: no limit

	Lead time.Duration `json:"lead,omitempty"` // how far ahead a system that schedules is told, at least
}

// Text is the message of a push, in Liquid and for systems that replace by themselves; a multicast's has no placeholders.
const (
	PushText      = "Hello {{ name }}, your coupon is {{ coupon }}. It is good until Sunday in all our shops."
	MulticastText = "Hello, your coupon is SPRING. It is good until Sunday in all our shops."
)

// System is one delivery program that is compared. Calls come in the order Accept, Finish, Close; a cell that kills calls Kill and
// Restart between Accept and the end of Finish, from another goroutine.
type System interface {
	// Accept takes the whole job and returns when its first call is due: then the job is where the system keeps waiting work, and
	// no call was made yet. What a durable system has accepted survives Kill.
	Accept(ctx context.Context, job Job) (due time.Time, err error)
	// Finish lets the calls begin at the due time and returns when the system knows that every recipient is finished.
	Finish(ctx context.Context) error
	// Pids are the processes of the system, each with its children: their processor time is the system's.
	Pids() []int
	// Goroutines is the highest number seen so far in the system's Go processes; 0 when it has none.
	Goroutines() int
	// Kill ends at once (SIGKILL) the processes that make the calls; a store server of its own goes on.
	Kill() error
	// Restart starts them again as an operator would, with what the system has kept.
	Restart(ctx context.Context) error
	// Close ends all processes and removes what the system kept.
	Close() error
}

// Planner is a [System] that goes on with its preparation after Accept.
type Planner interface {
	// Planned returns when the system holds everything ready to be sent. It is called between Accept and Finish.
	Planned(ctx context.Context) error
}

// Spec describes a system.
type Spec struct {
	Name    string
	About   string        // for the reader of a table: configuration and version
	Peer    bool          // somebody else's
	Durable bool          // what was accepted survives a kill of the sending processes
	Missing func() string // why this machine can't run it; nil: it always can

	InFlight int // the job's calls at once, where it is not [InFlight]; 0: it is

	// Open prepares the system: dir is an empty directory that the system may fill.
	Open func(ctx context.Context, dir string) (System, error)
}

// AsManyAsShipped is a system with as many calls at once as the daemon makes by itself.
func AsManyAsShipped(s Spec) Spec {
	s.Name += manyCalls
	s.About += fmt.Sprintf("; with %d calls in flight, as many as `%s` may have", gate.DefaultInFlight, Shipped)
	s.InFlight = gate.DefaultInFlight
	return s
}
