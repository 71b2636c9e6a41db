package publish

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/channel"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
)

// The data of each type, as it is documented. What is told once is told so for ever.
func TestRender(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.FixedZone("", 9*3600))
	spans := []actors.Span{{Lo: 0, Hi: 2}, {Lo: 5, Hi: 6}}
	table := plan.Table{Recipients: 9, Chunks: []plan.Entry{{First: 0, Count: 2, Mode: plan.Push}, {First: 2, Count: 6, Mode: plan.Multicast}, {First: 8, Count: 1, Mode: plan.Failed}}}
	totals := actors.Totals{actors.Delivered: 8, actors.Failed: 1}
	const told = `{"accepted":9,"delivered":8,"failed":1,"unknown":0,"suppressed":0,"expired":0,"cancelled":0,"pending":0}`
	for _, c := range []struct {
		event any
		data  string
	}{
		{campaign.Uploading{Upload: "u"}, `{}`},
		{campaign.UploadDropped{Upload: "u", Reason: "line 3: U1"}, `{}`},
		{campaign.Accepted{Definition: actors.Definition{Name: "n", Channel: "shop"}, Audience: actors.Audience{Rows: 9, Duplicates: 1}, Due: at, Series: "s"},
			`{"channel":"shop","due":"2026-11-21T03:00:00.123Z","duplicates":1,"name":"n","recurs":false,"rows":9,"series":"s"}`},
		{campaign.RunStarted{Run: "r"}, `{"run":"r"}`},
		{campaign.Planned{Chunks: "c", Table: table}, `{"chunks":3,"failed":1,"multicast_recipients":6,"multicasts":1,"pushes":2,"recipients":9}`},
		{campaign.WindowOpened{Number: 2, Paths: spans, At: at}, `{"opened_at":"2026-11-21T03:00:00.123Z","recipients":3,"window":2}`},
		{campaign.WindowClosed{Number: 2, Paths: spans}, `{"recipients":3,"window":2}`},
		{campaign.Paused{BySeries: true}, `{"by_series":true}`},
		{campaign.Resumed{}, `{}`},
		{campaign.Ranked{Priority: actors.PriorityHigh, Weight: 3}, `{"priority":"high","weight":3}`},
		{campaign.RedriveAsked{Generation: 1, State: actors.Failed}, `{"generation":1,"state":"failed"}`},
		{campaign.Replanned{Generation: 1, Paths: spans}, `{"generation":1,"more":false,"recipients":3}`},
		{campaign.Finished{State: actors.StateFinished, Totals: totals, At: at}, `{"finished_at":"2026-11-21T03:00:00.123Z","state":"finished","totals":` + told + `}`},
		{campaign.Occurred{Campaign: "d", Due: at, Step: 1}, `{"campaign":"d","due":"2026-11-21T03:00:00.123Z","step":1}`},
		{campaign.Skipped{Due: at, Reason: "late"}, `{"due":"2026-11-21T03:00:00.123Z","reason":"late"}`},
		{campaign.OccurrenceEnded{Campaign: "d", State: actors.StateFinished, Totals: totals}, `{"campaign":"d","state":"finished","totals":` + told + `}`},
		{checker.Opened{Run: "r", Channel: "shop", Table: table}, `{"channel":"shop","recipients":9,"run":"r"}`},
		{checker.Settled{Entries: []checker.Entry{{Path: spans[0], Outcome: actors.Delivered, Reason: "U1", Request: "q"}}},
			`{"outcomes":{"delivered":2},"recipients":[{"from":0,"to":2,"state":"delivered"}]}`},
		{checker.Directed{Paths: spans, Outcome: actors.Cancelled, Reason: "why"},
			`{"outcomes":{"cancelled":3},"recipients":[{"from":0,"to":2,"state":"cancelled"},{"from":5,"to":6,"state":"cancelled"}]}`},
		{checker.Redriven{Window: 1, Number: 2, Paths: spans}, `{"recipients":3,"window":1}`},
		{checker.Returned{Window: 1, Paths: spans}, `{"recipients":3,"window":1}`},
		{checker.Split{Window: 1, Path: spans[0], Reason: "U1"}, `{"from":0,"to":2,"window":1}`},
		{checker.Reopened{Generation: 1, State: actors.Unknown, Paths: spans}, `{"generation":1,"recipients":3,"state":"unknown"}`},
		{checker.Told{Version: 3}, `{}`},
		{channel.Configured{Settings: actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "T", Limits: actors.Limits{Push: 1}}},
			`{"endpoint":"https://api.line.me","limits":{"multicast":0,"push":1},"provider":"line"}`},
		{channel.Paused{Kind: channel.PauseQuota, Reason: "U1", Campaigns: []string{"c"}}, `{"campaigns":["c"],"reason":"quota"}`},
		{channel.Resumed{By: "probe"}, `{"by":"probe"}`},
	} {
		body, err := message{ID: "i", Type: "t", Kind: "k", Grain: "g", Number: 7, Time: at}.render(c.event)
		want := `{"id":"i","type":"t","kind":"k","grain":"g","number":7,"time":"2026-11-21T03:00:00.123Z","data":` + c.data + `}`
		if err != nil || string(body) != want {
			t.Errorf("%T: %v\n got %s\nwant %s", c.event, err, body, want)
		}
	}
}

// However many stretches an event has, its message stays within what NATS takes.
func TestRenderIsBounded(t *testing.T) {
	var e checker.Directed
	for i := range uint32(100_000) {
		e.Paths = append(e.Paths, actors.Span{Lo: 4e9 + 2*i, Hi: 4e9 + 2*i + 1})
	}
	e.Outcome = actors.Suppressed
	body, err := message{}.render(e)
	if err != nil || len(body) > 256<<10 || !strings.Contains(string(body), `"outcomes":{"suppressed":100000}`) || !strings.Contains(string(body), `"more":true`) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if !json.Valid(body) {
		t.Error("no JSON")
	}
}
