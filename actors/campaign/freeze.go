package campaign

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"hayauma.example/actors/calendar"
	"hayauma.example/actors/plan"
	"hayauma.example/engine/journal"
)

// MulticastLeast is the smallest group of equal bodies that goes by multicast: LINE allows ten pushes for each multicast, so smaller
// groups arrive sooner by push, and a plan of many tiny groups stays small.
const MulticastLeast = 10

// Freezer freezes runs: it reads an upload's parts and stores the run's chunks.
type Freezer struct {
	Objects journal.Objects
	Dir     *os.Root                    // for temporary files
	Check   func(messages []byte) error // the provider's limits on a rendered body

	// Settings are those of a channel's users, as of now: who has any is sent to by push, so that he can be left out, or later. nil: nobody has any.
	Settings func(ctx context.Context, channel string) (Settings, error)
	Sizes    plan.Options // but for its Dir; zero: the defaults
}

// Freeze is Deps.Plan.
func (f Freezer) Freeze(job PlanJob) (plan.Table, error) {
	lots := Lots{Definition: job.Definition, Due: job.Due, Seed: job.Seed}
	if f.Settings != nil {
		set, err := f.Settings(job.Ctx, job.Definition.Channel)
		if err != nil {
			return plan.Table{}, fmt.Errorf("settings of recipients: %w", err)
		}
		lots.Settings = set.Of
	}
	in := plan.Input{
		Parts: job.Audience.Parts, DuplicateParts: job.Audience.DupParts,
		Part: func(n int) ([]byte, error) {
			if n < job.Audience.Parts {
				return f.Objects.Get(job.Ctx, PartName(job.Upload, n))
			}
			return f.Objects.Get(job.Ctx, DupName(job.Upload, n-job.Audience.Parts))
		},
		Now: calendar.Clock(job.Due, job.Definition.Zone), Check: f.Check,
	}
	if err := lots.Fill(&in); err != nil {
		return plan.Table{}, err
	}
	options := f.Sizes
	options.Dir = f.Dir
	options.MulticastLeast = cmp.Or(options.MulticastLeast, MulticastLeast)
	return plan.Freeze(job.Ctx, in, options, func(n int, _ plan.Entry, data []byte) error {
		return f.Objects.Put(job.Ctx, ChunkName(job.Chunks, uint32(n)), data)
	})
}
