package campaign

import (
	"context"
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
		due  time.Time
	}
	verified struct {
		actors.CampaignMsg
		accept actors.Accept
		trace  string
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
	reopened struct {
		actors.CampaignMsg
		generation uint32
		answer     actors.ReopenedPaths
		err        error
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
	remindSeries = "series"
)

// Deps are what a campaign needs besides messages.
type Deps struct {
	Objects journal.Objects
	Plan    func(PlanJob) (plan.Table, error) // freezes a run, off the actor
	Crash   func(point string)                // named crash points; nil: none
	Keep    time.Duration                     // recipients are forgotten so long after the end; 0: never
	// Shard is the number of a role's shard that an affinity key falls into, 0 to 63. nil: of what is lost nothing is told apart.
	Shard func(role, key string) int
	// Settings are those of a channel's users, with all that is durable when it is called. It blocks. nil: nobody has any.
	Settings func(ctx context.Context, channel string) (Settings, error)
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
	firsts    map[uint32]struct{} // windows that it has opened, and dispatches when the checker knows whom they leave out
	draining  bool                // the node stops
	shows     []engine.Reply      // who asked before the figures were known
	ordered   []engine.Reply      // whose order was carried out before
	redrives  []awaited           // redrives that are not in the plan yet
	voided    map[uint32]bool     // windows whose demand was given back
	local     *Local
	missing   map[uint32]*actors.Set     // by window: paths that nobody sends any more
	parts     map[uint32]question        // by window: what the checker is asked of them
	reports   map[uint32][]actors.Report // by window: what came with them, until the checker has answered a question that brought it
	sought    *engine.Timer              // when they are asked about
	children  map[string]*child          // of a series: its open occurrences
	shown     string                     // its id, where it is among the running ones of the figures
}

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Campaigns, func(name string, due time.Time, _ []byte) actors.CampaignMsg {
		return reminded{name: name, due: due}
	})
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
			deps: d, view: view{done: map[uint32]bool{}, spared: map[uint32]bool{}}, asking: map[uint32]bool{}, known: map[uint32]struct{}{},
			voided: map[uint32]bool{}, firsts: map[uint32]struct{}{},
			local: local, missing: map[uint32]*actors.Set{}, parts: map[uint32]question{}, reports: map[uint32][]actors.Report{},
			children: map[string]*child{},
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
		a.purgeAudience(c) // the chunks hold what the parts held; the first purge may have been lost
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
	case actors.Occur:
		a.occurs(c, m)
	case actors.OccurrenceOver:
		a.occurrenceOver(c, m)
	case heard:
		a.heard(c, m)
	case seriesTold:
		a.seriesTold(c, m)
	case ledgerForgotten:
		a.ledgerForgotten(c, m)
	case before:
		a.before(c, m)
	case actors.Show:
		a.show(c)
	case actors.Layout:
		a.layout(c)
	case actors.Pause:
		a.pause(c)
	case actors.Resume:
		a.resume(c, m)
	case actors.Cancel:
		a.cancel(c)
	case actors.Redrive:
		a.redrive(c, m)
	case actors.Rank:
		a.rank(c, m)
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
	case screened:
		a.screened(c, m)
	case leftOutKnown:
		a.leftOutKnown(c, m)
	case described:
		a.described(c, m)
	case actors.Progress:
		a.progress(c, m)
	case unsettledKnown:
		a.unsettledKnown(c, m)
	case given:
		a.given(c, m)
	case reopened:
		a.reopened(c, m)
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
	if m.name == remindForget {
		a.forgets(c, m.due)
		return
	}
	if m.name == remindSeries {
		a.remindedOfSeries(c, m.due)
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
