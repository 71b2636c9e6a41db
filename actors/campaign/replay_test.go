package campaign

import (
	"bytes"
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
	"hayauma.example/actors/plan"
	"hayauma.example/codec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// history is a campaign's life with everything that can be in its journal.
func history() []Event {
	table := tableOf(pushes(4), multicasts(6), failures(1))
	return []Event{
		Uploading{Upload: "u1", At: due.Add(-2 * time.Hour)},
		UploadDropped{Upload: "u1", Reason: "replaced: its sender fell silent"},
		Uploading{Upload: "u2", At: due.Add(-time.Hour)},
		Accepted{Upload: "u2", At: due.Add(-time.Hour), Due: due,
			Definition: actors.Definition{Name: "autumn", Channel: "shop", Messages: json.RawMessage(`[{"type":"text","text":"hello"}]`), At: due,
				ExpireAfter: time.Hour},
			Audience: actors.Audience{Rows: 12, Duplicates: 1, Parts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"name"}}},
		RunStarted{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
		Planned{Table: table},
		WindowOpened{Number: 1, Paths: []actors.Span{span(0, 4)}, Cursor: 4, At: due},
		Paused{},
		WindowClosed{Number: 1, Paths: []actors.Span{span(1, 3)}},
		Resumed{},
		Ranked{Priority: actors.PriorityHigh, Weight: 20},
		QuotaWaived{},
		Parted{At: due.Add(time.Second), Windows: []uint32{1}},
		WindowOpened{Number: 2, Paths: []actors.Span{span(1, 2), span(4, 10)}, Cursor: 11, At: due.Add(time.Minute), Settled: []uint32{1}},
		WindowClosed{Number: 1, Paths: []actors.Span{span(0, 1)}}, // not open any more: changes nothing
		WindowClosed{Number: 2, Paths: []actors.Span{span(4, 10)}, Anew: true},
		Lapsed{At: due.Add(2 * time.Hour)},
		CancelAsked{At: due.Add(3 * time.Hour)},
		Finished{State: actors.StateCancelled, Totals: actors.Totals{actors.Delivered: 3, actors.Cancelled: 7, actors.Failed: 1}, At: due.Add(4 * time.Hour)},
		RedriveAsked{Generation: 1, State: actors.Failed, At: due.Add(5 * time.Hour)},
		Replanned{Generation: 1, Paths: []actors.Span{span(0, 1)}, Next: 4, More: true},
		Replanned{Generation: 1, Paths: []actors.Span{span(4, 7)}, Next: 11},
		WindowOpened{Number: 3, Paths: []actors.Span{span(0, 1), span(4, 7)}, Cursor: 11, At: due.Add(5 * time.Hour)},
		Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 10, actors.Failed: 1}, At: due.Add(6 * time.Hour)},
	}
}

// recurring is the life of a series.
func recurring() []Event {
	return []Event{
		Uploading{Upload: "u", At: due.Add(-time.Hour)},
		Accepted{Upload: "u", At: due.Add(-time.Hour), Due: due, Series: "of another",
			Definition: actors.Definition{Name: "hourly", Channel: "shop", Messages: json.RawMessage(`[{"type":"text","text":"hello"}]`), At: due,
				Zone: "Asia/Tokyo", Hours: "mon-fri 09:00-21:00", After: "another", Cron: "0 * * * *", Until: due.Add(48 * time.Hour), Overlap: actors.OverlapWait,
				Steps: []actors.Step{{After: time.Hour, At: "09:00", Messages: json.RawMessage(`[{}]`)}}},
			Audience: actors.Audience{Rows: 1, Parts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"name"}}},
		Released{At: due.Add(time.Minute)},
		Occurred{Campaign: "a", Due: due, Step: 1},
		Paused{BySeries: true},
		Skipped{Due: due.Add(time.Hour), Reason: skippedBusy},
		Occurred{Campaign: "b", Due: due.Add(2 * time.Hour)},
		OccurrenceEnded{Campaign: "a", State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 1}},
		OccurrenceAmended{Campaign: "a", State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 1}},
		Finished{State: actors.StateCancelled, At: due.Add(4 * time.Hour)},
		Forgotten{At: due.Add(5 * time.Hour), Mode: "push"},
	}
}

