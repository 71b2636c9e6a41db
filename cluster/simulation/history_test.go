package simulation

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// operation is one command, from its call until somebody saw its end.
type operation struct {
	client    int
	node      int
	key       string
	in        Do
	out       Done
	call, ret int64 // places in one order of all calls and returns; ret 0: nobody saw its end
	at, until time.Duration
}

func (o *operation) String() string {
	end := fmt.Sprintf("%+v at %v", o.out, o.until)
	if o.ret == 0 {
		end = "?"
	}
	return fmt.Sprintf("%v client %d at node %d: %s %s %s %d (%d) → %s", o.at, o.client, o.node, o.key, o.in.ID, o.in.Op, o.in.Value, o.in.Expect, end)
}

// history is all commands.
type history struct {
	mu    sync.Mutex // guards what follows, and all operations
	clock int64
	ops   []*operation
	open  map[*operation]bool
}

func newHistory() *history { return &history{open: map[*operation]bool{}} }

func (h *history) called(o *operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	o.call = h.clock
	h.ops = append(h.ops, o)
	h.open[o] = true
}

// ended says what was answered; nil: nobody knows.
func (h *history) ended(o *operation, out *Done, at time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, o)
	if out == nil {
		return
	}
	h.clock++
	o.out, o.ret, o.until = *out, h.clock, at
}

// under lists the commands that are under way.
func (h *history) under() (ops []*operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for o := range h.open {
		ops = append(ops, o)
	}
	return ops
}

// operations are what porcupine judges. A read without an answer says nothing; a change without one may have happened at any time.
func (h *history) operations() (out []porcupine.Operation, unknown int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.ops {
		p := porcupine.Operation{ClientId: o.client, Input: asked{o.key, o.in}, Call: o.call, Output: answered{o.out, true}, Return: o.ret}
		if o.ret == 0 {
			if o.in.Op == opRead {
				continue
			}
			p.Output, p.Return = answered{}, math.MaxInt64
			unknown++
		}
		out = append(out, p)
	}
	return out, unknown
}

type asked struct {
	key string
	do  Do
}

type answered struct {
	done  Done
	known bool
}

// model is a register for porcupine.
var model = porcupine.Model{
	Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range ops {
			key := o.Input.(asked).key
			by[key] = append(by[key], o)
		}
		var out [][]porcupine.Operation
		for _, part := range by {
			out = append(out, part)
		}
		return out
	},
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		return step(state.(int), input.(asked).do, output.(answered))
	},
}

// step is what a register does, whether its answer was seen or not.
func step(value int, in Do, out answered) (bool, any) {
	switch in.Op {
	case opRead:
		return out.done.Value == value, value
	case opWrite:
		return true, in.Value
	}
	fits := value == in.Expect
	if out.known && out.done.OK != fits {
		return false, value
	}
	if fits {
		value = in.Value
	}
	return true, value
}

// judgeFor bounds porcupine's search, on the real clock.
const judgeFor = 20 * time.Second

// linearizable returns what speaks against it.
func (h *history) linearizable() (problems []string) {
	ops, _ := h.operations()
	for _, part := range model.Partition(ops) {
		key := part[0].Input.(asked).key
		switch porcupine.CheckOperationsTimeout(model, part, judgeFor) {
		case porcupine.Illegal:
			problems = append(problems, "register "+key+" is not linearizable")
		case porcupine.Unknown:
			problems = append(problems, "register "+key+": no verdict in time")
		}
	}
	return problems
}
