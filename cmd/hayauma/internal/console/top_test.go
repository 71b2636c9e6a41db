package console

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// busyFleet plays a daemon with something of everything; hostile names among it.
func busyFleet(t *testing.T) http.HandlerFunc {
	members := fleetOf(t)
	began := time.Now().Add(-10 * time.Second)
	return func(w http.ResponseWriter, r *http.Request) {
		var answer any
		switch r.URL.Path {
		case "/v1/cluster":
			members(w, r)
			return
		case "/v1/campaigns":
			page := api.CampaignPage{Campaigns: []api.Campaign{}}
			if r.URL.Query().Get("state") == "running" {
				page.Campaigns = append(page.Campaigns, api.Campaign{
					ID: "0190a2b4-0000-7000-8000-000000000001", Name: "spring \x1b[2Jsale", Channel: "shop", State: "running",
					Accepted: 1000, Delivered: 240, Failed: 10, Pending: 750, StartedAt: &began,
				})
			}
			answer = page
		case "/v1/channels":
			answer = api.ChannelList{Channels: []api.Channel{{Name: "shop", State: "sending", Breaker: api.Breaker{State: "open"},
				Quota: &api.Quota{Limited: true, Limit: 5000, Used: 400, Reserved: 100}}}}
		case "/v1/actors":
			answer = api.ActorList{Actors: []api.Actor{
				{Node: "a", Kind: "checker", ID: "01RUN", Depth: 7, OldestMS: 300, State: "working"},
				{Node: "b", Kind: "channel", ID: "shop", Depth: 2, OldestMS: 9000, State: "suspended"},
				{Node: "a", Kind: "campaign", ID: "idle", State: "idle"},
			}, Nodes: []api.ActorNode{}, Warnings: []string{"node b gave no answer: late"}}
		default:
			t.Error(r.URL.Path)
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}
}

func TestTopOnce(t *testing.T) {
	code, out, errs := command(t, busyFleet(t), "top", "--once")
	if code != 0 {
		t.Fatalf("%d: %s", code, errs)
	}
	for _, want := range []string{
		"as a sees it, joining, epoch 7\n", "! no node carries the role checker\n", "! node b gave no answer: late\n",
		"MEMBER  CONDITION  SHARDS  SILENT  ROLES\n", "b       suspended  1       1.7s    poster\n",
		"0190a2b4  spring ?[2Jsale  running  [#####...............]  25 %  25/s  30s   250 of 1000  10",
		"shop     sending  stopped: open  500 of 5000\n",
		"ACTOR    DEPTH*  OLDEST  STATE      NODE  ID\n", "checker  7       300ms   working    a     01RUN\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it prints\n%swithout %q", out, want)
		}
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, "idle") {
		t.Errorf("it prints what it must not:\n%q", out)
	}
	_, out, _ = command(t, busyFleet(t), "top", "--once", "--sort", "age")
	if !strings.Contains(out, "OLDEST*") {
		t.Error(out)
	}
}

func TestTopAsJSON(t *testing.T) {
	code, out, errs := command(t, busyFleet(t), "top", "--once", "--json")
	var v topView
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
		t.Fatalf("%d, %v: %s%s", code, err, out, errs)
	}
	if len(v.Members) != 2 || len(v.Channels) != 1 || len(v.Actors) != 3 || len(v.Campaigns) != 1 {
		t.Fatalf("%+v", v)
	}
	if c := v.Campaigns[0]; c.Done != 250 || c.SecondsTo == nil || *c.SecondsTo < 25 || *c.SecondsTo > 60 {
		t.Errorf("%+v", c)
	}
}

func TestTopIsRefused(t *testing.T) {
	for args, want := range map[string]string{
		"":                                   "the output is no terminal that can be filled: look once with --once, or take --json",
		"--sort size --once":                 `--sort "size" is none: depth, age`,
		"x":                                  `the argument "x" is one too many`,
		"--once --server http://127.0.0.1:1": "no answer from the daemon at http://127.0.0.1:1",
	} {
		code, _, errs := command(t, busyFleet(t), append([]string{"top"}, strings.Fields(args)...)...)
		if code != exitRefused || !strings.Contains(errs, want) {
			t.Errorf("top %s: %d, %s", args, code, errs)
		}
	}
}

