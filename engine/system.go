package engine

import (
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
	Crash       func(point string)    // crash points "<kind>.persist.before" and ".after", on the worker that reaches them; nil: none
}

// System runs actors. It is safe for concurrent use.
type System struct {
	log         *slog.Logger
	incarnation string
	messages    *codec.Registry
	journal     Journal
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

	kinds      kindTable
	plainStats kindStats
	topics     sync.Map // *Topic → *board

	mu    sync.Mutex
	plain map[string]*cell // guarded by mu
}

// New starts a system. It runs nothing until something is sent.
func New(cfg Config) (*System, error) {
	s := &System{log: cfg.Log, incarnation: cfg.Incarnation, messages: cfg.Messages, journal: cfg.Journal, crash: cfg.Crash}
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
	s.end.L = &s.endMu
	s.plain = map[string]*cell{}
	s.emptied = make(chan struct{})
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
		return reasonKilled
	case s.stopping.Load():
		return reasonStopped
	}
	return ""
}

// Stop lets every cell finish the message in its hands and an append in flight, and ends it; queued messages become dead letters
// and open Asks are answered with ErrStopped. It returns when nothing of the system runs any more. When ctx ends first the system
// is killed and the context's error returned.
func (s *System) Stop(ctx context.Context) error {
	if s.stopping.Swap(true) {
		<-s.ctx.Done()
		return nil
	}
	for _, c := range s.allCells() {
		c.pushSystem(terminate{reason: reasonStopped})
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
			return ErrKilled
		}
		s.shut(ErrStopped, 0)
		s.workers.Wait()
		return nil
	case <-ctx.Done():
		s.Kill()
		return ctx.Err()
	}
}

// Kill ends the system as if its process died: after it returns no handler, Go result, timer or continuation runs, and nothing is
// sent. Contexts are cancelled, so that goroutines end. It may be called from a handler or a crash point, whose own turn has no
// effects afterwards. It waits for handlers that run on other workers, 5 s at most: one that is stuck for longer is logged, and has no
// effects in the system when it goes on.
func (s *System) Kill() {
	own := 0
	if onWorker() {
		own = 1
	}
	s.stopping.Store(true)
	s.shut(ErrKilled, own)
}

// departed counts cells that have left memory.
func (s *System) departed(n int64) {
	if s.live.Add(-n) == 0 && s.stopping.Load() {
		s.empty.Do(func() { close(s.emptied) })
	}
}

func (s *System) shut(cause error, own int) {
	if s.dead.Swap(true) {
		return
	}
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

// onWorker reports whether the calling goroutine is a dispatcher's worker.
func onWorker() bool {
	var pcs [1024]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "engine.(*worker).loop") {
			return true
		}
		if !more {
			return false
		}
	}
}

// Done is closed when the system stops or is killed.
func (s *System) Done() <-chan struct{} { return s.ctx.Done() }
