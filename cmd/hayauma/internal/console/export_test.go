package console

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A file is there with all that was exported, or as it was before.
func TestExportedFileIsWholeOrAsBefore(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("gone")))
	for name, tc := range map[string]struct {
		before string
		body   io.Reader
		after  string
		ok     bool
	}{
		"new":                {"", strings.NewReader("all"), "all", true},
		"in place of an old": {"old", strings.NewReader("all"), "all", true},
		"new, broken off":    {"", broken, "", false},
		"old, broken off":    {"old", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("gone"))), "old", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out")
			var files []string
			if tc.before != "" {
				if err := os.WriteFile(path, []byte(tc.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := export(tc.body, path, io.Discard); (err == nil) != tc.ok {
				t.Errorf("error %v", err)
			}
			if tc.after != "" {
				files = []string{"out"}
			}
			got, _ := os.ReadFile(path)
			list, err := os.ReadDir(dir)
			if err != nil || string(got) != tc.after {
				t.Errorf("the file holds %q, want %q; %v", got, tc.after, err)
			}
			if info, err := os.Stat(path); err == nil && info.Mode().Perm() != 0o600 {
				t.Errorf("others may read it: %v", info.Mode())
			}
			if names := namesOf(list); !slices.Equal(names, files) {
				t.Errorf("there are %q, want %q", names, files)
			}
		})
	}
}

func namesOf(list []os.DirEntry) (names []string) {
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// A link stays a link to what was exported, and what is no file is written to as it is.
func TestExportThroughLinksAndPipes(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(target, nil, 0o600), os.Symlink(target, link)); err != nil {
		t.Fatal(err)
	}
	if err := export(strings.NewReader("all"), link, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "all" {
		t.Errorf("the link's target holds %q", got)
	}
	if to, err := os.Readlink(link); err != nil || to != target {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if err := export(strings.NewReader("all"), os.DevNull, io.Discard); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
}
