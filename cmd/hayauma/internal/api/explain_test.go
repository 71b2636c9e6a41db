package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/engine/journal"
)

func (a answer) explanation(t *testing.T) (x api.Explanation) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &x); err != nil {
		t.Fatalf("%q: %v", a.body, err)
	}
	return x
}

// stats is what the store holds.
func (d *desk) stats() journal.Stats {
	d.Helper()
	s, err := d.store.Stats(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return s
}

// people is a CSV audience: users from 0 on, with these names.
func people(names ...string) string {
	var b strings.Builder
	b.WriteString("user_id,name\n")
	for i, name := range names {
		fmt.Fprintf(&b, "U%032x,%s\n", i, name)
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	d := newDesk(t, "")
	d.line.quota = provider.Quota{Limited: true, Limit: 100, Used: 60}
	before := d.stats()
	names := slices.Repeat([]string{"everybody"}, 12)
	names = append(names, "Ann", "Bob", strings.Repeat("x", 5001))
	a := d.explain(form{campaign: file(text), audience: people(names...) + "U" + strings.Repeat("0", 32) + ",again\n"}, "?sample=3")
	d.want(200, a)
	x := a.explanation(t)
	if x.OK || x.Name != "n" || x.Channel != "shop" || x.Rows != 16 || x.BadRows != 0 || x.Duplicates != 1 || x.Recipients != 15 {
		t.Errorf("audience: %s", a.body)
	}
	if w := x.WouldFail; w.Recipients != 1 || len(w.Examples) != 1 || w.Examples[0].Line != 16 || w.Examples[0].UserID != fmt.Sprintf("U%032x", 14) ||
		w.Examples[0].Reason != "messages[0].text: has 5004 UTF-16 code units, at most 5000 are allowed" ||
		len(w.Reasons) != 1 || w.Reasons[0].Reason != "messages[0].text: has N UTF-16 code units, at most 5000 are allowed" || w.Reasons[0].Recipients != 1 {
		t.Errorf("failures: %s", a.body)
	}
	due := time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
	if p := x.Plan; p.Pushes != 2 || p.Multicasts != 1 || p.MulticastRecipients != 12 || p.DistinctBodies != 3 || p.CallsAtLeast != 3 || p.SecondsAtLeast != 0.005 ||
		!p.Due.Equal(due) || !p.EarliestFinish.Equal(due.Add(5*time.Millisecond)) {
		t.Errorf("plan: %s", a.body)
	}
	if q := x.Quota; q.Needed != 14 || q.Limited == nil || !*q.Limited || *q.Limit != 100 || *q.Used != 60 || !*q.Suffices || q.Problem != "" {
		t.Errorf("quota: %s", a.body)
	}
	if v := x.Validation; v.Shapes != 1 || v.Checked != 1 || v.NotChecked != 0 || v.Problem != "" || len(v.Refused) != 0 || !slices.Equal(d.line.endpoints, []provider.Endpoint{provider.Push}) {
		t.Errorf("validation: %s", a.body)
	}
	if len(x.Sample) != 3 || string(x.Sample[0].Messages) != `[{"type":"text","text":"hi everybody"}]` || x.Sample[0].Line != 2 || x.Sample[2].Line != 12 {
		t.Errorf("sample: %s", a.body)
	}
	if after := d.stats(); after != before {
		t.Errorf("the store has %+v, it had %+v", after, before)
	}
	d.nothingOnDisk()
	d.want(200, d.do("GET", "/v1/campaigns", ""), `"campaigns":[]`)
}

func TestExplainFine(t *testing.T) {
	d := newDesk(t, "secret")
	now := time.Now()
	a := d.explain(form{campaign: `{"name":"n","channel":"shop","messages":[{"type":"text","text":"all & <b>"}]}`, audience: gzipped(rows), encoding: "gzip"}, "?sample=1")
	d.want(200, a, `"ok":true`, `"bad_lines":[]`, `"missing":[]`, `"examples":[]`, `"reasons":[]`, `"refused":[]`, `"limited":false`, `"suffices":true`)
	x := a.explanation(t)
	if x.Plan.Due.Before(now.Truncate(time.Millisecond)) || x.Plan.Multicasts != 1 || string(x.Sample[0].Messages) != `[{"type":"text","text":"all & <b>"}]` || d.line.endpoints[0] != provider.Multicast {
		t.Errorf("%s", a.body)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/v1/campaigns/explain", nil)
	req.Header.Set("Authorization", "Bearer wrong")
	d.want(401, d.send(req))
	if a := d.do("GET", "/v1/campaigns/explain", ""); a.status != 404 {
		t.Errorf("status %d", a.status)
	}
}

func TestExplainTellsAllBadLines(t *testing.T) {
	d := newDesk(t, "")
	f := form{key: "k", campaign: file(`[{"type":"text","text":"{{ name }} {{ coupon }}"}]`), kind: "application/x-ndjson",
		audience: `{"user_id":"x","name":"n"}` + "\n" + `{"user_id":"` + userA + `"}` + "\n{\n" + `{"user_id":"` + userB + `","name":"n","coupon":"c"}`}
	a := d.explain(f, "")
	d.want(200, a, `"ok":false`,
		`{"name":"name","rows":1,"lines":[2]},{"name":"coupon","rows":2,"lines":[1,2]}`)
	if x := a.explanation(t); x.Sample != nil || x.Rows != 4 || x.BadRows != 3 || x.Recipients != 1 || x.Plan.Pushes != 1 || x.BadLinesMore {
		t.Errorf("%s", a.body)
	}
	refusal := d.submit(f)
	d.want(422, refusal, "hayauma campaign explain -f FILE --audience FILE")
	var p api.Problem
	if err := json.Unmarshal([]byte(refusal.body), &p); err != nil || !slices.Equal(p.Errors, a.explanation(t).BadLines) {
		t.Errorf("a submission tells %s\nexplain tells %s", refusal.body, a.body)
	}
	// A column that is not in the header: as a submission tells it, and each row that lacks it.
	f.kind, f.audience = "text/csv", rows
	d.want(422, d.submit(f), "hayauma campaign explain")
	d.want(200, d.explain(f, ""), `"missing":[{"name":"coupon","rows":2,"lines":[2,3]}]`, `"bad_lines":[{"message":"column \"coupon\" is missing`, `"recipients":0`)
}

// What ends a submission for a reason of the whole file ends an explanation likewise, and names no explanation as the way to more.
func TestExplainRefuses(t *testing.T) {
	d := newDesk(t, "")
	for name, tc := range map[string]struct {
		form   form
		query  string
		status int
		want   string
	}{
		"definition":     {form{campaign: `{"name":"n"}`, audience: rows}, "", 422, "channel is missing"},
		"template":       {form{campaign: file(`[{"type":"text","text":"{{ x | nope }}"}]`), audience: rows}, "", 422, "filter nope"},
		"channel":        {form{campaign: strings.Replace(file(text), "shop", "nope", 1), audience: rows}, "", 422, "hayauma channel add nope"},
		"no channel":     {form{campaign: strings.Replace(file(text), "shop", "No", 1), audience: rows}, "", 422, "unknown channel"},
		"type":           {form{campaign: file(text), audience: rows, kind: "text/html"}, "", 415, "text/csv or application/x-ndjson"},
		"gzip":           {form{campaign: file(text), audience: gzipped(rows)[:30], encoding: "gzip"}, "", 422, "gzip data ends too early"},
		"empty":          {form{campaign: file(text), audience: "user_id,name\n"}, "", 422, "empty"},
		"sample":         {form{campaign: file(text), audience: rows}, "?sample=101", 422, "from 0 to 100"},
		"sample twice":   {form{campaign: file(text), audience: rows}, "?sample=1&sample=2", 422, "from 0 to 100"},
		"no sample":      {form{campaign: file(text), audience: rows}, "?sample=", 422, "from 0 to 100"},
		"other question": {form{campaign: file(text), audience: rows}, "?samples=1", 422, `unknown query parameter \"samples\"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t, store: d.store, url: d.url, temp: d.temp}
			a := d.explain(tc.form, tc.query)
			d.want(tc.status, a, tc.want)
			if strings.Contains(a.body, "campaign explain") {
				t.Errorf("the way to see all is said to be this: %s", a.body)
			}
			d.nothingOnDisk()
			d.nothingStored()
		})
	}
	a := d.submit(form{key: "k", campaign: file(text), audience: gzipped(rows)[:30], encoding: "gzip"})
	d.want(422, a, "gzip data ends too early")
	if strings.Contains(a.body, "campaign explain") {
		t.Errorf("an explanation would not tell more: %s", a.body)
	}
	third := form{campaign: file(text), audience: rows + "\r\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny"}
	body, kind := third.body()
	boundary := strings.TrimPrefix(kind, "multipart/form-data; boundary=")
	more := strings.NewReader(strings.Replace(body.String(), "--b\r\n", "--"+boundary+"\r\n", 1))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/v1/campaigns/explain", more)
	req.Header.Set("Content-Type", kind)
	d.want(400, d.send(req), "a third part")
	d.nothingOnDisk()
}

func TestExplainWithoutRoom(t *testing.T) {
	d := newDesk(t, "")
	d.line.room = func(uint64) error { return journal.ErrFull }
	d.want(http.StatusInsufficientStorage, d.explain(form{campaign: file(text), audience: rows}, ""), "free disk space")
	d.nothingOnDisk()
}

// What the provider doesn't tell is said, and the rest is told all the same.
func TestExplainWithoutProvider(t *testing.T) {
	d := newDesk(t, "")
	d.line.quotaErr = errors.New("the line is dead")
	d.line.judge = func(context.Context, string) provider.Answer {
		return provider.Answer{Verdict: provider.Unauthorized, Reason: "no such token"}
	}
	f := form{campaign: file(`[{"type":"text{{ name }}","text":"x"}]`), audience: people("", "V2")}
	d.want(200, d.explain(f, ""), `"ok":true`, `"quota":{"needed":2,"problem":"the line is dead"}`,
		`"validation":{"shapes":2,"checked":0,"not_checked":2,"refused":[],"problem":"no such token"}`)
	if n := len(d.line.validated); n != 1 {
		t.Errorf("%d questions after the first that was not judged", n)
	}
}

// One body of each shape is asked about, at most 50, ten a second.
func TestExplainValidatesShapes(t *testing.T) {
	d := newDesk(t, "")
	d.line.judge = func(_ context.Context, messages string) provider.Answer {
		if strings.Contains(messages, `"http:`) {
			return provider.Answer{Verdict: provider.Refused, Status: 400, Reason: "invalid uri scheme"}
		}
		return provider.Answer{Verdict: provider.Accepted, Status: 200}
	}
	const image = `[{"type":"image","originalContentUrl":"{{ name }}","previewImageUrl":"https://x/y"}]`
	a := d.explain(form{campaign: file(image), audience: people("https://a", "http://b", "https://c", "http://d", "http://e")}, "")
	d.want(200, a, `"ok":false`, `"shapes":2,"checked":2,"not_checked":0`,
		`"refused":[{"line":3,"user_id":"U00000000000000000000000000000001","recipients":3,"reason":"invalid uri scheme"}]`)
	if n := len(d.line.validated); n != 2 {
		t.Fatalf("%d questions about 2 shapes", n)
	}
	if apart := d.line.validated[1].Sub(d.line.validated[0]); apart < 90*time.Millisecond {
		t.Errorf("two questions within %s", apart)
	}
}

func TestExplainQuotaTooSmall(t *testing.T) {
	d := newDesk(t, "")
	d.line.quota = provider.Quota{Limited: true, Limit: 10, Used: 9}
	d.want(200, d.explain(form{campaign: file(text), audience: rows}, ""), `"ok":false`, `"needed":2,"limited":true,"limit":10,"used":9,"suffices":false`)
	d.line.quota.Used = 8
	d.want(200, d.explain(form{campaign: file(text), audience: rows}, ""), `"ok":true`, `"suffices":true`)
}

// A campaign that recurs is explained for what is due next, and one with hours ends within them.
func TestExplainHoursAndCron(t *testing.T) {
	d := newDesk(t, "")
	at := func(hour, minute int, rest time.Duration) time.Time {
		return time.Date(2035, 1, 1, hour, minute, 0, int(rest), time.UTC)
	}
	for _, c := range []struct {
		schedule string
		due, end time.Time
	}{
		{`"at":"2035-01-01T08:00:00Z"`, at(8, 0, 0), at(8, 0, time.Millisecond)},
		{`"at":"2035-01-01T08:00:00Z","hours":"09:00-21:00"`, at(8, 0, 0), at(9, 0, time.Millisecond)},
		{`"at":"2035-01-01T08:00:00Z","hours":"18:30-21:00","zone":"Asia/Tokyo"`, at(8, 0, 0), at(9, 30, time.Millisecond)},
		{`"at":"2035-01-01T05:00:00Z","cron":"0 9 * * *"`, at(9, 0, 0), at(9, 0, time.Millisecond)},
		{`"at":"2035-01-01T05:00:00Z","cron":"30 18 * * *","zone":"Asia/Tokyo"`, at(9, 30, 0), at(9, 30, time.Millisecond)},
	} {
		x := d.explain(form{campaign: planned(c.schedule), audience: rows}, "").explanation(t)
		if !x.Plan.Due.Equal(c.due) || !x.Plan.EarliestFinish.Equal(c.end) {
			t.Errorf("%s: due %s, ends %s, want %s and %s", c.schedule, x.Plan.Due, x.Plan.EarliestFinish, c.due, c.end)
		}
	}
}

// Who would be expired at once is told: all, or those where the time has passed.
func TestExplainTellsWhoExpires(t *testing.T) {
	d := newDesk(t, "")
	now := time.Now().UTC()
	audience := "user_id,name,zone\n" + userA + ",Ann,Pacific/Kiritimati\n" + userB + ",Bob,Etc/GMT+12\n"
	local := now.Format("2006-01-02T15:04") // in UTC+14 14 hours ago, in UTC-12 in 12 hours
	for _, c := range []struct {
		schedule string
		want     uint32
	}{
		{`"at":"` + now.Add(-2*time.Hour).Format(time.RFC3339) + `"`, 0},
		{`"at":"` + now.Add(-2*time.Hour).Format(time.RFC3339) + `","expire_after":"3h"`, 0},
		{`"at":"` + now.Add(-2*time.Hour).Format(time.RFC3339) + `","expire_after":"1h"`, 2},
		{`"expire_after":"1h"`, 0},
		{`"at":"` + local + `","local_time":true,"zone_column":"zone","expire_after":"1h"`, 1},
		{`"at":"` + local + `","local_time":true,"zone_column":"zone"`, 0},
	} {
		a := d.explain(form{campaign: planned(c.schedule), audience: audience}, "")
		d.want(200, a)
		if x := a.explanation(t); x.WouldExpire != c.want {
			t.Errorf("%s: %d would expire, want %d", c.schedule, x.WouldExpire, c.want)
		}
	}
}

// A third is sent away while two are at work, and a client that hangs up ends the work.
func TestExplainsAreFew(t *testing.T) {
	d := newDesk(t, "")
	began, ended := make(chan struct{}, 2), make(chan error, 2)
	d.line.judge = func(ctx context.Context, _ string) provider.Answer {
		began <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return provider.Answer{Verdict: provider.Doubtful, Reason: ctx.Err().Error()}
	}
	var names []string
	for i := range 20_000 { // several parts, so that there are files
		names = append(names, fmt.Sprint("friend ", i))
	}
	f := form{campaign: file(text), audience: people(names...)}
	ctx, hangUp := context.WithCancel(t.Context())
	clients := make(chan error, 2)
	for i := range 2 {
		whole, kind := f.body()
		body := io.Reader(whole)
		if i == 0 {
			body = io.MultiReader(whole, strings.NewReader(strings.Repeat("\n", 20_000))) // its end is not where its parts end
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/campaigns/explain", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		go func() {
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			clients <- err
		}()
	}
	<-began
	<-began
	a := d.explain(f, "")
	d.want(http.StatusTooManyRequests, a, "2 campaigns are being explained")
	if a.header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
	hangUp()
	for range 2 {
		if err := <-clients; !errors.Is(err, context.Canceled) {
			t.Errorf("a client ended with %v", err)
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the work ended with %v", err)
		}
	}
	d.nothingOnDisk()
	d.line.mu.Lock()
	d.line.judge = nil
	d.line.mu.Unlock()
	d.eventually("there is a place again", func() bool { return d.explain(f, "").status == 200 })
	d.nothingOnDisk()
	d.nothingStored()
}

// A client that hangs up while it sends leaves nothing either.
func TestExplainHalfSent(t *testing.T) {
	d := newDesk(t, "")
	var names []string
	for i := range 40_000 {
		names = append(names, fmt.Sprintf("%060d", i))
	}
	body, kind := (form{campaign: file(text), audience: people(names...)}).body()
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/campaigns/explain", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	go func() {
		_, err := http.DefaultClient.Do(req)
		ended <- err
	}()
	if _, err := io.CopyN(w, body, int64(body.Len()*9/10)); err != nil {
		t.Fatal(err)
	}
	d.eventually("parts are on disk", func() bool {
		left, err := d.temp.Open(".")
		if err != nil {
			return false
		}
		defer left.Close()
		names, err := left.Readdirnames(-1)
		return err == nil && len(names) > 0
	})
	cancel()
	w.CloseWithError(context.Canceled)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the request ended with %v", err)
	}
	d.nothingOnDisk()
	d.nothingStored()
}

// A campaign shows its plan once it has one.
func TestShowPlan(t *testing.T) {
	d := newDesk(t, "")
	id := d.submit(form{key: "later", campaign: file(text), audience: rows}).id(t)
	if a := d.do("GET", "/v1/campaigns/"+id, ""); strings.Contains(a.body, `"plan"`) {
		t.Errorf("a plan before planning: %s", a.body)
	}
	names := append(slices.Repeat([]string{"all"}, 11), "Ann", strings.Repeat("x", 5001))
	id = d.submit(form{key: "now", campaign: `{"name":"n","channel":"shop","messages":` + text + `}`, audience: people(names...)}).id(t)
	d.eventually("it is planned", func() bool {
		return strings.Contains(d.do("GET", "/v1/campaigns/"+id, "").body, `"plan":{"pushes":1,"multicasts":1,"multicast_recipients":11,"seconds_at_least":0.005,"quota_needed":12}`)
	})
	d.eventually("the list shows it", func() bool { // which follows what is stored
		return strings.Contains(d.do("GET", "/v1/campaigns", "").body, `"plan":{"pushes":1,"multicasts":1,"multicast_recipients":11,"quota_needed":12}`)
	})
}
