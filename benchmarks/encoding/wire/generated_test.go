package wire

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The committed code is what protoc makes of the committed messages, but for the line that names protoc's version.
func TestGeneratedIsCommitted(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("there is no protoc: install Debian's protobuf-compiler")
	}
	dir := t.TempDir()
	plugin := filepath.Join(dir, "protoc-gen-go")
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(t.Context(), "go", "build", "-o", plugin, "google.golang.org/protobuf/cmd/protoc-gen-go"),
		exec.CommandContext(t.Context(), protoc, "--plugin="+plugin, "--go_out="+dir, "--go_opt=paths=source_relative", "messages.proto"),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", cmd.Args, err, out)
		}
	}
	got, want := code(t, filepath.Join(dir, "messages.pb.go")), code(t, "messages.pb.go")
	if !bytes.Equal(got, want) {
		t.Fatal("messages.pb.go is not what messages.proto says: run go generate ./encoding/wire")
	}
}

func code(t *testing.T, file string) []byte {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("// \tprotoc ")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
