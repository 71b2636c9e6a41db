package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hayauma.example/engine/journal"
)

// scheduled is a campaign file with this schedule.
func scheduled(schedule string) string {
	return `{"name":"n","channel":"shop","messages":` + text + `,"schedule":` + schedule + `}`
}

func TestSchedulesOutOfBounds(t *testing.T) {
	d := newDesk(t, "")
	at := func(t time.Time) string { return `{"at":"` + t.Format(time.RFC3339) + `"}` }
	for i, tc := range []struct {
		schedule, want string // empty: accepted
	}{
		{`{"at":"9999-12-31T23:59:59-12:00"}`, "more than 10 years ahead"},
		{`{"at":"9999-12-31T23:59:59Z"}`, "more than 10 years ahead"},
		{`{"at":"0000-01-01T00:00:00+14:00"}`, "before 1970"},
		{`{"at":"1970-01-01T00:00:00+01:00"}`, "before 1970"},
		{at(time.Now().AddDate(10, 0, 1)), "more than 10 years ahead"},
		{at(time.Now().AddDate(9, 11, 0)), ""},
		{`{"expire_after":"-1h"}`, "not a positive duration"},
		{`{"expire_after":"0s"}`, "not a positive duration"},
		{`{"expire_after":"8784h1s"}`, "longer than a year"},
		{`{"expire_after":"` + strings.Repeat("9", 5000) + `h"}`, "not a positive duration"},
	} {
		a := d.submit(form{key: fmt.Sprint(i), campaign: scheduled(tc.schedule), audience: rows})
		if tc.want == "" {
			d.want(http.StatusAccepted, a)
			continue
		}
		d.want(422, a, tc.want)
		if len(a.body) > 1000 {
			t.Errorf("an answer of %d bytes", len(a.body))
		}
	}
}

func TestNamesThatSteerATerminal(t *testing.T) {
	d := newDesk(t, "")
	for i, name := range []string{`a\u001b[2Jb`, `a\nb`, `a\tb`, `a\u0000`, `\u009b`, `a\u202eb`, `a\u2028b`} {
		bad := strings.Replace(file(text), `"n"`, `"`+name+`"`, 1)
		d.want(422, d.submit(form{key: fmt.Sprint(i), campaign: bad, audience: rows}), "control characters")
	}
	good := strings.Replace(file(text), `"n"`, `"春のセール 👩‍👧 é"`, 1)
	d.want(http.StatusAccepted, d.submit(form{key: "good", campaign: good, audience: rows}))
}

