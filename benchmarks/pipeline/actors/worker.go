package actors

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
)

const childName = "pipeline-actors"

// Children are the worker processes.
func Children() experiment.Children { return experiment.Children{childName: work} }

// order is what a worker is to do.
type order struct {
	System string       `json:"system"`
	Job    pipeline.Job `json:"job"`
	Delays delays       `json:"delays"` // zero: this program's own
}

// word is a line that a worker says.
type word struct {
	Said       string  `json:"said"` // accepted, done
	Goroutines int     `json:"goroutines"`
	Outcome    outcome `json:"outcome,omitzero"` // when done
}

const (
	accepted = "accepted"
	done     = "done"
)

// openGate is what the worker begins to call at.
const openGate = syscall.SIGUSR1

// crew is the actors of one system. All posters of the job wait when it is opened.
type crew interface {
	begin()                  // opens the gate
	outcome() <-chan outcome // once, when the checker has settled all
}

// crews are the systems by name.
var crews = map[string]func(*desk) (crew, error){"chan": openChan, "protoactor": openProtoactor, "hollywood": openHollywood}

// work is the main function of a worker. When all is done it waits for its end, so that its memory can be read.
func work(ctx context.Context, spec []byte, out io.Writer) error {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Hollywood logs there
	var o order
	if err := json.Unmarshal(spec, &o); err != nil {
		return fmt.Errorf("pipeline: read the order: %w", err)
	}
	open, ok := crews[o.System]
	if !ok {
		return fmt.Errorf("pipeline: there is no system %q", o.System)
	}
	if o.Job.InFlight < 1 {
		return fmt.Errorf("pipeline: %d calls at once can't deliver anything: give 1 or more", o.Job.InFlight)
	}
	client, err := newProvider(o.Job)
	if err != nil {
		return err
	}
	gate := make(chan os.Signal, 1)
	signal.Notify(gate, openGate)
	var peak peak
	go peak.watch(ctx)
	d := newDesk(ctx, o, client)
	c, err := open(d)
	if err != nil {
		return err
	}
	return deliver(d, c, gate, func(said string, o outcome) error {
		return json.NewEncoder(out).Encode(word{Said: said, Goroutines: peak.look(), Outcome: o})
	})
}

// deliver says accepted, waits for the gate to open, and says done.
func deliver(d *desk, c crew, gate <-chan os.Signal, say func(string, outcome) error) error {
	if err := say(accepted, outcome{}); err != nil {
		return err
	}
	select {
	case <-gate:
	case <-d.ctx.Done():
		return nil
	}
	if d.job.Recipients == 0 { // nobody would ever report
		return saidAll(d.ctx, say(done, outcome{}))
	}
	c.begin()
	select {
	case o := <-c.outcome():
		o.Panics = int(d.panics.Load())
		return saidAll(d.ctx, say(done, o))
	case <-d.ctx.Done():
		return nil
	}
}

func saidAll(ctx context.Context, err error) error {
	if err == nil {
		<-ctx.Done()
	}
	return err
}

// peak is the highest number of goroutines that was seen.
type peak struct{ n atomic.Int64 }

func (p *peak) look() int {
	now := int64(runtime.NumGoroutine())
	for {
		high := p.n.Load()
		if now <= high {
			return int(high)
		}
		if p.n.CompareAndSwap(high, now) {
			return int(now)
		}
	}
}

func (p *peak) watch(ctx context.Context) {
	clock := time.NewTicker(5 * time.Millisecond)
	defer clock.Stop()
	for {
		p.look()
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
}
