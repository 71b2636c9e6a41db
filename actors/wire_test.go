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
	def       = actors.Definition{Name: "sale", Channel: "shop", Messages: json.RawMessage(`[{}]`), At: moment, ExpireAfter: time.Hour, Priority: actors.PriorityHigh, Weight: 20,
		Zone: "Asia/Tokyo", Hours: "09:00-21:00", After: "b", Cron: "0 9 * * *", Until: moment, Overlap: actors.OverlapWait,
		Steps: []actors.Step{{After: time.Hour, At: "09:00", Messages: json.RawMessage(`[{}]`)}}, Topic: "news",
		Variants: []actors.Variant{{Name: "a", Weight: 3, Messages: json.RawMessage(`[{}]`)}}, Experiment: "greeting", LocalTime: true, ZoneColumn: "zone"}
	audience = actors.Audience{Rows: 9, Duplicates: 1, Parts: 2, DupParts: 1, PartsSHA256: []byte{1}, ContentSHA256: []byte{2}, Columns: []string{"text"}}
	table    = plan.Table{Recipients: 20, Chunks: []plan.Entry{{Mode: plan.Push, First: 0, Count: 20}}}
	totals   = actors.Totals{1, 2, 3, 4, 5, 6, 7}
	progress = actors.Progress{Run: run, Generation: 2, Totals: totals, Variants: []actors.Totals{totals, {9}}, Windows: map[uint32]uint32{1: 2, 700: 3},
		Returned: []actors.Returned{{Window: 1, Paths: stretches, Anew: true}}}
	figures  = actors.Figures{Month: "2026-11", Started: 1, Finished: 2, Requests: -3, Outcomes: [7]int64{1, 2, 3, 4, 5, 6, 7}}
	standing = actors.RunStanding{Campaign: "c", Run: run, Standing: actors.RunHeld, Generation: 2, Priority: actors.PriorityLow, Weight: 3, Unsettled: 9,
		Begun: true, Waived: true, Look: true}
	info = actors.Info{
		ID: "c", Name: "sale", Channel: "shop", State: actors.StatePaused, Reason: "r", Rows: 9, Duplicates: 1, Totals: totals, Run: run,
		AcceptedAt: moment, Due: moment, StartedAt: moment, FinishedAt: moment, Mode: "push", Generation: 2, Priority: actors.PriorityLow, Weight: 5,
		Forgotten: moment, Series: "s", Sends: plan.Sends{Pushes: 4, Multicasts: 1, MulticastRecipients: 3, Failed: 1},
		Recurs: &actors.Recurrence{Begun: 3, Over: 2, Skipped: 1, Sequence: true, Sums: [7]uint64{1, 2, 3, 4, 5, 6, 7}, Next: moment,
			Newest: []actors.Occurrence{{Campaign: "d", Due: moment, Step: 2, State: actors.StateRunning, Totals: totals,
				Variants: []actors.Totals{totals}}},
			Variants: [][7]uint64{{1, 2, 3, 4, 5, 6, 7}}},
		Experiment: "greeting", Variants: []actors.VariantTotals{{Name: "a", Weight: 3, Totals: totals}}, Spread: time.Hour, Trace: "trace",
		Topic: "news",
		Schedule: &actors.Schedule{At: moment, Until: moment, Zone: "Asia/Tokyo", Hours: "09:00-21:00", After: "b", ZoneColumn: "zone", Cron: "0 9 * * *",
			Overlap: actors.OverlapAllow, ExpireAfter: time.Hour, LocalTime: true},
	}
	wishes = actors.RecipientSettings{OptOut: true, Topics: []string{"news"}, Zone: "Asia/Tokyo", Quiet: "22:00-07:00",
		Suppressed: actors.Suppression{Reason: "gone", At: moment}}
	single = actors.MessageInfo{Number: 7, To: "U1", State: actors.MessageSending, Due: moment, At: moment, Tries: 2, Request: "q", Reason: "r", Ended: moment}
	hook   = actors.WebhookSettings{Name: "crm", URL: "https://crm.example/hook", Events: []string{"campaign.finished"}, Channel: "shop",
		SecretEnv: "CRM_SECRET"}
)