// Long names reach no grain, and no answer repeats them.
func TestLongNames(t *testing.T) {
	d := newDesk(t, "")
	id := d.submit(form{key: "k", campaign: file(text), audience: rows}).id(t)
	before, err := d.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.store.Fault = func(c journal.Call) error {
		t.Errorf("the store is asked: %s", c.Op)
		return nil
	}
	add := func(name, endpoint, env string) answer {
		return d.do("POST", "/v1/channels", fmt.Sprintf(`{"name":%q,"provider":"line","endpoint":%q,"token_env":%q}`, name, endpoint, env))
	}
	long := strings.Repeat("a", 5000)
	for name, tc := range map[string]struct {
		status int
		answer answer
	}{
		"64":              {422, add(long[:64], "http://h", "T")},
		"900 kB":          {422, add(strings.Repeat("a", 900_000), "http://h", "T")},
		"empty":           {422, add("", "http://h", "T")},
		"endpoint":        {422, add("x", "http://"+long, "T")},
		"variable":        {422, add("x", "http://h", long)},
		"channel":         {404, d.do("GET", "/v1/channels/"+long, "")},
		"webhook's name":  {422, d.do("POST", "/v1/webhooks", fmt.Sprintf(`{"name":%q,"url":"http://h","secret_env":"T"}`, long))},
		"webhook's url":   {422, d.do("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"x","url":"http://h/%s","secret_env":"T"}`, long))},
		"its channel":     {422, d.do("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"x","url":"http://h","secret_env":"T","channel":%q}`, long))},
		"its secret":      {422, d.do("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"x","url":"http://h","secret_env":%q}`, long))},
		"its event":       {422, d.do("POST", "/v1/webhooks", fmt.Sprintf(`{"name":"x","url":"http://h","secret_env":"T","events":[%q]}`, long))},
		"webhook":         {404, d.do("GET", "/v1/webhooks/"+long, "")},
		"removed webhook": {404, d.do("DELETE", "/v1/webhooks/"+long, "")},
		"tested webhook":  {404, d.do("POST", "/v1/webhooks/"+long+"/test", "")},
		"resumed channel": {404, d.do("POST", "/v1/channels/"+long+"/resume", "")},
		"removed channel": {404, d.do("DELETE", "/v1/channels/"+long, "")},
		"campaign":        {404, d.do("GET", "/v1/campaigns/"+long, "")},
		"paused campaign": {404, d.do("POST", "/v1/campaigns/"+long+"/pause", "")},
		"recipients":      {404, d.do("GET", "/v1/campaigns/"+long+"/recipients", "")},
		"events":          {404, d.do("GET", "/v1/campaigns/"+long+"/events", "")},
		"user":            {404, d.do("GET", "/v1/campaigns/"+id+"/recipients/"+long+"/why", "")},
		"user of nobody":  {404, d.do("GET", "/v1/campaigns/"+long+"/recipients/U/why", "")},
		"state":           {422, d.do("GET", "/v1/campaigns/"+id+"/recipients?state="+long, "")},
		"resource":        {404, d.do("GET", "/v9/"+url.PathEscape(long), "")},
		"channel of one":  {422, d.submit(form{key: "x", campaign: strings.Replace(file(text), "shop", long, 1), audience: rows})},
		"member":          {422, d.submit(form{key: "x", campaign: `{"` + long + `":1}`, audience: rows})},
	} {
		d.want(tc.status, tc.answer)
		if len(tc.answer.body) > 1000 {
			t.Errorf("%s: an answer of %d bytes", name, len(tc.answer.body))
		}
	}
	d.store.Fault = nil
	if after, err := d.store.Stats(t.Context()); err != nil || after != before {
		t.Errorf("stored %+v, before %+v: %v", after, before, err)
	}
}

// withMore puts something between the audience and the end of the form.
func withMore(t *testing.T, f form, more func(boundary string) string) (string, string) {
	t.Helper()
	body, kind := f.body()
	_, boundary, _ := strings.Cut(kind, "boundary=")
	end := "--" + boundary + "--\r\n"
	whole, found := strings.CutSuffix(body.String(), end)
	if !found {
		t.Fatalf("the form doesn't end with %q", end)
	}
	return whole + more(boundary), kind
}

// Nothing that a client sent is lost at the door: what follows the audience, and what is missing, refuses the whole.
func TestWhatFollowsTheAudience(t *testing.T) {
	d := newDesk(t, "")
	part := func(name string) func(string) string {
		return func(b string) string {
			return "--" + b + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\nContent-Type: text/csv\r\n\r\n" + rows + "\r\n--" + b + "--\r\n"
		}
	}
	for name, tc := range map[string]struct {
		more func(string) string
		want string
	}{
		"a second audience": {part("audience"), `third part \"audience\"`},
		"another part":      {part("note"), `third part \"note\"`},
		"no boundary":       {func(string) string { return "" }, "ends too early"},
		"half a boundary":   {func(b string) string { return "--" + b }, "ends too early"},
		"most of it":        {func(b string) string { return "--" + b + "-" }, ""},
		"a part's head":     {func(b string) string { return "--" + b + "\r\nContent-Dis" }, ""},
	} {
		for kind, audience := range map[string]form{"plain": {audience: rows}, "gzip": {audience: gzipped(rows), encoding: "gzip"}} {
			if kind == "gzip" && name == "most of it" {
				continue // what may be a boundary is garbage behind the gzip data: a 422
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				d := &desk{T: t, store: d.store, url: d.url}
				audience.key, audience.campaign = "k", file(text)
				body, contentType := withMore(t, audience, tc.more)
				d.want(http.StatusBadRequest, d.post(t.Context(), "k", contentType, strings.NewReader(body)), tc.want)
				d.nothingStored()
			})
		}
	}
	d.want(200, d.do("GET", "/v1/campaigns", ""), `"campaigns":[]`)
	f := form{key: "k", campaign: file(text), audience: rows}
	d.want(http.StatusAccepted, d.submit(f))
	for name, more := range map[string]func(string) string{"a second audience": part("audience"), "no boundary": func(string) string { return "" }} {
		body, kind := withMore(t, f, more)
		if a := d.post(t.Context(), "k", kind, strings.NewReader(body)); a.status != http.StatusBadRequest {
			t.Errorf("%s behind a repeat: %d %s", name, a.status, a.body)
		}
	}
}

func TestHalfClosedBody(t *testing.T) {
	d := newDesk(t, "")
	body, kind := form{campaign: file(text), audience: rows}.body()
	for _, sent := range []int{0, 50, body.Len() - 60, body.Len() - 1} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /v1/campaigns HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", kind, body.Len()+100)
		if _, err := io.Copy(conn, bytes.NewReader(body.Bytes()[:sent])); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("after %d bytes: %v", sent, err)
		}
		raw, _ := io.ReadAll(resp.Body)
		conn.Close()
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(raw), "ends too early") {
			t.Errorf("after %d bytes: %d %s", sent, resp.StatusCode, raw)
		}
	}
	d.nothingStored()
}

func TestGarbageBehindGzip(t *testing.T) {
	d := newDesk(t, "")
	f := form{key: "k", campaign: file(text), audience: gzipped(rows), encoding: "gzip"}
	d.want(http.StatusAccepted, d.submit(f))
	f.audience += "garbage that is no gzip data"
	d.want(422, d.submit(f), "something behind its gzip data")
	f.audience = gzipped(rows)[:30]
	d.want(422, d.submit(f), "ends too early")
}
