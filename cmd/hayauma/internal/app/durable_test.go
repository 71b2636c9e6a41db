package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What can't be written leaves the file as it was; what a killed process left beside it doesn't matter.
func TestFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "starts")
	if err := os.WriteFile(path+".next", []byte(strings.Repeat("half of a longer one", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a\n", "a\nb\n", ""} {
		before, _ := os.Stat(path)
		if err := overwrite(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("it holds %q, %v", got, err)
		}
		after, err := os.Stat(path)
		if err != nil || after.Mode().Perm() != 0o600 || before != nil && os.SameFile(before, after) {
			t.Errorf("it was written in place: %v, %v", after, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if err := overwrite(path, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".next", 0o700); err != nil { // nothing can be written there
		t.Fatal(err)
	}
	if err := overwrite(path, []byte("lost")); err == nil {
		t.Error("it was replaced")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "kept" {
		t.Errorf("it holds %q, %v", got, err)
	}
}

// The start of a node names it durably beside the earlier ones.
func TestAncestryIsReplacedWhole(t *testing.T) {
	a := &App{}
	a.cfg.Data, a.cfg.NATS.URL = t.TempDir(), "nats://127.0.0.1:1"
	path := filepath.Join(a.cfg.Data, startsName)
	if err := os.WriteFile(path, []byte("01A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	earlier, err := a.ancestry("01B")
	if err != nil || !earlier("01A") || earlier("01B") {
		t.Fatalf("01A is not known: %v", err)
	}
	after, err := os.Stat(path)
	if err != nil || os.SameFile(before, after) {
		t.Errorf("it was written in place, %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "01A\n01B\n" {
		t.Errorf("%q, %v", text, err)
	}
}
