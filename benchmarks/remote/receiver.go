package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/ledger"
	"hayauma.example/benchmarks/remote/payload"
	"hayauma.example/benchmarks/remote/peer"
)

// The children's names.
const (
	receiverName = "remote-receiver"
	senderName   = "remote-sender"
)

// Children are the processes that cells start.
func Children() experiment.Children {
	return experiment.Children{receiverName: runReceiver, senderName: runSender}
}

// role is what a child is told.
type role struct {
	Peer   string
	Addr   string // the receiver's
	Ledger string // the child's own
	Plan   plan
}

// begin reads a role and opens what it names. What the systems log goes nowhere.
func begin(spec []byte) (r role, p peer.Peer, book *ledger.Ledger, err error) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err = json.Unmarshal(spec, &r); err != nil {
		return r, nil, nil, err
	}
	found, err := peer.Find(r.Peer)
	if err != nil {
		return r, nil, nil, err
	}
	if found.Missing != "" {
		return r, nil, nil, fmt.Errorf("remote: %s: %s", r.Peer, found.Missing)
	}
	p = found.Peer
	if s, ok := p.(peer.Scripted); ok {
		p = s.In(filepath.Dir(r.Ledger))
	}
	book, err = ledger.Open(r.Ledger, r.Plan.Messages)
	return r, p, book, err
}

// listening is the line that a receiver prints.
const listening = "listening"

// runReceiver receives until the process ends.
func runReceiver(ctx context.Context, spec []byte, out io.Writer) error {
	r, p, book, err := begin(spec)
	if err != nil {
		return err
	}
	if r.Plan.Rate > 0 {
		if p, err = noting(p, r); err != nil {
			return err
		}
	}
	in := &receiver{book: book}
	if err := p.Listen(ctx, r.Addr, in.handle); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, listening); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// noting has a peer that can note in a ledger of its own what is in its actor's mailbox.
func noting(p peer.Peer, r role) (peer.Peer, error) {
	t, ok := p.(peer.Taker)
	if !ok {
		return p, nil
	}
	taken, err := ledger.Open(takenPath(r.Ledger), r.Plan.Messages)
	return t.Noting(func(body []byte) {
		if kind, seq, ok := payload.Parse(body); ok && kind == payload.Count {
			taken.Note(seq)
		}
	}), err
}

// takenPath is the file of the ledger of what was taken, beside that of what was handled.
func takenPath(ledger string) string { return ledger + "-taken" }

// receiver accounts for each body.
type receiver struct{ book *ledger.Ledger }

func (r *receiver) handle(body []byte) []byte {
	kind, seq, ok := payload.Parse(body)
	if !ok {
		r.book.Add(ledger.Foreign, 1)
		return nil
	}
	if kind == payload.Hello {
		r.stamp(ledger.Begin, ledger.BeginCPU)
		return payload.New(payload.Hello, seq)
	}
	if r.book.Get(ledger.First) == 0 {
		r.book.Set(ledger.First, now())
	}
	switch kind {
	case payload.Count:
		r.book.Note(seq)
	case payload.Question:
		r.book.Note(seq)
		return payload.New(payload.Answer, seq)
	case payload.Mark:
		r.stamp(ledger.End, ledger.EndCPU)
		r.book.Set(ledger.AtEnd, r.book.Get(ledger.Handled))
		return payload.New(payload.Mark, seq)
	case payload.Probe:
	default:
		r.book.Add(ledger.Foreign, 1)
	}
	return nil
}

func (r *receiver) stamp(clock, cpu ledger.Counter) {
	r.book.Set(clock, now())
	r.book.Set(cpu, processCPU())
}

func now() uint64 { return uint64(time.Now().UnixNano()) }

// processCPU is the CPU time of this process in ns, 0 when the system doesn't say.
func processCPU() uint64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return uint64(u.Utime.Nano() + u.Stime.Nano())
}
