package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ProgramVariable names a built program instead of the one that is built from the module.
const ProgramVariable = "BENCH_PROGRAM"

// BuildError says why the daemon's program can't be built.
type BuildError struct {
	What string
	Err  error
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("pipeline: %s: %v: run it in the benchmarks' directory with Go installed, or name a built program in %s", e.What, e.Err, ProgramVariable)
}

func (e *BuildError) Unwrap() error { return e.Err }

// Program returns the path of the daemon's program, as its own module builds it: not with the versions that peers here ask for. It is
// kept in the user's cache, where the go command sees by its content whether it is still the same.
func Program(ctx context.Context) (string, error) {
	if path := os.Getenv(ProgramVariable); path != "" {
		return path, nil
	}
	module, err := Module(ctx)
	if err != nil {
		return "", err
	}
	dir, err := cacheDir()
	if err != nil {
		return "", &BuildError{"find the cache", err}
	}
	unlock, err := lock(filepath.Join(dir, "build.lock"))
	if err != nil {
		return "", &BuildError{"lock the cache", err}
	}
	defer unlock()
	path := filepath.Join(dir, "hayauma")
	if _, err := goTool(ctx, module, "build", "-buildvcs=false", "-o", path, "./cmd/hayauma"); err != nil {
		return "", &BuildError{"build", err}
	}
	return path, nil
}

// Module returns the directory of the daemon's own module.
func Module(ctx context.Context) (string, error) {
	dir, err := goTool(ctx, "", "list", "-m", "-f", "{{.Dir}}", "hayauma.example")
	if err != nil {
		return "", &BuildError{"find the module", err}
	}
	return dir, nil
}

// cacheDir is where programs and audiences are kept between runs.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "hayauma-bench")
	return dir, os.MkdirAll(dir, 0o700)
}

// lock waits for its turn: cells of two runs may want to build at once.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		_ = file.Close() // the lock's failure is what is told
		return nil, err
	}
	return func() { _ = file.Close() }, nil // which unlocks
}

func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(failure.Bytes()))
	}
	return string(bytes.TrimSpace(out)), nil
}
