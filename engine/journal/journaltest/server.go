package journaltest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hayauma.example/engine/enginetest/bubble"
	"hayauma.example/engine/journal"
)

// Server is a store that several processes reach over connections of their own. It blocks on channels and timers only and reads the
// clock of the bubble that it is used in. Fields are set before use.
type Server struct {
	Store   journal.Store // carries out what arrives; its own fences hold
	Hitches Hitches       // nil: none
	Request time.Duration // after which a request without an answer fails, beside the caller's own deadline; 0 is 2 s
	Batches int           // atomic batches of several records under way at once; one more is refused as busy; 0 is 50, as in NATS

	mu      sync.Mutex // guards what follows, and all of its clients
	clients map[string]*Client
	absent  int // running Away
	batches int
}

const (
	defaultRequest = 2 * time.Second
	defaultBatches = 50
)

// Away takes the store's leader away for a time: requests that arrive meanwhile are neither carried out nor answered.
func (s *Server) Away(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.absent++
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.absent--
	})
}

// Client gives the connection of that name; its hitches go by the name.
func (s *Server) Client(name string) *Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients == nil {
		s.clients = map[string]*Client{}
	}
	c, ok := s.clients[name]
	if !ok {
		c = &Client{server: s, name: name, asked: map[Question]uint64{}}
		s.clients[name] = c
	}
	return c
}

// request is one call: do runs at the store, once, perhaps after the caller has gone.
type request[T any] struct {
	Question
	batch bool // of several records
	do    func(ctx context.Context) (T, error)
}

type answer[T any] struct {
	value T
	err   error
}

// ask sends a request and waits for its answer. Without one the error says nothing of what became of it.
func ask[T any](ctx context.Context, c *Client, r request[T]) (T, error) {
	var none T
	limit := c.server.Request
	if limit == 0 {
		limit = defaultRequest
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	done := make(chan answer[T], 1)
	send(ctx, c, r, done)
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, fmt.Errorf("journaltest: no answer: %w", ctx.Err())
	}
}

func send[T any](ctx context.Context, c *Client, r request[T], done chan<- answer[T]) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	h := c.hitch(r.Question)
	if h.LoseRequest || c.cut {
		return
	}
	if r.batch {
		s.batches++
	}
	later := context.WithoutCancel(ctx)
	bubble.AfterFunc(h.Request+c.heldFor(0), func() { serve(later, c, r, h, done) })
}

// serve carries out what has arrived.
func serve[T any](ctx context.Context, c *Client, r request[T], h Hitch, done chan<- answer[T]) {
	absent, crowded := c.server.arrived(r.batch)
	if absent {
		return
	}
	a := answer[T]{err: journal.ErrBusy}
	if !crowded && !h.Busy {
		a.value, a.err = r.do(ctx)
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if !h.LoseAnswer && !c.cut {
		bubble.AfterFunc(h.Answer+c.heldFor(h.Answer), func() { done <- a })
	}
}

// arrived says whether nobody is there, or too many batches are under way.
func (s *Server) arrived(batch bool) (absent, crowded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if batch {
		limit := s.Batches
		if limit == 0 {
			limit = defaultBatches
		}
		crowded = s.batches > limit
		s.batches--
	}
	return s.absent > 0, crowded
}
