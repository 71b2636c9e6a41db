package campaign

import (
	"fmt"
	"sync"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// What a campaign tells itself: answers of others, and time.
type (
	tick     struct{ actors.CampaignMsg }
	reminded struct {
		actors.CampaignMsg
		name string
	}
	verified struct {
		actors.CampaignMsg
		accept actors.Accept
		reply  engine.Reply
		err    error
	}
	planned struct {
		actors.CampaignMsg
		chunks string
		table  plan.Table
		err    error
	}
	ledgerOpened struct {
		actors.CampaignMsg
		progress actors.Progress
		err      error
	}
	looked struct {
		actors.CampaignMsg
		progress actors.Progress
		err      error
	}
	described struct {
		actors.CampaignMsg
		info actors.ChannelInfo
		err  error
	}
	unsettledKnown struct {
		actors.CampaignMsg
		question
		answer actors.UnsettledPaths
		err    error
	}
	given struct {
		actors.CampaignMsg
		progress actors.Progress
		err      error
	}
	reread struct {
		actors.CampaignMsg
		progress actors.Progress
		err      error
	}
)

// The campaign's reminders.
const (
	remindUpload = "upload"
	remindWork   = "work"
)

// Deps are what a campaign needs besides messages.
type Deps struct {
	Objects journal.Objects
	Plan    func(PlanJob) (plan.Table, error) // freezes a run, off the actor
	Crash   func(point string)                // named crash points; nil: none
	// Shard is the number of a role's shard that an affinity key falls into, 0 to 63. nil: of what is lost nothing is told apart.
	Shard func(role, key string) int
}

// Campaign is one aggregate of intent.
type Campaign struct {
	deps   Deps
	intent Intent // changed by Apply only

	view      view
	upload    time.Time // the sender of the upload was last heard
	outcomeAt time.Time // newest outcome, or the start of waiting for one
	ticking   *engine.Timer
	number    uint32              // re-drives by this activation
	asking    map[uint32]bool     // windows with an Unsettled under way
	channelAt time.Time           // the channel was last asked
	retry     time.Duration       // back-off of failing steps
	trouble   string              // why a step fails, for show
	known     map[uint32]struct{} // windows that this activation dispatched
	draining  bool                // the node stops
	shows     []engine.Reply      // who asked before the figures were known
	voided    map[uint32]bool     // windows whose demand was given back
	local     *Local
	missing   map[uint32]*actors.Set     // by window: paths that nobody sends any more
	parts     map[uint32]question        // by window: what the checker is asked of them
	reports   map[uint32][]actors.Report // by window: what came with them, until the checker has answered a question that brought it
	sought    *engine.Timer              // when they are asked about
}

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Campaigns, func(name string, _ time.Time, _ []byte) actors.CampaignMsg { return reminded{name: name} })
})

// Serve lets sys host campaigns; see [Local] for what they need to be told of other nodes.
func Serve(sys *engine.System, d Deps) *Local {
	if d.Crash == nil {
		d.Crash = func(string) {}
	}
	listen()
	local := &Local{sys: sys, began: time.Now()}
	engine.ServeDurable(sys, actors.Campaigns, func(string) engine.Durable[actors.CampaignMsg, Event] {
		return &Campaign{
			deps: d, view: view{done: map[uint32]bool{}}, asking: map[uint32]bool{}, known: map[uint32]struct{}{}, voided: map[uint32]bool{},
			local: local, missing: map[uint32]*actors.Set{}, parts: map[uint32]question{}, reports: map[uint32][]actors.Report{},
		}
	})
	return local
}

// Apply folds one fact into the intent.
func (a *Campaign) Apply(e Event) { a.intent.Apply(e) }

// Started resumes what an earlier activation left.
func (a *Campaign) Started(c *engine.Context[actors.CampaignMsg]) {
	if a.intent.Run != "" && a.standing(c) == actors.RunHeld {
		a.hold(c) // an append without an answer ends the activation that knew of it, and others go on
	}
	if a.intent.Planned && a.intent.Last == 0 {
		a.purge(c, a.intent.Accepted.Upload) // the chunks hold what the parts held; the first purge may have been lost
	}
	if p := a.intent.Parted; p != nil && a.local.heldOut(p.At) {
		for _, number := range p.Windows {
			a.known[number] = struct{}{}
		}
	}
	a.advance(c)
	a.reread(c)
}

