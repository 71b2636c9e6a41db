package peer

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"hayauma.example/benchmarks/remote/payload"
	"hayauma.example/engine"
)

// Scripted is a Peer whose processes learn of each other by files in a folder, where its program would have a membership.
type Scripted interface{ In(dir string) Peer }

// Taker is a Peer that tells of each body when it is in its actor's mailbox, and so is acknowledged at the earliest.
type Taker interface {
	Noting(taken func(body []byte)) Peer
}

// entry is a process: one line of a script's file.
type entry struct{ incarnation, address string }

// script is the fixed stand-in for a membership: the folder has one file for each side with the process that is that side now. The other
// side looks at it from time to time, so a process that comes again is the other side's new member a moment after it listens. It is
// the engine's Directory too: what has the receivers' role is at the receiving side.
type script struct {
	dir, side string

	other  atomic.Pointer[engine.Place] // where the other side's grains are; nil: nobody is there yet
	change func()                       // set by OnChange before anything is followed
}

// lookEvery is how soon a side sees the other one's new process.
const lookEvery = 10 * time.Millisecond

func (s *script) file(side string) string { return filepath.Join(s.dir, side+".member") }

// enter makes this process its side.
func (s *script) enter(incarnation, address string) error {
	next := s.file(s.side) + ".next"
	if err := os.WriteFile(next, fmt.Appendln(nil, incarnation, address), 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.file(s.side))
}

// look reads who the other side is.
func (s *script) look() (e entry, ok bool) {
	side := senderSide
	if s.side == senderSide {
		side = receiverSide
	}
	text, err := os.ReadFile(s.file(side))
	if err != nil {
		return e, false // nobody yet
	}
	n, _ := fmt.Sscan(string(text), &e.incarnation, &e.address)
	return e, n == 2
}

// follow calls turn for each process that becomes the other side, until ctx ends.
func (s *script) follow(ctx context.Context, turn func(before, now entry)) {
	beat := time.NewTicker(lookEvery)
	defer beat.Stop()
	var last entry
	for {
		if e, ok := s.look(); ok && e != last {
			s.other.Store(&engine.Place{Answer: engine.Elsewhere, Member: e.incarnation})
			turn(last, e)
			last = e
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
	}
}

// Locate implements engine.Directory.
func (s *script) Locate(string, string) engine.Place {
	if s.side == receiverSide {
		return engine.Place{}
	}
	if p := s.other.Load(); p != nil {
		return *p
	}
	return engine.Place{Answer: engine.Soon}
}

// OnChange implements engine.Directory.
func (s *script) OnChange(changed func()) { s.change = changed }

func (s *script) changed() { s.change() }

// noting is a transport that tells of bodies which were received.
type noting struct {
	engine.Transport
	taken func(body []byte)
}

// Start implements engine.Transport.
func (t noting) Start(r engine.Receiver) { t.Transport.Start(notingReceiver{r, t.taken}) }

type notingReceiver struct {
	engine.Receiver
	taken func(body []byte)
}

// Receive implements engine.Receiver: a body is the end of its packet. It is told of before the transport acknowledges it.
func (r notingReceiver) Receive(from string, lane engine.Lane, packets iter.Seq[[]byte]) {
	for packet := range packets {
		r.Receiver.Receive(from, lane, slices.Values([][]byte{packet}))
		if n := len(packet); n >= payload.Bytes {
			r.taken(packet[n-payload.Bytes:])
		}
	}
}
