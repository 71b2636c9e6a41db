package main

import (
	"maps"
	"slices"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/latency"
	"hayauma.example/benchmarks/micro"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/actors"
	"hayauma.example/benchmarks/pipeline/bare"
	"hayauma.example/benchmarks/pipeline/queues"
	"hayauma.example/benchmarks/pipeline/shipped"
	"hayauma.example/benchmarks/scale"
	"hayauma.example/benchmarks/storage"
)

// parts are all that can be measured, in the order of the tables.
func parts() []experiment.Part {
	return []experiment.Part{
		micro.Part(),
		{Name: "latency", Title: "Latency under load", Experiments: latency.Experiments()},
		storage.Part(),
		pipeline.Part(slices.Concat(shipped.Specs(), bare.Specs(), actors.Specs(), queues.Specs())),
		scale.Part(),
	}
}

// children are the main functions of other processes that cells start: the program again with -child and the name.
func children() experiment.Children {
	all := experiment.Children{}
	for _, some := range []experiment.Children{actors.Children(), bare.Children(), queues.Children()} {
		maps.Copy(all, some)
	}
	return all
}
