package engine_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A message of another type is the compiler's business.
func TestAWrongMessageDoesNotCompile(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "vet", "./testdata/wrongmessage").CombinedOutput()
	if err == nil || !strings.Contains(string(out), `cannot use "a text"`) {
		t.Errorf("%v:\n%s", err, out)
	}
}
