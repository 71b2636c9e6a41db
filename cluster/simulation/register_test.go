package simulation

import (
	"errors"
	"time"

	"hayauma.example/codec"
	"hayauma.example/engine"
)

// Operations of a register.
const (
	opRead  = "read"
	opWrite = "write"
	opCAS   = "cas"
	opRang  = "rang" // the check's own: has the reminder fired?
)

type (
	// Do is a command to a register. It is repeated under its ID until it is answered.
	Do struct {
		ID            string
		Op            string
		Value, Expect int
	}
	// Done answers it.
	Done struct {
		Value int // read
		OK    bool
	}
	// Did is a register's event: a command has happened, or (a compare-and-set that found another value) never will.
	Did struct {
		ID    string
		OK    bool
		Value int
		Due   time.Time // of its reminder; the first event sets it
	}
	// Rang is a register's event: its reminder has fired.
	Rang struct{}
	// Alarm is the reminder.
	Alarm struct{ Due time.Time }

	// Numbered is what senders tell lines.
	Numbered struct {
		From string
		N    int
	}
)

// Kept is a register's state, and its snapshot.
type Kept struct {
	Value int
	Did   map[string]bool
	Due   time.Time
	Rang  bool
}

func messages() *codec.Registry {
	r := codec.NewRegistry()
	codec.Register[Do](r, "do")
	codec.Register[Done](r, "done")
	codec.Register[Did](r, "did")
	codec.Register[Rang](r, "rang")
	codec.Register[Numbered](r, "numbered")
	codec.Register[Kept](r, "kept")
	return r
}

var registers = func() *engine.Kind[any] {
	k := engine.NewKind[any](engine.KindConfig{Name: "register", Role: roleRegisters, SnapshotEvery: 40})
	engine.OnReminder(k, func(_ string, due time.Time, _ []byte) any { return Alarm{due} })
	return k
}()

var lines = engine.NewKind[any](engine.KindConfig{Name: "line", Role: roleLines})

var errSuspended = errors.New("simulation: the member's lease doesn't stand: ask again")

// register is a durable value.
type register struct {
	Kept
	may func() bool // asked right before it answers from memory
}

// Apply implements engine.Durable.
func (g *register) Apply(e any) {
	switch e := e.(type) {
	case Did:
		g.Did[e.ID] = e.OK
		if e.OK {
			g.Value = e.Value
		}
		g.Due = e.Due
	case Rang:
		g.Rang = true
	}
}

// Snapshot implements engine.Snapshotter.
func (g *register) Snapshot() any { return g.Kept }

// Restore implements engine.Snapshotter.
func (g *register) Restore(s any) {
	if g.Kept = s.(Kept); g.Did == nil {
		g.Did = map[string]bool{}
	}
}

// Handle implements engine.Actor.
func (g *register) Handle(c *engine.Context[any], m any) {
	switch m := m.(type) {
	case Do:
		g.do(c, m)
	case Alarm:
		g.ring(c, m)
	}
}

// do answers what is durable, and what is only in memory while the lease stands.
func (g *register) do(c *engine.Context[any], m Do) {
	ok, known := g.Did[m.ID]
	switch {
	case m.Op == opRang:
		c.Respond(Done{Value: len(g.Did), OK: g.Rang})
	case known:
		c.Respond(Done{OK: ok})
	case m.Op != opRead:
		g.change(c, m)
	case g.may():
		c.Respond(Done{Value: g.Value, OK: true})
	default:
		c.Respond(errSuspended)
	}
}

func (g *register) change(c *engine.Context[any], m Do) {
	e := Did{ID: m.ID, OK: m.Op == opWrite || g.Value == m.Expect, Value: m.Value, Due: g.Due}
	if e.Due.IsZero() {
		e.Due = time.Now().Add(3 * time.Second).Truncate(time.Millisecond)
		c.Remind("once", e.Due, nil)
	}
	engine.Persist(c, []any{e}, func() { c.Respond(Done{OK: e.OK}) })
}

func (g *register) ring(c *engine.Context[any], m Alarm) {
	c.Forget("once", m.Due)
	if g.Rang {
		engine.Persist[any](c, nil, nil)
		return
	}
	engine.Persist(c, []any{Rang{}}, nil)
}

// line notes in which order it handles what it is told.
type line struct {
	id      string
	orders  *orders
	current int // activation
}

// Handle implements engine.Actor.
func (g *line) Handle(_ *engine.Context[any], m any) {
	if m, ok := m.(Numbered); ok {
		g.orders.handled(g.id, g.current, m)
	}
}
