package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/anthdm/hollywood/actor"
)

// ask is one question's place for an answer. It is used again; the generation tells a late answer from one that is awaited.
//
// state: generation<<1 | 1 while an answer is awaited, generation<<1 otherwise.
type ask struct {
	state atomic.Uint64
	value any           // written by who takes the state from awaited, before done
	done  chan struct{} // capacity 1
	home  *askShard
	index uint32 // in home.all
	alarm alarm

	relay  relay         // where the answer goes instead of value; written before state is awaited
	target atomic.Uint64 // the member that is to answer, and the generation; 0: none was
	asker  atomic.Uint64 // the member that a relay's answer goes to, and the generation; 0: none was
}

// awaits reports whether the question of this generation is open.
func (a *ask) awaits(gen uint32) bool { return a.state.Load() == uint64(gen)<<1|1 }

// answer delivers v if the question of this generation is still open. It never blocks.
func (a *ask) answer(gen uint32, v any) bool {
	if !a.state.CompareAndSwap(uint64(gen)<<1|1, uint64(gen)<<1) {
		return false
	}
	if a.relay.member != "" {
		a.relayed(v)
		return true
	}
	a.value = v
	a.done <- struct{}{}
	return true
}

// asks lends asks. They belong to one system, because their channels may belong to its bubble and because its end answers them
// all: so nobody who waits has to watch for that end.
type asks struct {
	sys    *System
	shards [askShards]askShard

	number  atomic.Uint64
	pending sync.Map     // string → address; asks that Hollywood processes answer
	relays  atomic.Int64 // open ones
}

const (
	askBits   = 4
	askShards = 1 << askBits
)

type askShard struct {
	sys   *System
	index int
	mu    sync.Mutex
	free  []*ask // guarded by mu
	all   []*ask // as many as were ever open at once; guarded by mu
	_     [64]byte
}

func (p *asks) begin(s *System) {
	p.sys = s
	for i := range p.shards {
		p.shards[i].sys, p.shards[i].index = s, i
	}
}

// open returns an ask and its new generation.
func (p *asks) open() (*ask, uint32) { return p.begun(relay{}) }

func (p *asks) begun(to relay) (*ask, uint32) {
	a := p.shards[rand.Uint32()%askShards].get()
	gen := uint32(a.state.Load()>>1) + 1
	if gen >= ofPID {
		gen = 1
	}
	a.relay = to
	a.state.Store(uint64(gen)<<1 | 1)
	if p.sys.dead.Load() { // end may have missed it
		a.answer(gen, context.Cause(p.sys.ctx))
	}
	return a, gen
}

func (s *askShard) get() *ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		a := s.free[n-1]
		s.free = s.free[:n-1]
		return a
	}
	a := &ask{done: make(chan struct{}, 1), home: s, index: uint32(len(s.all))}
	s.all = append(s.all, a)
	return a
}

// end answers every open ask, after dead was set.
func (p *asks) end(err error) {
	for i := range p.shards {
		for _, a := range p.shards[i].list() {
			a.answer(uint32(a.state.Load()>>1), err)
			a.silence()
		}
	}
}

// list returns the asks that there are.
func (s *askShard) list() []*ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// await waits for the answer and gives the ask back.
func (p *asks) await(ctx context.Context, a *ask, gen uint32) (any, error) {
	if ctx.Done() == nil {
		<-a.done
		return a.close(), nil
	}
	select {
	case <-a.done:
		return a.close(), nil
	case <-ctx.Done():
	}
	if !a.state.CompareAndSwap(uint64(gen)<<1|1, uint64(gen)<<1) {
		<-a.done // an answer is just being given
	}
	a.close()
	return nil, ctx.Err()
}

func (a *ask) close() any {
	v, s := a.value, a.home
	a.value = nil
	s.mu.Lock()
	s.free = append(s.free, a)
	s.mu.Unlock()
	return v
}

// Ask sends m and waits for the answer. An answer that is an error is returned as the error; an answer of another type than R is
// an AnswerTypeError. It fails at once when the message reaches nobody, when the handler returns without an answer, when it
// panics, and when the system ends. A handler never asks: it would hold its worker; Go functions do. Who wants no more than a bound on
// the wait uses AskTimeout. With a context that has ended nothing is sent.
//
// Where M is an interface and m one of its messages, both types are given: Ask[int, Msg](ctx, ref, Get{}).
func Ask[R, M any](ctx context.Context, r Ref[M], m M) (R, error) {
	if err := ctx.Err(); err != nil {
		return *new(R), err
	}
	p := &r.kind.sys.asks
	a, gen := p.open()
	e := asked(m, a, gen)
	r.deliver(&e)
	v, err := p.await(ctx, a, gen)
	return typed[R](v, err)
}

// AskPID asks a Hollywood process, or anything else that a PID names, and waits for what it responds.
func AskPID[R any](ctx context.Context, s *System, pid *actor.PID, m any) (R, error) {
	p := &s.asks
	a, gen := p.open()
	id := strconv.FormatUint(p.number.Add(1), 36)
	p.pending.Store(id, address{ask: a, gen: gen})
	defer p.pending.Delete(id)
	switch {
	case s.dead.Load():
		a.answer(gen, context.Cause(s.ctx))
	case s.unknown(pid):
		a.answer(gen, &DeadLetterError{Kind: pid.Address, ID: pid.ID, Reason: ReasonStopped})
	default:
		s.hollywood.SendWithSender(pid, m, actor.NewPID(replyAddress, s.incarnation+"/"+id))
	}
	v, err := p.await(ctx, a, gen)
	return typed[R](v, err)
}

// of is the ask whose answer goes to a PID; nil: it is none of AskPID's.
func (p *asks) of(pid *actor.PID) (*ask, uint32) {
	if pid.Address != replyAddress {
		return nil, 0
	}
	owner, id, _ := strings.Cut(pid.ID, "/")
	if owner != p.sys.incarnation {
		return nil, 0
	}
	to, _ := p.pending.Load(id)
	a, _ := to.(address)
	return a.ask, a.gen
}

// resolve hands Hollywood's answer to who asked; false when nobody waits for it any more.
func (p *asks) resolve(id string, v any) bool {
	to, ok := p.pending.LoadAndDelete(id)
	if ok {
		a := to.(address)
		a.ask.answer(a.gen, v)
	}
	return ok
}

// unknown reports whether Hollywood's registry has no such process.
func (s *System) unknown(pid *actor.PID) bool {
	kind, id, ok := strings.Cut(pid.ID, "/")
	return ok && pid.Address == s.incarnation && s.hollywood.Registry.GetPID(kind, id) == nil
}

// fail tells who asked through Ask or AskPID that no answer will come.
func (s *System) fail(to address, err error) {
	switch {
	case to.ask != nil:
		to.ask.answer(to.gen, err)
	case to.pid != nil && to.pid.Address == replyAddress:
		if owner, id, _ := strings.Cut(to.pid.ID, "/"); owner == s.incarnation {
			s.asks.resolve(id, err)
		}
	}
}

func typed[R any](v any, err error) (R, error) {
	var zero R
	if err != nil {
		return zero, err
	}
	if r, ok := v.(R); ok {
		if e, failed := v.(error); failed {
			return zero, e
		}
		return r, nil
	}
	if e, failed := v.(error); failed {
		return zero, e
	}
	if v == nil {
		return zero, nil
	}
	return zero, &AnswerTypeError{Want: fmt.Sprintf("%T", &zero)[1:], Got: fmt.Sprintf("%T", v)}
}
