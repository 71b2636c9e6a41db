package app

import (
	"context"
	"fmt"

	"hayauma.example/actors/audience"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider/line"
	"hayauma.example/cmd/hayauma/internal/objects"
	"hayauma.example/engine/journal"
)

// spillBytes is what planning spills to disk for each row, at most.
const spillBytes = 40

// lotBytes is what a row takes on disk besides itself where the rows are written down again, lot by lot.
const lotBytes = 24

// plan freezes a run. Its chunks are all durable before the table is told.
func (a *App) plan(job campaign.PlanJob) (plan.Table, error) {
	room := job.Audience.Rows * spillBytes
	if len(job.Definition.Variants) > 0 || job.Definition.LocalTime {
		room += uint64(job.Audience.Parts)*audience.MaxPart + job.Audience.Rows*lotBytes
	}
	if err := a.roomForTemp(room); err != nil {
		return plan.Table{}, fmt.Errorf("planning needs temporary files: %w", err)
	}
	w := objects.NewWriter(job.Ctx, a.objects)
	freezer := campaign.Freezer{Objects: writeBehind{a.objects, w}, Dir: a.temp, Check: line.CheckMessages, Settings: a.settings}
	table, err := freezer.Freeze(job)
	if stored := w.Wait(); err == nil {
		err = stored
	}
	return table, err
}

// roomForTemp is an error that is [journal.ErrFull] where temporary files of that size would leave the store too little.
func (a *App) roomForTemp(bytes uint64) error {
	if a.room == nil {
		return nil
	}
	return a.room.check(bytes, roomForObjects)
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
