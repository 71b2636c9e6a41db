package storage

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"hayauma.example/benchmarks/percentile"
	"hayauma.example/engine/journal"
)

// file is the floor: a file per appender to which its records are appended with one write, and then synced. It
// has no names, no numbers, no checksums and no fences.
type file struct{ logs []*log }

// log is one appender's file.
type log struct {
	file  *os.File
	buf   []byte          // owned by the appender
	syncs []time.Duration // owned by the appender: what each fdatasync took
}

func openFile(dir string, appenders int) (store, error) {
	f := &file{}
	for i := range appenders {
		name := filepath.Join(dir, "log-"+strconv.Itoa(i))
		one, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if err != nil {
			return nil, errors.Join(err, f.shut())
		}
		f.logs = append(f.logs, &log{file: one})
	}
	return f, nil
}

// append writes each record's length and data.
func (f *file) append(_ context.Context, appender int, records []journal.Record) error {
	l := f.logs[appender]
	l.buf = l.buf[:0]
	for _, r := range records {
		l.buf = append(binary.AppendUvarint(l.buf, uint64(len(r.Data))), r.Data...)
	}
	if _, err := l.file.Write(l.buf); err != nil {
		return err
	}
	began := time.Now()
	err := syscall.Fdatasync(int(l.file.Fd()))
	l.syncs = append(l.syncs, time.Since(began))
	return err
}

// read copies each record out, as who wants to decode it would.
func (f *file) read(_ context.Context, appender int, _ []journal.Grain) (n uint64, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(f.logs[appender].file, 0, 1<<62), 64<<10)
	for {
		size, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if _, err := io.ReadFull(in, make([]byte, size)); err != nil {
			return n, err
		}
		n++
	}
}

// figures adds the median of all syncs.
func (f *file) figures(to map[string]float64) {
	var all []time.Duration
	for _, l := range f.logs {
		all = append(all, l.syncs...)
	}
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	to["fdatasync_us"] = float64(percentile.Of(all, 50).Nanoseconds()) / 1e3
}

func (f *file) close(context.Context) error { return f.shut() }

func (f *file) shut() error {
	var all error
	for _, l := range f.logs {
		all = errors.Join(all, l.file.Close())
	}
	return all
}
