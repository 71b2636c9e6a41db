package checker

import (
	"errors"
	"time"

	"github.com/vmihailenco/msgpack/v5"

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

		Variants   []string `msgpack:",omitempty"` // their names
		Experiment string   `msgpack:",omitempty"` // of the channel, that is told what comes of them
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
	// Reopened makes recipients that had an outcome pending again, for windows that come after. The outcome that they had is kept: in the
	// end the greatest of all generations is theirs.
	Reopened struct {
		Generation uint32
		After      uint32 // the newest window of the generations before
		State      actors.Outcome
		Paths      []actors.Span // pushes as stretches, multicasts as their leaves
		From, Next uint32        // recipients that were looked at
		At         time.Time
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
	_msgpack struct{}       `msgpack:",as_array"` //nolint:unused // read by msgpack, which decodes by it
	Path     actors.Span    // recipients it stands for
	Window   uint32         // window whose report it was
	Outcome  actors.Outcome // Delivered, Failed or Unknown
	Reason   string
	Request  string // the provider's request id
	Tries    uint32
}

// EncodeMsgpack implements msgpack.CustomEncoder: an array of the fields, since entries are the bulk of the journal. It is on the pointer because
// msgpack boxes what encodes itself by value, its path included.
func (e *Entry) EncodeMsgpack(to *msgpack.Encoder) error {
	return errors.Join(
		to.EncodeArrayLen(6), e.Path.EncodeMsgpack(to), to.EncodeUint(uint64(e.Window)), to.EncodeUint(uint64(e.Outcome)),
		to.EncodeString(e.Reason), to.EncodeString(e.Request), to.EncodeUint(uint64(e.Tries)),
	)
}

func (Opened) checkerEvent()   {}
func (Settled) checkerEvent()  {}
func (Redriven) checkerEvent() {}
func (Returned) checkerEvent() {}
func (Split) checkerEvent()    {}
func (Directed) checkerEvent() {}
func (Reopened) checkerEvent() {}
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
	codec.Register[Reopened](r, "checker.reopened")
	codec.Register[Owing](r, "checker.owing")
	codec.Register[Told](r, "checker.told")
	codec.Register[Forgotten](r, "checker.forgotten")
	codec.Register[Remains](r, "checker.remains")
}