// samples are every message with every field in use.
var samples = []any{
	actors.BeginUpload{Upload: "u"}, actors.KeepUpload{Upload: "u"}, actors.DropUpload{Upload: "u", Reason: "r"},
	actors.Accept{Upload: "u", Definition: def, Audience: audience},
	actors.Occur{Series: "s", Upload: "u", Definition: def, Audience: audience, Due: moment, Paused: true, Cancelled: true, Trace: "trace"},
	actors.OccurrenceOver{Campaign: "c"}, actors.Show{}, actors.Layout{}, actors.Pause{},
	actors.Resume{IgnoreQuota: true}, actors.Cancel{}, actors.Rank{Priority: actors.PriorityHigh, Weight: 20},
	actors.Redrive{State: actors.Unknown, Acknowledged: true}, actors.Redriving{Info: info, Recipients: 3, Left: 1},
	actors.Drain{}, progress, actors.StandingOf{Run: run}, actors.ChannelState{Channel: "shop", Paused: "quota", Held: "h"},
	actors.Dropped{Run: run, Window: 3, Paths: stretches, Reports: []actors.Report{{Run: run, Window: 3, What: actors.PathSplit}}},
	actors.NodeGone{Incarnations: []string{"a"}}, actors.ShardsLost{Shards: map[string]actors.Shards{"poster": actors.ShardsOf(1, 63)}},

	actors.Configure{Settings: settings}, actors.RemoveChannel{}, actors.DescribeChannel{Standing: standing, Last: 3,
		Open: []uint32{2, 3}}, actors.ResumeChannel{},
	standing, actors.WindowDone{Run: run, Window: 3}, actors.FreeDemand{Run: run, Window: 3, Bytes: 4096},
	actors.WantDemand{Composer: run + "/3", Campaign: "c", Run: run, Window: 3, Bytes: 4096, Piece: 2, Anew: true},
	actors.WantTokens{
		Gate: "g/shop", Seq: 7, Waiting: []actors.RunWaiting{{Campaign: "c", Run: run, Push: 300, Multicast: 2}},
		Spent:   []actors.Spent{{Grant: 1 << 63, Started: []time.Duration{time.Millisecond, time.Second}, Unused: 2}},
		Freed:   []actors.Freed{{Run: run, Window: 3, Bytes: 70_000}},
		Trouble: []actors.Trouble{{Endpoint: provider.Multicast, Verdict: provider.Throttled, Reason: "slow", Count: 2}}, Fine: [2]int{8, 9},
		Failed: [2]int{1, 2}, Other: [2]int{3, 4}, Tried: []actors.Tried{{Grant: 9, Failed: true}}, Room: 64,
	},

	actors.Open{Campaign: "c", Run: run, Channel: "shop", Due: moment, Table: table, Variants: []string{"a", "b"}, Experiment: "greeting"},
	actors.Report{Run: run, Window: 3, Path: span, What: actors.PathSplit, Doubt: true, Poster: "shop/U1", Reason: "bad", Request: "q", Tries: 2, At: moment},
	actors.Untold{Run: run, Window: 3, Paths: stretches, What: actors.PathAltered},
	actors.Unsettled{Run: run, Window: 3, Number: 4, Paths: stretches, Peek: true, Reports: []actors.Report{{Run: run, Window: 3, What: actors.PathSplit}}},
	actors.Direct{Run: run, Paths: stretches, Outcome: actors.Cancelled, Reason: "r", Window: 3}, actors.GiveUp{Run: run, Window: 3, Paths: stretches, Reason: "r"},
	actors.Reopen{Run: run, Generation: 2, After: 9, State: actors.Failed, From: 5},
	actors.ReopenedPaths{Paths: stretches, Next: 9, More: true, Progress: progress},
	actors.Totalled{Run: run, Windows: []uint32{1, 2}}, actors.Page{Span: span}, actors.Story{Index: 5}, actors.Forget{Run: run}, actors.TellAgain{},

	actors.Count{Run: run, Sent: moment, Version: 7, Figures: []actors.Figures{figures}, Told: 6,
		Base: []actors.Figures{figures}}, actors.MonthOf{Month: "2026-11"},
	actors.AllFigures{}, actors.AllOfThem{Figures: []actors.Figures{figures}},

	actors.Change{Entries: []actors.RecipientChange{{User: "U1", Sets: actors.AllFields, Settings: wishes}}}, actors.Lookup{User: "U1"},
	actors.Since{Revision: 7, Known: 8}, actors.Suppress{User: "U1", Reason: "gone"},

	actors.AcceptMessages{Entries: []actors.NewMessage{{Key: 1, Content: 2, To: "U1", Messages: json.RawMessage(`[{}]`), Due: moment, Expire: time.Hour,
		Topic: "news", Zone: "Asia/Tokyo", Urgent: true}}},
	actors.ShowMessage{Number: 7}, actors.CancelMessage{Number: 7}, actors.ListMessages{State: actors.MessageScheduled, After: 7, Limit: 9}, actors.TellMessages{},
	actors.DrainMessages{},
	actors.AcceptedMessages{Entries: []actors.AcceptedMessage{{Number: 7, State: actors.MessagePending, Due: moment, Repeat: true, Conflict: true}}},
	single, actors.MessageList{Messages: []actors.MessageInfo{single}, More: true},

	actors.Compose{
		Campaign: "c", Run: run, Channel: "shop", Chunks: "run.x", Generation: 2, Window: 3, Number: 4,
		Paths:    []actors.Path{{Span: span, Chunk: 7, Multicast: true, Anew: true}},
		Deadline: moment, Messages: json.RawMessage(`[{}]`), Due: moment, Zone: "Asia/Tokyo", Part: true, Except: stretches,
		Variants: []json.RawMessage{json.RawMessage(`[{}]`)}, Traced: 5,
	},
	actors.Granted{Channel: "shop", Run: run, Window: 3, Bytes: 4096, Piece: 2}, actors.ReturnWindow{}, actors.EndRun{}, actors.Remaining{},

	actors.Post{
		Campaign: "c", Run: run, Channel: "shop", Generation: 2, Window: 3, Number: 4, Chunk: 7, Path: span, Endpoint: provider.Multicast, To: []string{"U1", "U2"},
		Messages: json.RawMessage(`[{"type":"text"}]`), Deadline: moment, Demand: 1024, Ledger: "shop/206",
	},
	actors.GiveBack{Run: run}, actors.Drop{Run: run}, actors.Recorded{Run: run, Window: 3, Path: span, Split: true},

	actors.Problem{Status: 404, Title: "no such run", Detail: "d"}, actors.Done{},
	actors.UploadTicket{Go: true, Accepted: &actors.Accepted{Definition: def, ContentSHA256: []byte{2}}},
	info,
	actors.RunLayout{Run: run, Chunks: "run.x", Table: table, Columns: []string{"text"}, Channel: "shop",
		Later: []actors.Deferral{{Until: moment, Paths: stretches}}, Due: moment, Variants: []string{"a"}, Trace: "trace"},
	actors.ChannelInfo{Settings: settings, Paused: "p", Warning: "w", Since: moment, Runs: 2, Waiting: true, Held: "h",
		Quota:   actors.QuotaInfo{Limited: true, Limit: 9, Used: 8, Reserved: 1, Read: moment, Trouble: "t"},
		Breaker: actors.BreakerInfo{State: "open", Since: moment}},
	actors.Tokens{
		Seq: 7, Grants: []actors.Grant{{ID: 1 << 63, Run: run, Endpoint: provider.Multicast, N: 3, Open: true, Trial: true,
			Priority: actors.PriorityHigh, Weight: 20}}, Held: []string{"a"}, Over: []string{"b"},
		Again: time.Millisecond, Paused: "p", Broken: true, Setup: settings,
	},
	actors.UnsettledPaths{Paths: stretches, Progress: progress}, actors.Outcomes{Outcomes: []actors.Outcome{1, 6}, Reasons: []string{"", "r"}},
	actors.Account{Outcome: 6, Entries: []actors.AccountEntry{{At: "t", Event: "settled", Generation: 2, Window: 3, Path: span, Outcome: "delivered",
		Reason: "r", Request: "q", Tries: 2}}},
	actors.Untaken{Paths: stretches}, actors.Counted{Run: run, Version: 7}, figures,
	actors.NoteBooks{Books: actors.BooksOf(1, 70, 130, 255), Whole: true}, actors.WhichBooks{}, actors.NotedBooks{Books: actors.BooksOf(0, 64, 128, 192), Whole: true},
	wishes, actors.RecipientDelta{Revision: 7, Latest: 8, Whole: true, Entries: []byte{1}},

	actors.Origin{}, actors.RunOrigin{Campaign: "c"},
	actors.AddWebhook{Settings: hook}, actors.RemoveWebhook{}, actors.DescribeWebhook{}, actors.TestWebhook{}, actors.StartPublishing{},
	actors.WebhookInfo{Settings: hook, State: actors.WebhookRetrying, Since: moment, Reason: "r", Warning: "w", Oldest: moment, Delivered: 1, GivenUp: 2},
	actors.WebhookTested{ID: "i", Status: 500, Error: "e", Took: time.Second},
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
