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

// Specs are the rows in the order of the tables: the daemon, the floor, what keeps nothing, queues.
func Specs() []pipeline.Spec {
	return slices.Concat(shipped.Specs(), bare.Specs(), actors.Specs(), queues.Specs())
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
