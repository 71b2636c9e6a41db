package census

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
)

// Msg is the closed set of messages that a census takes.
//
//sumtype:decl
type Msg interface{ censusMsg() }

type (
	// List asks for the first actors of a node in an order. Answer: Found.
	List struct {
		Kind  string // "": all
		Sort  Order
		Limit int
	}
	// Find asks for one actor. Answer: Found, with one actor or none.
	Find struct{ Kind, ID string }
)

func (List) censusMsg() {}
func (Find) censusMsg() {}

// Order of a list; those that come first have most.
type Order string

// Orders. What is equal stands in the order of kinds and identities.
const (
	ByDepth Order = "depth" // of the mailbox
	ByAge   Order = "age"   // of the oldest message that waits
)

// MaxLimit is the longest list.
const MaxLimit = 1000

// Actor is one that is in memory.
type Actor struct {
	Kind, ID string
	Depth    int
	Oldest   time.Duration
	State    string // idle, working or suspended
	Private  bool   // ID is personal data
	Plain    bool   // the daemon's own
}

// Found answers for one node.
type Found struct {
	Actors []Actor
	Total  int // of the kind in memory, listed or not
}

// Answer is what one node said.
type Answer struct {
	Node string
	Found
	Err error // it said nothing
}

// Member is a node that can be asked.
type Member struct{ Node, Incarnation string }

// name is the actor's, on every node.
const name = "census"

// patience is how long nodes are waited for.
const patience = 3 * time.Second

// Register names what goes from node to node.
func Register(r *codec.Registry) {
	codec.Register[List](r, "census/list")
	codec.Register[Find](r, "census/find")
	codec.Register[Found](r, "census/found")
}

// Census asks nodes. It is safe for concurrent use.
type Census struct {
	sys     *engine.System
	members func() []Member
}

// New starts this node's actor. members are the nodes to ask, this one among them; it is called for each question.
func New(sys *engine.System, members func() []Member) (*Census, error) {
	look := make(chan struct{}, 1)
	_, err := engine.Spawn(sys, name, func() engine.Actor[Msg] { return &clerk{look: look} })
	return &Census{sys: sys, members: members}, err
}

// Ask asks all nodes at once. The answers are in the order of the nodes' names.
func (c *Census) Ask(ctx context.Context, m Msg) []Answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	members := c.members()
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.Node, b.Node) })
	answers := make([]Answer, len(members))
	var all sync.WaitGroup
	for i, member := range members {
		all.Go(func() {
			ref := engine.RefTo[Msg](c.sys, engine.Address{Kind: "cell", ID: name, Member: member.Incarnation})
			found, err := engine.Ask[Found](ctx, ref, m)
			answers[i] = Answer{Node: member.Node, Found: found, Err: err}
		})
	}
	all.Wait()
	return answers
}

// clerk answers for its own node.
type clerk struct {
	look chan struct{} // holds one token while somebody looks
}

// Handle has one line per message.
func (k *clerk) Handle(c *engine.Context[Msg], m Msg) {
	switch m := m.(type) {
	case List:
		k.list(c, m)
	case Find:
		k.find(c, m)
	}
}

// list looks off the actor: there may be a million actors.
func (k *clerk) list(c *engine.Context[Msg], m List) {
	reply, sys := c.Reply(), c.System()
	c.Go(func(ctx context.Context) Msg {
		select {
		case k.look <- struct{}{}:
			defer func() { <-k.look }()
		case <-ctx.Done():
			return nil
		}
		reply.Send(first(m, sys.Cells))
		return nil
	})
}

func (k *clerk) find(c *engine.Context[Msg], m Find) {
	var out Found
	if info, ok := c.System().Cell(m.Kind, m.ID); ok {
		out = Found{Actors: []Actor{actorOf(info)}, Total: 1}
	}
	c.Respond(out)
}

// first are the first cells of a list, without keeping more than twice as many.
func first(q List, cells func(yield func(engine.CellInfo) bool)) (out Found) {
	limit := min(max(q.Limit, 1), MaxLimit)
	compare, full := q.Sort.compare(), false // full: the first limit are sorted, and what comes behind the last of them is none
	cells(func(c engine.CellInfo) bool {
		if q.Kind != "" && c.Kind != q.Kind {
			return true
		}
		out.Total++
		a := actorOf(c)
		if full && compare(a, out.Actors[limit-1]) >= 0 {
			return true
		}
		if out.Actors = append(out.Actors, a); len(out.Actors) == 2*limit {
			slices.SortFunc(out.Actors, compare)
			out.Actors, full = out.Actors[:limit], true
		}
		return true
	})
	slices.SortFunc(out.Actors, compare)
	out.Actors = out.Actors[:min(len(out.Actors), limit)]
	return out
}

func actorOf(c engine.CellInfo) Actor {
	return Actor{Kind: c.Kind, ID: c.ID, Depth: c.Depth, Oldest: c.Oldest, State: c.State, Private: c.Private, Plain: c.Plain}
}

func (o Order) compare() func(a, b Actor) int {
	same := func(a, b Actor) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) }
	if o == ByAge {
		return func(a, b Actor) int {
			return cmp.Or(cmp.Compare(b.Oldest, a.Oldest), cmp.Compare(b.Depth, a.Depth), same(a, b))
		}
	}
	return func(a, b Actor) int {
		return cmp.Or(cmp.Compare(b.Depth, a.Depth), cmp.Compare(b.Oldest, a.Oldest), same(a, b))
	}
}

// Merge is the first of all nodes' answers.
func Merge(answers []Answer, q List) []Placed {
	var all []Placed
	for _, a := range answers {
		for _, x := range a.Actors {
			all = append(all, Placed{Node: a.Node, Actor: x})
		}
	}
	compare := q.Sort.compare()
	slices.SortStableFunc(all, func(a, b Placed) int { return compare(a.Actor, b.Actor) })
	return all[:min(len(all), max(q.Limit, 0))]
}

// Placed is an actor with the node that has it in memory.
type Placed struct {
	Node string
	Actor
}
