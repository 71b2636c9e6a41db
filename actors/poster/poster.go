package poster

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
)

// phase is where a held command stands.
type phase uint8

const (
	waiting   phase = iota // for a token
	calling                // an attempt is under way
	reporting              // the checker has not recorded it yet
)

// held is one path that the poster is responsible for.
type held struct {
	post   actors.Post
	phase  phase
	token  uint64 // of the call that is under way
	doubt  bool   // an attempt ended without a certain answer
	tries  uint32
	report actors.Report
	repeat time.Duration
	again  *engine.Timer // repeats the report; nil: none
	trace  *engine.Trace // of the chunk; nil: it is not traced
	next   *actors.Post  // of a newer generation: it begins when the word on this one is recorded; nil: none
}

type (
	// answered brings the provider's answer back to the poster.
	answered struct {
		actors.PosterMsg
		token    uint64
		endpoint provider.Endpoint
		run      string
		path     actors.Span
		answer   provider.Answer
	}
	// voided says that a call didn't begin in its token's time.
	voided struct {
		actors.PosterMsg
		token uint64
		run   string
		path  actors.Span
	}
	// again repeats a report that was not recorded in time.
	again struct {
		actors.PosterMsg
		run  string
		path actors.Span
	}
)

// Deps are what a poster needs besides messages.
type Deps struct {
	Cluster uuid.UUID // retry keys are derived from it
	Gates   *gate.Gates
	Crash   func(point string) // named crash points; nil: none
	// Suppress has it stored that a user of a channel can never be reached. It may be repeated. nil: nobody needs to know.
	Suppress func(ctx context.Context, channel, user, reason string) error
}

// Poster delivers one user's pushes, or one multicast path.
type Poster struct {
	deps    *Deps
	channel string
	held    []*held // mostly one
	counted int     // recipients of held, as the gate's figures have them
}

// Serve lets sys host posters.
func Serve(sys *engine.System, d Deps) {
	deps := d.withDefaults()
	engine.Serve(sys, actors.Posters, func(id string) engine.Actor[actors.PosterMsg] { return New(deps, id) })
}

func (d Deps) withDefaults() *Deps {
	if d.Crash == nil {
		d.Crash = func(string) {}
	}
	return &d
}

// New makes the poster of an identity, which holds nothing. The posters of a system share their Deps; those of New have a Crash.
func New(d *Deps, id string) *Poster {
	channel, _, _ := strings.Cut(id, "/")
	return &Poster{deps: d, channel: channel}
}

// Handle has one line per message. A poster that holds nothing leaves memory.
func (p *Poster) Handle(c *engine.Context[actors.PosterMsg], m actors.PosterMsg) {
	switch m := m.(type) {
	case actors.Post:
		p.post(c, m)
	case actors.Start:
		p.start(c, m)
	case voided:
		p.voided(c, m)
	case suppressed:
		p.suppressed(c, m)
	case answered:
		p.answered(c, m)
	case actors.GiveBack:
		p.giveBack(c, m)
	case actors.Drop:
		p.drop(c, m)
	case actors.Recorded:
		p.recorded(c, m)
	case again:
		p.again(c, m)
	}
	p.count()
	if len(p.held) == 0 {
		c.Passivate()
	}
}

// Stopped is the end of an activation, after Stopping or a failure: nothing is held any more.
func (p *Poster) Stopped() {
	p.held = nil
	p.count()
}

// count tells the figures how many recipients are held.
func (p *Poster) count() {
	n := 0
	for _, h := range p.held {
		n += h.post.Path.Len()
	}
	if n != p.counted {
		p.figures().Held.Add(int64(n - p.counted))
		p.counted = n
	}
}

func (p *Poster) figures() *gate.Figures { return p.deps.Gates.Figures(p.channel) }

func (p *Poster) find(run string, path actors.Span) *held {
	for _, h := range p.held {
		if h.post.Run == run && h.post.Path == path {
			return h
		}
	}
	return nil
}

