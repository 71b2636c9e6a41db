package actors_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors"
	"hayauma.example/actors/plan"
	"hayauma.example/actors/provider"
	"hayauma.example/codec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden frames of this version anew")

func registry() *codec.Registry {
	r := codec.NewRegistry()
	actors.RegisterMessages(r)
	return r
}

var (
	moment    = time.Unix(1_750_000_000, 123_456_789)
	run       = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	span      = actors.Span{Lo: 500, Hi: 70_000}
	stretches = []actors.Span{{Lo: 1, Hi: 2}, span}
	settings  = actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: actors.LINELimits}
	def       = actors.Definition{Name: "sale", Channel: "shop", Messages: json.RawMessage(`[{}]`), At: moment, ExpireAfter: time.Hour}
	audience  = actors.Audience{Rows: 9, Duplicates: 1, Parts: 2, DupParts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"text"}}
	table     = plan.Table{Recipients: 20, Chunks: []plan.Entry{{Mode: plan.Push, First: 0, Count: 20}}}
	totals    = actors.Totals{1, 2, 3, 4, 5, 6, 7}
	progress  = actors.Progress{Run: run, Totals: totals, Windows: map[uint32]uint32{1: 2, 700: 3},
		Returned: []actors.Returned{{Window: 1, Paths: stretches, Anew: true}}}
	figures  = actors.Figures{Month: "2026-11", Started: 1, Finished: 2, Requests: -3, Outcomes: [7]int64{1, 2, 3, 4, 5, 6, 7}}
	standing = actors.RunStanding{Campaign: "c", Run: run, Standing: actors.RunHeld}
)

// samples are every message with every field in use.
var samples = []any{
	actors.BeginUpload{Upload: "u"}, actors.KeepUpload{Upload: "u"}, actors.DropUpload{Upload: "u", Reason: "r"},
	actors.Accept{Upload: "u", Definition: def, Audience: audience}, actors.Show{}, actors.Layout{}, actors.Pause{}, actors.Resume{}, actors.Cancel{},
	actors.Drain{}, progress, actors.StandingOf{Run: run}, actors.ChannelState{Channel: "shop", Paused: "quota"},
	actors.Dropped{Run: run, Window: 3, Paths: stretches, Reports: []actors.Report{{Run: run, Window: 3, What: actors.PathSplit}}},
	actors.NodeGone{}, actors.ShardsLost{Shards: map[string]actors.Shards{"poster": actors.ShardsOf(1, 63)}},

	actors.Configure{Settings: settings}, actors.RemoveChannel{}, actors.DescribeChannel{Standing: standing, Last: 3,
		Open: []uint32{2, 3}}, actors.ResumeChannel{},
	standing, actors.WindowDone{Run: run, Window: 3}, actors.FreeDemand{Run: run, Window: 3, Bytes: 4096},
	actors.WantDemand{Composer: run + "/3", Campaign: "c", Run: run, Window: 3, Bytes: 4096, Piece: 2, Anew: true},
	actors.WantTokens{
		Gate: "g/shop", Seq: 7, Waiting: []actors.RunWaiting{{Campaign: "c", Run: run, Push: 300, Multicast: 2}},
		Spent:   []actors.Spent{{Grant: 1 << 63, Started: []time.Duration{time.Millisecond, time.Second}, Unused: 2}},
		Freed:   []actors.Freed{{Run: run, Window: 3, Bytes: 70_000}},
		Trouble: []actors.Trouble{{Endpoint: provider.Multicast, Verdict: provider.Throttled, Reason: "slow", Count: 2}}, Fine: [2]int{8, 9},
	},

	actors.Open{Campaign: "c", Run: run, Channel: "shop", Due: moment, Table: table},
	actors.Report{Run: run, Window: 3, Path: span, What: actors.PathSplit, Doubt: true, Poster: "shop/U1", Reason: "bad", Request: "q", Tries: 2, At: moment},
	actors.Untold{Run: run, Window: 3, Paths: stretches, What: actors.PathAltered},
	actors.Unsettled{Run: run, Window: 3, Number: 4, Paths: stretches, Peek: true, Reports: []actors.Report{{Run: run, Window: 3, What: actors.PathSplit}}},
	actors.Direct{Run: run, Paths: stretches, Outcome: actors.Cancelled, Reason: "r"}, actors.GiveUp{Run: run, Window: 3, Paths: stretches, Reason: "r"},
	actors.Totalled{Run: run, Windows: []uint32{1, 2}}, actors.Page{Span: span}, actors.Story{Index: 5}, actors.TellAgain{},

	actors.Count{Run: run, Sent: moment, Version: 7, Figures: []actors.Figures{figures}, Told: 6,
		Base: []actors.Figures{figures}}, actors.MonthOf{Month: "2026-11"},

	actors.Compose{
		Campaign: "c", Run: run, Channel: "shop", Chunks: "run.x", Window: 3, Number: 4, Paths: []actors.Path{{Span: span, Chunk: 7, Multicast: true, Anew: true}},
		Deadline: moment, Messages: json.RawMessage(`[{}]`), Due: moment, Part: true,
	},
	actors.Granted{Channel: "shop", Run: run, Window: 3, Bytes: 4096, Piece: 2}, actors.ReturnWindow{}, actors.EndRun{}, actors.Remaining{},

	actors.Post{
		Campaign: "c", Run: run, Channel: "shop", Window: 3, Number: 4, Chunk: 7, Path: span, Endpoint: provider.Multicast, To: []string{"U1", "U2"},
		Messages: json.RawMessage(`[{"type":"text"}]`), Deadline: moment, Demand: 1024,
	},
	actors.GiveBack{Run: run}, actors.Drop{Run: run}, actors.Recorded{Run: run, Window: 3, Path: span, Split: true},

	actors.Problem{Status: 404, Title: "no such run", Detail: "d"}, actors.Done{},
	actors.UploadTicket{Go: true, Accepted: &actors.Accepted{Definition: def, ContentSHA256: []byte{2}}},
	actors.Info{
		ID: "c", Name: "sale", Channel: "shop", State: actors.StatePaused, Reason: "r", Rows: 9, Duplicates: 1, Totals: totals, Run: run,
		AcceptedAt: moment, Due: moment, StartedAt: moment, FinishedAt: moment, Mode: "push",
	},
	actors.RunLayout{Run: run, Chunks: "run.x", Table: table, Columns: []string{"text"}, Channel: "shop"},
	actors.ChannelInfo{Settings: settings, Paused: "p", Warning: "w", Since: moment, Runs: 2, Waiting: true},
	actors.Tokens{
		Seq: 7, Grants: []actors.Grant{{ID: 1 << 63, Run: run, Endpoint: provider.Multicast, N: 3, Open: true}}, Held: []string{"a"}, Over: []string{"b"},
		Again: time.Millisecond, Paused: "p", Setup: settings,
	},
	actors.UnsettledPaths{Paths: stretches, Progress: progress}, actors.Outcomes{Outcomes: []actors.Outcome{1, 6}, Reasons: []string{"", "r"}},
	actors.Account{Outcome: 6, Entries: []actors.AccountEntry{{At: "t", Event: "settled", Window: 3, Path: span, Outcome: "delivered", Reason: "r", Request: "q",
		Tries: 2}}},
	actors.Untaken{Paths: stretches}, actors.Counted{Run: run, Version: 7}, figures,
}

