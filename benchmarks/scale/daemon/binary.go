package daemon

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Binary builds the shipped command in its own module, so with its own dependencies' versions, and returns the path.
func Binary(ctx context.Context) (string, error) {
	if given := os.Getenv("HAYAUMA_BINARY"); given != "" {
		return given, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", &BuildError{err}
	}
	path := filepath.Join(cache, "hayauma-benchmarks", "hayauma")
	root, err := run(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "hayauma.example")
	if err != nil {
		return "", &BuildError{err}
	}
	if _, err := run(ctx, "go", "build", "-C", root, "-o", path, "./cmd/hayauma"); err != nil {
		return "", &BuildError{err}
	}
	return path, nil
}

// BuildError reports that there is no binary to run.
type BuildError struct{ Err error }

func (e *BuildError) Error() string {
	return "daemon: no hayauma to run: start in the benchmarks' directory, or set HAYAUMA_BINARY to a built one: " + e.Err.Error()
}

// Unwrap returns what went wrong.
func (e *BuildError) Unwrap() error { return e.Err }

// run runs a command to its end and returns its output without blanks around it.
func run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return string(bytes.TrimSpace(out.Bytes())), nil
}

// Missing says why this machine can't run the daemon's cells; "" when it can.
func Missing() string {
	if runtime.GOOS != "linux" {
		return "memory and processor time of a process are read from /proc, which " + runtime.GOOS + " doesn't have"
	}
	if os.Getenv("HAYAUMA_BINARY") != "" {
		return ""
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "there is no go command to build hayauma with: set HAYAUMA_BINARY to a built one"
	}
	return ""
}
