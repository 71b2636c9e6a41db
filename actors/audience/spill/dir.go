package spill

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

const prefix = "spill-"

// Dir holds the files of one operation in a subdirectory of its own. It is owned by one goroutine.
type Dir struct {
	root  *os.Root
	name  string
	made  bool
	files []*File
}

// New returns a directory below root; nothing is created before a file needs it. root stays the caller's.
func New(root *os.Root) *Dir {
	return &Dir{root: root, name: prefix + strings.ToLower(rand.Text())}
}

// Sweep removes what earlier processes left below root.
func Sweep(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("spill: list the temporary directory: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			err = errors.Join(err, root.RemoveAll(e.Name()))
		}
	}
	return err
}

// Close closes and removes all files.
func (d *Dir) Close() error {
	var errs []error
	for _, f := range d.files {
		if f.file != nil {
			errs = append(errs, f.file.Close())
		}
	}
	d.files = nil
	if d.made {
		errs = append(errs, d.root.RemoveAll(d.name))
	}
	return errors.Join(errs...)
}

// File returns an empty file with a buffer of that many bytes.
func (d *Dir) File(buffer int) *File {
	f := &File{dir: d, number: len(d.files), limit: buffer}
	d.files = append(d.files, f)
	return f
}

func (d *Dir) create(number int) (*os.File, error) {
	if !d.made {
		if err := d.root.Mkdir(d.name, 0o700); err != nil {
			return nil, err
		}
		d.made = true
	}
	return d.root.OpenFile(path.Join(d.name, fmt.Sprintf("%06d", number)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// File is a sequence of bytes, appended first and read later.
type File struct {
	dir    *Dir
	number int
	limit  int
	buf    []byte // what is not in file yet
	file   *os.File
	stored int64 // bytes in file
}

// Write appends p.
func (f *File) Write(p []byte) (int, error) {
	if len(f.buf)+len(p) > f.limit {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	f.buf = append(f.buf, p...)
	return len(p), nil
}

// Size is the number of bytes written.
func (f *File) Size() int64 { return f.stored + int64(len(f.buf)) }

func (f *File) flush() (err error) {
	if len(f.buf) == 0 {
		return nil
	}
	if f.file == nil {
		if f.file, err = f.dir.create(f.number); err != nil {
			return err
		}
	}
	n, err := f.file.Write(f.buf)
	f.stored += int64(n)
	f.buf = f.buf[:0]
	return err
}

// Settle writes the buffer out and gives its memory back. A file that was never written out stays in memory.
func (f *File) Settle() error {
	if f.file == nil {
		return nil
	}
	err := f.flush()
	f.buf = nil
	return err
}

// Reader reads from the beginning, while nothing is written.
func (f *File) Reader(buffer int) *bufio.Reader {
	rest := bytes.NewReader(f.buf)
	if f.file == nil {
		return bufio.NewReaderSize(rest, min(buffer, max(16, len(f.buf))))
	}
	return bufio.NewReaderSize(io.MultiReader(io.NewSectionReader(f.file, 0, f.stored), rest), buffer)
}

// ReadAt implements [io.ReaderAt], while nothing is written.
func (f *File) ReadAt(p []byte, at int64) (n int, err error) {
	if at < f.stored {
		if n, err = f.file.ReadAt(p[:min(int64(len(p)), f.stored-at)], at); err != nil {
			return n, err
		}
	}
	if rest := at + int64(n) - f.stored; n < len(p) && rest <= int64(len(f.buf)) {
		n += copy(p[n:], f.buf[rest:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Drop closes and removes the file early.
func (f *File) Drop() error {
	f.buf = nil
	if f.file == nil {
		return nil
	}
	name := path.Join(f.dir.name, fmt.Sprintf("%06d", f.number))
	err := errors.Join(f.file.Close(), f.dir.root.Remove(name))
	f.file, f.stored = nil, 0
	return err
}
