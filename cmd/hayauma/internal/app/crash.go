//go:build crashpoints

package app

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// crashFunc kills this process with SIGKILL at a named point: HAYAUMA_CRASH is "point", or "point:N" for the N-th time that it is
// reached. nil where the variable is not set.
func crashFunc(getenv func(string) string) (func(point string), error) {
	spec := getenv("HAYAUMA_CRASH")
	if spec == "" {
		return nil, nil
	}
	name, count, counted := strings.Cut(spec, ":")
	n := 1
	if counted {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 {
			return nil, fmt.Errorf("HAYAUMA_CRASH %q is not POINT or POINT:N", spec)
		}
	}
	var left atomic.Int64
	left.Store(int64(n))
	return func(point string) {
		if point != name || left.Add(-1) != 0 {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing happens after it, not even for a moment
	}, nil
}
