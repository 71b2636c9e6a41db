package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

const recipients = "/v1/channels/shop/recipients"

func lineID(n int) string { return fmt.Sprintf("U%016x%016x", uint64(n)*0x9e3779b97f4a7c15, n) }

func TestSettingsOfOneUser(t *testing.T) {
	d := newDesk(t, "")
	path := recipients + "/" + userA
	none := `"user_id":"` + userA + `","opt_out":false,"topics":[],"time_zone":"","quiet_hours":""}`
	d.want(200, d.do("GET", path, ""), none)
	all := `"opt_out":true,"topics":["news","sale"],"time_zone":"Asia/Tokyo","quiet_hours":"22:00-07:00"}`
	d.want(200, d.do("PUT", path, `{"opt_out":true,"topics":["sale","news","sale"],"time_zone":"Asia/Tokyo","quiet_hours":"22:00-07:00"}`), all)
	d.want(200, d.do("GET", path, ""), all)
	d.want(200, d.do("PUT", path, `{"time_zone":"Asia/Tokyo"}`), `"opt_out":false,"topics":[],"time_zone":"Asia/Tokyo","quiet_hours":""}`)
	d.want(200, d.do("GET", recipients+"/"+userB, ""), `"time_zone":""`)
	d.want(204, d.do("DELETE", path, ""))
	d.want(200, d.do("GET", path, ""), none)
	d.want(204, d.do("DELETE", path, ""))
}

func TestSettingsRefused(t *testing.T) {
	d := newDesk(t, "")
	path, long := recipients+"/"+userA, strings.Repeat("x", 5000)
	for name, tc := range map[string]struct {
		answer answer
		status int
		want   string
	}{
		"unknown channel":  {d.do("GET", "/v1/channels/nope/recipients/"+userA, ""), 404, ""},
		"set there":        {d.do("PUT", "/v1/channels/nope/recipients/"+userA, `{"opt_out":true}`), 404, ""},
		"export there":     {d.do("GET", "/v1/channels/nope/recipients", ""), 404, ""},
		"import there":     {d.importAs("nope", "text/csv", "", "user_id,opt_out\n"+userA+",1\n"), 404, ""},
		"id in upper case": {d.do("PUT", recipients+"/"+strings.ToUpper(userA), `{"opt_out":true}`), 422, "32 hex digits in lower case"},
		"long id":          {d.do("GET", recipients+"/"+long, ""), 422, "32 hex digits"},
		"id removed":       {d.do("DELETE", recipients+"/U1", ""), 422, "32 hex digits"},
		"zone":             {d.do("PUT", path, `{"time_zone":"Mars"}`), 422, `time_zone: \"Mars\" is not a time zone`},
		"hours":            {d.do("PUT", path, `{"quiet_hours":"night"}`), 422, `quiet_hours: \"NIGHT\"`},
		"long hours":       {d.do("PUT", path, `{"quiet_hours":"`+long+`"}`), 422, "longer than 200 bytes"},
		"topic":            {d.do("PUT", path, `{"topics":["News"]}`), 422, `topics: \"News\" is none`},
		"topics":           {d.do("PUT", path, `{"topics":["`+strings.Repeat(`a","`, 20)+`a"]}`), 422, "topics"},
		"unknown member":   {d.do("PUT", path, `{"opt-out":true}`), 422, "opt-out"},
		"suppression":      {d.do("PUT", path, `{"suppressed":{"reason":"x"}}`), 422, "suppressed"},
		"other method":     {d.do("PATCH", path, "{}"), 405, "DELETE, GET, PUT"},
		"of a campaign":    {d.do("PUT", noCampaign, "{}"), 405, "GET, PATCH"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t}
			d.want(tc.status, tc.answer, tc.want)
			if len(tc.answer.body) > 1000 {
				t.Errorf("an answer of %d bytes", len(tc.answer.body))
			}
		})
	}
	d.want(200, d.do("GET", recipients, ""))
	if got := d.exported(); len(got) != 0 {
		t.Errorf("settings of %v", got)
	}
}

func (d *desk) importAs(channel, kind, encoding, body string) answer {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodPost, d.url+"/v1/channels/"+channel+"/recipients", strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	return d.send(req)
}

// exported are the lines of an export, in order.
func (d *desk) exported() (lines []string) {
	d.Helper()
	a := d.do("GET", recipients, "")
	d.want(200, a)
	for line := range strings.Lines(a.body) {
		lines = append(lines, strings.TrimSpace(line))
	}
	slices.Sort(lines)
	return lines
}

