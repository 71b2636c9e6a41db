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
		Series     string `msgpack:",omitempty"` // the series that it is an occurrence of; empty: none
		Trace      string `msgpack:",omitempty"` // of its acceptance, as engine.Trace.Append writes it; empty: none
	}
	// Released says that the campaign named by the definition's After is over.
	Released struct{ At time.Time }
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
		// Suppressed are those of Paths who don't want the message. The others of a multicast get it.
		Suppressed []Spared `msgpack:",omitempty"`
	}
	// Deferred says whose quiet hours it is: they wait for the end of them. A window that is opened at the same time is in the same append.
	Deferred struct {
		Cursor  uint32 // recipients before it have been in a window, or wait, or never need one; 0: the window says so
		Entries []actors.Deferral
	}
	// WindowClosed takes returned paths out of a window: they will be in a later one.
	WindowClosed struct {
		Number uint32
		Paths  []actors.Span
		Anew   bool // their bytes differed from the plan's
	}
	// Paused, Resumed and CancelAsked are the operator's.
	Paused struct {
		BySeries bool `msgpack:",omitempty"`
	}
	Resumed     struct{}
	CancelAsked struct{ At time.Time }
	// Ranked says how the run stands beside others of its channel from now on, instead of what the definition says.
	Ranked struct {
		Priority actors.Priority
		Weight   int
	}
	// QuotaWaived says that the run sends as far as the month's quota goes: it is not held because there is too little of it.
	QuotaWaived struct{}
	// Lapsed says that the run came too late: nothing more is opened of it, or of its first lots.
	Lapsed struct {
		At   time.Time
		Late uint32 `msgpack:",omitempty"` // recipients before it; 0: all
	}
	// Parted says, as the newest event, that the activation was about to move while all that it had dispatched stood with composers and
	// posters elsewhere. Any later event takes it back.
	Parted struct {
		At      time.Time
		Windows []uint32 // those that it had dispatched
	}
	// RedriveAsked is the operator's: what has failed or is unknown at the checker's next word is sent again, in a new generation. A campaign
	// that had ended goes on.
	RedriveAsked struct {
		Generation uint32
		State      actors.Outcome
		At         time.Time
	}
	// Replanned puts what the checker has reopened back into the plan, a stretch of the run after the other.
	Replanned struct {
		Generation uint32
		Paths      []actors.Span
		Next       uint32 // recipients before it were looked at
		More       bool
	}
	// Finished ends the run: every recipient has an outcome.
	Finished struct {
		State  actors.State
		Totals actors.Totals
		At     time.Time

		Variants []actors.Totals `msgpack:",omitempty"` // by variant
	}
)

// Spared are recipients whom a window leaves out, and why.
type Spared struct {
	Reason string
	Paths  []actors.Span
}

func (Uploading) campaignEvent()     {}
func (UploadDropped) campaignEvent() {}
func (Accepted) campaignEvent()      {}
func (Released) campaignEvent()      {}
func (RunStarted) campaignEvent()    {}
func (Planned) campaignEvent()       {}
func (WindowOpened) campaignEvent()  {}
func (Deferred) campaignEvent()      {}
func (WindowClosed) campaignEvent()  {}
func (Paused) campaignEvent()        {}
func (Resumed) campaignEvent()       {}
func (CancelAsked) campaignEvent()   {}
func (Ranked) campaignEvent()        {}
func (QuotaWaived) campaignEvent()   {}
func (Lapsed) campaignEvent()        {}
func (Parted) campaignEvent()        {}
func (RedriveAsked) campaignEvent()  {}
func (Replanned) campaignEvent()     {}
func (Finished) campaignEvent()      {}

// Register names the events; the names are on disk and never change.
func Register(r *codec.Registry) {
	codec.Register[Uploading](r, "campaign.uploading")
	codec.Register[UploadDropped](r, "campaign.upload_dropped")
	codec.Register[Accepted](r, "campaign.accepted")
	codec.Register[Released](r, "campaign.released")
	codec.Register[RunStarted](r, "campaign.run_started")
	codec.Register[Planned](r, "campaign.planned")
	codec.Register[WindowOpened](r, "campaign.window_opened")
	codec.Register[Deferred](r, "campaign.deferred")
	codec.Register[WindowClosed](r, "campaign.window_closed")
	codec.Register[Paused](r, "campaign.paused")
	codec.Register[Resumed](r, "campaign.resumed")
	codec.Register[CancelAsked](r, "campaign.cancel_asked")
	codec.Register[Ranked](r, "campaign.ranked")
	codec.Register[QuotaWaived](r, "campaign.quota_waived")
	codec.Register[Lapsed](r, "campaign.lapsed")
	codec.Register[Parted](r, "campaign.parted")
	codec.Register[RedriveAsked](r, "campaign.redrive_asked")
	codec.Register[Replanned](r, "campaign.replanned")
	codec.Register[Finished](r, "campaign.finished")
	codec.Register[Occurred](r, "campaign.occurred")
	codec.Register[Skipped](r, "campaign.occurrence_skipped")
	codec.Register[Forgotten](r, "campaign.forgotten")
	codec.Register[Remains](r, "campaign.remains")
	codec.Register[OccurrenceEnded](r, "campaign.occurrence_ended")
	codec.Register[OccurrenceAmended](r, "campaign.occurrence_amended")
}
