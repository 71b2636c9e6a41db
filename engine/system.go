package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"
	"github.com/oklog/ulid/v2"

	"hayauma.example/codec"
)

// DefaultDispatcher is the pool of kinds that name none.
const DefaultDispatcher = "default"

// Config has a useful zero value.
type Config struct {
	Log         *slog.Logger          // nil: slog.Default()
	Incarnation string                // one start of a process, a ULID; made when empty
	Messages    *codec.Registry       // events and snapshots by stable name
	Journal     Journal               // nil: durable kinds can't be served
	Dispatchers map[string]Dispatcher // by name; "default" exists always
	Directory   Directory             // nil: all grains are here
	Transport   Transport             // to other members; nil: there are none
	Held        int                   // bytes of messages that wait for their grain's member to be settled; 0: DefaultHeld
	Crash       func(point string)    // crash points "<kind>.persist.before" and ".after", on the worker that reaches them; nil: none
	Tracer      Tracer                // for actors that tell what they do; nil: nobody wants to know
}

// System runs actors. It is safe for concurrent use.
type System struct {
	log         *slog.Logger
	incarnation string
	messages    *codec.Registry
	journal     Journal
	directory   Directory
	transport   Transport
	tracer      Tracer
	crash       func(point string)
	hollywood   *actor.Engine
	dispatchers map[string]*dispatcher
	clock       clock
	replays     replays
	asks        asks

	ctx      context.Context
	cancel   context.CancelCauseFunc
	stopping atomic.Bool
	dead     atomic.Bool

	_       [64]byte       // what is read at each message stands above, on other cache lines than what is written
	workers sync.WaitGroup // dispatchers' goroutines
	tasks   sync.WaitGroup // Go functions and replays
	runners runners        // run Go functions
	live    atomic.Int64   // cells in memory; raised under a lock that Stop takes after stopping is set
	emptied chan struct{}  // closed when a stopping system has no cell any more
	empty   sync.Once

	blockers sync.Map // kind → true: named in the log

	published   atomic.Int64 // dead letters published in the tick publishedAt
	publishedAt atomic.Uint32

	endMu sync.Mutex
	ended int // workers that ended after their dispatcher was closed; guarded by endMu
	end   sync.Cond
	over  chan struct{} // closed when Stop or Kill has waited for all of it

	kinds      kindTable
	plainStats kindStats
	members    memberNames
	watches    watches       // of other members' grains
	recent     recent        // grains here that other members send to
	held       held          // messages to grains whose member is being settled
	moving     sync.Mutex    // held while they go on
	marks      atomic.Uint64 // that were sent
	forwards   atomic.Uint64
	late       late     // words that found their lanes full
	topics     sync.Map // *Topic → *board
	crowd      crowd

	mu    sync.Mutex
	plain map[string]*cell // guarded by mu
}

// New starts a system. It runs nothing until something is sent.
func New(cfg Config) (*System, error) {
	s := &System{log: cfg.Log, incarnation: cfg.Incarnation, messages: cfg.Messages, journal: cfg.Journal, crash: cfg.Crash, directory: cfg.Directory,
		transport: cfg.Transport, tracer: cfg.Tracer}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.incarnation == "" {
		s.incarnation = ulid.Make().String()
	}
	if strings.Contains(s.incarnation, "/") || s.incarnation == GrainAddress || s.incarnation == replyAddress {
		return nil, errors.New("engine: the incarnation " + s.incarnation + " is reserved or contains a slash: use a ULID")
	}
	if s.messages == nil {
		s.messages = codec.NewRegistry()
	}
	s.held.bound = int64(cmp.Or(cfg.Held, DefaultHeld))
	s.end.L = &s.endMu
	s.plain = map[string]*cell{}
	s.emptied, s.over = make(chan struct{}), make(chan struct{})
	s.clock.began = time.Now()
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.asks.begin(s)
	s.replays.sys = s
	s.runners.tasks = &s.tasks
	var err error
	if s.hollywood, err = actor.NewEngine(actor.NewEngineConfig().WithRemote(&remoter{sys: s})); err != nil {
		return nil, err
	}
	s.startDispatchers(cfg.Dispatchers)
	registerBasics(s.messages)
	s.watches.sys = s
	if s.directory != nil {
		s.directory.OnChange(s.placesChanged)
	}
	if s.transport != nil {
		s.transport.Start(receiver{s})
	}
	if s.journal != nil {
		s.journal.OnReminder(s.fire)
	}
	return s, nil
}

func (s *System) startDispatchers(cfgs map[string]Dispatcher) {
	s.dispatchers = map[string]*dispatcher{DefaultDispatcher: newDispatcher(s, cfgs[DefaultDispatcher])}
	for name, cfg := range cfgs {
		if name != DefaultDispatcher {
			s.dispatchers[name] = newDispatcher(s, cfg)
		}
	}
}

// Engine returns Hollywood's engine; its actors and our cells reach each other through it.
func (s *System) Engine() *actor.Engine { return s.hollywood }

