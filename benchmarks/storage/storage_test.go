package storage

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/engine/journal"
)

const brief = 50 * time.Millisecond

// small is one workload, short enough for a test.
type small struct {
	appenders int
	workload  workload
	open      opener
}

func workloads() map[string]small {
	many := appends{appenders: 64, records: 1, size: 200, limit: 6400}
	return map[string]small{
		"one":    {1, appends{appenders: 1, records: 1, size: 200, limit: 2000}, shards(1)},
		"many":   {64, many, shards(64)},
		"packed": {1, appends{appenders: 1, records: 1, size: 40_000, limit: 100}, shards(1)},
		"batch":  {1, appends{appenders: 1, records: 500, size: 200, limit: 10}, shards(1)},
		"replay": {1, replays{records: 1200, size: 200}, shards(1)},
		"writer": {64, many, openQueued},
	}
}

// Every workload runs on every store, and what it stored is there.
func TestWorkloads(t *testing.T) {
	for name, w := range workloads() {
		for _, row := range rows() {
			t.Run(name+"/"+row.Name, func(t *testing.T) {
				if why := missing(row.Name, os.TempDir()); why != "" {
					t.Skip(why)
				}
				if name == "writer" && row.Name == onFile {
					t.Skip("a file has no writer")
				}
				r, err := measure(t.Context(), row.Name, w.open, w.workload, brief)
				if err != nil {
					t.Fatal(err)
				}
				if r.Sent == 0 || r.Lost != 0 || r.Seconds <= 0 {
					t.Fatalf("got %+v", r)
				}
				_, synced := r.Figures["fdatasync_us"]
				if want := row.Name == onFile && name != "replay"; synced != want {
					t.Errorf("fdatasync measured: %v, want %v", synced, want)
				}
				for _, f := range figures(name != "replay") {
					if v, ok := r.Figures[f.Name]; f.Name != "fdatasync_us" && f.Name != "allocs" && (!ok || v <= 0) {
						t.Errorf("%s is %v", f.Name, v)
					}
				}
				t.Logf("%d records: %v", r.Sent, r.Figures)
			})
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := measure(t.Context(), onJetstream, shards(1), appends{appenders: 1, records: 1, size: 10, limit: 10}, brief); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 0 {
		t.Fatalf("%v, %v", left, err)
	}
}

// forgetful acknowledges each tenth append without storing it.
type forgetful struct {
	store
	asked atomic.Uint64
}

func (f *forgetful) append(ctx context.Context, appender int, records []journal.Record) error {
	if f.asked.Add(1)%10 == 0 {
		return nil
	}
	return f.store.append(ctx, appender, records)
}

func TestLossIsCounted(t *testing.T) {
	for _, row := range []string{inMemory, onFile} {
		s, err := open(t.Context(), row, t.TempDir(), 4)
		if err != nil {
			t.Fatal(err)
		}
		a := appends{appenders: 4, records: 5, size: 20, limit: 200}
		r, err := a.run(t.Context(), &forgetful{store: s}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 1000 || r.Lost != 110 { // the first tenth, unmeasured, loses too
			t.Errorf("%s: lost %d of %d", row, r.Lost, r.Sent)
		}
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

var errFull = errors.New("full")

// full takes nothing.
type full struct{ store }

func (full) append(context.Context, int, []journal.Record) error { return errFull }

func TestARefusalEndsTheCell(t *testing.T) {
	for name, w := range workloads() {
		s, err := open(t.Context(), inMemory, "", w.appenders)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.workload.run(t.Context(), full{s}, time.Minute); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	e := Experiments()[0]
	_, err := e.Run(t.Context(), "tape", experiment.Short)
	if got, ok := errors.AsType[*experiment.UnknownRowError](err); !ok || got.Row != "tape" {
		t.Errorf("got %v", err)
	}
	_, err = e.Run(t.Context(), inMemory, "huge")
	if _, ok := errors.AsType[*experiment.ScaleError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestAFileHasNoWriter(t *testing.T) {
	if _, err := openQueued(t.Context(), onFile, t.TempDir()); err == nil {
		t.Fatal("a file was opened with a writer")
	}
	if rows := writing().Rows; len(rows) != 2 || rows[0].Name != onJetstream || rows[1].Name != inMemory {
		t.Fatalf("got %v", rows)
	}
}

func TestADirectoryInMemoryIsNoDisk(t *testing.T) {
	for kind, want := range map[int64]bool{tmpfs: true, ramfs: true, 0xef53: false, 0x58465342: false} {
		if got := inRAM("/x", kind) != ""; got != want {
			t.Errorf("%x: refused %v", kind, got)
		}
	}
	if missing(inMemory, "/nowhere") != "" || missing(onFile, "/nowhere") == "" {
		t.Error("only what needs a disk looks for one")
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Part().Experiments {
		if seen[e.Name] || strings.ToLower(e.Name) != e.Name || e.Rounds[experiment.Full] == 0 {
			t.Errorf("%s", e.Name)
		}
		seen[e.Name] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d experiments", len(seen))
	}
}
