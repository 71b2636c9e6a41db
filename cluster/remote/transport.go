package remote

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"hayauma.example/engine"
)

// Transport is an engine.Transport over TCP. It is safe for concurrent use; its Receiver is called from many goroutines, one for
// each lane of each peer.
type Transport struct {
	cfg      Config
	listener net.Listener
	ctx      context.Context
	stop     context.CancelFunc
	spares   *spares
	peers    atomic.Pointer[peers]
	work     sync.WaitGroup
	knocks   chan struct{} // one token for each connection that has not shaken hands
	noise    hush          // of accepted connections

	change   sync.Mutex      // serialises SetPeers, Start, Close; no Send waits for it; guards what follows
	receiver engine.Receiver // written once, before anything is accepted
	closed   bool
	sessions uint64
	memory   memory

	sum  sync.Mutex // not held for long: figures are read while peers leave
	gone Stats      // of peers that left; guarded by sum
}

var _ engine.Transport = (*Transport)(nil)

// maxKnocks bounds the connections that have not shaken hands yet; further ones wait in the kernel.
const maxKnocks = 64

// Listen opens the address. The context bounds nothing but that. Nothing is accepted before Start.
func Listen(ctx context.Context, cfg Config) (*Transport, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("remote: can't listen for other members: choose another address: %w", err)
	}
	t := &Transport{cfg: cfg, listener: l, spares: newSpares(cfg.MaxBatch), knocks: make(chan struct{}, maxKnocks)}
	t.ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	t.peers.Store(&peers{})
	return t, nil
}

// Addr is where it listens.
func (t *Transport) Addr() net.Addr { return t.listener.Addr() }

// Start implements engine.Transport.
func (t *Transport) Start(r engine.Receiver) {
	t.change.Lock()
	defer t.change.Unlock()
	if t.receiver != nil {
		panic("remote: Start was called twice")
	}
	t.receiver = r
	if !t.closed {
		t.work.Go(t.accept)
	}
}

// Send implements engine.Transport. Beside engine's errors it returns the packet's own, and ErrTooLarge.
func (t *Transport) Send(to string, lane engine.Lane, p engine.Packet) error {
	if peer := t.peers.Load().named(to); peer != nil && lane < engine.Lanes {
		return peer.out[lane].send(p)
	}
	if t.ctx.Err() != nil {
		return ErrClosed
	}
	return engine.ErrNoMember
}

// SetPeers says who the other members are: their incarnations and addresses. This member's own is skipped.
//
// When it has returned, nothing is received from those that are none any more, and all that they had not acknowledged has been
// given to Returned. It waits for a Receive that is under way, so it is not called from within one, nor from within Returned.
func (t *Transport) SetPeers(addresses map[string]string) {
	t.change.Lock()
	defer t.change.Unlock()
	if !t.closed {
		t.setPeers(addresses)
	}
}

func (t *Transport) setPeers(addresses map[string]string) {
	before := t.peers.Load().byName
	after := make(map[string]*peer, len(addresses))
	for name, address := range addresses {
		switch p := before[name]; {
		case name == t.cfg.Incarnation || name == "" || len(name) > maxIncarnation:
		case p != nil:
			p.address.Store(&address)
			after[name] = p
		default:
			after[name] = t.meet(name, address)
		}
	}
	t.peers.Store(newPeers(after))
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] == nil {
			t.part(before[name])
		}
	}
}

// Close ends all connections. What was not acknowledged is given to Returned. It waits for a Receive that is under way.
func (t *Transport) Close() error {
	t.change.Lock()
	if t.closed {
		t.change.Unlock()
		return nil
	}
	t.closed = true
	t.stop()
	err := t.listener.Close()
	t.setPeers(nil)
	t.change.Unlock()
	t.work.Wait()
	return err
}