func (p *Poster) remove(c *engine.Context[actors.PosterMsg], h *held) {
	h.quiet()
	for i, x := range p.held {
		if x == h {
			p.held = append(p.held[:i], p.held[i+1:]...)
			break
		}
	}
	if h.post.Demand > 0 {
		p.gate().Tell(gate.Freed{Run: h.post.Run, Window: h.post.Window, Bytes: h.post.Demand})
	}
}

// quiet ends the repeats of a report: a pending timer would keep the poster in memory.
func (h *held) quiet() {
	if h.again != nil {
		h.again.Stop()
		h.again = nil
	}
}

func (p *Poster) gate() engine.Ref[gate.Msg] { return p.deps.Gates.Of(p.channel) }

func (p *Poster) post(c *engine.Context[actors.PosterMsg], m actors.Post) {
	h := p.find(m.Run, m.Path)
	if h == nil {
		h = &held{post: m, trace: traceOf(c)}
		p.held = append(p.held, h)
		p.wait(c, h, 0)
		return
	}
	if m.Generation > h.post.Generation {
		p.supersede(c, h, m)
		return
	}
	changed := h.takes(m)
	if t := traceOf(c); t != nil {
		h.trace = t
	}
	p.figures().Repeated.Add(1)
	if m.Demand > 0 { // the command in hand holds its own; the repeat's is given back
		p.gate().Tell(gate.Freed{Run: m.Run, Window: m.Window, Bytes: m.Demand})
	}
	if changed && h.phase == reporting && h.report.What == actors.PathReturned {
		p.wait(c, h, 0) // given back, and sent again since
	}
}

// wait asks the gate for a token.
func (p *Poster) wait(c *engine.Context[actors.PosterMsg], h *held, after time.Duration) {
	h.quiet()
	h.phase = waiting
	w := gate.Wait{Campaign: h.post.Campaign, Run: h.post.Run, Poster: c.ID(), Path: h.post.Path,
		Endpoint: h.post.Endpoint, Untried: h.untried(), Deadline: h.post.Deadline}
	if h.post.Ledger != "" { // numbers of different books have no order, and the deadline follows the due time
		w.Order = h.post.Deadline.UnixMilli()
	}
	if after > 0 {
		w.NotBefore = time.Now().Add(after) // a duration, by the gate's clock
	}
	p.gate().Tell(w)
}

// start is a token: the call begins now, or the token goes back.
func (p *Poster) start(c *engine.Context[actors.PosterMsg], m actors.Start) {
	h := p.find(m.Run, m.Path)
	now := time.Now() // as the gate's: monotonic for Expires, the wall's for Deadline, which has no monotonic part
	switch {
	case h == nil || h.phase != waiting:
		p.gate().Tell(gate.Unused{Token: m.Token})
		return
	case now.After(m.Expires):
		p.gate().Tell(gate.Unused{Token: m.Token})
		p.wait(c, h, 0)
		return
	case !now.Before(h.post.Deadline):
		p.gate().Tell(gate.Unused{Token: m.Token})
		p.tooLate(c, h)
		return
	}
	h.phase, h.token = calling, m.Token
	h.tries++
	p.call(c, h, m)
}

// call makes one attempt off the actor. The same key and bytes go out on every attempt of the path in its window.
func (p *Poster) call(c *engine.Context[actors.PosterMsg], h *held, token actors.Start) {
	m := h.post
	attempt := provider.Call{
		Endpoint: m.Endpoint, To: called(m.To), Messages: m.Messages,
		Key: actors.RetryKey(p.deps.Cluster, m.Run, m.Window, m.Chunk, m.Path),
	}
	crash, to, gates, figures := p.deps.Crash, p.gate(), p.deps.Gates, p.figures()
	over := spanOf(c, h)
	c.GoWithin(provider.Timeout, func(ctx context.Context) actors.PosterMsg {
		now := time.Now() // the start that counts: this goroutine may have waited for a processor
		if now.After(token.Expires) || !gates.May() {
			return voided{token: token.Token, run: m.Run, path: m.Path}
		}
		if token.Report {
			to.Tell(gate.Started{Token: token.Token, At: now})
		}
		crash("poster.call.before")
		a := token.Provider.Send(ctx, attempt)
		crash("poster.call.after")
		over(now, a)
		figures.Ended(a, len(attempt.To), time.Since(now))
		return answered{token: token.Token, endpoint: m.Endpoint, run: m.Run, path: m.Path, answer: a}
	})
}

