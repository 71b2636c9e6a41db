package actors

import (
	"time"

	"hayauma.example/actors/plan"
)

// CheckerMsg is the closed set of messages that a checker takes.
//
//sumtype:decl
type CheckerMsg interface{ checkerMsg() }

type (
	// Open begins a run's ledger. A repeat changes nothing. Answer: Progress or Problem.
	Open struct {
		Campaign, Run string
		Channel       string // whose statistics and usage it counts in
		Due           time.Time
		Table         plan.Table
		Variants      []string `msgpack:",omitempty"` // their names; empty: there are none
		Experiment    string   `msgpack:",omitempty"` // of the channel, that is told what comes of them; empty: none
	}
	// Report is a poster's word about one path of one window, repeated until Recorded.
	Report struct {
		Run     string
		Window  uint32
		Path    Span
		What    What
		Doubt   bool   // an attempt of this dispatch ended without a certain answer
		Poster  string // whom to tell Recorded
		Reason  string
		Request string // the provider's request id
		Tries   uint32
		At      time.Time // when the provider's answer came, by the poster's clock
	}
	// Untold is a composer's word about paths that it never told anyone, stretches of pushes joined. It is recorded at once. Answer: Done.
	Untold struct {
		Run    string
		Window uint32
		Paths  []Span
		What   What // PathReturned, PathAltered or PathUnmatched
	}
	// Unsettled asks what is still to be sent of a window; the checker records the re-drive before it answers UnsettledPaths.
	Unsettled struct {
		Run            string
		Window, Number uint32
		Paths          []Span
		Peek           bool     // only to know: nothing is recorded, and nothing may be sent for it
		Reports        []Report // of posters that have left: they are judged before the paths are named
	}
	// Direct records what the campaign itself decided about paths that it never dispatches again; a repeat finds nothing pending. With a window
	// it names whom that leaves out, although a path of theirs is sent: no report of the window is about them. Answer: Progress.
	Direct struct {
		Run     string
		Paths   []Span // what has no outcome of these …
		Outcome Outcome
		Reason  string
		Window  uint32 `msgpack:",omitempty"` // 0: none
	}
	// GiveUp makes what is unsettled of a window unknown, but for what was returned from it. Answer: Progress.
	GiveUp struct {
		Run    string
		Window uint32
		Paths  []Span
		Reason string
	}
	// Reopen makes recipients with an outcome pending again, for a new generation of windows: a stretch of the run with each question. The
	// checker repeats its answer to the newest one. Answer: ReopenedPaths or Problem.
	Reopen struct {
		Run        string
		Generation uint32
		After      uint32 // the newest window of the generations before
		State      Outcome
		From       uint32 // the first recipient to look at: Next of the answer before
	}
	// Totalled asks for the run's figures. Answer: Progress.
	Totalled struct {
		Run     string
		Windows []uint32 // whose returns to name
	}
	// Page asks for outcomes of a stretch of recipients. Answer: Outcomes.
	Page struct{ Span Span }
	// Story asks for everything recorded about one recipient. Answer: Account.
	Story struct{ Index uint32 }
	// Forget ends the ledger of a run that is over: outcomes become totals. Answer: Done or Problem.
	Forget struct{ Run string }
	// Origin asks whose run it is. Answer: RunOrigin.
	Origin struct{}
	// TellAgain asks for the run's figures to be told to its channel's statistics and usage ledger again.
	TellAgain struct{}
)

func (Open) checkerMsg()      {}
func (Report) checkerMsg()    {}
func (Untold) checkerMsg()    {}
func (Unsettled) checkerMsg() {}
func (Direct) checkerMsg()    {}
func (GiveUp) checkerMsg()    {}
func (Reopen) checkerMsg()    {}
func (Totalled) checkerMsg()  {}
func (Page) checkerMsg()      {}
func (Story) checkerMsg()     {}
func (Forget) checkerMsg()    {}
func (Origin) checkerMsg()    {}
func (TellAgain) checkerMsg() {}

// What a report says.
type What uint8

// Reports.
const (
	PathAccepted  What = iota + 1 // 200, or 409 for this key
	PathRefused                   // a final 4xx
	PathSplit                     // a multicast of several was refused with 400
	PathReturned                  // untried, dropped
	PathAltered                   // untried, dropped: its bytes differ from the plan's
	PathUnmatched                 // a re-drive would send other bytes than planned
)

// UnsettledPaths answers Unsettled.
type UnsettledPaths struct {
	Paths    []Span // leaves to send again under the window's key; never joined
	Progress Progress
}

// ReopenedPaths answers Reopen.
type ReopenedPaths struct {
	Paths    []Span // pushes as stretches, multicasts as their leaves
	Next     uint32 // recipients before it were looked at
	More     bool   // the run has more
	Progress Progress
}

// Outcomes answers Page.
type Outcomes struct {
	Outcomes []Outcome
	Reasons  []string // parallel; empty where there is none
}

// RunOrigin answers Origin.
type RunOrigin struct{ Campaign string }

// Account answers Story: what was recorded, oldest first.
type Account struct {
	Outcome Outcome
	Entries []AccountEntry
}

// AccountEntry is one line of a recipient's story.
type AccountEntry struct {
	At         string // RFC 3339, milliseconds
	Event      string // settled, split, returned, redriven, directed, reopened
	Generation uint32 // of its window; a decision without a window is of the newest one
	Window     uint32
	Path       Span
	Outcome    string
	Reason     string
	Request    string
	Tries      uint32
}