func TestSettingsAreImportedAndExported(t *testing.T) {
	d := newDesk(t, "")
	d.want(200, d.importAs("shop", "text/csv; charset=utf-8", "", "user_id,opt_out,topics,time_zone\n"+
		userA+",true,sale|news,Asia/Tokyo\n"+userB+",,,Europe/Berlin\n"+lineID(3)+",0,,\n"), `{"rows":3}`)
	a := `{"user_id":"` + userA + `","opt_out":true,"topics":"news|sale","time_zone":"Asia/Tokyo","quiet_hours":""}`
	b := `{"user_id":"` + userB + `","opt_out":false,"topics":"","time_zone":"Europe/Berlin","quiet_hours":""}`
	if got := d.exported(); !slices.Equal(got, []string{a, b}) {
		t.Fatalf("exported %v", got)
	}
	// What a row doesn't have stays.
	d.want(200, d.importAs("shop", "application/x-ndjson", "", `{"user_id":"`+userA+`","quiet_hours":"22:00-07:00","opt_out":null,"topics":""}`), `{"rows":1}`)
	a = `{"user_id":"` + userA + `","opt_out":true,"topics":"","time_zone":"Asia/Tokyo","quiet_hours":"22:00-07:00"}`
	if got := d.exported(); !slices.Equal(got, []string{a, b}) {
		t.Fatalf("exported %v", got)
	}
	// Of rows with one user the last rules.
	d.want(200, d.importAs("shop", "text/csv", "gzip", gzipped("user_id,opt_out\n"+strings.Repeat(userB+",1\n"+userB+",0\n", 1000)+userB+",1\n")), `{"rows":2001}`)
	b = strings.Replace(b, "false", "true", 1)
	lines := d.exported()
	if !slices.Equal(lines, []string{a, b}) {
		t.Fatalf("exported %v", lines)
	}
	// What is exported can be imported.
	d.want(204, d.do("DELETE", recipients+"/"+userA, ""))
	d.want(204, d.do("DELETE", recipients+"/"+userB, ""))
	if got := d.exported(); len(got) != 0 {
		t.Fatalf("after a reset %v", got)
	}
	d.want(200, d.importAs("shop", "application/x-ndjson", "", strings.Join(lines, "\n")))
	if got := d.exported(); !slices.Equal(got, lines) {
		t.Errorf("exported %v, imported %v", got, lines)
	}
}

func TestSuppressionIsShown(t *testing.T) {
	d := newDesk(t, "")
	d.suppress(userA)
	path := recipients + "/" + userA
	d.want(200, d.do("GET", path, ""), `"suppressed":{"reason":"no such user","at":"2`)
	line := d.exported()[0]
	if !strings.Contains(line, `"suppressed":"no such user","suppressed_at":"2`) {
		t.Errorf("exported %s", line)
	}
	d.want(200, d.importAs("shop", "application/x-ndjson", "", line), `{"rows":1}`)
	d.want(200, d.do("PUT", path, `{"opt_out":true}`), `"suppressed":{"reason":"no such user"`)
	d.want(204, d.do("DELETE", path, ""))
	if a := d.do("GET", path, ""); strings.Contains(a.body, "suppressed") {
		t.Errorf("after a reset: %s", a.body)
	}
}

// suppress does what a checker does about a user whom the provider doesn't know.
func (d *desk) suppress(user string) {
	d.Helper()
	book := actors.Recipients.Ref(d.sys, recipient.NewAddresses(shardNumber).Of("shop", user))
	if _, err := engine.Ask[actors.Done](d.Context(), book, actors.RecipientMsg(actors.Suppress{User: user, Reason: "no such user"})); err != nil {
		d.Fatal(err)
	}
}

// A bad file says where it is bad, and changes nothing.
func TestBadImports(t *testing.T) {
	d := newDesk(t, "")
	good := userA + ",1\n"
	for _, tc := range []struct {
		name, kind, encoding, body string
		status                     int
		want                       []string
	}{
		{"other type", "application/json", "", "[]", 415, []string{"text/csv or application/x-ndjson"}},
		{"other encoding", "text/csv", "br", "x", 415, []string{"only gzip"}},
		{"empty", "text/csv", "", "", 422, []string{"empty"}},
		{"no rows", "text/csv", "", "user_id,opt_out\n", 422, []string{"no rows"}},
		{"unknown column", "text/csv", "", "user_id,optout\n" + good, 422, []string{"line 1", `column \"optout\" is no setting`}},
		{"bad lines", "text/csv", "", "user_id,opt_out\n" + good + "U1,1\n" + good + userB + ",maybe\n", 422,
			[]string{"nothing was changed", "line 3", "32 hex digits", "line 5", `column \"opt_out\" is not true or false`}},
		{"many bad lines", "text/csv", "", "user_id,opt_out\n" + strings.Repeat("U1,1\n", 100), 422, []string{"these are the first 20"}},
		{"bad zone", "application/x-ndjson", "", `{"user_id":"` + userA + `","time_zone":"x"}`, 422, []string{"line 1", "time_zone"}},
		{"not UTF-8", "text/csv", "", "user_id,opt_out\n" + good + "\xff,1\n", 422, []string{"line 3", "UTF-8"}},
		{"truncated gzip", "text/csv", "gzip", gzipped("user_id,opt_out\n" + good)[:25], 422, []string{"gzip data ends too early"}},
		{"gzip bomb", "text/csv", "gzip", gzipped("user_id,opt_out\n" + strings.Repeat(good, 400_000)), 422, []string{"decompresses to more than"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &desk{T: t, url: d.url}
			a := d.importAs("shop", tc.kind, tc.encoding, tc.body)
			d.want(tc.status, a, tc.want...)
			if strings.Contains(a.body, userA) || strings.Contains(a.body, userB) {
				t.Errorf("the answer names a user: %s", a.body)
			}
		})
	}
	if got := d.exported(); len(got) != 0 {
		t.Errorf("settings of %v", got)
	}
}