// Incarnation names this start of the process; it is the address of Hollywood's engine too.
func (s *System) Incarnation() string { return s.incarnation }

// Log returns the system's logger.
func (s *System) Log() *slog.Logger { return s.log }

// refusal is the reason why no cell begins any more; "" while they do.
func (s *System) refusal() string {
	switch {
	case s.dead.Load():
		return ReasonKilled
	case s.stopping.Load():
		return ReasonStopped
	}
	return ""
}

// Stop lets every cell finish the message in its hands and an append in flight, and ends it; queued messages become dead letters
// and open Asks are answered with ErrStopped. It returns when nothing of the system runs any more. When ctx ends first the system
// is killed and the context's error returned. A later call waits for the same end, and kills nothing. A handler can't wait for its own
// end: there it is an error.
func (s *System) Stop(ctx context.Context) error {
	if s.onWorker() {
		return errors.New("engine: Stop in a handler would wait for itself: call it on another goroutine")
	}
	if s.stopping.Swap(true) {
		return s.awaitEnd(ctx)
	}
	for _, c := range s.allCells() {
		c.pushSystem(terminate{reason: ReasonStopped})
	}
	s.departed(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.emptied:
			s.runners.close()
			s.tasks.Wait()
		case <-s.ctx.Done():
		}
	}()
	select {
	case <-done:
		if s.dead.Load() {
			return s.awaitEnd(ctx)
		}
		s.shut(ErrStopped)
		s.workers.Wait()
		return nil
	case <-ctx.Done():
		s.Kill()
		return ctx.Err()
	}
}

// awaitEnd waits for an end that another call has begun.
func (s *System) awaitEnd(ctx context.Context) error {
	select {
	case <-s.over:
		if errors.Is(context.Cause(s.ctx), ErrKilled) {
			return ErrKilled
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill ends the system as if its process died: after it returns no handler, Go result, timer or continuation runs, and nothing is
// sent. Contexts are cancelled, so that goroutines end. It may be called from a handler or a crash point, whose own turn has no
// effects afterwards. It waits for handlers that run on other workers, 5 s at most: one that is stuck for longer is logged, and has no
// effects in the system when it goes on.
func (s *System) Kill() {
	s.stopping.Store(true)
	s.shut(ErrKilled)
}

// departed counts cells that have left memory.
func (s *System) departed(n int64) {
	if s.live.Add(-n) == 0 && s.stopping.Load() {
		s.empty.Do(func() { close(s.emptied) })
	}
}

func (s *System) shut(cause error) {
	own := 0
	if s.onWorker() {
		own = 1
	}
	if s.dead.Swap(true) {
		if own == 0 {
			<-s.over
		}
		return
	}
	defer close(s.over)
	s.cancel(cause)
	s.asks.end(cause)
	s.clock.stop()
	s.runners.close()
	for _, k := range s.kinds.all() {
		k.sweep.stop()
	}
	workers := 0
	for _, d := range s.dispatchers {
		workers += d.close()
	}
	s.awaitWorkers(workers - own)
}

// killPatience is how long the end of a system waits for handlers.
const killPatience = 5 * time.Second

// awaitWorkers waits until so many workers have ended, or for as long as is fair.
func (s *System) awaitWorkers(n int) {
	impatient := false
	timer := time.AfterFunc(killPatience, func() {
		s.endMu.Lock()
		defer s.endMu.Unlock()
		impatient = true
		s.end.Broadcast()
	})
	defer timer.Stop()
	s.endMu.Lock()
	defer s.endMu.Unlock()
	for s.ended < n && !impatient {
		s.end.Wait()
	}
	if s.ended < n {
		s.log.Error("handlers still run in a system that has ended", "handlers", n-s.ended)
	}
}

// workerEnded counts a worker that ended after its dispatcher was closed.
func (s *System) workerEnded() {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	s.ended++
	s.end.Broadcast()
}

// allCells returns every cell that may still take messages.
func (s *System) allCells() []*cell {
	var out []*cell
	for _, k := range s.kinds.all() {
		for i := range k.shards {
			out = k.cells(i, out)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.plain {
		out = append(out, c)
	}
	return out
}

// reach is called at a named crash point; false when the system was killed there.
func (s *System) reach(point string) bool {
	if s.crash != nil {
		s.crash(point)
	}
	return !s.dead.Load()
}

// onWorker reports whether the calling goroutine is one of this system's workers.
func (s *System) onWorker() bool {
	self := goroutine()
	for _, d := range s.dispatchers {
		for _, w := range *d.crew.Load() {
			if w.goroutine.Load() == self {
				return true
			}
		}
	}
	return false
}

// goroutine is the number of the calling goroutine, which the runtime tells only at the head of a stack.
func goroutine() uint64 {
	var room [32]byte
	head := room[:runtime.Stack(room[:], false)]
	var n uint64
	for _, c := range head[len("goroutine "):] {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + uint64(c-'0')
	}
	return n
}

// Done is closed when the system stops or is killed.
func (s *System) Done() <-chan struct{} { return s.ctx.Done() }