// divided is the life of a campaign with variants at the recipients' local time.
func divided() []Event {
	table := tableOf(pushes(4), pushes(2), multicasts(6))
	table.Lots = []plan.LotEntry{{Lot: plan.Lot{Local: true, Offset: 14 * 3600}}, {First: 4, Lot: plan.Lot{Variant: 1, Local: true, Offset: 14 * 3600}},
		{First: 6, Lot: plan.Lot{Local: true, Delay: 5 * time.Hour, Offset: 9 * 3600}}}
	variants := []actors.Totals{{actors.Delivered: 6, actors.Expired: 4}, {actors.Delivered: 2}}
	return []Event{
		Accepted{Upload: "u", At: due.Add(-time.Hour), Due: due,
			Definition: actors.Definition{Name: "morning", Channel: "shop", At: due, ExpireAfter: time.Hour, LocalTime: true, ZoneColumn: "zone", Experiment: "greeting",
				Variants: []actors.Variant{{Name: "a", Weight: 3, Messages: json.RawMessage(`[{}]`)}, {Name: "b", Weight: 1, Messages: json.RawMessage(`[{}]`)}}},
			Audience: actors.Audience{Rows: 12, Parts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"zone"}}},
		RunStarted{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
		Planned{Table: table},
		WindowOpened{Number: 1, Paths: []actors.Span{span(4, 6)}, Cursor: 6, At: due},
		Lapsed{At: due.Add(time.Hour), Late: 4},
		OccurrenceEnded{Campaign: "of none", State: actors.StateFinished, Variants: variants},
		Finished{State: actors.StateFinished, Totals: actors.Totals{actors.Delivered: 8, actors.Expired: 4}, Variants: variants, At: due.Add(6 * time.Hour)},
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
	return fmt.Sprintf("upload %q accepted %v run %q planned %v cursor %d back %v anew %v open [%s] last %d "+
		"rank %s waived %v paused %v cancel %v lapsed %v finished %v generation %d redrive %v", s.Upload,
		s.Accepted != nil, s.Run, s.Planned, s.Cursor, s.Back, s.Anew.Spans(), strings.Join(open,
			"; "), s.Last, rankOf(s), s.Waived, s.Paused, !s.CancelAt.IsZero(), !s.LapsedAt.IsZero(), s.Finished != nil,
		s.Generation, s.Redrive != nil)
}

func rankOf(s *Intent) string {
	p, weight := s.Rank()
	return fmt.Sprintf("%s %d", p, weight)
}

// TestEventsOnDisk reads what an earlier build wrote, and folds the same campaign of it.
func TestEventsOnDisk(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	seen := map[string]bool{}
	for _, c := range []struct {
		file    string
		history []Event
	}{{"events.hex", history()}, {"series.hex", recurring()}, {"spared.hex", sparedHistory()}, {"lots.hex", divided()}} {
		var b strings.Builder
		for _, e := range c.history {
			data, err := reg.Append(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			name, _ := reg.Name(e)
			seen[name] = true
			fmt.Fprintf(&b, "%s %s\n", name, hex.EncodeToString(data))
		}
		golden(t, c.file, b.String())
		live, replayed := &Intent{}, &Intent{}
		for i, e := range stored(t, reg, c.file) {
			live.Apply(c.history[i])
			replayed.Apply(e)
		}
		if !reflect.DeepEqual(live, replayed) {
			t.Errorf("%s, replayed:\n%s\nlive:\n%s", c.file, describe(replayed), describe(live))
		}
	}
	seen["campaign.remains"] = true // see TestRemainsOnDisk
	for _, name := range reg.Names() {
		if !seen[name] {
			t.Errorf("the histories have no %s", name)
		}
	}
}

// TestEventsWithoutRanks reads what a build wrote that knew neither priorities nor weights.
func TestEventsWithoutRanks(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	s := &Intent{}
	for _, e := range stored(t, reg, "events_unranked.hex") {
		s.Apply(e)
	}
	if p, weight := s.Rank(); s.Accepted == nil || s.Finished == nil || p != actors.PriorityNormal || weight != actors.DefaultWeight || s.Waived {
		t.Errorf("%s: %s %d", describe(s), p, weight)
	}
}

// TestRemainsOnDisk reads what an earlier build stored of a campaign that is forgotten.
func TestRemainsOnDisk(t *testing.T) {
	reg := codec.NewRegistry()
	Register(reg)
	a := &Campaign{}
	for _, e := range recurring() {
		a.Apply(e)
	}
	data, err := reg.Append(nil, a.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "remains.hex", hex.EncodeToString(data)+"\n")
	read, rest, err := reg.Decode(data)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left", err, len(rest))
	}
	b := &Campaign{}
	b.Restore(read)
	again, err := reg.Append(nil, b.Snapshot())
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("restored it is stored as\n%x, %v, before as\n%x", again, err, data)
	}
	if b.intent.Finished == nil || b.intent.Forgotten.IsZero() || b.intent.mode != "push" || b.intent.Series.Begun != 2 || b.intent.Accepted.Definition.Name != "hourly" {
		t.Errorf("%+v", b.intent)
	}
}

func stored(t *testing.T, reg *codec.Registry, name string) []Event {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
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
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			utc(v.Index(i))
		}
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
	want := []string{"accepted", "cancel_asked", "deferred", "finished", "forgotten", "lapsed", "occurred", "occurrence_amended", "occurrence_ended",
		"occurrence_skipped", "parted", "paused", "planned", "quota_waived", "ranked", "redrive_asked", "released", "remains", "replanned", "resumed",
		"run_started", "upload_dropped",
		"uploading", "window_closed", "window_opened"}
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
