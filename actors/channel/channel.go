package channel

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// Deps are what a channel needs from outside.
type Deps struct {
	// Provider makes the client of a channel, for probes. It must not block.
	Provider func(actors.Settings) (provider.Provider, error)
	// Getenv reads an environment variable of this node.
	Getenv func(name string) string
	// Budget is how many bytes of one channel each node with posters may have rendered and not yet settled; 0: actors.DefaultDemand.
	Budget int
	// Members is how many nodes carry posters at present; nil: one. It is asked often and doesn't block.
	Members func() int
	// May tells whether this node may grant tokens now: false where its lease has lapsed, so that another may have the channel; nil: always.
	May func() bool
	// Figures are told what the limits leave; nil: nobody asks.
	Figures *AllFigures
}

// Serve lets the system host channels.
func Serve(sys *engine.System, deps Deps) {
	deps = deps.withDefaults()
	engine.ServeDurable(sys, actors.Channels, func(id string) engine.Durable[actors.ChannelMsg, Event] { return New(deps, id) })
}

// NodeGone tells the channels of a system which other nodes have left or were lost. Every node does so when its view drops some.
func NodeGone(sys *engine.System, incarnations ...string) {
	sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Channels.Name() {
			actors.Channels.Ref(sys, c.ID).Tell(actors.NodeGone{Incarnations: incarnations})
		}
		return true
	})
}

// New makes the channel of an identity, whose journal is empty.
func New(deps Deps, id string) *Channel { return &Channel{deps: deps.withDefaults(), name: id} }

func (d Deps) withDefaults() Deps {
	if d.Budget <= 0 {
		d.Budget = actors.DefaultDemand
	}
	if d.Figures == nil {
		d.Figures = &AllFigures{}
	}
	if d.Members == nil {
		d.Members = func() int { return 1 }
	}
	if d.May == nil {
		d.May = func() bool { return true }
	}
	return d
}

// What a channel tells itself. They are of the closed set by the interface that they embed.
type (
	// chase asks for the standings that queued demand waits for.
	chase struct{ actors.ChannelMsg }
	// settled says that all nodes know by now who is gone.
	settled struct{ actors.ChannelMsg }
	// probe says that it is time to look whether the pause is over.
	probe struct {
		actors.ChannelMsg
		pause int
	}
	// probed is what came of it.
	probed struct {
		actors.ChannelMsg
		pause int
		quota provider.Quota
		err   error
	}
)

// Channel is one account at the provider.
type Channel struct {
	deps Deps
	name string

	state state // by Apply only

	// Of this activation, owned by Handle.
	began   time.Duration // uptime; a clock that is set must not move the rate's window
	granter granter
	demand  *demand
	told    map[string]bool // campaigns that know the channel's state
	probing probing
	quota   quota
	breaker actors.BreakerInfo // as it was told last
	chasing bool
	freedAt time.Duration   // when demand was given back last
	forgot  []time.Duration // when demand was forgotten in the last StallAfter
	settles bool            // it is forgotten once more, when all nodes know who is gone
}

type call = engine.Context[actors.ChannelMsg]

// Started begins the activation: the log is assumed full, and a pause goes on being probed.
func (ch *Channel) Started(c *call) {
	ch.began = c.Uptime()
	ch.granter = newGranter(ch.state.settings.Limits, rand.Uint64())
	ch.granter.runs.by[actors.MessagesRun(ch.name)] = singles()
	ch.demand = newDemand(ch.deps.Budget)
	ch.demand.rank = ch.granter.runs.rank
	ch.told = make(map[string]bool)
	ch.forgot, ch.settles = nil, false
	ch.probing = probing{}
	ch.quota = quota{}
	ch.breaker = actors.BreakerInfo{State: string(breakerClosed)}
	if ch.state.pause != nil {
		ch.watch(c)
	}
}

// Stopping hands what waits for demand to the next activation, which another node may have: composers need not ask again.
func (ch *Channel) Stopping(c *call) {
	ch.deps.Figures.Of(ch.name).leave()
	for _, m := range ch.demand.requests() {
		c.Self().Tell(m)
	}
}

