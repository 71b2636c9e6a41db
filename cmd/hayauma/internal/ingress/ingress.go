package ingress

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Prefix begins the subjects of requests.
const Prefix = "hayauma.v1."

// Service is the service's name.
const Service = "hayauma"

// Bounds of what a node has in hand.
const (
	atOnce       = 16 // requests in handlers
	waitingMost  = 512
	waitingBytes = 16 << 20
	timeout      = 30 * time.Second
	patience     = time.Second // that a request waits for a handler: who asks mostly gives up after a few seconds
	grace        = time.Second // that a handler gets to say why it is late
	startFor     = 10 * time.Second
	stopLook     = 10 * time.Millisecond
)

// Config says what is served. All of it is needed, but for Timeout.
type Config struct {
	Conn       *nats.Conn // the ingress closes it
	Handler    http.Handler
	Operations []api.Operation
	Version    string
	Node       string
	Log        *slog.Logger
	Timeout    time.Duration // of a request; 0 is 30 s
	Patience   time.Duration // that a request waits for a handler to be free; 0 is 1 s
}

// Ingress is the service on one node.
type Ingress struct {
	cfg     Config
	service micro.Service
	figures map[string]*figures // by operation
	slots   chan struct{}       // one for each request in a handler
	ctx     context.Context     // ends with Stop
	cancel  context.CancelFunc

	once    sync.Once
	stopped error // set by once

	mu    sync.Mutex
	count int // requests that are here; guarded by mu
	bytes int // of them; guarded by mu
}

// figures are what an endpoint adds to the service's statistics.
type figures struct {
	answered, failed, refused atomic.Int64
}

