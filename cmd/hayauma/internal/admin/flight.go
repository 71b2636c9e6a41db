package admin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what a Flight leaves in the data directory.
const (
	MaxFiles  = 8
	MaxKept   = 256 << 20        // bytes of all files; the newest is kept whatever it has
	KeepEvery = 30 * time.Second // for troubles, which may come in swarms
)

const (
	folder    = "debug"
	prefix    = "flight-"
	suffix    = ".trace"
	flightAge = 10 * time.Second // at least so much is held, where the memory suffices
	stamp     = "20060102T150405.000000000Z"
)

// Why a flight record can't be had.
var (
	ErrNoFlight = errors.New("the flight recorder is off: start the daemon with --flight-recorder 8MiB, or more")
	ErrNoData   = errors.New("there is no data directory to keep it in: the store is memory")
)

// Flight is the running flight recorder. A nil one is off. It is safe for concurrent use.
type Flight struct {
	recorder *trace.FlightRecorder
	dir      *os.Root // the data directory; nil: there is none

	mu   sync.Mutex // one write at a time; guards what follows
	last time.Time  // of the newest trouble's file
}

// StartFlight begins to record in at most about so many bytes of memory. dir is nil where nothing is kept.
func StartFlight(bytes int64, dir *os.Root) (*Flight, error) {
	f := &Flight{recorder: trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: flightAge, MaxBytes: uint64(bytes)}), dir: dir}
	if err := f.recorder.Start(); err != nil {
		return nil, fmt.Errorf("flight recorder: %w", err)
	}
	return f, nil
}

// Stop ends the recording.
func (f *Flight) Stop() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recorder.Stop()
}

// WriteTo writes what is recorded.
func (f *Flight) WriteTo(w io.Writer) (int64, error) {
	if f == nil {
		return 0, ErrNoFlight
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.recorder.WriteTo(w)
}

// Kept is a file in the data directory.
type Kept struct {
	File  string `json:"file"` // below the data directory
	Bytes int64  `json:"bytes"`
}

// Keep writes what is recorded into the data directory.
func (f *Flight) Keep(now time.Time) (Kept, error) {
	if f == nil {
		return Kept{}, ErrNoFlight
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keep(now)
}

// Trouble is Keep, but not again within KeepEvery; false: it was too soon.
func (f *Flight) Trouble(now time.Time) (k Kept, done bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() && now.Sub(f.last) < KeepEvery {
		return Kept{}, false, nil
	}
	f.last = now
	k, err = f.keep(now)
	return k, true, err
}

// keep writes a file to its end or not at all; the caller holds mu.
func (f *Flight) keep(now time.Time) (k Kept, err error) {
	if f.dir == nil {
		return k, ErrNoData
	}
	if err := f.dir.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return k, fmt.Errorf("flight record: %w", err)
	}
	k.File = folder + "/" + prefix + now.UTC().Format(stamp) + suffix
	part := k.File + ".part"
	file, err := f.dir.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return k, fmt.Errorf("flight record: %w", err)
	}
	k.Bytes, err = f.recorder.WriteTo(file)
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.dir.Rename(part, k.File)
	}
	if err != nil {
		_ = f.dir.Remove(part) // it may not be there
		return Kept{}, fmt.Errorf("flight record: %w", err)
	}
	return k, f.prune()
}

// prune removes the oldest files beyond the bounds, and what a killed process left half written.
func (f *Flight) prune() error {
	entries, err := fs.ReadDir(f.dir.FS(), folder)
	if err != nil {
		return fmt.Errorf("flight records: %w", err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(b.Name(), a.Name()) }) // the newest first
	files, bytes := 0, int64(0)
	var errs []error
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue // not ours
		}
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), suffix) {
			files, bytes = files+1, bytes+info.Size()
			if files == 1 || files <= MaxFiles && bytes <= MaxKept {
				continue
			}
		}
		errs = append(errs, f.dir.Remove(folder+"/"+e.Name()))
	}
	return errors.Join(errs...)
}
