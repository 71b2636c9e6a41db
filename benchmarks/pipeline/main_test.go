package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/pipeline/bare"
	"hayauma.example/benchmarks/pipeline/shipped"
)

func TestMain(m *testing.M) {
	if named, err := bare.Children().Serve(context.Background(), os.Args[1:]); named {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestSmoke(t *testing.T) {
	only := os.Getenv("SMOKE")
	row := os.Getenv("ROW")
	for _, e := range pipeline.Part(append(shipped.Specs(), bare.Specs()...)).Experiments {
		if e.Name != only {
			continue
		}
		for _, r := range e.Rows {
			if row != "" && r.Name != row {
				continue
			}
			res, err := e.Run(t.Context(), r.Name, "full")
			t.Log(r.Name, res, err)
		}
	}
}
