package actors

import (
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/scheduler"

	_ "hayauma.example/benchmarks/systems/namespace" // before Hollywood and Proto.Actor
	"hayauma.example/benchmarks/systems/room"
)

// protoactor is the pipeline on Proto.Actor, in a process that has room.
type protoactor struct {
	desk    *desk
	root    *actor.RootContext
	timers  *scheduler.TimerScheduler
	posters *actor.Props
	over    chan outcome

	composer, gate, checker *actor.PID
}

func openProtoactor(d *desk) (crew, error) {
	_ = room.Make() // until the worker ends
	quiet := actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) })
	root := actor.NewActorSystem(quiet).Root
	p := &protoactor{desk: d, root: root, timers: scheduler.NewTimerScheduler(root), over: make(chan outcome, 1)}
	p.posters = actor.PropsFromProducer(func() actor.Actor { return &protoPoster{pipeline: p} })
	p.gate = root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		return &protoGate{pipeline: p, gate: gate[*actor.PID]{places: d.job.InFlight}}
	}))
	p.checker = root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &protoChecker{pipeline: p} }))
	p.composer = root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &protoComposer{p} }))
	done := make(chan error, 1)
	root.Send(p.composer, compose{done})
	if err := <-done; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *protoactor) begin() {
	p.root.Send(p.gate, begin{})
	if p.desk.job.Rate > 0 {
		p.timers.SendRepeatedly(pulse, pulse, p.gate, tick{})
	}
}

func (p *protoactor) outcome() <-chan outcome { return p.over }

type protoComposer struct{ pipeline *protoactor }

// Receive composes.
func (k *protoComposer) Receive(c actor.Context) {
	m, ok := c.Message().(compose)
	if !ok {
		return // Proto.Actor's own
	}
	p, created := k.pipeline, 0
	err := composeAll(p.desk.job, func(m message) {
		c.Send(c.Spawn(p.posters), post{m})
		created++
	})
	if err != nil {
		m.done <- err
		return
	}
	ready := make(chan struct{})
	c.Send(p.checker, expect{posters: created})
	c.Send(p.gate, expect{posters: created, ready: ready})
	<-ready
	m.done <- nil
}

type protoPoster struct {
	pipeline *protoactor
	message  message
	tries    int
}

// Receive keeps the message, asks for its turn, and calls when it has come.
func (k *protoPoster) Receive(c actor.Context) {
	p := k.pipeline
	switch m := c.Message().(type) {
	case post:
		k.message = m.message
		c.Request(p.gate, want{})
	case admit:
		k.tries++
		r := p.desk.deliver(&k.message, k.tries)
		c.Send(p.gate, free{})
		c.Request(p.checker, r)
	case again:
		c.Request(p.gate, want{})
	}
}

type protoGate struct {
	pipeline *protoactor
	gate     gate[*actor.PID]
}

// Receive admits whom the gate lets in after each message.
func (k *protoGate) Receive(c actor.Context) {
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

type protoChecker struct {
	pipeline *protoactor
	ledger   ledger
}

// Receive settles reports, and ends posters or has them call again.
func (k *protoChecker) Receive(c actor.Context) {
	p := k.pipeline
	switch m := c.Message().(type) {
	case expect:
		k.ledger = newLedger(m.posters)
	case report:
		how, after := p.desk.delays.judge(m.answer, m.tries)
		k.ledger.settle(m, how)
		if how == repeated {
			p.timers.SendOnce(after, c.Sender(), again{})
			return
		}
		c.Stop(c.Sender())
	default:
		return // Proto.Actor's own
	}
	if k.ledger.done() {
		p.over <- k.ledger.outcome
	}
}
