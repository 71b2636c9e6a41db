package campaign

import (
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
)

// Event is the closed set of facts in a campaign's journal.
//
//sumtype:decl
type Event interface{ campaignEvent() }

type (
	// Uploading was durable before the first part was stored.
	Uploading struct {
		Upload string
		At     time.Time
	}
	// UploadDropped ends an upload that was never accepted; Accept for it is refused from then on.
	UploadDropped struct{ Upload, Reason string }
	// Accepted is the promise: from here on every recipient is accounted for.
	Accepted struct {
		Upload     string
		Definition actors.Definition
		Audience   actors.Audience
		At, Due    time.Time
	}
	// RunStarted names the run before it is planned.
	RunStarted struct{ Run string }
	// Planned froze the run's chunks, stored under names of this planning's own: another planner of the run can't change them.
	Planned struct {
		Chunks string // prefix of their names
		Table  plan.Table
	}
	// WindowOpened is durable before the first call of its paths; At starts the provider's 24 h.
	WindowOpened struct {
		Number  uint32
		Paths   []actors.Span
		Cursor  uint32 // recipients before it have been in a window, or never need one
		At      time.Time
		Settled []uint32 // windows known to be settled by now
	}
	// WindowClosed takes returned paths out of a window: they will be in a later one.
	WindowClosed struct {
		Number uint32
		Paths  []actors.Span
		Anew   bool // their bytes differed from the plan's
	}
	// Paused, Resumed and CancelAsked are the operator's.
	Paused      struct{}
	Resumed     struct{}
	CancelAsked struct{ At time.Time }
	// Lapsed says that the run came too late: nothing more is opened.
	Lapsed struct{ At time.Time }
	// Parted says, as the newest event, that the activation was about to move while all that it had dispatched stood with composers and
	// posters elsewhere. Any later event takes it back.
	Parted struct {
		At      time.Time
		Windows []uint32 // those that it had dispatched
	}
	// Finished ends the run: every recipient has an outcome.
	Finished struct {
		State  actors.State
		Totals actors.Totals
		At     time.Time
	}
)

func (Uploading) campaignEvent()     {}
func (UploadDropped) campaignEvent() {}
func (Accepted) campaignEvent()      {}
func (RunStarted) campaignEvent()    {}
func (Planned) campaignEvent()       {}
func (WindowOpened) campaignEvent()  {}
func (WindowClosed) campaignEvent()  {}
func (Paused) campaignEvent()        {}
func (Resumed) campaignEvent()       {}
func (CancelAsked) campaignEvent()   {}
func (Lapsed) campaignEvent()        {}
func (Parted) campaignEvent()        {}
func (Finished) campaignEvent()      {}

// Register names the events; the names are on disk and never change.
func Register(r *codec.Registry) {
	codec.Register[Uploading](r, "campaign.uploading")
	codec.Register[UploadDropped](r, "campaign.upload_dropped")
	codec.Register[Accepted](r, "campaign.accepted")
	codec.Register[RunStarted](r, "campaign.run_started")
	codec.Register[Planned](r, "campaign.planned")
	codec.Register[WindowOpened](r, "campaign.window_opened")
	codec.Register[WindowClosed](r, "campaign.window_closed")
	codec.Register[Paused](r, "campaign.paused")
	codec.Register[Resumed](r, "campaign.resumed")
	codec.Register[CancelAsked](r, "campaign.cancel_asked")
	codec.Register[Lapsed](r, "campaign.lapsed")
	codec.Register[Parted](r, "campaign.parted")
	codec.Register[Finished](r, "campaign.finished")
}
