package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/config"
)

// A daemon whose data directory was removed or replaced ends, and says why.
func TestDataDirectoryDisappears(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(t *testing.T, dir string)
		want string // empty: it goes on
	}{
		"nothing":  {func(*testing.T, string) {}, ""},
		"removed":  {func(t *testing.T, dir string) { try(t, os.Rename(dir, dir+".gone")) }, "was removed"},
		"no lock":  {func(t *testing.T, dir string) { try(t, os.Remove(filepath.Join(dir, lockName))) }, "was removed"},
		"replaced": {replace, "was replaced"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			cfg.Data, cfg.Listen, cfg.MemoryLimit = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0", 0
			a, err := Start(t.Context(), cfg, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Stop(context.WithoutCancel(t.Context()))
			a.checkHome()
			tc.do(t, cfg.Data)
			a.checkHome()
			select {
			case err = <-a.Failed():
			default:
			}
			if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), cfg.Data)) {
				t.Errorf("the daemon ends with %v, want %q", err, tc.want)
			}
		})
	}
}

func replace(t *testing.T, dir string) {
	t.Helper()
	try(t, os.Rename(dir, dir+".gone"))
	try(t, os.Mkdir(dir, 0o700))
	try(t, os.WriteFile(filepath.Join(dir, lockName), nil, 0o600))
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
