package all

import (
	"maps"
	"slices"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/actors"
	"hayauma.example/benchmarks/pipeline/bare"
	"hayauma.example/benchmarks/pipeline/queues"
	"hayauma.example/benchmarks/pipeline/shipped"
)

// withMany are the peers that are measured with the daemon's number of calls in flight too.
var withMany = []string{"chan", "asynq", "river"}

// Specs are the rows in the order of the tables: the daemon, the floor, what keeps nothing, queues.
func Specs() []pipeline.Spec {
	var all []pipeline.Spec
	for _, s := range slices.Concat(shipped.Specs(), bare.Specs(), actors.Specs(), queues.Specs()) {
		all = append(all, s)
		if slices.Contains(withMany, s.Name) {
			all = append(all, pipeline.AsManyAsShipped(s))
		}
	}
	return all
}

// Part is the part of them all.
func Part() experiment.Part { return pipeline.Part(Specs()) }

// Children are the processes that the systems start.
func Children() experiment.Children {
	all := experiment.Children{}
	for _, children := range []experiment.Children{bare.Children(), actors.Children(), queues.Children()} {
		maps.Copy(all, children)
	}
	return all
}
