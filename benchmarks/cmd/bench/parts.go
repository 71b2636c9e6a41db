package main

import (
	"maps"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/fleet"
	"hayauma.example/benchmarks/latency"
	"hayauma.example/benchmarks/micro"
	pipeline "hayauma.example/benchmarks/pipeline/all"
	"hayauma.example/benchmarks/remote"
	"hayauma.example/benchmarks/scale"
	"hayauma.example/benchmarks/schedule"
	"hayauma.example/benchmarks/storage"
)

// parts are all that can be measured, in the order of the tables.
func parts() []experiment.Part {
	return []experiment.Part{
		micro.Part(),
		{Name: "latency", Title: "Latency under load", Experiments: latency.Experiments()},
		remote.Part(),
		storage.Part(),
		pipeline.Part(),
		schedule.Part(),
		scale.Part(),
		fleet.Part(),
	}
}

// children are the main functions of other processes that cells start: the program again with -child and the name.
func children() experiment.Children {
	all := experiment.Children{}
	for _, some := range []experiment.Children{remote.Children(), pipeline.Children()} {
		maps.Copy(all, some)
	}
	return all
}
