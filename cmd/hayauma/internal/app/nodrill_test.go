//go:build !crashpoints

package app

import (
	"strings"
	"testing"
)

// TestNoDrill: a build without faults refuses to be asked for them, because a proof would prove nothing.
func TestNoDrill(t *testing.T) {
	a := &App{opts: Options{Getenv: func(name string) string { return map[string]string{"HAYAUMA_DRILL": "file"}[name] }}}
	if err := a.drill(); err == nil || !strings.Contains(err.Error(), "-tags crashpoints") {
		t.Errorf("%v", err)
	}
	a.opts.Getenv = func(string) string { return "" }
	if err := a.drill(); err != nil {
		t.Error(err)
	}
}
