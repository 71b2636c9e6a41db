package app

import (
	"context"
	"fmt"

	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider/line"
	"hayauma.example/cmd/hayauma/internal/objects"
	"hayauma.example/engine/journal"
)

// spillBytes is what planning spills to disk for each row, at most.
const spillBytes = 40

// plan freezes a run. Its chunks are all durable before the table is told.
func (a *App) plan(job campaign.PlanJob) (plan.Table, error) {
	if a.room != nil {
		if err := a.room.check(job.Audience.Rows*spillBytes, roomForObjects); err != nil {
			return plan.Table{}, fmt.Errorf("planning needs temporary files: %w", err)
		}
	}
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
