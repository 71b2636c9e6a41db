package engine

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/anthdm/hollywood/actor"
)

// GrainAddress is the address in a grain's PID, whose id is "kind/id". No engine has it, so Hollywood hands what is sent there to
// our remoter.
const GrainAddress = "grain"

// replyAddress is the address of an AskPID's sender.
const replyAddress = "reply"

// remoter is where Hollywood hands everything whose address is not its engine's.
type remoter struct{ sys *System }

// Address implements actor.Remoter.
func (r *remoter) Address() string { return r.sys.incarnation }

// Start implements actor.Remoter.
func (r *remoter) Start(*actor.Engine) error { return nil }

// Stop implements actor.Remoter.
func (r *remoter) Stop() *sync.WaitGroup { return &sync.WaitGroup{} }

// Send implements actor.Remoter.
func (r *remoter) Send(pid *actor.PID, msg any, sender *actor.PID) {
	head, id, _ := strings.Cut(pid.ID, "/")
	switch pid.Address {
	case GrainAddress:
		if k := r.sys.kinds.named(head); k != nil {
			e := sent(msg, sender)
			k.route(id, &e, 0, ours)
			return
		}
		r.sys.stranded(pid, msg, sender, ReasonNoProducer)
	case replyAddress:
		switch {
		case head != r.sys.incarnation && r.sys.sendPID(head, pid, msg, sender) == nil:
		case head != r.sys.incarnation || !r.sys.asks.resolve(id, msg):
			r.sys.stranded(pid, msg, sender, ReasonStopped) // nobody waits any more
		}
	default:
		if err := r.sys.sendPID(pid.Address, pid, msg, sender); err != nil {
			r.sys.stranded(pid, msg, sender, reasonOf(err))
		}
	}
}

// fire turns a due reminder into a message. A kind that is not served yet misses it and gets it again 30 s later.
func (s *System) fire(kind, id, name string, due time.Time, payload []byte) {
	k := s.kinds.named(kind)
	if k == nil || !k.served.Load() || s.dead.Load() {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("reminder not understood", "kind", kind, "id", k.shown(id), "name", name, "panic", fmt.Sprint(v))
		}
	}()
	if msg, ok := k.behaviour.reminder(name, due, payload); ok {
		k.route(id, &envelope{msg: msg}, 0, arrived)
	}
}
