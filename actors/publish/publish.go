package publish

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/follow"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// What the publisher tells itself. Those with a term count only in it: it ends with the activation.
type (
	reminded struct{ actors.PublisherMsg }
	// located says where it begins that has just been started.
	located struct {
		actors.PublisherMsg
		term     *term
		position uint64
	}
	// flush says that it is time to record how far it has published.
	flush struct {
		actors.PublisherMsg
		term *term
	}
)

// flushEvery is how often it is recorded how far it has published.
const flushEvery = time.Second

// remindWork is the reminder while it publishes.
const remindWork = "work"

// Deps are what the publisher needs besides messages.
type Deps struct {
	Store    journal.Store // followed
	Messages *codec.Registry
	Cluster  uuid.UUID
	Out      journal.Publisher // nil: this node is not to publish
	Node     string
}

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Publishers, func(string, time.Time, []byte) actors.PublisherMsg { return reminded{} })
})

// Serve lets sys host the publisher.
func Serve(sys *engine.System, d Deps) {
	listen()
	engine.ServeDurable(sys, actors.Publishers, func(string) engine.Durable[actors.PublisherMsg, Event] { return &Publisher{deps: d} })
}

// Publisher publishes what is stored.
type Publisher struct {
	deps  Deps
	state State // by Apply only
	term  *term // nil: it doesn't publish; owned by Handle
}

// term is what an activation knows while it publishes.
type term struct {
	quit    chan struct{} // closed at its end
	readers []*reader     // empty: where to begin is not known yet
}

type call = engine.Context[actors.PublisherMsg]

// Apply folds one fact into the state.
func (p *Publisher) Apply(e Event) { p.state.Apply(e) }

// Snapshot implements [engine.Snapshotter].
func (p *Publisher) Snapshot() any { return p.state }

// Restore implements [engine.Snapshotter].
func (p *Publisher) Restore(snapshot any) { p.state = snapshot.(State) }

// Started goes on where the last activation has recorded that it was.
func (p *Publisher) Started(c *call) { p.begin(c) }

// Leaving records how far it has published, so that its next node repeats next to nothing.
func (p *Publisher) Leaving(c *call) { p.record(c) }

// Handle has one line per message; what a line does stands below, in message order.
func (p *Publisher) Handle(c *call, m actors.PublisherMsg) {
	switch m := m.(type) {
	case actors.StartPublishing:
		p.start(c)
	case reminded:
		p.reminded(c)
	case located:
		p.located(c, m)
	case flush:
		if m.term == p.term {
			p.record(c)
			c.After(flushEvery, flush{term: p.term})
		}
	}
}

func (p *Publisher) start(c *call) {
	switch {
	case c.ID() != actors.PublisherID:
		c.Respond(actors.Problem{Status: http.StatusNotFound, Title: "there is one publisher", Detail: "it is called " + actors.PublisherID})
		c.Passivate()
	case p.deps.Out == nil:
		c.Respond(actors.Problem{Status: http.StatusConflict, Title: "events are not published",
			Detail: "the publisher lives on node " + p.deps.Node + ", where publish-events is off: set it alike on all nodes that carry webhooks"})
		c.Passivate()
	case p.state.active():
		c.Respond(actors.Done{})
	default:
		now := c.Now()
		c.Remind(remindWork, now, nil)
		engine.Persist(c, []Event{Begun{At: now}}, func() {
			p.begin(c)
			c.Respond(actors.Done{})
		})
	}
}

// reminded wakes it, which Started has done.
func (p *Publisher) reminded(c *call) {
	switch {
	case !p.state.active():
		c.Passivate()
	case p.deps.Out == nil:
		c.Log().Warn("events are not published any more: publish-events is off on this node", "node", p.deps.Node)
		c.Forget(remindWork, p.state.Due)
		engine.Persist(c, []Event{Stopped{At: c.Now()}}, c.Passivate)
	}
}

// begin makes it publish.
func (p *Publisher) begin(c *call) {
	if !p.state.active() || p.deps.Out == nil {
		return
	}
	t := &term{quit: make(chan struct{})}
	p.term = t
	if len(p.state.Cursors) > 0 {
		p.follow(c)
		return
	}
	own, id := follow.Source{Store: p.deps.Store, Role: actors.RoleWebhook, Kind: actors.Publishers.Name(), Log: c.Log()}, c.ID()
	c.Go(func(ctx context.Context) actors.PublisherMsg {
		return located{term: t, position: own.Newest(ctx, t.quit, id)}
	})
}

func (p *Publisher) located(c *call, m located) {
	if m.term != p.term || m.position == 0 {
		return
	}
	var from []Cursor
	for _, s := range sources {
		from = append(from, Cursor{Kind: s.Kind, Position: m.position})
	}
	engine.Persist(c, []Event{Moved{Cursors: from}}, func() { p.follow(c) })
}

// follow reads on from the cursors.
func (p *Publisher) follow(c *call) {
	t := p.term
	for _, s := range sources {
		s.Store, s.Log = p.deps.Store, c.Log()
		r := &reader{Source: s, deps: p.deps, sys: c.System(), origins: map[string]string{}}
		r.at.Store(p.state.at(s.Kind))
		t.readers = append(t.readers, r)
		c.Go(func(ctx context.Context) actors.PublisherMsg {
			r.Each(ctx, t.quit, r.at.Load, r.tell)
			return nil
		})
	}
	c.After(flushEvery, flush{term: t})
}

// record appends how far it has published, where that has changed.
func (p *Publisher) record(c *call) {
	if p.term == nil || len(p.term.readers) == 0 {
		return
	}
	var now []Cursor
	for _, r := range p.term.readers {
		now = append(now, Cursor{Kind: r.Kind, Position: r.at.Load()})
	}
	if !slices.Equal(now, p.state.Cursors) {
		engine.Persist(c, []Event{Moved{Cursors: now}}, nil)
	}
}
