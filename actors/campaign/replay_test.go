package campaign

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/codec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// history is a campaign's life with everything that can be in its journal.
func history() []Event {
	plan := tableOf(pushes(4), multicasts(6), failures(1))
	return []Event{
		Uploading{Upload: "u1", At: due.Add(-2 * time.Hour)},
		UploadDropped{Upload: "u1", Reason: "replaced: its sender fell silent"},
		Uploading{Upload: "u2", At: due.Add(-time.Hour)},
		Accepted{Upload: "u2", At: due.Add(-time.Hour), Due: due,
			Definition: actors.Definition{Name: "autumn", Channel: "shop", Messages: json.RawMessage(`[{"type":"text","text":"hello"}]`), At: due,
				ExpireAfter: time.Hour},
			Audience: actors.Audience{Rows: 12, Duplicates: 1, Parts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"name"}}},
		RunStarted{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
		Planned{Table: plan},
		WindowOpened{Number: 1, Paths: []actors.Span{span(0, 4)}, Cursor: 4, At: due},
		Paused{},
		WindowClosed{Number: 1, Paths: []actors.Span{span(1, 3)}},
		Resumed{},
		Parted{At: due.Add(time.Second), Windows: []uint32{1}},
		WindowOpened{Number: 2, Paths: []actors.Span{span(1, 2), span(4, 10)}, Cursor: 11, At: due.Add(time.Minute), Settled: []uint32{1}},
		WindowClosed{Number: 1, Paths: []actors.Span{span(0, 1)}}, // not open any more: changes nothing
		WindowClosed{Number: 2, Paths: []actors.Span{span(4, 10)}, Anew: true},
		Lapsed{At: due.Add(2 * time.Hour)},
		CancelAsked{At: due.Add(3 * time.Hour)},
		Finished{State: actors.StateCancelled, Totals: actors.Totals{actors.Delivered: 3, actors.Cancelled: 7, actors.Failed: 1}, At: due.Add(4 * time.Hour)},
	}
}

// TestHistory shows what each event makes of a campaign.
func TestHistory(t *testing.T) {
	var b strings.Builder
	s := &Intent{}
	for _, e := range history() {
		s.Apply(e)
		fmt.Fprintf(&b, "%T\n    %s\n", e, describe(s))
	}
	golden(t, "history.txt", b.String())
}

func describe(s *Intent) string {
	var open []string
	for _, w := range s.Open {
		open = append(open, fmt.Sprintf("%d:%v size %d closed %v", w.Number, w.Paths, w.Size, w.Closed.Spans()))
	}
	return fmt.Sprintf("upload %q accepted %v run %q planned %v cursor %d back %v anew %v open [%s] last %d paused %v cancel %v lapsed %v finished %v", s.Upload,
		s.Accepted != nil, s.Run, s.Planned, s.Cursor, s.Back, s.Anew.Spans(), strings.Join(open,
			"; "), s.Last, s.Paused, !s.CancelAt.IsZero(), !s.LapsedAt.IsZero(), s.Finished != nil)
}

// TestEventsOnDisk reads what an earlier build wrote, and folds the same campaign of it.
func TestEventsOnDisk(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	var b strings.Builder
	seen := map[string]bool{}
	for _, e := range history() {
		data, err := reg.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := reg.Name(e)
		seen[name] = true
		fmt.Fprintf(&b, "%s %s\n", name, hex.EncodeToString(data))
	}
	golden(t, "events.hex", b.String())
	for _, name := range reg.Names() {
		if !seen[name] {
			t.Errorf("the history has no %s", name)
		}
	}
	live, replayed := &Intent{}, &Intent{}
	for i, e := range stored(t, reg) {
		live.Apply(history()[i])
		replayed.Apply(e)
	}
	if !reflect.DeepEqual(live, replayed) {
		t.Errorf("replayed:\n%s\nlive:\n%s", describe(replayed), describe(live))
	}
}

func stored(t *testing.T, reg *codec.Registry) []Event {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", "events.hex"))
	if err != nil {
		t.Fatal(err)
	}
	var out []Event
	for line := range strings.Lines(string(file)) {
		_, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		data, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		e, rest, err := reg.Decode(data)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: %v, %d bytes left", line, err, len(rest))
		}
		out = append(out, inUTC(e.(Event)))
	}
	return out
}

// inUTC drops the time zone of the machine that reads: only instants are stored.
func inUTC(e Event) Event {
	v := reflect.New(reflect.TypeOf(e)).Elem()
	v.Set(reflect.ValueOf(e))
	utc(v)
	return v.Interface().(Event)
}

func utc(v reflect.Value) {
	if at, ok := reflect.TypeAssert[time.Time](v); ok {
		v.Set(reflect.ValueOf(at.UTC()))
		return
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				utc(v.Field(i))
			}
		}
	}
}

func TestEventNamesNeverChange(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	want := []string{"accepted", "cancel_asked", "finished", "lapsed", "parted", "paused", "planned", "resumed", "run_started", "upload_dropped", "uploading",
		"window_closed", "window_opened"}
	for i := range want {
		want[i] = "campaign." + want[i]
	}
	if !slices.Equal(reg.Names(), want) {
		t.Errorf("%v, want %v", reg.Names(), want)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-rewrite writes it anew):\n%s", path, got)
	}
}
