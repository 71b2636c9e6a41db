package webhook

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/follow"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// What a webhook tells itself. Those with a term count only in it: it ends with a change of settings, a pause and the activation.
type (
	reminded struct{ actors.WebhookMsg }
	// located says where a new webhook begins.
	located struct {
		actors.WebhookMsg
		term     *term
		position uint64
	}
	// arrived brings a piece of what was read.
	arrived struct {
		actors.WebhookMsg
		term   *term
		source int
		piece  piece
	}
	// sent says what became of a try.
	sent struct {
		actors.WebhookMsg
		term   *term
		status int
		err    error
	}
	// retry says that the pause after a failure is over.
	retry struct {
		actors.WebhookMsg
		term *term
	}
	// paced says that a run's figures may be told again.
	paced struct {
		actors.WebhookMsg
		term *term
		run  string
	}
	// flush says that it is time to record how far it has delivered.
	flush struct {
		actors.WebhookMsg
		term *term
	}
)

// Times of recording how far a webhook has delivered.
const (
	flushEvery = time.Second // while it delivers
	flushIdly  = time.Minute // where records had nothing to tell
)

// patience is how old a fact is given up.
const patience = 3 * 24 * time.Hour

// remindWork is the reminder of a webhook that is active.
const remindWork = "work"

// Deps are what a webhook needs besides messages. All but HTTP, Jitter and Figures are needed.
type Deps struct {
	Store    journal.Store // followed
	Objects  journal.Objects
	Messages *codec.Registry // knows the campaigns' and the checkers' events
	Cluster  uuid.UUID
	Getenv   func(name string) string // of this node: secrets
	HTTP     http.RoundTripper        // nil: one of its own
	Jitter   func() float64           // from 0 to 1; nil: random
	Figures  *Figures                 // nil: nobody asks
}

// listen is for the kind, which all systems of a process share.
var listen = sync.OnceFunc(func() {
	engine.OnReminder(actors.Webhooks, func(string, time.Time, []byte) actors.WebhookMsg { return reminded{} })
})

// Serve lets sys host webhooks.
func Serve(sys *engine.System, d Deps) {
	if d.HTTP == nil {
		d.HTTP = newTransport()
	}
	if d.Figures == nil {
		d.Figures = &Figures{}
	}
	if d.Jitter == nil {
		d.Jitter = rand.Float64
	}
	listen()
	engine.ServeDurable(sys, actors.Webhooks, func(string) engine.Durable[actors.WebhookMsg, Event] { return &Webhook{deps: d} })
}

// Webhook delivers to one endpoint.
type Webhook struct {
	deps  Deps
	state State // by Apply only
	term  *term // nil: it is not active; owned by Handle
}

// term is what an activation knows while the settings stay and nothing pauses it.
type term struct {
	quit  chan struct{} // closed at its end
	began time.Time
	desk  *desk // has one delivery at a time

	followers [sources]*follower // nil: where to begin is not known yet
	pulling   [sources]bool
	queue     queue
	paces     map[string]*pace // by run

	sending  bool
	waiting  bool          // after a failure
	failures int           // in a row
	since    time.Time     // of the first of them; zero: the last try was good
	trouble  string        // the last error
	count    uint64        // delivered since the last record
	givenUp  uint64        // likewise
	dirty    bool          // the cursors have moved since then
	flushed  time.Time     // the last record
	flushing *engine.Timer // nil: none is due
	flushAt  time.Time     // when it is
}

type call = engine.Context[actors.WebhookMsg]

// Apply folds one fact into the state.
func (w *Webhook) Apply(e Event) { w.state.Apply(e) }

// Snapshot implements [engine.Snapshotter].
func (w *Webhook) Snapshot() any { return w.state }

// Restore implements [engine.Snapshotter].
func (w *Webhook) Restore(snapshot any) { w.state = snapshot.(State) }

// Started goes on where the last activation has recorded that it was.
func (w *Webhook) Started(c *call) { w.begin(c) }

// Leaving records how far it has delivered, so that its next node repeats nothing.
func (w *Webhook) Leaving(c *call) { w.record(c) }

// Handle has one line per message; what a line does stands below, in message order.
func (w *Webhook) Handle(c *call, m actors.WebhookMsg) {
	switch m := m.(type) {
	case actors.AddWebhook:
		w.add(c, m)
	case actors.RemoveWebhook:
		w.remove(c)
	case actors.DescribeWebhook:
		w.describe(c)
	case actors.TestWebhook:
		w.test(c)
	case reminded:
		w.reminded(c)
	case located:
		w.located(c, m)
	case arrived:
		w.arrived(c, m)
	case sent:
		w.sent(c, m)
	case retry:
		if m.term == w.term {
			w.term.waiting = false
			w.deliver(c)
		}
	case paced:
		w.paced(c, m)
	case flush:
		if m.term == w.term {
			w.term.flushing = nil
			w.record(c)
		}
	}
}

