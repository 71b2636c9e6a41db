package remote_test

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands before a member for one other: it cuts connections at any byte, and holds what flows.
type proxy struct {
	listener net.Listener
	target   func() string // where the member listens; empty: nowhere
	work     sync.WaitGroup
	dialled  atomic.Int64

	forth, back gate // of what the dialler writes, and of what the member answers

	mu     sync.Mutex
	closed bool              // guarded by mu
	flows  map[net.Conn]*int // bytes that a dialler's connection still lets pass in all; nil: any; guarded by mu
}

func newProxy(t *testing.T, target func() string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, flows: map[net.Conn]*int{}}
	p.forth.init()
	p.back.init()
	p.work.Go(p.accept)
	return p
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.dialled.Add(1)
		p.work.Go(func() { p.serve(conn) })
	}
}

func (p *proxy) serve(from net.Conn) {
	defer from.Close()
	if !p.track(from, true) {
		return
	}
	defer p.track(from, false)
	to, err := net.Dial("tcp", p.target())
	if err != nil {
		return
	}
	defer to.Close()
	end := func() { _, _ = from.Close(), to.Close() }
	var wg sync.WaitGroup
	wg.Go(func() { defer end(); p.flow(from, to, from, &p.forth) })
	wg.Go(func() { defer end(); p.flow(from, from, to, &p.back) })
	wg.Wait()
}

func (p *proxy) track(conn net.Conn, in bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !in || p.closed {
		delete(p.flows, conn)
		return false
	}
	p.flows[conn] = nil
	return true
}

// flow copies until the connection's bytes are used up.
func (p *proxy) flow(id, to, from net.Conn, g *gate) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		g.wait()
		pass := p.allow(id, n)
		if _, err := to.Write(b[:pass]); err != nil || pass < n {
			return
		}
	}
}

func (p *proxy) allow(id net.Conn, n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.flows[id]
	if left == nil {
		return n
	}
	n = min(n, *left)
	*left -= n
	return n
}

// reset has each connection pass some bytes more, and then break; an idle one breaks too.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.flows {
		left := rand.N(3000)
		p.flows[conn] = &left
		time.AfterFunc(5*time.Millisecond, func() { _ = conn.Close() })
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.flows {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.forth.set(false)
	p.back.set(false)
	p.work.Wait()
}

// gate holds who waits while it is shut.
type gate struct {
	mu   sync.Mutex
	cond sync.Cond
	shut bool // guarded by mu
}

func (g *gate) init() { g.cond.L = &g.mu }

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	g.cond.Broadcast()
}

func (g *gate) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut {
		g.cond.Wait()
	}
}
