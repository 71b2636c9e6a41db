package web

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

const (
	secret  = "a secret token"
	theID   = "0b7f6f0e-7d1b-5c3e-9f56-1f3b0f6f7a01"
	series  = "0b7f6f0e-7d1b-5c3e-9f56-1f3b0f6f7a02"
	soon    = "0b7f6f0e-7d1b-5c3e-9f56-1f3b0f6f7a03"
	hostile = `</title><script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="alert(1)' {{.}} javascript:alert(1)`
)

// fakeAPI answers what the console asks, from values that a test may change.
type fakeAPI struct {
	mu        sync.Mutex
	token     string
	name      string // of whatever has one
	delivered uint64
	reasons   []api.Reason   // of a chunk
	refuse    map[string]int // paths' beginnings
	asked     []string
}

func (f *fakeAPI) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeAPI) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// ServeHTTP implements [http.Handler].
func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.URL.RequestURI())
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		answer(401, api.Problem{Status: 401, Detail: "wrong or missing API token"})
		return
	}
	for path, status := range f.refuse {
		if strings.HasPrefix(r.URL.Path, path) {
			answer(status, api.Problem{Status: status, Detail: "refused: " + f.name})
			return
		}
	}
	now := time.Now().Truncate(time.Second)
	begin, next, due := now.Add(-100*time.Second), now.Add(3*time.Hour), now.Add(5*time.Hour)
	per := 12.5
	one := api.Campaign{
		ID: theID, Name: f.name, State: "running", Channel: "shop", Accepted: 1000, Delivered: f.delivered, Failed: 10, Unknown: 5, Pending: 985 - f.delivered,
		Reason: f.name, Mode: "push", Priority: "normal", Weight: 10, AcceptedAt: &begin, Due: &begin, StartedAt: &begin, Experiment: f.name,
		Plan:     &api.CampaignPlan{Pushes: 990, QuotaNeeded: 990, SecondsAtLeast: &per},
		Variants: []api.VariantResult{{Name: "short", Weight: 3, Recipients: 600, Delivered: 600}, {Name: "long", Weight: 1, Recipients: 400, Pending: 400}},
	}
	recurs := api.Campaign{ID: series, Name: f.name, State: "scheduled", Channel: "shop", AcceptedAt: &begin,
		Recurrence: &api.Recurrence{Begun: 1, Next: &next, Occurrences: []api.Occurrence{{Campaign: theID, Due: &begin, State: "running", Accepted: 1000}}}}
	later := api.Campaign{ID: soon, Name: f.name, Series: series, State: "scheduled", Channel: "shop", Accepted: 7, Pending: 7, AcceptedAt: &begin, Due: &due}
	actors := api.ActorList{Nodes: []api.ActorNode{{Node: f.name, Actors: 12345}}, Warnings: []string{"node gone gave no answer: " + f.name}, Actors: []api.Actor{
		{Node: f.name, Kind: "poster", ID: f.name, Depth: 4321, OldestMS: 6000, State: "working", Private: true},
		{Node: f.name, Kind: "channel", ID: "shop", Depth: 1, OldestMS: 4000, State: "idle"},
	}}
	const campaigns = "/v1/campaigns/" + theID
	answers := map[string]any{
		"/v1/cluster": api.ClusterStatus{
			Node: f.name, Condition: "active", Epoch: 7, Own: []string{"warned: " + f.name}, Roles: []api.ClusterRole{{Role: "poster", Nodes: []string{f.name}}},
			Members: []api.ClusterMember{{Node: f.name, Condition: "active", Roles: []string{"poster"}, Weight: 1, Shards: 2, Address: f.name}, {Node: "n2", Condition: "suspended", SilentMS: 4200}},
			Shards:  []api.ClusterShard{{Role: "poster", Shard: 0, Owner: f.name, Phase: "owned"}, {Role: "poster", Shard: 1, Owner: f.name, Phase: "recovering"}, {Role: "poster", Shard: 2}},
		},
		"/v1/channels": api.ChannelList{Channels: []api.Channel{{Name: "shop", State: "paused", Reason: f.name, Warning: f.name, Breaker: api.Breaker{State: "open"},
			Quota: &api.Quota{Limited: true, Limit: 5000, Used: 1234}}}},
		"/v1/campaigns": api.CampaignPage{Campaigns: []api.Campaign{one, recurs, later}},
		campaigns:       one, "/v1/campaigns/" + series: recurs, "/v1/campaigns/" + soon: later,
		campaigns + "/windows": api.WindowList{Total: 2, Windows: []api.Window{{Window: 2, OpenedAt: &now, Recipients: 400}, {Window: 1, OpenedAt: &begin, Recipients: 600, Settled: true}}},
		campaigns + "/chunks": api.ChunkList{Total: 120, Recipients: 1000, Chunks: []api.Chunk{{Chunk: 0, Recipients: 500, Mode: "push", Variant: "short",
			Outcomes: api.Outcomes{Delivered: 490, Failed: 10}, Reasons: append(f.reasons, api.Reason{State: "failed", Reason: f.name, Recipients: 10})}}},
		campaigns + "/recipients/U1/why": api.Why{UserID: f.name, State: "delivered", Variant: "short", Entries: []api.WhyEntry{
			{At: "2026-11-21T10:00:00.000Z", Event: "settled", State: "delivered", Window: 1, Path: "0-1", Request: f.name, Reason: f.name, Tries: 2}}},
		"/v1/actors": actors,
	}
	if v, ok := answers[r.URL.Path]; ok {
		answer(200, v)
		return
	}
	answer(404, api.Problem{Status: 404, Detail: "no such thing: " + r.URL.Path})
}

