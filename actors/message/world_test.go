package message_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/gate"
	"hayauma.example/actors/message"
	"hayauma.example/actors/poster"
	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/recipient"
	"hayauma.example/actors/tally"
	"hayauma.example/codec"
	"hayauma.example/engine"
	"hayauma.example/engine/enginetest"
	"hayauma.example/engine/journal"
)

const token = "simulated-token"

// shardOf is how a cluster finds the shard of a key.
func shardOf(_, key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	sum := h.Sum64()
	sum ^= sum >> 32
	sum ^= sum >> 16
	return int(sum % 64)
}

var addresses = sync.OnceValue(func() *recipient.Addresses { return recipient.NewAddresses(shardOf) })

// world is everything that outlives a crash.
type world struct {
	*testing.T
	store  *journal.Memory
	sim    *linesim.Sim
	began  time.Time
	starts int
	budget int                   // of each process
	unread func(id string) error // what reading a message fails with; set before a start

	mu    sync.Mutex
	armed map[string]int // guarded by mu; the process dies when a point is reached for the so-manieth time
	calls []time.Time    // guarded by mu; starts of provider calls

	in *incarnation // written by the test with mu held
}

// incarnation is one start of the process.
type incarnation struct {
	counted message.Counted

	w    *world
	dead atomic.Bool
	died chan struct{}
	sys  *engine.System
}

// budget has the processes of a world hold so many bytes of messages.
func budget(bytes int) func(*world) { return func(w *world) { w.budget = bytes } }

func newWorld(t *testing.T, o linesim.Options, sets ...func(*world)) *world {
	w := &world{T: t, store: enginetest.NewStore(), began: time.Now(), armed: map[string]int{}}
	o.Tokens = []string{token}
	w.sim = linesim.New(o)
	for _, set := range sets {
		set(w)
	}
	w.start()
	t.Cleanup(func() { w.in.die() })
	return w
}

// start begins an incarnation over the store, as the daemon does.
func (w *world) start() {
	w.Helper()
	w.starts++
	in := &incarnation{w: w, died: make(chan struct{})}
	reg := codec.NewRegistry()
	channel.Register(reg)
	recipient.Register(reg)
	tally.Register(reg)
	message.Register(reg)
	actors.RegisterMessages(reg)
	log := slog.New(slog.DiscardHandler)
	in.sys = enginetest.NewSystem(w.T, enginetest.Options{Store: &store{w.store, in}, Messages: reg, Crash: in.reach, Payload: w.unread, Log: log})
	provide := func(actors.Settings) (provider.Provider, error) { return &caller{w.sim.Provider(token), in}, nil }
	gates := gate.New(in.sys, gate.Deps{Provider: provide, Log: log})
	channel.Serve(in.sys, channel.Deps{Provider: provide, Getenv: func(string) string { return token }})
	poster.Serve(in.sys, poster.Deps{Cluster: w.store.ClusterID(), Gates: gates, Crash: in.reach})
	recipient.Serve(in.sys, addresses())
	tally.Serve(in.sys, actors.Statistics)
	tally.Serve(in.sys, actors.Usages)
	message.Serve(in.sys, message.Deps{Crash: in.reach, Counted: &in.counted, Budget: w.budget})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in = in
}

// die is kill -9.
func (in *incarnation) die() {
	if in.dead.Swap(true) {
		return
	}
	in.sys.Kill()
	close(in.died)
}

// kill kills the process from elsewhere than the test.
func (w *world) kill() {
	w.mu.Lock()
	in := w.in
	w.mu.Unlock()
	in.die()
}

// crash kills the process now, and starts another.
func (w *world) crash() {
	w.in.die()
	w.start()
}

// revive starts another process where the one in hand has died.
func (w *world) revive() {
	select {
	case <-w.in.died:
		time.Sleep(time.Second)
		w.start()
	default:
	}
}

// reach is every named crash point.
func (in *incarnation) reach(point string) {
	if in.dead.Load() {
		return
	}
	w := in.w
	w.mu.Lock()
	left, armed := w.armed[point]
	if left--; armed {
		w.armed[point] = left
	}
	if left == 0 {
		delete(w.armed, point)
	}
	w.mu.Unlock()
	if armed && left == 0 {
		in.die()
	}
}