// Start serves until Stop.
func Start(ctx context.Context, cfg Config) (_ *Ingress, err error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = timeout
	}
	if cfg.Patience == 0 {
		cfg.Patience = patience
	}
	s := &Ingress{cfg: cfg, figures: map[string]*figures{}, slots: make(chan struct{}, atOnce)}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, o := range cfg.Operations {
		s.figures[o.ID] = &figures{}
	}
	s.service, err = micro.AddService(cfg.Conn, micro.Config{
		Name: Service, Version: semantic(cfg.Version), Description: "The HTTP API of Hayauma as requests", QueueGroup: Service,
		Metadata: map[string]string{"node": cfg.Node}, StatsHandler: s.stats,
	})
	if err != nil {
		return nil, fmt.Errorf("ingress: %w", err)
	}
	for _, o := range cfg.Operations {
		err := s.service.AddEndpoint(o.ID, s.handler(o), micro.WithEndpointSubject(Prefix+o.ID),
			micro.WithEndpointMetadata(map[string]string{"method": o.Method, "path": o.Path, "summary": o.Summary}))
		if err != nil {
			return nil, fmt.Errorf("ingress: %s: %w", o.ID, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startFor)
	defer cancel()
	if err := cfg.Conn.FlushWithContext(ctx); err != nil {
		return nil, fmt.Errorf("ingress: subscribe: %w", err)
	}
	return s, nil
}

var versionPattern = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)`)

// semantic is a version as micro wants it: of one that has no numbers, zeros.
func semantic(version string) string {
	if m := versionPattern.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return "0.0.0"
}

// stats are an endpoint's own figures: micro's count what has come, and not how long it took.
func (s *Ingress) stats(e *micro.Endpoint) any {
	f := s.figures[e.Name]
	if f == nil {
		return nil
	}
	return map[string]int64{"answered": f.answered.Load(), "failed": f.failed.Load(), "refused": f.refused.Load()}
}

// Stop takes no more requests, answers those that are here, and closes the connection. What is not answered when ctx ends is left; without
// a connection there is nobody to answer.
func (s *Ingress) Stop(ctx context.Context) error {
	s.once.Do(func() { s.stopped = s.stop(ctx) })
	return s.stopped
}

func (s *Ingress) stop(ctx context.Context) error {
	defer s.cfg.Conn.Close()
	defer s.cancel()
	err := s.service.Stop()
	look := time.NewTicker(stopLook)
	defer look.Stop()
	for err == nil && s.cfg.Conn.IsConnected() && (s.here() > 0 || s.cfg.Conn.NumSubscriptions() > 0) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("ingress: %d requests were left: %w", s.here(), context.Cause(ctx))
		}
	}
	if err == nil && s.cfg.Conn.IsConnected() {
		err = s.cfg.Conn.FlushWithContext(ctx)
	}
	if err != nil && s.cfg.Conn.IsConnected() {
		return fmt.Errorf("ingress: answers were left: %w", err)
	}
	return nil
}

func (s *Ingress) here() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// admit takes a request in, where there is room for it.
func (s *Ingress) admit(size int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == waitingMost || s.count > 0 && s.bytes+size > waitingBytes {
		return false
	}
	s.count++
	s.bytes += size
	return true
}

func (s *Ingress) leave(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	s.bytes -= size
}

// handler answers the requests of an operation, each beside the others: the connection's reader waits for none.
func (s *Ingress) handler(o api.Operation) micro.Handler {
	f := s.figures[o.ID]
	return micro.HandlerFunc(func(r micro.Request) {
		if !s.admit(len(r.Data())) {
			f.refused.Add(1)
			s.reply(r, f, busy())
			return
		}
		go func() {
			defer s.leave(len(r.Data()))
			s.reply(r, f, s.answer(o, r))
		}()
	})
}

func busy() *answer {
	a := problem(http.StatusServiceUnavailable, "too many requests are here: try again, a submission with the same Idempotency-Key")
	a.header.Set("Retry-After", "1")
	return a
}

// answer has the handler answer, within the time that a request has.
func (s *Ingress) answer(o api.Operation, r micro.Request) *answer {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.cfg.Timeout, errLate)
	defer cancel()
	if !s.enter(ctx) {
		return busy()
	}
	ctx, tooMuch := context.WithCancelCause(ctx)
	defer tooMuch(nil)
	req, refusal := request(ctx, o, r)
	if refusal != nil {
		<-s.slots
		return refusal
	}
	a, done := newAnswer(int(s.cfg.Conn.MaxPayload())-headerRoom, tooMuch), make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-s.slots }()
		s.serve(a, req)
	}()
	if late(ctx, done) {
		return cut(context.Cause(ctx))
	}
	if a.overflown {
		return cut(errLarge)
	}
	return a
}

// enter waits for a slot. Where handlers are slow or hang it says so while somebody still listens.
func (s *Ingress) enter(ctx context.Context) bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(s.cfg.Patience)
	defer t.Stop()
	select {
	case s.slots <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// late tells whether a handler goes on though the request is over.
func late(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	case <-ctx.Done():
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-done:
		return false
	case <-t.C:
		return true
	}
}

// serve calls the handler. One that panics has ended its connection, where there is one.
func (s *Ingress) serve(a *answer, req *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			s.cfg.Log.Warn("an answer was broken off", "path", req.URL.Path, "reason", v)
			*a = *problem(http.StatusInternalServerError, "the answer was broken off: see the daemon's log")
		}
	}()
	s.cfg.Handler.ServeHTTP(a, req)
}

// reply sends an answer.
func (s *Ingress) reply(r micro.Request, f *figures, a *answer) {
	if a.status >= http.StatusInternalServerError {
		f.failed.Add(1)
	} else {
		f.answered.Add(1)
	}
	if r.Reply() == "" {
		return // nobody wants to know
	}
	if err := s.cfg.Conn.PublishMsg(a.message(r.Reply())); err != nil {
		s.cfg.Log.Warn("an answer could not be sent", "subject", r.Subject(), "error", err)
	}
}

func problem(status int, detail string) *answer {
	a := newAnswer(0, nil)
	a.fill(huma.NewError(status, detail))
	return a
}

// Info is what the service tells of itself.
func (s *Ingress) Info() micro.Info { return s.service.Info() }
