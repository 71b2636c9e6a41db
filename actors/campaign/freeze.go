package campaign

import (
	"cmp"
	"fmt"
	"os"

	"hayauma.example/actors/plan"
	"hayauma.example/actors/template"
	"hayauma.example/engine/journal"
)

// multicastLeast is the smallest group of equal bodies that goes by multicast: LINE allows ten pushes for each multicast, so smaller
// groups arrive sooner by push, and a plan of many tiny groups stays small.
const multicastLeast = 10

// Freezer freezes runs: it reads an upload's parts and stores the run's chunks.
type Freezer struct {
	Objects journal.Objects
	Dir     *os.Root                    // for temporary files
	Check   func(messages []byte) error // the provider's limits on a rendered body
	Sizes   plan.Options                // but for its Dir; zero: the defaults
}

// Freeze is Deps.Plan.
func (f Freezer) Freeze(job PlanJob) (plan.Table, error) {
	t, err := template.Parse(job.Definition.Messages, template.Options{})
	if err != nil {
		return plan.Table{}, fmt.Errorf("template: %w", err)
	}
	in := plan.Input{
		Parts: job.Audience.Parts, DuplicateParts: job.Audience.DupParts,
		Part: func(n int) ([]byte, error) {
			if n < job.Audience.Parts {
				return f.Objects.Get(job.Ctx, PartName(job.Upload, n))
			}
			return f.Objects.Get(job.Ctx, DupName(job.Upload, n-job.Audience.Parts))
		},
		Template: t, Now: job.Due, Check: f.Check,
	}
	options := f.Sizes
	options.Dir = f.Dir
	options.MulticastLeast = cmp.Or(options.MulticastLeast, multicastLeast)
	return plan.Freeze(job.Ctx, in, options, func(n int, _ plan.Entry, data []byte) error {
		return f.Objects.Put(job.Ctx, ChunkName(job.Chunks, uint32(n)), data)
	})
}