// Handle has one line per message; what a line does stands below, in message order.
func (ch *Channel) Handle(c *call, m actors.ChannelMsg) {
	switch m := m.(type) {
	case actors.Configure:
		ch.configure(c, m)
	case actors.RemoveChannel:
		ch.remove(c)
	case actors.DescribeChannel:
		ch.demand.keepOpen(m.Standing.Run, m.Last, m.Open)
		ch.hear(c, m.Standing)
		ch.describeTo(c, m.Standing.Run)
	case actors.ResumeChannel:
		ch.resumeByOperator(c)
	case actors.RunStanding:
		ch.runStanding(c, m)
	case actors.WindowDone:
		ch.demand.void(m.Run, m.Window)
		ch.grantDemand(c)
	case actors.FreeDemand:
		ch.demand.free(m.Run, m.Window, m.Bytes)
		ch.grantDemand(c)
	case actors.NodeGone:
		ch.nodeGone(c, m)
	case actors.WantDemand:
		ch.wantDemand(c, m)
	case actors.WantTokens:
		ch.wantTokens(c, m)
	case actors.NoteBooks:
		ch.noteBooks(c, m)
	case actors.WhichBooks:
		c.Respond(ch.state.books)
		ch.rest(c)
	case chase:
		ch.chasing = false
		ch.grantDemand(c)
	case settled:
		ch.settles = false
		ch.forget(c)
	case probe:
		ch.probe(c, m)
	case probed:
		ch.afterProbe(c, m)
	case quotaDue:
		ch.quotaDue(c, m)
	case quotaRead:
		ch.quotaRead(c, m)
	}
}

func (ch *Channel) now(c *call) time.Duration { return c.Uptime() - ch.began }

func (ch *Channel) configure(c *call, m actors.Configure) {
	if err := Validate(ch.name, m.Settings); err != nil {
		c.Respond(err)
		return
	}
	if ch.state.configured && m.Settings == ch.state.settings {
		ch.describe(c, "")
		return
	}
	first := ch.state.since.IsZero()
	engine.Persist(c, []Event{Configured{At: c.Now(), Settings: m.Settings, New: first && ch.state.books == actors.NotedBooks{}}}, func() {
		if first {
			ch.granter.begin(m.Settings.Limits, ch.now(c))
		} else {
			ch.granter.change(m.Settings.Limits, ch.now(c))
		}
		ch.tell(c, ch.everyCampaign())
		if ch.state.pause != nil { // the new settings may be what ends it
			ch.probing.begin()
			ch.watch(c)
		}
		ch.describe(c, "")
		ch.grantDemand(c)
	})
}

func (ch *Channel) remove(c *call) {
	if !ch.state.configured {
		c.Respond(notFound(ch.name))
		return
	}
	if n := ch.granter.runs.inUse(); n > 0 {
		c.Respond(actors.Problem{Status: http.StatusConflict, Title: "channel in use",
			Detail: fmt.Sprintf("%d runs of campaigns send by channel %q: cancel them or wait for their end", n, ch.name)})
		return
	}
	engine.Persist(c, []Event{Removed{c.Now()}}, func() { c.Respond(actors.Done{}) })
}

// describe answers; run is the asking campaign's, empty where somebody else asks.
func (ch *Channel) describe(c *call, run string) {
	if !ch.state.configured {
		c.Respond(notFound(ch.name))
		c.Passivate()
		return
	}
	c.Respond(ch.info(c, run))
}

func (ch *Channel) info(c *call, run string) actors.ChannelInfo {
	return actors.ChannelInfo{
		Settings: ch.state.settings,
		Paused:   ch.state.stopped(ch.name),
		Warning:  tokenWarning(ch.state.settings, ch.deps.Getenv),
		Since:    ch.state.since,
		Runs:     ch.granter.runs.active(),
		Waiting:  run != "" && ch.waits(run, ch.now(c)),
		Held:     ch.granter.runs.short(run),
		Quota:    ch.quota.info(&ch.granter.runs),
		Breaker:  ch.breaker,
	}
}

// maxForgot is how often demand is forgotten in StallAfter: nodes that come and go all the time would multiply the budget without a bound.
const maxForgot = 16

// settleFor is longer than the nodes differ about who is gone: what is granted before the last of them knows may be lost on its way there.
const settleFor = 3 * time.Second

func (ch *Channel) nodeGone(c *call, m actors.NodeGone) {
	ch.granter.gates.gone(m.Incarnations)
	ch.forget(c)
	if !ch.settles {
		ch.settles = true
		c.After(settleFor, settled{})
	}
}

