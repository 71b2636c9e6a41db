package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

// stream is one that is being read.
type stream struct {
	*testing.T
	resp  *http.Response
	lines *bufio.Scanner
}

func (d *desk) follow(ctx context.Context, path string) *stream {
	d.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/live"+path, nil)
	if err != nil {
		d.Fatal(err)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { resp.Body.Close() })
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode == 200 && kind != "text/event-stream" {
		d.Fatalf("a stream of %s", kind)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{d.T, resp, lines}
}

// next is the next event; ok is false at the stream's end.
func (s *stream) next() (c change, ok bool) {
	for s.lines.Scan() {
		if data, found := strings.CutPrefix(s.lines.Text(), "data: "); found {
			if err := json.Unmarshal([]byte(data), &c); err != nil {
				s.Fatal(err)
			}
			return c, true
		}
	}
	return c, false
}

func TestLivePagesFollow(t *testing.T) {
	d := newDesk(t, "")
	for _, path := range []string{"/", "/campaigns", "/campaigns/" + theID, "/actors", "/cluster", "/schedule"} {
		c, ok := d.follow(t.Context(), path).next()
		if !ok || c.HTML == "" || c.Say == "" || c.At == "" || strings.Contains(c.HTML, "<html") {
			t.Errorf("%s: the first event is %+v", path, c)
		}
		parse(t, "<div>"+c.HTML+"</div>")
		if !strings.Contains(d.get(path).body, `<div id="live" data-say="`+c.Say+`">`) {
			t.Errorf("%s: the page doesn't say %q", path, c.Say)
		}
	}
	if r := d.get("/live/campaigns/" + theID + "/chunks"); r.StatusCode != 404 {
		t.Errorf("what isn't kept up to date streams: %d", r.StatusCode)
	}
}

// What changes is told, and what doesn't isn't; trouble is told and passes.
func TestStreamTellsChanges(t *testing.T) {
	d := newDesk(t, "")
	s := d.follow(t.Context(), "/campaigns/"+theID)
	first, _ := s.next()
	d.api.set(func() { d.api.delivered = 985 })
	var c change
	for c, _ = s.next(); !strings.Contains(c.HTML, "<strong>985</strong>"); c, _ = s.next() {
		if c.HTML == "" {
			t.Fatalf("the stream ends with %+v", c)
		}
	}
	if c.Say == first.Say {
		t.Errorf("a campaign that is done is announced as one under way: %q", c.Say)
	}
	d.api.set(func() { d.api.refuse = map[string]int{"/v1/campaigns": 503} })
	for c, _ = s.next(); c.Trouble == ""; c, _ = s.next() {
		if c.HTML == "" {
			t.Fatalf("the stream ends with %+v", c)
		}
	}
	if c.HTML != "" || !strings.Contains(c.Trouble, "refused: spring sale") {
		t.Errorf("trouble is told as %+v", c)
	}
	d.api.set(func() { d.api.refuse = nil })
	if c, ok := s.next(); !ok || c.HTML == "" {
		t.Errorf("after the trouble comes %+v", c)
	}
}

// eventually waits for what happens off the request.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

func TestStreamEndsWithTheClient(t *testing.T) {
	d := newDesk(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	s := d.follow(ctx, "/cluster")
	s.next()
	cancel()
	eventually(t, "nothing is asked any more", func() bool {
		before := len(d.api.requests())
		time.Sleep(50 * time.Millisecond)
		return len(d.api.requests()) == before
	})
}

func TestStreamEndsWithTheDaemon(t *testing.T) {
	d := newDesk(t, "")
	s := d.follow(t.Context(), "/cluster")
	s.next()
	d.stop()
	if _, err := io.Copy(io.Discard, s.resp.Body); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
}

func TestStreamEndsWithTheSession(t *testing.T) {
	d := newDesk(t, secret)
	sessions := newSessions(secret, d.cfg.Secret)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/live/cluster", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: cookieName, Value: sessions.seal(time.Now().Add(2 * time.Second))})
	resp, err := d.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		t.Errorf("%d, and the stream ends with %v", resp.StatusCode, err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	d := newDesk(t, "")
	for range maxStreams {
		if s := d.follow(t.Context(), "/schedule"); s.resp.StatusCode != 200 {
			t.Fatalf("status %d", s.resp.StatusCode)
		}
	}
	one := d.follow(t.Context(), "/cluster")
	if one.resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more than %d streams: status %d", maxStreams, one.resp.StatusCode)
	}
	d.want(200, d.get("/cluster")) // pages are there all the same
}

// Many watchers of one list ask for it once in a while, not each.
func TestWatchersShareTheList(t *testing.T) {
	d := newDesk(t, "")
	begin := time.Now()
	for range 10 {
		d.follow(t.Context(), "/schedule").next()
		d.follow(t.Context(), "/campaigns").next()
	}
	lists := 0
	for _, path := range d.api.requests() {
		if strings.HasPrefix(path, "/v1/campaigns?") && strings.HasSuffix(path, "state=running") {
			lists++
		}
	}
	if most := int(time.Since(begin)/listAge) + 2; lists == 0 || lists > most {
		t.Errorf("the list was asked for %d times, more than %d", lists, most)
	}
}

// What runs is in the list however many campaigns have ended, and of those that ended the newest are.
func TestListHasWhatRuns(t *testing.T) {
	const ended = 2 * maxListed
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var page api.CampaignPage
		if r.URL.Query().Get("order") != "newest" {
			t.Errorf("asked for %s", r.URL)
		}
		switch q := r.URL.Query(); q.Get("state") {
		case "running":
			page.Campaigns = []api.Campaign{{ID: "runs", State: "running"}}
		case "scheduled":
			page.Campaigns = []api.Campaign{{ID: "runs", State: "scheduled"}, {ID: "waits", State: "scheduled"}}
		case "", "finished":
			from, _ := strconv.Atoi(q.Get("cursor"))
			for i := range 100 {
				page.Campaigns = append(page.Campaigns, api.Campaign{ID: strconv.Itoa(from + i), State: "finished"})
			}
			if page.Next = strconv.Itoa(from + 100); from+100 >= ended {
				page.Campaigns, page.Next = append(page.Campaigns, api.Campaign{ID: "runs"}), ""
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(page)
	})
	var l campaignList
	got, err := l.all(t.Context(), client.Inside(handler, ""))
	if err != nil || len(got.Campaigns) != maxListed || !got.More || got.count("running") != 1 || got.count("scheduled") != 1 {
		t.Errorf("%d listed, more %v, %d run, %d scheduled, %v", len(got.Campaigns), got.More, got.count("running"), got.count("scheduled"), err)
	}
}

func TestStreamHasAHeadWithoutAnEnd(t *testing.T) {
	d := newDesk(t, "")
	d.want(200, d.do(http.MethodHead, "/live/cluster", nil))
}

// What is as it was is told to nobody, however often it is looked at.
func TestStreamIsSilentWithoutAChange(t *testing.T) {
	d := newDesk(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	s := d.follow(ctx, "/cluster")
	s.next()
	before := len(d.api.requests())
	eventually(t, "it was looked at ten times", func() bool { return len(d.api.requests()) > before+10 })
	cancel()
	if c, ok := s.next(); ok {
		t.Errorf("nothing has changed, and it tells %+v", c)
	}
}
