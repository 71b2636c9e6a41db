package main

import (
	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/micro"
)

// parts are all that can be measured, in the order of the tables.
func parts() []experiment.Part {
	return []experiment.Part{
		micro.Part(),
	}
}

// children are the main functions of other processes that cells start: the program again with -child and the name.
func children() experiment.Children {
	return experiment.Children{}
}
