package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// lockName is the file by which a daemon holds its data directory.
const lockName = "hayauma.lock"

// home is the data directory as it was at the start. Open files outlive a directory that is removed or replaced, so a daemon would go
// on answering, and everything it answered would be gone at its end.
type home struct {
	dir  string
	lock fs.FileInfo
}

func openHome(dir string) (*home, error) {
	info, err := os.Stat(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	return &home{dir, info}, nil
}

// check is an error where the directory is no longer the one that the daemon started with.
func (h *home) check() error {
	if h == nil {
		return nil
	}
	now, err := os.Stat(filepath.Join(h.dir, lockName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the data directory %s, or its %s, was removed while the daemon ran: "+
			"what is accepted now would be lost; restore it, then start again", h.dir, lockName)
	case err == nil && !os.SameFile(h.lock, now):
		return fmt.Errorf("the data directory %s, or its %s, was replaced while the daemon ran: "+
			"what is accepted now would be lost; check what is mounted there, then start again", h.dir, lockName)
	}
	return nil // a disk that can't be asked speaks for itself
}

// checkHome ends the daemon where its data directory has disappeared.
func (a *App) checkHome() {
	if err := a.home.check(); err != nil {
		a.fail(err)
	}
}