// An import that breaks off in the middle says how far it came, and sent again it is whole.
func TestImportBreaksOff(t *testing.T) {
	d := newDesk(t, "")
	var file strings.Builder
	file.WriteString("user_id,opt_out\n")
	const rows = 60_000
	for n := range rows {
		file.WriteString(lineID(n) + ",1\n")
	}
	var stored atomic.Int64
	d.store.Fault = func(c journal.Call) error {
		if c.Op == "append" && !c.Done && len(c.Records) > 0 && c.Records[0].Grain.Kind == actors.Recipients.Name() && stored.Add(1) > 50 {
			return journal.ErrFull
		}
		return nil
	}
	a := d.importAs("shop", "text/csv", "", file.String())
	d.want(507, a, "the store is full", fmt.Sprintf(" of %d rows are in force: send the file again", rows))
	d.store.Fault = nil
	d.eventually("the file is imported", func() bool { return d.importAs("shop", "text/csv", "", file.String()).status == 200 })
	if got := d.exported(); len(got) != rows {
		t.Errorf("%d users have settings", len(got))
	}
}

// The memory of an import doesn't grow with its rows: 100,000 take less than a third of what is sent, with what the store and the books keep of
// them in this process.
func TestMemoryOfAnImport(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 rows")
	}
	d := newDesk(t, "")
	const rows, bound = 100_000, 20 << 20
	topics := strings.TrimSuffix(strings.Repeat("a-topic-with-a-long-name-0123456789-0123456789-012345678-%02d|", 10), "|")
	for i := range 10 {
		topics = strings.Replace(topics, "%02d", fmt.Sprintf("%02d", i), 1)
	}
	var file strings.Builder
	file.WriteString("user_id,topics\n")
	for n := range rows {
		file.WriteString(lineID(n) + "," + topics + "\n")
	}
	sent := file.String()
	m := memorySampler{before: liveHeap()}
	d.store.Fault = m.sample
	d.want(200, d.importAs("shop", "text/csv", "", sent), fmt.Sprintf(`{"rows":%d}`, rows))
	d.store.Fault = nil
	grown := int64(m.peak) - int64(m.before)
	t.Logf("figure: %d rows of %d MiB, %.1f MiB more in memory at most (%d samples)", rows, len(sent)>>20, float64(grown)/(1<<20), m.samples)
	if grown > bound || len(sent) < 3*bound || m.samples < 3 {
		t.Errorf("%d bytes more in memory for a file of %d, at most %d are expected (%d samples)", grown, len(sent), bound, m.samples)
	}
	seen := 0
	lines := bufio.NewScanner(strings.NewReader(d.do("GET", recipients, "").body))
	for lines.Buffer(nil, 1<<20); lines.Scan(); seen++ {
		var line api.ExportedSettings
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Topics != topics {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	if seen != rows {
		t.Errorf("%d users are exported", seen)
	}
	runtime.KeepAlive(sent)
}

// memorySampler looks at the memory while an import stands still, because the store takes nothing until it has looked: what is garbage then
// is not counted.
type memorySampler struct {
	before  uint64
	appends atomic.Int64

	mu      sync.RWMutex // held while it looks
	peak    uint64       // guarded by mu
	samples int          // guarded by mu
}

func (m *memorySampler) sample(c journal.Call) error {
	if c.Op != "append" || c.Done {
		return nil
	}
	if m.appends.Add(1)%200 != 1 {
		m.mu.RLock() // until somebody else has looked
		defer m.mu.RUnlock()
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	time.Sleep(50 * time.Millisecond) // what is on its way comes to a stand
	m.peak = max(m.peak, liveHeap())
	m.samples++
	return nil
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