// TestEveryMessageHasASample in which no field is zero: what stands there is what the frames hold.
func TestEveryMessageHasASample(t *testing.T) {
	r := registry()
	var names []string
	for _, m := range samples {
		name, ok := r.Name(m)
		if !ok {
			t.Errorf("%T has no name on the wire", m)
		}
		names = append(names, name)
		for f, v := range reflect.ValueOf(m).Fields() {
			if v.IsZero() {
				t.Errorf("%T: the sample doesn't use %s", m, f.Name)
			}
		}
	}
	if slices.Sort(names); !slices.Equal(names, r.Names()) {
		t.Errorf("samples of %v, names %v", names, r.Names())
	}
}

// TestGoldenFrames: what this version writes is what stands in testdata, and is read back.
func TestGoldenFrames(t *testing.T) {
	r := registry()
	file := filepath.Join("testdata", "frames.txt")
	if *rewrite {
		var b strings.Builder
		for _, m := range samples {
			fmt.Fprintln(&b, frameName(r, m), hex.EncodeToString(encode(t, r, m)))
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := frames(t, file)
	for _, m := range samples {
		name := frameName(r, m)
		if got := encode(t, r, m); !bytes.Equal(got, golden[name]) {
			t.Errorf("%s is written as %x, the golden frame is %x", name, got, golden[name])
		}
		if got := decode(t, r, golden[name]); !same(got, m) {
			t.Errorf("%s is read as %+v, want %+v", name, got, m)
		}
	}
	if len(golden) != len(samples) {
		t.Errorf("%d golden frames, %d samples", len(golden), len(samples))
	}
}

// lesser are what the frames of another layout in testdata mean to this version: each lacks fields that are written now, and has others
// that nobody knows. They were written once and are never written again.
var lesser = map[string]any{
	"campaign/show":          actors.Show{},
	"campaign/channel_state": actors.ChannelState{Channel: "shop"},
	"poster/post": actors.Post{Campaign: "c", Run: "r", Channel: "shop", Window: 3, Path: actors.Span{Lo: 1, Hi: 2}, To: []string{"U1"},
		Messages: json.RawMessage(`[{}]`)},
	"poster/recorded":   actors.Recorded{Run: "r", Window: 3, Path: actors.Span{Lo: 1, Hi: 2}},
	"checker/report":    actors.Report{Run: "r", Window: 3, Path: actors.Span{Lo: 1, Hi: 2}, What: actors.PathAccepted, Poster: "shop/U1"},
	"checker/unsettled": actors.Unsettled{Run: "r", Window: 3, Number: 4, Paths: []actors.Span{{Lo: 1, Hi: 2}}},
	"composer/compose": actors.Compose{Run: "r", Channel: "shop", Window: 3,
		Paths: []actors.Path{{Span: actors.Span{Lo: 1, Hi: 2}, Chunk: 7, Multicast: true}}},
	"composer/granted":    actors.Granted{Channel: "shop", Run: "r", Window: 3, Bytes: 10},
	"channel/want_demand": actors.WantDemand{Composer: "r/3", Run: "r", Window: 3, Bytes: 10},
	"channel/free_demand": actors.FreeDemand{Run: "r", Bytes: 10},
	"channel/want_tokens": actors.WantTokens{Gate: "g", Seq: 7, Waiting: []actors.RunWaiting{{Run: "r", Push: 3}}, Fine: [2]int{1, 2}},
	"answer/tokens":       actors.Tokens{Seq: 7, Grants: []actors.Grant{{ID: 9, Run: "r", N: 3}}, Setup: actors.Settings{Name: "shop"}},
	"answer/problem":      actors.Problem{Status: 404, Title: "no such run"},
}

func TestFramesOfAnotherLayoutAreRead(t *testing.T) {
	r := registry()
	stored := frames(t, filepath.Join("testdata", "frames_other.txt"))
	for name, want := range lesser {
		if got := decode(t, r, stored[name]); !same(got, want) {
			t.Errorf("%s is read as %+v, want %+v", name, got, want)
		}
	}
	if len(stored) != len(lesser) {
		t.Errorf("%d frames, %d meanings", len(stored), len(lesser))
	}
}

// TestAnyFieldMayBeMissingOrNew: of every message, each field left out in turn, and one more that nobody knows.
func TestAnyFieldMayBeMissingOrNew(t *testing.T) {
	r := registry()
	for _, m := range samples {
		name := frameName(r, m)
		head, _ := msgpack.Marshal(name)
		var body map[string]any
		if err := msgpack.Unmarshal(encode(t, r, m)[len(head):], &body); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		frame := func(fields map[string]any) []byte {
			b, err := msgpack.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			return append(slices.Clone(head), b...)
		}
		for key := range body {
			less := maps.Clone(body)
			delete(less, key)
			got := reflect.ValueOf(decode(t, r, frame(less)))
			zero := 0
			for _, v := range got.Fields() {
				if v.IsZero() {
					zero++
				}
			}
			if zero != 1 {
				t.Errorf("%s without %s has %d fields that are zero: %+v", name, key, zero, got)
			}
		}
		more := maps.Clone(body)
		more["a field of tomorrow"] = map[string]any{"x": []int{1, 2}}
		if got := decode(t, r, frame(more)); !same(got, m) {
			t.Errorf("%s with a field more is read as %+v", name, got)
		}
	}
}

// FuzzFrames: no input panics, and what is read is written and read again as the same.
func FuzzFrames(f *testing.F) {
	r := registry()
	for _, file := range []string{"frames.txt", "frames_other.txt"} {
		for _, b := range frames(f, filepath.Join("testdata", file)) {
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _, err := r.Decode(b)
		if err != nil {
			return
		}
		again, err := r.Append(nil, m)
		if err != nil {
			t.Fatalf("%+v was read and can't be written: %v", m, err)
		}
		back, _, err := r.Decode(again)
		if err != nil || frameName(r, back) != frameName(r, m) {
			t.Fatalf("%+v was written and is read as %+v: %v", m, back, err)
		}
		if !reflect.DeepEqual(decode(t, r, encode(t, r, back)), back) {
			t.Fatalf("%+v changes when it is written and read", back)
		}
	})
}

func frameName(r *codec.Registry, m any) string {
	name, _ := r.Name(m)
	return name
}

func encode(t testing.TB, r *codec.Registry, m any) []byte {
	t.Helper()
	b, err := r.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, r *codec.Registry, b []byte) any {
	t.Helper()
	m, rest, err := r.Decode(b)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%x: %v, %d bytes are left", b, err, len(rest))
	}
	return m
}

// same compares messages by what they mean: times by their moments.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errors.Join(errX, errY) == nil && reflect.TypeOf(a) == reflect.TypeOf(b) && bytes.Equal(x, y)
}

func frames(t testing.TB, file string) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for line := range strings.Lines(string(data)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if out[name], err = hex.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
