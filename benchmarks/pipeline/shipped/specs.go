package shipped

import (
	"context"
	"fmt"

	"hayauma.example/benchmarks/pipeline"
)

// Specs are the daemon's rows.
func Specs() []pipeline.Spec {
	return []pipeline.Spec{
		{
			Name: pipeline.Shipped, Durable: true, Open: open(store{data: true}),
			About: "this program as shipped: `serve` with its embedded store, every append synced, all defaults (2,048 calls in flight)",
		},
		{
			Name: pipeline.ShippedLikePeers, Durable: true, Open: open(store{data: true, inFlight: true}),
			About: "the same with `--max-in-flight` at what peers are given",
		},
		{
			Name: pipeline.ShippedMemory, Open: open(store{}),
			About: "`serve --store memory`: the same program, nothing kept",
		},
	}
}

// store is how the daemon is started.
type store struct {
	data     bool // on disk
	inFlight bool // limited to the job's
}

func open(st store) func(context.Context, string) (pipeline.System, error) {
	return func(ctx context.Context, dir string) (pipeline.System, error) {
		program, err := pipeline.Program(ctx)
		if err != nil {
			return nil, err
		}
		s := &system{program: program, store: st, dir: dir, listen: "127.0.0.1:0"}
		if st.inFlight {
			s.flags = append(s.flags, "--max-in-flight", fmt.Sprint(pipeline.InFlight()))
		}
		if err := s.start(ctx); err != nil {
			return nil, err
		}
		return s, nil
	}
}
