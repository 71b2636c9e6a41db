package checker

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
)

// Event is the closed set of facts in a checker's journal.
//
//sumtype:decl
type Event interface{ checkerEvent() }

type (
	// Opened begins the ledger of a run.
	Opened struct {
		Campaign string
		Run      string
		Table    plan.Table
		Channel  string    // empty: it was opened before figures were told
		At       time.Time // the run's begin for the statistics
	}
	// Settled holds packed outcomes, as they were reported.
	Settled struct {
		Entries []Entry
		At      time.Time // when the first of them was answered; all of them in the same months
	}
	// Redriven was durable before its paths were named to the campaign: from then on a 4xx for them is no evidence.
	Redriven struct {
		Window, Number uint32
		Paths          []actors.Span
	}
	// Returned names paths that were given back untried from a window.
	Returned struct {
		Window uint32
		Paths  []actors.Span
		Anew   bool // because their bytes differ from the plan's
	}
	// Split retires a multicast path; its halves take its place.
	Split struct {
		Window uint32
		Path   actors.Span
		Reason string
	}
	// Directed holds what the campaign decided about recipients without an outcome.
	Directed struct {
		Window  uint32 // 0: of no window
		Paths   []actors.Span
		Outcome actors.Outcome
		Reason  string
		At      time.Time
	}
	// Owing says that figures are to be told to the channel's tallies, and until when a reminder sleeps.
	Owing struct {
		Due  time.Time
		Wait time.Duration // how long this sleep is; 0: the first
	}
	// Told says that both tallies have the figures of this version on disk.
	Told struct{ Version uint64 }
)

// Entry is the outcome of one path.
type Entry struct {
	_msgpack struct{}       `msgpack:",as_array"` //nolint:unused // read by msgpack: entries are the bulk of the journal
	Path     actors.Span    // recipients it stands for
	Window   uint32         // window whose report it was
	Outcome  actors.Outcome // Delivered, Failed or Unknown
	Reason   string
	Request  string // the provider's request id
	Tries    uint32
}

func (Opened) checkerEvent()   {}
func (Settled) checkerEvent()  {}
func (Redriven) checkerEvent() {}
func (Returned) checkerEvent() {}
func (Split) checkerEvent()    {}
func (Directed) checkerEvent() {}
func (Owing) checkerEvent()    {}
func (Told) checkerEvent()     {}

// Register names the events; the names are on disk and never change.
func Register(r *codec.Registry) {
	codec.Register[Opened](r, "checker.opened")
	codec.Register[Settled](r, "checker.settled")
	codec.Register[Redriven](r, "checker.redriven")
	codec.Register[Returned](r, "checker.returned")
	codec.Register[Split](r, "checker.split")
	codec.Register[Directed](r, "checker.directed")
	codec.Register[Owing](r, "checker.owing")
	codec.Register[Told](r, "checker.told")
}
