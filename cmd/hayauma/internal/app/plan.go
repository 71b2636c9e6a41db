package app

import (
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/template"
	"hayauma.example/cmd/hayauma/internal/objects"
)

// plan freezes a run: it reads the stored audience, and stores the chunks under the run's names.
func (a *App) plan(job campaign.PlanJob) (plan.Table, error) {
	t, err := template.Parse(job.Definition.Messages, template.Options{})
	if err != nil {
		return plan.Table{}, err
	}
	chunks := objects.NewWriter(job.Ctx, a.objects)
	table, err := plan.Freeze(job.Ctx, plan.Input{
		Parts: job.Audience.Parts, DuplicateParts: job.Audience.DupParts,
		Part:     func(n int) ([]byte, error) { return a.objects.Get(job.Ctx, partName(job, n)) },
		Template: t, Now: job.Due, Check: line.CheckMessages,
	}, plan.Options{Dir: a.temp}, func(n int, _ plan.Entry, data []byte) error {
		return chunks.Put(campaign.ChunkName(job.Run, uint32(n)), data)
	})
	if stored := chunks.Wait(); err == nil {
		err = stored
	}
	return table, err
}

// partName is the name of a stored part; duplicates are numbered on behind the rows.
func partName(job campaign.PlanJob, n int) string {
	if n < job.Audience.Parts {
		return campaign.PartName(job.Upload, n)
	}
	return campaign.DupName(job.Upload, n-job.Audience.Parts)
}
