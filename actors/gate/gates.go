package gate

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"hayauma.example/actors"
	"hayauma.example/actors/provider"
	"hayauma.example/engine"
	"hayauma.example/engine/meter"
)

// DefaultInFlight is how many calls of all gates are in flight at once.
const DefaultInFlight = 2048

// Deps are what gates need from outside.
type Deps struct {
	// Provider makes the client of a channel; a gate keeps it until the settings change. It must not block.
	Provider func(actors.Settings) (provider.Provider, error)
	// MaxInFlight bounds the calls in flight of all gates together (share.go); 0: DefaultInFlight.
	MaxInFlight int
	// May tells whether a call may start on this node now; it is asked right before each, from any goroutine, and doesn't block: false
	// where the node's lease has lapsed. nil: always.
	May func() bool
	// Log takes what gates have to say; nil: the system's.
	Log *slog.Logger
}

// Gates are the gates of one system, by channel. They are safe for concurrent use.
type Gates struct {
	sys       *engine.System
	deps      Deps
	closed    engine.Ref[Msg]        // where messages go when the system stops
	suspended atomic.Pointer[string] // why no call starts; nil: calls start
	share     share
	figures   meter.By[Figures]

	mu sync.RWMutex // guards by
	by map[string]engine.Ref[Msg]
}

// New returns the gates of a running system. A second one for the same system panics.
func New(sys *engine.System, deps Deps) *Gates {
	if deps.MaxInFlight <= 0 {
		deps.MaxInFlight = DefaultInFlight
	}
	if deps.Log == nil {
		deps.Log = sys.Log()
	}
	if deps.May == nil {
		deps.May = func() bool { return true }
	}
	closed, err := engine.Spawn(sys, "gates", func() engine.Actor[Msg] { return nowhere{} })
	if err != nil {
		panic(err)
	}
	return &Gates{sys: sys, deps: deps, closed: closed, share: share{most: int64(deps.MaxInFlight)}, by: make(map[string]engine.Ref[Msg])}
}

// Of is the gate of a channel on this node.
func (gs *Gates) Of(channel string) engine.Ref[Msg] {
	gs.mu.RLock()
	ref, ok := gs.by[channel]
	gs.mu.RUnlock()
	if ok {
		return ref
	}
	return gs.spawn(channel)
}

func (gs *Gates) spawn(channel string) engine.Ref[Msg] {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if ref, ok := gs.by[channel]; ok {
		return ref
	}
	// The mailbox has no bound of its own: one Wait per rendered path, which demand bounds.
	g := newGate(gs, channel) // it goes on after a panic
	ref, err := engine.Spawn(gs.sys, "gate/"+channel, func() engine.Actor[Msg] { return g }, engine.WithMailbox(engine.Unbounded))
	if err != nil {
		gs.deps.Log.Warn("gate not started", "channel", channel, "error", err)
		return gs.closed
	}
	gs.by[channel] = ref
	return ref
}

// Suspend stops calls: until Resume no gate starts one. Calls in flight go on.
func (gs *Gates) Suspend(reason string) {
	if gs.suspended.Swap(&reason) == nil {
		gs.deps.Log.Warn("provider calls suspended", "reason", reason)
	}
}

// End is Suspend for good: what was here goes on elsewhere, which is nothing to be warned of.
func (gs *Gates) End(reason string) {
	if gs.suspended.Swap(&reason) == nil {
		gs.deps.Log.Info("provider calls have ended", "reason", reason)
	}
}

// Resume ends a suspension.
func (gs *Gates) Resume() {
	if gs.suspended.Swap(nil) == nil {
		return
	}
	gs.deps.Log.Info("provider calls resumed")
	gs.mu.RLock()
	defer gs.mu.RUnlock()
	for _, ref := range gs.by {
		ref.Tell(wake{})
	}
}

// Suspended is why no call starts; empty: calls start.
func (gs *Gates) Suspended() string {
	if r := gs.suspended.Load(); r != nil {
		return *r
	}
	return ""
}

// May tells whether a call may start now. What has become right again is seen within pollEvery, or by Resume.
func (gs *Gates) May() bool { return gs.suspended.Load() == nil && gs.deps.May() }

// nowhere takes the messages of a system that stops.
type nowhere struct{}

// Handle drops the message: nothing is sent any more, and what is not settled is sent again elsewhere.
func (nowhere) Handle(*engine.Context[Msg], Msg) {}
