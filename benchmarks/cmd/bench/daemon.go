package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/suite"
)

// freeze builds the daemon and keeps a copy that nothing else writes to, until remove: all cells of a run start the same daemon, whatever
// becomes of the sources and of the built program meanwhile.
func (c command) freeze(ctx context.Context) (path string, remove func() error, err error) {
	built, err := c.daemon(ctx)
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "hayauma-bench-")
	if err != nil {
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	path = filepath.Join(dir, "hayauma")
	if err := copyProgram(path, built); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}

// startWith starts cells that start that daemon.
func startWith(program, daemon string) suite.Start {
	return suite.Executable(program, pipeline.ProgramVariable+"="+daemon)
}

func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), in.Close())
}
