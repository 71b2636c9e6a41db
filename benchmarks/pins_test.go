package benchmarks_test

import (
	"os"
	"testing"

	"golang.org/x/mod/modfile"
)

// newer lists what a peer needs in a newer version than the root module has, by module: the version and who needs it. What the
// engine uses of them is said.
var newer = map[string]struct{ version, why string }{}

// peers are pinned exactly: another version is another comparison.
var peers = map[string]string{
	"github.com/anthdm/hollywood":       "v1.0.5",
	"github.com/asynkron/protoactor-go": "v0.0.0-20240822202345-3c0e61ca19c9",
	"github.com/tochemey/goakt/v3":      "v3.14.0",
	"github.com/hibiken/asynq":          "v0.26.0",
	"github.com/riverqueue/river":       "v0.30.0",
}

func required(t *testing.T, file string) map[string]string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(file, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range mod.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}

func TestPinsEqualTheRootModules(t *testing.T) {
	root, here := required(t, "../go.mod"), required(t, "go.mod")
	shared := 0
	for path, version := range here {
		want, ok := root[path]
		if !ok {
			continue
		}
		shared++
		if exception, ok := newer[path]; ok {
			if want == exception.version {
				t.Errorf("%s is %s in the root module too: the exception (%s) is not needed any more", path, want, exception.why)
			}
			want = exception.version
		}
		if version != want {
			t.Errorf("%s is %s here and %s in the root module", path, version, want)
		}
	}
	if shared < 10 {
		t.Errorf("only %d modules are shared: the engine's own must be among them", shared)
	}
}

// The generated client stands for programs of others; what it shares with the root module is what the gate has anyway.
func TestPinsOfTheGeneratedClient(t *testing.T) {
	root := required(t, "../go.mod")
	for path, version := range required(t, "../examples/client/go.mod") {
		if want, shared := root[path]; shared && version != want {
			t.Errorf("%s is %s in the generated client and %s in the root module", path, version, want)
		}
	}
}

func TestPeersArePinned(t *testing.T) {
	here := required(t, "go.mod")
	for path, want := range peers {
		if here[path] != want {
			t.Errorf("%s is %q, not %s", path, here[path], want)
		}
	}
}