func (w *Webhook) add(c *call, m actors.AddWebhook) {
	if err := Validate(c.ID(), m.Settings); err != nil {
		c.Respond(err)
		w.rest(c)
		return
	}
	if w.state.active() && sameSettings(w.state.Settings, m.Settings) {
		w.describe(c)
		return
	}
	events := append(w.news(), Added{Settings: m.Settings, At: c.Now()})
	if w.state.active() {
		c.Forget(remindWork, w.state.Due)
	}
	c.Remind(remindWork, c.Now(), nil)
	w.end()
	engine.Persist(c, events, func() {
		w.begin(c)
		w.describe(c)
	})
}

// rest has one leave memory that has nothing to deliver: paused, or anybody's invention.
func (w *Webhook) rest(c *call) {
	if !w.state.active() {
		c.Passivate()
	}
}

func (w *Webhook) remove(c *call) {
	if !w.state.exists() {
		c.Respond(notFound(c.ID()))
		w.rest(c)
		return
	}
	if w.state.active() {
		c.Forget(remindWork, w.state.Due)
	}
	w.end()
	engine.Persist(c, []Event{Removed{At: c.Now()}}, func() {
		c.Respond(actors.Done{})
		c.Passivate()
	})
}

func (w *Webhook) describe(c *call) {
	if !w.state.exists() {
		c.Respond(notFound(c.ID()))
	} else {
		c.Respond(w.info())
	}
	w.rest(c)
}

func (w *Webhook) info() actors.WebhookInfo {
	s := &w.state
	i := actors.WebhookInfo{
		Settings: s.Settings, State: actors.WebhookDelivering, Since: s.Due, Warning: missingSecret(s.Settings, w.deps.Getenv),
		Delivered: s.Delivered, GivenUp: s.GivenUp,
	}
	if p := s.Paused; p != nil {
		i.State, i.Since, i.Reason, i.Oldest = actors.WebhookPaused, p.At, p.Reason, p.Oldest
	}
	if t := w.term; t != nil {
		i.Delivered += t.count
		i.GivenUp += t.givenUp
		if x := t.queue.head(); x != nil {
			i.Oldest = x.at
		}
		if !t.since.IsZero() {
			i.State, i.Since, i.Reason = actors.WebhookRetrying, t.since, t.trouble
		}
	}
	return i
}

// test makes a delivery of its own, whatever else waits.
func (w *Webhook) test(c *call) {
	w.rest(c)
	if !w.state.exists() {
		c.Respond(notFound(c.ID()))
		return
	}
	reply, s, client := c.Reply(), w.state.Settings, newClient(w.deps.HTTP)
	secret, missing := w.deps.Getenv(s.SecretEnv), missingSecret(s, w.deps.Getenv)
	c.GoWithin(testTimeout, func(ctx context.Context) actors.WebhookMsg {
		now := time.Now()
		answer := actors.WebhookTested{ID: uuid.NewString(), Error: missing}
		if missing == "" {
			body, err := testLetter(answer.ID, now)
			if err == nil {
				answer.Status, err = post(ctx, client, letter{id: answer.ID, url: s.URL, secret: secret, body: body})
			}
			if err != nil {
				answer.Error = err.Error()
			}
			answer.Took = time.Since(now)
		}
		reply.Send(answer)
		return nil
	})
}

// reminded wakes the webhook, which Started has done; a reminder of one that is paused or removed was on its way.
func (w *Webhook) reminded(c *call) { w.rest(c) }

// begin makes an active webhook deliver.
func (w *Webhook) begin(c *call) {
	if !w.state.active() {
		return
	}
	t := &term{quit: make(chan struct{}), began: c.Now(), desk: newDesk(c.System(), w.deps, w.state.Settings), paces: map[string]*pace{}}
	w.term = t
	if w.state.Began {
		w.follow(c)
		return
	}
	own, name := follow.Source{Store: w.deps.Store, Role: actors.RoleWebhook, Kind: actors.Webhooks.Name(), Log: c.Log()}, c.ID()
	c.Go(func(ctx context.Context) actors.WebhookMsg {
		return located{term: t, position: own.Newest(ctx, t.quit, name)}
	})
}

// end ends the term, if there is one. What it was doing counts no more.
func (w *Webhook) end() {
	if w.term != nil {
		close(w.term.quit)
		w.term = nil
	}
}

func (w *Webhook) located(c *call, m located) {
	if m.term != w.term || m.position == 0 {
		return
	}
	from := Cursor{Position: m.position}
	engine.Persist(c, []Event{Delivered{Composer: from, Checker: from}}, func() { w.follow(c) })
}