// voided is a token that ran out before its call began: nothing was sent.
func (p *Poster) voided(c *engine.Context[actors.PosterMsg], m voided) {
	p.gate().Tell(gate.Unused{Token: m.token})
	h := p.find(m.run, m.path)
	switch {
	case h == nil || h.phase != calling:
	case h.next != nil:
		p.remove(c, h)
		p.succeed(c, h)
	default:
		h.tries--
		p.wait(c, h, 0)
	}
}

func (p *Poster) answered(c *engine.Context[actors.PosterMsg], m answered) {
	p.gate().Tell(gate.Ended{Token: m.token, Endpoint: m.endpoint, Verdict: m.answer.Verdict, Reason: m.answer.Reason})
	h := p.find(m.run, m.path)
	if h == nil {
		return // dropped meanwhile: the run is over
	}
	users := called(h.post.To)
	n := decide(h.post.Endpoint, len(users), m.answer, h.tries)
	if n.report == 0 {
		p.figures().Again(m.answer.Verdict)
	}
	if n.report == 0 && h.next != nil {
		p.remove(c, h)
		p.succeed(c, h)
		return
	}
	if n.report == 0 {
		h.doubt = h.doubt || n.doubt
		p.wait(c, h, n.after)
		return
	}
	r := actors.Report{What: n.report, Reason: m.answer.Reason, Request: m.answer.RequestID}
	if m.answer.NoUser && n.report == actors.PathRefused && len(users) == 1 && p.deps.Suppress != nil {
		p.suppress(c, h, r)
		return
	}
	p.report(c, h, r)
}

func (p *Poster) tell(c *engine.Context[actors.PosterMsg], h *held) {
	r := h.report
	p.deps.Crash("poster.report.before")
	tell(c, h, r)
	p.deps.Crash("poster.report.after")
	h.again = c.After(h.repeat, again{run: r.Run, path: r.Path})
}

// called are those of a path who are not left out.
func called(to []string) []string {
	if !slices.Contains(to, "") {
		return to
	}
	return slices.DeleteFunc(slices.Clone(to), func(user string) bool { return user == "" })
}

// tell tells whose path it is what became of it.
func tell(c *engine.Context[actors.PosterMsg], h *held, r actors.Report) {
	if h.post.Ledger != "" {
		actors.Messages.Ref(c.System(), h.post.Ledger).Tell(r)
		return
	}
	to := actors.Checkers.Ref(c.System(), r.Run)
	if h.trace != nil {
		to.TellTraced(*h.trace, r)
		return
	}
	to.Tell(r)
}

func (p *Poster) giveBack(c *engine.Context[actors.PosterMsg], m actors.GiveBack) {
	now := c.Now()
	for _, h := range append([]*held(nil), p.held...) {
		switch {
		case h.post.Run != m.Run || h.phase != waiting:
		case !now.Before(h.post.Deadline):
			p.tooLate(c, h)
		case h.untried():
			p.giveUp(c, h)
		}
	}
}

// giveUp returns an untried command.
func (p *Poster) giveUp(c *engine.Context[actors.PosterMsg], h *held) {
	p.gate().Tell(gate.Withdraw{Run: h.post.Run, Path: h.post.Path, Poster: c.ID()})
	p.report(c, h, actors.Report{What: actors.PathReturned})
}

// tooLate ends a command at its window's deadline.
func (p *Poster) tooLate(c *engine.Context[actors.PosterMsg], h *held) {
	if h.untried() {
		p.giveUp(c, h)
		return
	}
	p.gate().Tell(gate.Withdraw{Run: h.post.Run, Path: h.post.Path, Poster: c.ID()})
	p.remove(c, h)
}

// drop forgets what is held of a run that is over. An attempt that is under way ends by itself.
func (p *Poster) drop(c *engine.Context[actors.PosterMsg], m actors.Drop) {
	for _, h := range append([]*held(nil), p.held...) {
		if h.post.Run == m.Run && h.phase == waiting {
			p.remove(c, h)
		}
	}
}