// desk is the console before a fake of the API, and a browser's cookies.
type desk struct {
	*testing.T
	api  *fakeAPI
	url  string
	http *http.Client
	stop func()
	cfg  Config
}

func newDesk(t *testing.T, token string) *desk {
	f := &fakeAPI{token: token, name: "spring sale", delivered: 400}
	stopping := make(chan struct{})
	cfg := Config{API: f, Token: token, Secret: []byte("of the cluster"), Version: "test", Stopping: stopping, Log: slog.New(slog.DiscardHandler), Every: 5 * time.Millisecond}
	server := httptest.NewServer(New(cfg))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, api: f, url: server.URL, stop: sync.OnceFunc(func() { close(stopping) }), cfg: cfg}
	d.http = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		d.stop()
		server.Close()
	})
	return d
}

// reply is a response that was read.
type reply struct {
	*http.Response
	body string
}

func (d *desk) do(method, path string, form url.Values, headers ...string) reply {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := d.http.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatal(err)
	}
	return reply{resp, string(raw)}
}

func (d *desk) get(path string) reply {
	d.Helper()
	return d.do(http.MethodGet, path, nil)
}

func (d *desk) want(status int, r reply, parts ...string) {
	d.Helper()
	if r.StatusCode != status {
		d.Fatalf("status %d, want %d: %s", r.StatusCode, status, r.body)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			d.Errorf("the page lacks %q", part)
		}
	}
}

// element is one of a page.
type element struct {
	name  string
	attrs map[string]string
	text  string // of it and all within
}

// parse reads a page as XML, which ours are but for elements that HTML leaves open: what doesn't nest is an error.
func parse(t *testing.T, page string) (all []*element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []*element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, page)
		}
		switch x := token.(type) {
		case xml.StartElement:
			e := &element{name: x.Name.Local, attrs: map[string]string{}}
			for _, a := range x.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != x.Name.Local {
				t.Fatalf("</%s> doesn't nest", x.Name.Local)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(x)
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("<%s> is not closed", open[0].name)
	}
	return all
}

func find(all []*element, name string) (found []*element) {
	for _, e := range all {
		if e.name == name {
			found = append(found, e)
		}
	}
	return found
}