// Handle has one line per message.
func (a *Campaign) Handle(c *engine.Context[actors.CampaignMsg], m actors.CampaignMsg) {
	switch m := m.(type) {
	case actors.BeginUpload:
		a.beginUpload(c, m)
	case actors.KeepUpload:
		a.keepUpload(c, m)
	case actors.DropUpload:
		a.dropUpload(c, m)
	case actors.Accept:
		a.accept(c, m)
	case verified:
		a.verified(c, m)
	case reminded:
		a.reminded(c, m)
	case actors.Show:
		a.show(c)
	case actors.Layout:
		a.layout(c)
	case actors.Pause:
		a.pause(c)
	case actors.Resume:
		a.resume(c)
	case actors.Cancel:
		a.cancel(c)
	case actors.Drain:
		a.drain(c)
	case actors.Dropped:
		a.dropped(c, m)
	case actors.ShardsLost:
		a.shardsLost(c, m)
	case seek:
		a.sought = nil
		a.seek(c)
	case sieved:
		a.sieved(c, m)
	case tick:
		a.ticking = nil
		a.advance(c)
	case planned:
		a.planned(c, m)
	case ledgerOpened:
		a.ledgerOpened(c, m)
	case looked:
		a.looked(c, m)
	case described:
		a.described(c, m)
	case actors.Progress:
		a.progress(c, m)
	case unsettledKnown:
		a.unsettledKnown(c, m)
	case given:
		a.given(c, m)
	case reread:
		a.amend(c, m.progress)
	case actors.StandingOf:
		a.standingOf(c, m)
	case actors.ChannelState:
		a.channelState(c, m)
	}
}

// reminded wakes the campaign; the work itself follows from the state.
func (a *Campaign) reminded(c *engine.Context[actors.CampaignMsg], m reminded) {
	if m.name == remindUpload && a.intent.Accepted == nil {
		a.expireUpload(c)
		return
	}
	a.advance(c)
}

// refuse answers the Ask in hand with a problem.
func refuse(c *engine.Context[actors.CampaignMsg], status int, title, detail string) {
	c.Respond(actors.Problem{Status: status, Title: title, Detail: detail})
}

func (a *Campaign) notFound(c *engine.Context[actors.CampaignMsg]) bool {
	if a.intent.Accepted != nil {
		return false
	}
	refuse(c, 404, "no such campaign", c.ID())
	if a.intent.Upload == "" {
		c.Passivate() // any id may be asked for
	}
	return true
}

// show answers when the figures are known: after a restart nothing would look like progress lost.
func (a *Campaign) show(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case a.intent.Planned && a.intent.Finished == nil && !a.view.counted:
		if a.view.waiting != "" {
			c.Respond(a.info(c)) // for how long nobody knows
			return
		}
		a.shows = append(a.shows, c.Reply())
		if a.trouble != "" {
			a.answerShows(actors.Problem{Status: 503, Title: "the ledger can't be read", Detail: a.trouble})
		}
	default:
		c.Respond(a.info(c))
	}
}

func (a *Campaign) answerShows(answer any) {
	for _, r := range a.shows {
		r.Send(answer)
	}
	a.shows = nil
}

func (a *Campaign) layout(c *engine.Context[actors.CampaignMsg]) {
	switch {
	case a.notFound(c):
	case !a.intent.Planned && a.intent.Finished != nil:
		refuse(c, 409, "cancelled before it was planned", fmt.Sprintf("all %d recipients are cancelled; nothing was sent", a.intent.Recipients()))
	case !a.intent.Planned && a.trouble != "":
		refuse(c, 409, "not planned yet", a.trouble)
	case !a.intent.Planned:
		refuse(c, 409, "not planned yet", "the recipients are listed once the run is planned, ten minutes before its due time at the latest")
	default:
		c.Respond(actors.RunLayout{Run: a.intent.Run, Chunks: a.intent.Chunks, Table: a.intent.Table, Columns: a.intent.Accepted.Audience.Columns,
			Channel: a.intent.Accepted.Definition.Channel})
	}
}

func (a *Campaign) info(c *engine.Context[actors.CampaignMsg]) actors.Info {
	s := &a.intent
	i := actors.Info{
		ID: c.ID(), Name: s.Accepted.Definition.Name, Channel: s.Accepted.Definition.Channel,
		State: s.state(a.view, c.Now()), Reason: a.reason(),
		Rows: s.Accepted.Audience.Rows, Duplicates: s.Accepted.Audience.Duplicates,
		Totals: a.totals(), Run: s.Run, AcceptedAt: s.Accepted.At, Due: s.Accepted.Due, StartedAt: s.Started, Mode: mode(s.Table),
	}
	if s.Finished != nil {
		i.FinishedAt = s.Finished.At
	}
	return i
}

func (a *Campaign) totals() actors.Totals {
	switch {
	case a.intent.Finished != nil:
		return a.intent.Finished.Totals
	case a.view.ledger:
		return a.view.totals
	}
	return actors.Totals{actors.Pending: a.intent.Recipients()}
}

func (a *Campaign) reason() string {
	switch {
	case a.intent.Finished != nil:
		return ""
	case !a.intent.CancelAt.IsZero() && a.trouble != "":
		return "cancelling; " + a.trouble
	case !a.intent.CancelAt.IsZero():
		return "cancelling"
	case a.intent.Paused:
		return "paused by the operator"
	case a.view.held != "":
		return a.view.held
	case a.view.waiting == actors.RoleChecker:
		return waitingFor(a.view.waiting) + ", which has the figures"
	case a.view.waiting != "":
		return waitingFor(a.view.waiting)
	}
	return a.trouble
}
