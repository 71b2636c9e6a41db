package app

import (
	"context"

	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider/line"
	"hayauma.example/cmd/hayauma/internal/objects"
	"hayauma.example/engine/journal"
)

// plan freezes a run. Its chunks are all durable before the table is told.
func (a *App) plan(job campaign.PlanJob) (plan.Table, error) {
	w := objects.NewWriter(job.Ctx, a.objects)
	freezer := campaign.Freezer{Objects: writeBehind{a.objects, w}, Dir: a.temp, Check: line.CheckMessages}
	table, err := freezer.Freeze(job)
	if stored := w.Wait(); err == nil {
		err = stored
	}
	return table, err
}

// writeBehind stores objects without waiting for each.
type writeBehind struct {
	journal.Objects
	w *objects.Writer
}

// Put implements journal.Objects but for its promise: what it took is durable when the writer's Wait says so.
func (b writeBehind) Put(_ context.Context, name string, data []byte) error {
	return b.w.Put(name, data)
}