// One question that fails leaves the others' answers.
func TestTopShowsWhatItCanHave(t *testing.T) {
	busy := busyFleet(t)
	code, out, _ := command(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/campaigns" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"detail":"the store is away"}`))
			return
		}
		busy(w, r)
	}, "top", "--once")
	if code != 0 || !strings.Contains(out, "! campaigns can't be shown: the store is away") || !strings.Contains(out, "none is under way") || !strings.Contains(out, "01RUN") {
		t.Errorf("%d:\n%s", code, out)
	}
}

// Nothing is longer than the terminal, whatever there is to show and however small it is.
func TestTopFitsTheTerminal(t *testing.T) {
	v := topView{Node: strings.Repeat("n", 100), Warnings: []string{strings.Repeat("w", 500), "a\nb"}}
	for i := range 100 {
		v.Members = append(v.Members, api.ClusterMember{Node: strings.Repeat("語", i), Roles: []string{"composer"}})
		v.Campaigns = append(v.Campaigns, topCampaign{ID: "01", Name: strings.Repeat("名", 60), Reason: strings.Repeat("r", 200), Accepted: 3, Done: 1})
		v.Channels = append(v.Channels, api.Channel{Name: strings.Repeat("c", 63), Reason: strings.Repeat("r", 200)})
		v.Actors = append(v.Actors, api.Actor{Kind: "poster", ID: strings.Repeat("u", 300), Depth: i + 1})
	}
	for _, size := range []pageSize{{200, 50}, {80, 24}, {40, 20}, {20, 12}, {10, 3}, {1, 1}} {
		s := screen{}
		for _, text := range []string{string(v.page(size)), strings.NewReplacer(goHome, "", clearLine, "", clearBelow, "").Replace(string(s.frame(v, size)))} {
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if len(lines) > size.lines {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, line := range lines {
				if line = strings.TrimSuffix(line, "\r"); width(line) > size.columns {
					t.Errorf("%v: %d places: %s", size, width(line), line)
				}
			}
		}
	}
	out := string(v.page(pageSize{80, 40}))
	for _, head := range []string{"MEMBER", "CAMPAIGN", "CHANNEL", "ACTOR"} {
		if !strings.Contains(out, head) {
			t.Errorf("a long list leaves no room for %s:\n%s", head, out)
		}
	}
}

func TestPaces(t *testing.T) {
	at := time.Now()
	p := &top{}
	look := func(after time.Duration, state string, done uint64) topCampaign {
		v := topView{At: at.Add(after), Campaigns: []topCampaign{{ID: "x", State: state, Accepted: 1000, Done: done, PerSecond: 1}}}
		p.pace(&v)
		return v.Campaigns[0]
	}
	if c := look(0, "running", 0); c.PerSecond != 1 {
		t.Errorf("first look: %+v", c)
	}
	if c := look(2*time.Second, "running", 100); c.PerSecond != 50 || *c.SecondsTo != 18 {
		t.Errorf("second look: %+v", c)
	}
	if c := look(20*time.Second, "running", 100); c.PerSecond != 0 || c.SecondsTo != nil {
		t.Errorf("it stands: %+v", c)
	}
	if c := look(21*time.Second, "paused", 200); c.PerSecond != 0 || c.SecondsTo != nil {
		t.Errorf("paused: %+v", c)
	}
	if c := look(22*time.Second, "running", 50); c.PerSecond != 1 {
		t.Errorf("redriven: %+v", c)
	}
	for text, b := range map[string]string{
		bar(0, 0, 4): "[....]   0 %", bar(1, 3, 4): "[#...]  33 %", bar(999999, 1000000, 4): "[###.]  99 %", bar(2, 2, 4): "[####] 100 %",
	} {
		if text != b {
			t.Errorf("%q, want %q", text, b)
		}
	}
}