// forget gives all demand back.
func (ch *Channel) forget(c *call) {
	now := ch.now(c)
	ch.forgot = slices.DeleteFunc(ch.forgot, func(at time.Duration) bool { return now-at >= actors.StallAfter })
	if len(ch.forgot) < maxForgot {
		ch.forgot = append(ch.forgot, now)
		ch.demand.forget()
		ch.grantDemand(c)
	}
}

func (ch *Channel) wantDemand(c *call, m actors.WantDemand) {
	if ch.granter.may(m.Run, false) == RunIsOver {
		actors.Composers.Ref(c.System(), m.Composer).Tell(actors.EndRun{})
		return
	}
	ch.demand.want(m)
	ch.askStanding(c, m.Run, m.Campaign)
	ch.grantDemand(c)
}

// grantDemand tells composers what there is room for.
func (ch *Channel) grantDemand(c *call) {
	if ch.demand.freed {
		ch.demand.freed, ch.freedAt = false, ch.now(c)
	}
	ch.demand.budget = ch.deps.Budget * max(1, ch.deps.Members())
	stopped := ch.state.stopped(ch.name) != ""
	active := func(run string) bool { return ch.granter.may(run, stopped) == Allowed }
	for {
		g, ok := ch.demand.next(active)
		if !ok {
			break
		}
		actors.Composers.Ref(c.System(), g.composer).Tell(actors.Granted{Channel: ch.name, Run: g.run, Window: g.window, Bytes: g.bytes, Piece: g.piece})
	}
	ch.chaseStandings(c)
}

func (ch *Channel) wantTokens(c *call, m actors.WantTokens) {
	now := ch.now(c)
	k, fresh := ch.granter.gates.hear(m.Gate, m.Seq, now)
	for _, w := range m.Waiting {
		ch.granter.runs.wait(w.Run, now)
	}
	if fresh {
		ch.granter.report(m, now)
		ch.tellBreaker(c)
		ch.probing.fine += m.Fine[provider.Push] + m.Fine[provider.Multicast]
		for _, f := range m.Freed {
			ch.demand.free(f.Run, f.Window, f.Bytes)
		}
		if p, stop := ch.pauseFor(c, m.Trouble); stop {
			ch.pause(c, p, func() { ch.answer(c, m, k) })
			return
		}
	}
	ch.answer(c, m, k)
	if len(m.Freed) > 0 {
		ch.grantDemand(c)
	}
}

// answer tells a gate what it may start.
func (ch *Channel) answer(c *call, m actors.WantTokens, k *gate) {
	if !ch.deps.May() {
		c.Respond(actors.Tokens{Seq: m.Seq, Again: againParked, Setup: ch.state.settings})
		return
	}
	stopped := ch.state.stopped(ch.name)
	t, unknown := ch.granter.tokens(m, k, stopped != "", ch.now(c))
	ch.tellBreaker(c)
	ch.measure(c)
	t.Paused, t.Setup = stopped, ch.state.settings
	c.Respond(t)
	for _, w := range unknown {
		ch.askStanding(c, w.Run, w.Campaign)
	}
}

// tellBreaker notes what the circuit breaker has come to.
func (ch *Channel) tellBreaker(c *call) {
	b := &ch.granter.breaker
	if string(b.state) == ch.breaker.State {
		return
	}
	ch.breaker = actors.BreakerInfo{State: string(b.state), Since: c.Now()}
	switch b.state {
	case breakerOpen:
		c.Log().Warn("circuit breaker opened", "channel", ch.name, "wait", b.wait)
	case breakerTries:
		c.Log().Info("circuit breaker tries one call", "channel", ch.name)
	case breakerClosed:
		c.Log().Info("circuit breaker closed", "channel", ch.name)
	}
}

// tell tells campaigns whether the channel sends.
func (ch *Channel) tell(c *call, campaigns []string) {
	short := ch.granter.runs.shortByCampaign()
	m := actors.ChannelState{Channel: ch.name, Paused: ch.state.stopped(ch.name)}
	for _, id := range campaigns {
		ch.told[id] = true
		m.Held = short[id]
		actors.Campaigns.Ref(c.System(), id).Tell(m)
	}
}

// everyCampaign are those of the runs that are not over and those that a pause remembers, each once.
func (ch *Channel) everyCampaign() []string {
	return ch.state.pause.join(ch.granter.runs.campaigns())
}
