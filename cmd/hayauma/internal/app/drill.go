//go:build crashpoints

package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"hayauma.example/engine"
)

// drill makes faults of actors that no load from outside makes for sure, so that their alerts are seen to fire: HAYAUMA_DRILL names a
// file, and the words in it are the faults that there are now.
//
//	stuck     an actor with two messages that it doesn't handle
//	backlog   an actor with 2,000 of them
//	grow      an actor that gets 50 more each tick
//	many      1,200 actors, of which 40 have 50 of them
//	dead      five messages each tick to an actor that has ended
//
// Such an actor has failed twice and is being backed off for an hour, which holds no worker.
type drill struct {
	sys   *engine.System
	path  string
	cells map[string][]engine.Ref[order]
	ended engine.Ref[order]
	made  int
}

const drillTick = 100 * time.Millisecond

// order is what a drilled actor gets.
type order struct{}

type drilled struct{}

func (drilled) Handle(*engine.Context[order], order) { panic("a drill") }

type idler struct{}

func (idler) Handle(*engine.Context[order], order) {}

// drill starts one, where the variable is set.
func (a *App) drill() error {
	path := a.opts.Getenv("HAYAUMA_DRILL")
	if path == "" {
		return nil
	}
	d := &drill{sys: a.sys, path: path, cells: map[string][]engine.Ref[order]{}}
	var err error
	if d.ended, err = d.spawn(func() engine.Actor[order] { return idler{} }); err != nil {
		return err
	}
	<-d.ended.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.run(ctx)
	}()
	a.onStop("drill", func(context.Context) error {
		cancel()
		<-over
		return nil
	})
	return nil
}

func (d *drill) run(ctx context.Context) {
	tick := time.NewTicker(drillTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			text, _ := os.ReadFile(d.path) // no file: no faults
			d.obey(strings.Fields(string(text)))
		}
	}
}

// obey begins, continues and ends faults.
func (d *drill) obey(faults []string) {
	for fault, cells := range d.cells {
		if !slices.Contains(faults, fault) {
			for _, c := range cells {
				c.Stop()
			}
			delete(d.cells, fault)
		}
	}
	for _, fault := range faults {
		switch fault {
		case "stuck":
			d.once(fault, 1, 2)
		case "backlog":
			d.once(fault, 1, 2000)
		case "many":
			d.once(fault, 40, 50)
			d.idle(fault, 1160)
		case "grow":
			d.once(fault, 1, 1)
			d.tell(d.cells[fault], 50)
		case "dead":
			d.tell([]engine.Ref[order]{d.ended}, 5)
		}
	}
}

// once gives n new actors so many messages each, when the fault is new.
func (d *drill) once(fault string, n, messages int) {
	if d.cells[fault] != nil {
		return
	}
	for range n {
		c, err := d.spawn(func() engine.Actor[order] { return drilled{} }, engine.WithMailbox(engine.Unbounded), engine.WithSupervision(engine.Supervision{
			Backoff: engine.Backoff{First: time.Hour, Max: time.Hour, Jitter: -1},
		}))
		if err != nil {
			return // the daemon stops
		}
		d.cells[fault] = append(d.cells[fault], c)
	}
	d.tell(d.cells[fault], messages+2) // it fails at two of them
}

func (d *drill) idle(fault string, n int) {
	for len(d.cells[fault]) < n {
		c, err := d.spawn(func() engine.Actor[order] { return idler{} })
		if err != nil {
			return
		}
		d.cells[fault] = append(d.cells[fault], c)
	}
}

func (d *drill) tell(cells []engine.Ref[order], n int) {
	for _, c := range cells {
		for range n {
			c.Tell(order{})
		}
	}
}

func (d *drill) spawn(produce func() engine.Actor[order], opts ...engine.SpawnOption) (engine.Ref[order], error) {
	d.made++
	return engine.Spawn(d.sys, fmt.Sprint("drill-", d.made), produce, opts...)
}
