package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"hayauma.example/benchmarks/encoding"
	"hayauma.example/benchmarks/experiment"
)

// Part is the theme of what is stored: how it is encoded, appended and read again.
func Part() experiment.Part {
	return experiment.Part{
		Name:        "storage",
		Title:       "Encoding and storage",
		Experiments: slices.Concat(encoding.Experiments(), Experiments()),
	}
}

const (
	appendText = "An appender appends, waits for the answer and appends again; each has a shard of its own. JetStream is the shipped one: embedded, one " +
		"replica, a file that is synced before every answer. It checks fences and batch ids and keeps an index by subject; the file does " +
		"none of that: it is what the disk allows. " + diskText + " Afterwards all records are read and counted. Allocations are those of the whole " +
		"process, and so of the server in it."
	diskText = "A disk of a virtual machine may answer fdatasync from a cache of its host: the floor's own median of fdatasync stands in its row, and " +
		"a disk that can't lose what it acknowledged may take ten times as long."
	replayText = "One grain with many records of 200 B is read from its first record to its last, again and again, from the page cache. The file is " +
		"only cut into records."
)

// lengths is how long a cell measures.
var lengths = map[experiment.Scale]time.Duration{experiment.Short: 300 * time.Millisecond, experiment.Full: 2500 * time.Millisecond}

// workload is what runs on an open store.
type workload interface {
	run(ctx context.Context, s store, length time.Duration) (experiment.Result, error)
}

// Experiments are the appends and the replay.
func Experiments() []experiment.Experiment {
	same := func(w appends) func(experiment.Scale) workload {
		return func(experiment.Scale) workload { return w }
	}
	return []experiment.Experiment{
		define("append-small", "Appends of one record of 200 B, one after the other", appendText,
			same(appends{appenders: 1, records: 1, size: 200, limit: 300_000}), shards(1)),
		define("append-small-64", "Appends of one record of 200 B, 64 appenders", appendText,
			same(appends{appenders: 64, records: 1, size: 200, limit: 300_000}), shards(64)),
		define("append-packed", "Appends of one record of 40 KB, into which many events are packed", appendText,
			same(appends{appenders: 1, records: 1, size: 40_000, limit: 8_000}), shards(1)),
		define("append-batch", "Atomic appends of 500 records of 200 B", appendText,
			same(appends{appenders: 1, records: 500, size: 200, limit: 600}), shards(1)),
		define("replay", "Many small records of one grain read again", replayText, func(scale experiment.Scale) workload {
			if scale == experiment.Full {
				return replays{records: 100_000, size: 200}
			}
			return replays{records: 10_000, size: 200}
		}, shards(1)),
		writing(),
	}
}

// opener opens a row's store, with what is on disk below dir.
type opener func(ctx context.Context, row, dir string) (store, error)

// shards opens a store with one for each appender.
func shards(appenders int) opener {
	return func(ctx context.Context, row, dir string) (store, error) { return open(ctx, row, dir, appenders) }
}

func define(name, title, text string, size func(experiment.Scale) workload, o opener) experiment.Experiment {
	return experiment.Experiment{
		Name: "storage-" + name, Title: title, Text: text, Rows: rows(), Figures: figures(name != "replay"),
		Rounds:   map[experiment.Scale]int{experiment.Short: 1, experiment.Full: 3},
		Patience: map[experiment.Scale]time.Duration{experiment.Short: time.Minute, experiment.Full: 2 * time.Minute},
		Needs:    func(string, experiment.Scale) uint64 { return 1 << 30 }, // what is appended to memory
		Missing:  func(row string) string { return missing(row, os.TempDir()) },
		Run: func(ctx context.Context, row string, scale experiment.Scale) (experiment.Result, error) {
			length, ok := lengths[scale]
			if !ok {
				return experiment.Result{}, &experiment.ScaleError{Scale: scale}
			}
			return measure(ctx, row, o, size(scale), length)
		},
	}
}

func rows() []experiment.Row {
	return []experiment.Row{
		{Name: onJetstream, About: "the shipped journal: embedded NATS JetStream, one replica, every write synced"},
		{Name: inMemory, About: "the journal in memory: what the seam itself costs; nothing is durable"},
		{Name: onFile, About: "the floor: a plain file for each appender, one write and one fdatasync for each append"},
	}
}

func figures(appending bool) []experiment.Figure {
	all := []experiment.Figure{
		{Name: "rate", Title: "records/s", Better: experiment.More},
		{Name: "mb_s", Title: "MB/s", Better: experiment.More},
	}
	if appending {
		all = append(all,
			experiment.Figure{Name: "late_p50_ms", Title: "p50 ms", Better: experiment.Less},
			experiment.Figure{Name: "late_p99_ms", Title: "p99 ms", Better: experiment.Less},
			experiment.Figure{Name: "fdatasync_us", Title: "fdatasync, median µs", Better: experiment.Less},
		)
	}
	return append(all, experiment.Figure{Name: "allocs", Title: "allocations each", Better: experiment.Less})
}

// measure opens the row's store in a new directory, runs the workload on it and removes all.
func measure(ctx context.Context, row string, o opener, w workload, length time.Duration) (r experiment.Result, err error) {
	dir, err := os.MkdirTemp("", "bench-storage-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := o(ctx, row, dir)
	if err != nil {
		return r, fmt.Errorf("storage: open %s: %w", row, err)
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	r, err = w.run(ctx, s, length)
	if err != nil {
		return r, fmt.Errorf("storage: %s: %w", row, err)
	}
	return r, nil
}

// The types of file systems that are in memory, of statfs(2).
const (
	tmpfs = 0x01021994
	ramfs = 0x858458f6
)

// missing says why a row can't be measured with files below dir.
func missing(row, dir string) string {
	if row == inMemory {
		return ""
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Sprintf("%s can't be looked at: %v: set TMPDIR to a directory on a disk", dir, err)
	}
	return inRAM(dir, fs.Type)
}

func inRAM(dir string, kind int64) string {
	if kind == tmpfs || kind == ramfs {
		return dir + " is in memory, where a sync costs nothing: set TMPDIR to a directory on a disk"
	}
	return ""
}