func (w *world) arm(point string, nth int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed[point] = nth
}

// store is the journal as one incarnation sees it: an append takes a moment, and one under way at its death may be stored.
type store struct {
	journal.Store
	in *incarnation
}

var errDead = errors.New("the process is dead")

// Append implements journal.Store.
func (s *store) Append(ctx context.Context, c journal.Claim, id string, records []journal.Record) error {
	if s.in.dead.Load() {
		return errDead
	}
	select {
	case <-time.After(2 * time.Millisecond):
	case <-s.in.died:
		if rand.IntN(2) == 0 {
			_ = s.Store.Append(context.WithoutCancel(ctx), c, id, records)
		}
		return errDead
	}
	return s.Store.Append(context.WithoutCancel(ctx), c, id, records)
}

// caller is the provider as one incarnation sees it: a dead one starts no call.
type caller struct {
	provider.Provider
	in *incarnation
}

// Send implements provider.Provider.
func (p *caller) Send(ctx context.Context, c provider.Call) provider.Answer {
	if p.in.dead.Load() {
		return provider.Answer{Verdict: provider.Unsent, Reason: errDead.Error()}
	}
	p.in.w.mu.Lock()
	p.in.w.calls = append(p.in.w.calls, time.Now())
	p.in.w.mu.Unlock()
	return p.Provider.Send(ctx, c)
}

func (w *world) callCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

func ask[R, M any](w *world, k *engine.Kind[M], id string, m M) (R, error) {
	in := w.in
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := engine.Ask[R](ctx, k.Ref(in.sys, id), m)
	if in.dead.Load() {
		return r, errDead
	}
	return r, err
}

// configure adds the channel.
func (w *world) configure(limits actors.Limits) {
	w.Helper()
	s := actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: limits}
	if _, err := ask[actors.ChannelInfo](w, actors.Channels, "shop", actors.ChannelMsg(actors.Configure{Settings: s})); err != nil {
		w.Fatal(err)
	}
}

func user(n int) string { return fmt.Sprintf("U%032x", uint64(n)*0x9e3779b97f4a7c15) }

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

// text is a message to a user, whose key is its text.
func text(n int, words string) actors.NewMessage {
	body := fmt.Sprintf(`[{"text":%q,"type":"text"}]`, words)
	return actors.NewMessage{Key: hash("key " + words), Content: hash(body), To: user(n), Messages: []byte(body)}
}

func bookOf(u string) string { return addresses().Of("shop", u) }

func (w *world) try(ms ...actors.NewMessage) (actors.AcceptedMessages, error) {
	return ask[actors.AcceptedMessages](w, actors.Messages, bookOf(ms[0].To), actors.MessageMsg(actors.AcceptMessages{Entries: ms}))
}

// send accepts messages to one user.
func (w *world) send(ms ...actors.NewMessage) []actors.AcceptedMessage {
	w.Helper()
	a, err := w.try(ms...)
	if err != nil {
		w.Fatal(err)
	}
	return a.Entries
}

func (w *world) show(u string, number uint32) actors.MessageInfo {
	w.Helper()
	info, err := ask[actors.MessageInfo](w, actors.Messages, bookOf(u), actors.MessageMsg(actors.ShowMessage{Number: number}))
	if err != nil {
		w.Fatal(err)
	}
	return info
}

func (w *world) cancel(u string, number uint32) (actors.MessageInfo, error) {
	return ask[actors.MessageInfo](w, actors.Messages, bookOf(u), actors.MessageMsg(actors.CancelMessage{Number: number}))
}

func (w *world) set(u string, s actors.RecipientSettings) {
	w.Helper()
	change := actors.RecipientChange{User: u, Sets: actors.AllFields, Settings: s}
	if _, err := ask[actors.Done](w, actors.Recipients, bookOf(u), actors.RecipientMsg(actors.Change{Entries: []actors.RecipientChange{change}})); err != nil {
		w.Fatal(err)
	}
}

// wants fails where a message is not in a state.
func (w *world) wants(u string, number uint32, state actors.MessageState, reason string) actors.MessageInfo {
	w.Helper()
	info := w.show(u, number)
	if info.State != state || info.Reason != reason {
		w.Errorf("message %d is %s (%s), want %s (%s)", number, info.State, info.Reason, state, reason)
	}
	return info
}
