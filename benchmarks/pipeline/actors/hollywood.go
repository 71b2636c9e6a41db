package actors

import (
	"strconv"
	"time"

	"github.com/anthdm/hollywood/actor"

	_ "hayauma.example/benchmarks/systems/namespace" // before Hollywood and Proto.Actor
)

// hollywood is the pipeline on Hollywood.
type hollywood struct {
	desk   *desk
	engine *actor.Engine
	over   chan outcome

	composer, gate, checker *actor.PID
}

func openHollywood(d *desk) (crew, error) {
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		return nil, err
	}
	h := &hollywood{desk: d, engine: engine, over: make(chan outcome, 1)}
	h.gate = engine.Spawn(func() actor.Receiver {
		return &hollywoodGate{pipeline: h, gate: gate[*actor.PID]{places: d.job.InFlight}}
	}, "gate")
	h.checker = engine.Spawn(func() actor.Receiver { return &hollywoodChecker{pipeline: h} }, "checker")
	h.composer = engine.Spawn(func() actor.Receiver { return &hollywoodComposer{h} }, "composer")
	done := make(chan error, 1)
	engine.Send(h.composer, compose{done})
	if err := <-done; err != nil {
		return nil, err
	}
	return h, nil
}

func (h *hollywood) begin() {
	h.engine.Send(h.gate, begin{})
	if h.desk.job.Rate > 0 {
		h.engine.SendRepeat(h.gate, tick{}, pulse)
	}
}

func (h *hollywood) outcome() <-chan outcome { return h.over }

type hollywoodComposer struct{ pipeline *hollywood }

// Receive composes.
func (k *hollywoodComposer) Receive(c *actor.Context) {
	m, ok := c.Message().(compose)
	if !ok {
		return // Hollywood's own
	}
	h, created := k.pipeline, 0
	err := composeAll(h.desk.job, func(m message) {
		poster := func() actor.Receiver { return &hollywoodPoster{pipeline: h, message: m} }
		c.Engine().Spawn(poster, "poster", actor.WithID(strconv.Itoa(created)), actor.WithInboxSize(1))
		created++
	})
	if err != nil {
		m.done <- err
		return
	}
	ready := make(chan struct{})
	c.Send(h.checker, expect{posters: created})
	c.Send(h.gate, expect{posters: created, ready: ready})
	<-ready
	m.done <- nil
}

type hollywoodPoster struct {
	pipeline *hollywood
	message  message
	tries    int
}

// Receive asks for its turn, and calls when it has come.
func (k *hollywoodPoster) Receive(c *actor.Context) {
	h := k.pipeline
	switch c.Message().(type) {
	case actor.Started, again:
		c.Send(h.gate, want{})
	case admit:
		k.tries++
		r := h.desk.deliver(&k.message, k.tries)
		c.Send(h.gate, free{})
		c.Send(h.checker, r)
	}
}

type hollywoodGate struct {
	pipeline *hollywood
	gate     gate[*actor.PID]
}

// Receive admits whom the gate lets in after each message.
func (k *hollywoodGate) Receive(c *actor.Context) {
	switch m := c.Message().(type) {
	case expect:
		k.gate.expect(m)
	case want:
		k.gate.want(c.Sender())
	case begin:
		k.gate.open(k.pipeline.desk.job.Rate, time.Now())
	case free:
		k.gate.free()
	}
	for p, ok := k.gate.next(time.Now()); ok; p, ok = k.gate.next(time.Now()) {
		c.Send(p, admit{})
	}
}

type hollywoodChecker struct {
	pipeline *hollywood
	ledger   ledger
}

// Receive settles reports, and ends posters or has them call again.
func (k *hollywoodChecker) Receive(c *actor.Context) {
	h := k.pipeline
	switch m := c.Message().(type) {
	case expect:
		k.ledger = newLedger(m.posters)
	case report:
		how, after := h.desk.delays.judge(m.answer, m.tries)
		k.ledger.settle(m, how)
		from := c.Sender()
		if how == repeated {
			time.AfterFunc(after, func() { h.engine.Send(from, again{}) }) // Hollywood itself can only repeat
			return
		}
		h.engine.Poison(from)
	default:
		return // Hollywood's own
	}
	if k.ledger.done() {
		h.over <- k.ledger.outcome
	}
}
