package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// workshop is where the binary is built; TestMain removes it.
var workshop string

// built makes the binary once, unless HAYAUMA_PROGRAM names another. It has crash points, which do nothing unless one is armed.
var built = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("HAYAUMA_PROGRAM"); path != "" {
		return path, nil
	}
	path := filepath.Join(workshop, "hayauma")
	out, err := exec.Command("go", "build", "-tags", "crashpoints", "-o", path, "hayauma.example/cmd/hayauma").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if workshop, err = os.MkdirTemp("", "hayauma-e2e-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(workshop)
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen { // the tests wait for processes and disks, not for a processor
		if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
