package bare_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"hayauma.example/benchmarks/pipeline/bare"
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
