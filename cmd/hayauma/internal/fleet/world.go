package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

// Token is the channel access token of the simulated account.
const Token = "simulated-token"

// All are the roles of a node that carries everything.
var All = []string{actors.RoleComposer, actors.RolePoster, actors.RoleChecker}

// Options of a world; the zero value has no faults and no limits.
type Options struct {
	Seed    uint64
	Dir     *os.Root // for temporary files
	Limits  actors.Limits
	Faults  linesim.Faults
	Order   linesim.Order
	Latency time.Duration // of the network; 0: 1 ms
	Jitter  time.Duration
	Chunk   int // most recipients of a chunk; 0: as many as a multicast takes
	Budget  int // of demand, in bytes a node; 0: the product's
	Owner   func(*World) Owner
	Mutant  Mutant
}

// Mutant is the product with one rule broken; the zero value breaks none.
type Mutant struct {
	Store    func(journal.Store) journal.Store
	Provider func(provider.Provider) provider.Provider
	Poster   func(*poster.Poster) engine.Actor[actors.PosterMsg]
	Checker  func(*checker.Checker) engine.Durable[actors.CheckerMsg, checker.Event]
	Channel  func(*channel.Channel) engine.Durable[actors.ChannelMsg, channel.Event]
	NoLease  bool // nobody asks whether the lease stands
}

// Owner decides which node owns which shards, and tells nodes what they have to know of it.
type Owner interface {
	// Incarnation names the start of a node, counted from 1.
	Incarnation(start int) string
	// Connect gives a node its ways to the store.
	Connect(n *Node) (journal.Store, journal.Objects)
	// Attach makes what a node's system is made with.
	Attach(n *Node) (engine.Directory, engine.Journal)
	// Join takes nodes in whose systems run; it returns when every shard of their roles has an owner.
	Join(ctx context.Context, nodes ...*Node) error
	// Killed is told of a node whose process has died just now.
	Killed(n *Node)
	// Leave hands over everything that a node owns, and returns when it is no member any more.
	Leave(ctx context.Context, n *Node) error
	// Carriers is how many nodes carry a role, as far as this one knows.
	Carriers(n *Node, role string) int
	// May tells whether a node may start calls and grant tokens.
	May(n *Node) bool
	// Close ends what is left.
	Close()
}

// World is everything that outlives a node.
type World struct {
	T     testing.TB
	Store *journal.Memory
	Sim   *linesim.Sim
	Net   *enginetest.Network
	Owner Owner

	o     Options
	began time.Time

	mu       sync.Mutex
	dice     *rand.Rand    // guarded by mu
	nodes    []*Node       // guarded by mu; those that live
	number   int           // guarded by mu
	starts   []start       // guarded by mu
	calling  map[*Node]int // guarded by mu; calls under way
	lines    []string      // guarded by mu
	faults   []string      // guarded by mu; what was wrong while it ran
	missions []*Mission
}

// start is one start of a provider call.
type start struct {
	at       time.Duration
	endpoint provider.Endpoint
	node     string
}

// ClusterID is that of every world.
var ClusterID = uuid.MustParse("6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11")

// New makes a world without nodes. It is called inside a bubble, and closed there.
func New(t testing.TB, o Options) *World {
	if o.Latency == 0 {
		o.Latency = time.Millisecond
	}
	w := &World{
		T: t, o: o, began: time.Now(), Store: journal.NewMemory(ClusterID), dice: rand.New(rand.NewPCG(o.Seed, 0xf1ee7)),
		Net: enginetest.NewNetwork(t, o.Seed+1), calling: map[*Node]int{},
	}
	w.Store.Latency = time.Millisecond
	w.Net.SetLatency(o.Latency, o.Jitter)
	w.Sim = linesim.New(linesim.Options{Faults: o.Faults, Order: o.Order, Tokens: []string{Token},
		Limits: linesim.Limits{Off: o.Limits == actors.Limits{}, Push: o.Limits.Push, Multicast: o.Limits.Multicast}})
	if o.Owner == nil {
		o.Owner = func(w *World) Owner { return NewScript(w) }
	}
	w.Owner = o.Owner(w)
	return w
}

// Boot starts nodes with these roles, and returns when they own all shards. The channel is configured with the first.
func (w *World) Boot(roles ...[]string) []*Node {
	w.T.Helper()
	var nodes []*Node
	for _, r := range roles {
		nodes = append(nodes, w.start("", r))
	}
	if err := w.Owner.Join(context.Background(), nodes...); err != nil {
		w.T.Fatalf("fleet: joining: %v", err)
	}
	return nodes
}

// Configure sets up the channel.
func (w *World) Configure() {
	s := actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: w.o.Limits}
	if _, err := Insist[actors.ChannelInfo](w, actors.Channels, "shop", actors.ChannelMsg(actors.Configure{Settings: s})); err != nil {
		w.T.Fatalf("fleet: configuring the channel: %v", err)
	}
}

// Close ends every node.
func (w *World) Close() {
	for _, n := range w.Live() {
		n.die("the end")
	}
	w.Owner.Close()
}

// Now is the time since the world began.
func (w *World) Now() time.Duration { return time.Since(w.began) }

// Live are the nodes that live, oldest first.
func (w *World) Live() []*Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*Node(nil), w.nodes...)
}

// Any is one of the nodes that live, nil where none does.
func (w *World) Any() *Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.nodes) == 0 {
		return nil
	}
	return w.nodes[w.dice.IntN(len(w.nodes))]
}

// Within is a random duration below d.
func (w *World) Within(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.dice.Int64N(int64(d) + 1))
}

// Kill ends a node as kill -9 does.
func (w *World) Kill(n *Node) {
	n.die("killed")
	w.Owner.Killed(n)
}

// Leave stops a node as planned.
func (w *World) Leave(n *Node) {
	w.Note(n.Name, "leaves")
	if err := w.Owner.Leave(context.Background(), n); err != nil {
		w.Wrong(fmt.Sprintf("%s could not leave: %v", n.Name, err))
	}
	n.die("left")
}

// Note adds a line to the transcript.
func (w *World) Note(who, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(who) == ulid.EncodedSize {
		who = who[len(who)-4:] // the rest is alike
	}
	w.lines = append(w.lines, fmt.Sprintf("%12v %-4s %s", w.Now(), who, what))
}

// Wrong notes a breach that is seen while the world runs.
func (w *World) Wrong(what string) {
	w.Note("!!!!", what)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, what)
}

// Transcript is what happened, the last lines of it.
func (w *World) Transcript(last int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines[max(0, len(w.lines)-last):], "\n")
}

// handler puts warnings and errors of nodes into the transcript; an actor that failed is a breach.
type handler struct {
	w    *World
	name string
}

// Enabled implements slog.Handler.
func (handler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements slog.Handler.
func (h handler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if r.Message == "actor failed" || r.Message == "subscriber failed" {
		h.w.Wrong("an actor failed: " + text)
		return nil
	}
	h.w.Note(h.name, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h handler) WithGroup(string) slog.Handler { return h }
