package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/cmd/hayauma/internal/api"
)

// read is an answer's body.
func read[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWindowsAndChunks(t *testing.T) {
	d := newDesk(t, "")
	const third = "U0000000000000000000000000000000c"
	audience := rows + third + ",\n" // it can't be rendered: its text is empty
	f := form{key: "w", campaign: `{"name":"n","channel":"shop","messages":[{"type":"text","text":"{{ name }}"}]}`, audience: audience}
	path := "/v1/campaigns/" + d.submit(f).id(t)
	d.eventually("it runs", func() bool { return d.campaign(path).StartedAt != nil })

	chunks := read[api.ChunkList](t, d.do("GET", path+"/chunks", ""))
	if chunks.Total != 2 || chunks.Recipients != 3 || len(chunks.Chunks) != 2 || chunks.Chunks[0].Mode != "push" || chunks.Chunks[0].Recipients != 2 ||
		chunks.Chunks[1].Mode != "failed" || chunks.Chunks[1].First != 2 {
		t.Fatalf("chunks %+v", chunks)
	}
	windows := read[api.WindowList](t, d.do("GET", path+"/windows", ""))
	if windows.Total != 1 || windows.Windows[0].Recipients != 2 || windows.Windows[0].Settled || windows.Windows[0].OpenedAt == nil {
		t.Fatalf("windows %+v", windows)
	}

	d.settle(d.campaign(path).Run, 1, actors.PathRefused, actors.PathRefused)
	d.eventually("it is finished", func() bool { return d.campaign(path).State == "finished" })
	chunks = read[api.ChunkList](t, d.do("GET", path+"/chunks?limit=1", ""))
	if c := chunks.Chunks[0]; len(chunks.Chunks) != 1 || c.Outcomes.Failed != 2 || c.Pending != 0 || len(c.Reasons) != 1 || c.Reasons[0] != (api.Reason{State: "failed", Reason: "bad", Recipients: 2}) {
		t.Errorf("chunks %+v", chunks)
	}
	if last := read[api.ChunkList](t, d.do("GET", path+"/chunks?from=1", "")); len(last.Chunks) != 1 || last.Chunks[0].Chunk != 1 || last.Chunks[0].Outcomes.Failed != 1 {
		t.Errorf("the last chunk is %+v", last)
	}
	if beyond := read[api.ChunkList](t, d.do("GET", path+"/chunks?from=99", "")); len(beyond.Chunks) != 0 || beyond.Total != 2 {
		t.Errorf("beyond the last chunk: %+v", beyond)
	}
	if windows = read[api.WindowList](t, d.do("GET", path+"/windows", "")); !windows.Windows[0].Settled {
		t.Errorf("a window of a finished campaign isn't settled: %+v", windows)
	}

	d.want(200, d.do("POST", path+"/redrive", `{"state":"failed"}`))
	d.eventually("another window is open", func() bool { return read[api.WindowList](t, d.do("GET", path+"/windows", "")).Total == 2 })
	windows = read[api.WindowList](t, d.do("GET", path+"/windows?limit=1", ""))
	if w := windows.Windows; len(w) != 1 || w[0].Generation != 1 || w[0].Window < 2 || w[0].Settled {
		t.Errorf("after a redrive: %+v", windows)
	}

	waits := "/v1/campaigns/" + d.submit(form{key: "later", campaign: file(text), audience: rows}).id(t)
	for _, what := range []string{"/windows", "/chunks"} {
		d.want(404, d.do("GET", noCampaign+what, ""))
		d.want(404, d.do("GET", "/v1/campaigns/x"+what, ""))
		d.want(409, d.do("GET", waits+what, ""), "not planned yet")
		d.want(422, d.do("GET", path+what+"?limit=0", ""))
	}
	d.want(422, d.do("GET", path+"/chunks?from=-1", ""))
}

// Windows follow from the campaign's events.
func TestWindowsOfEvents(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	got := api.WindowsOf([]campaign.Event{
		campaign.WindowOpened{Number: 1, Paths: []actors.Span{{Lo: 0, Hi: 100}}, At: at, Suppressed: []campaign.Spared{{Reason: "opted_out", Paths: []actors.Span{{Lo: 3, Hi: 5}}}}},
		campaign.WindowOpened{Number: 2, Paths: []actors.Span{{Lo: 100, Hi: 150}}, At: at.Add(time.Second)},
		campaign.WindowClosed{Number: 2, Paths: []actors.Span{{Lo: 100, Hi: 110}}},
		campaign.WindowClosed{Number: 9, Paths: []actors.Span{{Lo: 100, Hi: 110}}}, // there is none
		campaign.WindowOpened{Number: 4, Paths: []actors.Span{{Lo: 100, Hi: 110}}, At: at.Add(2 * time.Second), Settled: []uint32{1}},
		campaign.RedriveAsked{Generation: 1},
		campaign.WindowOpened{Number: 5, Paths: []actors.Span{{Lo: 0, Hi: 1}}, At: at.Add(3 * time.Second), Settled: []uint32{2, 9}},
	})
	type brief struct {
		Window, Generation, Recipients, Returned, Suppressed uint32
		Settled                                              bool
	}
	want := []brief{{1, 0, 100, 0, 2, true}, {2, 0, 50, 10, 0, true}, {4, 0, 10, 0, 0, false}, {5, 1, 1, 0, 0, false}}
	if len(got) != len(want) {
		t.Fatalf("%d windows", len(got))
	}
	for i, w := range got {
		if b := (brief{w.Window, w.Generation, w.Recipients, w.Returned, w.Suppressed, w.Settled}); b != want[i] {
			t.Errorf("window %+v, not %+v", b, want[i])
		}
	}
}
