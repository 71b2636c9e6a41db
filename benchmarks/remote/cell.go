package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/remote/ledger"
	"hayauma.example/benchmarks/remote/peer"
)

// cell is the processes and ledgers of one measurement.
type cell struct {
	dir   string
	peer  string
	addr  string
	plan  plan
	books []*ledger.Ledger
	procs []*experiment.Process
	stops []func() bool // what kills the processes when the cell's time ends
}

func openCell(row string, p plan) (*cell, error) {
	addr, err := peer.FreeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "remote-")
	if err != nil {
		return nil, err
	}
	return &cell{dir: dir, peer: row, addr: addr, plan: p}, nil
}

// close kills what still runs and removes the ledgers.
func (c *cell) close() {
	for _, stop := range c.stops {
		stop()
	}
	for _, p := range c.procs {
		kill(p)
	}
	for _, b := range c.books {
		_ = b.Close()
	}
	_ = os.RemoveAll(c.dir)
}

// start starts a child with a ledger of its own. The child dies with ctx.
func (c *cell) start(ctx context.Context, name string) (*experiment.Process, *ledger.Ledger, error) {
	path := filepath.Join(c.dir, ledgerName(len(c.books)))
	book, err := ledger.Open(path, c.plan.Messages)
	if err != nil {
		return nil, nil, err
	}
	c.books = append(c.books, book)
	p, err := experiment.StartChild(name, role{Peer: c.peer, Addr: c.addr, Ledger: path, Plan: c.plan})
	if err != nil {
		return nil, nil, err
	}
	c.procs = append(c.procs, p)
	c.stops = append(c.stops, context.AfterFunc(ctx, func() { kill(p) }))
	return p, book, nil
}

// taken is what the first process noted of its mailbox; none of a system that notes nothing.
func (c *cell) taken() (numbers, error) {
	path := takenPath(filepath.Join(c.dir, ledgerName(0)))
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none{}, nil
	}
	book, err := ledger.Open(path, c.plan.Messages)
	if err != nil {
		return none{}, err
	}
	c.books = append(c.books, book)
	return book, nil
}

func ledgerName(n int) string { return fmt.Sprintf("ledger-%d", n) }

// kill ends a process that still runs: the id of one that has ended may be another's.
func kill(p *experiment.Process) {
	if !ended(p) {
		p.Kill()
	}
}

// receiver starts a receiver and waits until it listens.
func (c *cell) receiver(ctx context.Context) (*experiment.Process, *ledger.Ledger, error) {
	p, book, err := c.start(ctx, receiverName)
	if err != nil {
		return nil, nil, err
	}
	slow := time.AfterFunc(startPatience, func() { kill(p) })
	defer slow.Stop()
	if _, err := p.Line(); err != nil {
		return nil, nil, fmt.Errorf("remote: the receiver did not begin to listen: %w", errors.Join(err, p.Wait()))
	}
	return p, book, nil
}

// DiedError reports a process that ended before its work was done.
type DiedError struct {
	Who   string
	Cause error // what it left behind; nil: it was killed
}

func (e *DiedError) Error() string {
	return fmt.Sprintf("remote: the %s ended before its work was done: %v", e.Who, e.Cause)
}

// Unwrap returns what the process left behind.
func (e *DiedError) Unwrap() error { return e.Cause }

// reported waits for the sender's report.
func reported(p *experiment.Process) (report, error) {
	var r report
	line, err := p.Line()
	if err != nil {
		return r, &DiedError{Who: "sender", Cause: errors.Join(err, p.Wait())}
	}
	return r, json.Unmarshal(line, &r)
}

// run measures one-way messages or questions.
func run(ctx context.Context, row string, p plan) (experiment.Result, error) {
	c, err := openCell(row, p)
	if err != nil {
		return experiment.Result{}, err
	}
	defer c.close()
	receiving, in, err := c.receiver(ctx)
	if err != nil {
		return experiment.Result{}, err
	}
	proc, out, err := c.start(ctx, senderName)
	if err != nil {
		return experiment.Result{}, err
	}
	did, err := reported(proc)
	if ended(receiving) {
		err = errors.Join(err, &DiedError{Who: "receiver", Cause: receiving.Wait()})
	}
	if p.Callers > 0 {
		return askResult(out, in, did), err
	}
	return flowResult(out, in, did), err
}
