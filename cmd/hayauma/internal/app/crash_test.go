//go:build crashpoints

package app

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The test binary runs itself: the child dies where it was told to, and says how far it came.
func TestCrashAtTheNthTime(t *testing.T) {
	if os.Getenv("CRASH_TEST_CHILD") != "" {
		crash, err := crashFunc(os.Getenv)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			crash("other")
			crash("here")
			fmt.Println("passed", i+1)
		}
		return
	}
	for spec, want := range map[string]string{"here": "", "here:3": "passed 1\npassed 2\n"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=TestCrashAtTheNthTime")
		cmd.Env = append(os.Environ(), "CRASH_TEST_CHILD=1", "HAYAUMA_CRASH="+spec)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("%s: the child ended with %v", spec, err)
		}
		if string(out) != want {
			t.Errorf("%s: the child said %q, want %q", spec, out, want)
		}
	}
}

func TestCrashSpec(t *testing.T) {
	for _, spec := range []string{"a:", "a:0", "a:x"} {
		if _, err := crashFunc(func(string) string { return spec }); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
	if f, err := crashFunc(func(string) string { return "" }); f != nil || err != nil {
		t.Error("armed without being asked")
	}
}
