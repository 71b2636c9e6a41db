package simulation

import (
	"fmt"
	"time"

	"hayauma.example/actors"
	"hayauma.example/engine"
)

// restWithin is how long after the end of every campaign something of them may still be in memory.
const restWithin = time.Minute

// judgeRest: once every campaign is final, nobody composes and nobody posts. Posters that were broken on purpose may stay, they hold nothing.
func (w *world) judgeRest() {
	in := w.current()
	for _, k := range in.sys.Stats() {
		broken := w.sc.panics || w.sc.mutate.poster != nil
		if k.Active > 0 && (k.Kind == actors.Composers.Name() || k.Kind == actors.Posters.Name() && !broken) {
			w.wrong(fmt.Sprintf("%d of kind %s are active %v after the end", k.Active, k.Kind, restWithin))
		}
	}
}

// A planned stop gives actors drainFor to give back what they hold, and looks every drainLook whether they have.
const (
	drainFor  = 2 * time.Second
	drainLook = 20 * time.Millisecond
)

// drain stops the incarnation as the daemon does it.
func (in *incarnation) drain() {
	in.w.note("drain", "", in.number)
	in.sys.Cells(func(c engine.CellInfo) bool {
		if c.Kind == actors.Campaigns.Name() {
			actors.Campaigns.Ref(in.sys, c.ID).Tell(actors.Drain{})
		}
		return true
	})
	for end := time.Now().Add(drainFor); time.Now().Before(end) && in.sends(); {
		time.Sleep(drainLook)
	}
	in.die("drained")
}

func (in *incarnation) sends() bool {
	for _, k := range in.sys.Stats() {
		if (k.Kind == actors.Posters.Name() || k.Kind == actors.Composers.Name()) && k.Active > 0 {
			return true
		}
	}
	return false
}
