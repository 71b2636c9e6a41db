package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/engine/journal"
)

const (
	singles = "/v1/channels/shop/messages"
	hello   = `"messages":[{"type":"text","text":"Hello"}]`
	in2035  = `"at":"2035-01-01T00:00:00Z"`
)

// single is a message's object.
func single(to, key string, more ...string) string {
	return "{" + strings.Join(append([]string{`"to":"` + to + `"`, hello, `"key":"` + key + `"`}, more...), ",") + "}"
}

func (d *desk) importMessages(kind, encoding, body string) answer {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodPost, d.url+singles, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	return d.send(req)
}

func (a answer) accepted(t *testing.T) (m api.AcceptedMessage) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &m); err != nil || m.ID == "" {
		t.Fatalf("no id in %q: %v", a.body, err)
	}
	return m
}

func TestOneMessage(t *testing.T) {
	d := newDesk(t, "")
	first := d.do("POST", singles, single(userA, "k1", in2035))
	d.want(202, first, `"state":"scheduled","due":"2035-01-01T00:00:00Z"`)
	id := first.accepted(t).ID
	if got := first.header.Get("Location"); got != singles+"/"+id {
		t.Errorf("Location %q", got)
	}
	again := d.do("POST", singles, single(userA, "k1", ` "at" : "2035-01-01T00:00:00Z"`))
	d.want(202, again)
	if again.body != first.body {
		t.Errorf("repeated: %s, at first %s", again.body, first.body)
	}
	d.want(422, d.do("POST", singles, single(userA, "k1", `"at":"2035-01-01T00:00:01Z"`)), "given before with another content, as message "+id)
	d.want(200, d.do("GET", singles+"/"+id, ""), `"id":"`+id+`","state":"scheduled","to":"`+userA+`","due":"2035-01-01T00:00:00Z","attempts":0`)
	d.want(409, d.do("DELETE", "/v1/channels/shop", ""), "messages of channel", id)
	d.want(200, d.do("DELETE", singles+"/"+id, ""), `"state":"cancelled"`)
	d.want(200, d.do("DELETE", singles+"/"+id, ""), `"state":"cancelled"`)
	d.want(202, d.do("POST", singles, single(userA, "k1", in2035)), `"id":"`+id+`","state":"cancelled"`)
	local := d.do("POST", singles, single(userA, "k2", `"at":"2035-01-01T09:00","zone":"Asia/Tokyo"`))
	d.want(202, local, `"due":"2035-01-01T00:00:00Z"`)
	now := d.do("POST", singles, single(userB, "k2"))
	d.want(202, now, `"state":"pending"`)
	if a := d.do("GET", singles+"/"+now.accepted(t).ID, ""); !strings.Contains(a.body, `"state":"pending"`) && !strings.Contains(a.body, `"state":"sending"`) {
		t.Errorf("%s", a.body)
	}
}

func TestAChannelWithoutMessagesIsRemoved(t *testing.T) {
	d := newDesk(t, "")
	a := d.do("POST", singles, single(userA, "k", in2035))
	d.want(409, d.do("DELETE", "/v1/channels/shop", ""), "wait, such as "+a.accepted(t).ID)
	d.want(200, d.do("DELETE", singles+"/"+a.accepted(t).ID, ""))
	d.want(204, d.do("DELETE", "/v1/channels/shop", ""))
	d.want(404, d.do("GET", singles, ""))
}

func TestKeyOfTheRequest(t *testing.T) {
	d := newDesk(t, "")
	send := func(key string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+singles, strings.NewReader(`{"to":"`+userA+`",`+hello+`,`+in2035+`}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		return d.send(req)
	}
	one, two, other := send("a"), send("a"), send("b")
	d.want(202, one)
	d.want(202, two)
	d.want(202, other)
	if one.body != two.body || one.body == other.body {
		t.Errorf("%s %s %s", one.body, two.body, other.body)
	}
	d.want(422, send(""), "key is missing")
	d.want(422, send(strings.Repeat("k", 300)), "over 255 bytes")
}

func TestMessagesRefused(t *testing.T) {
	d := newDesk(t, "")
	for name, tc := range map[string]struct {
		answer answer
		status int
		want   string
	}{
		"unknown channel": {d.do("POST", "/v1/channels/nope/messages", single(userA, "k")), 404, ""},
		"list there":      {d.do("GET", "/v1/channels/nope/messages", ""), 404, ""},
		"type":            {d.importMessages("text/csv", "", "a"), 415, "application/json"},
		"encoding":        {d.importMessages("application/json", "gzip", "a"), 415, "Content-Encoding"},
		"not JSON":        {d.do("POST", singles, "{"), 422, "not valid JSON: it ends too early"},
		"two":             {d.do("POST", singles, single(userA, "k")+single(userA, "l")), 422, "something after its JSON object"},
		"unknown member":  {d.do("POST", singles, single(userA, "k", `"when":"now"`)), 422, "unknown member"},
		"to twice":        {d.do("POST", singles, single(userA, "k", `"to":"`+userB+`"`)), 422, `the member \"to\" twice`},
		"to otherwise":    {d.do("POST", singles, single(userA, "k", `"TO":"`+userB+`"`)), 422, "unknown member"},
		"not UTF-8":       {d.do("POST", singles, single(userA, "k\xff")), 422, "not UTF-8"},
		"half a pair":     {d.do("POST", singles, single(userA, `k\ud800`)), 422, "can't be read"},
		"file not UTF-8":  {d.importMessages("application/x-ndjson", "", single(userA, "k\xff")), 422, "not UTF-8"},
		"to":              {d.do("POST", singles, single("U1", "k")), 422, "32 hex digits"},
		"messages":        {d.do("POST", singles, `{"to":"`+userA+`","key":"k"}`), 422, "messages is missing"},
		"empty text":      {d.do("POST", singles, `{"to":"`+userA+`","key":"k","messages":[{"type":"text","text":""}]}`), 422, "messages[0].text"},
		"at":              {d.do("POST", singles, single(userA, "k", `"at":"tomorrow"`)), 422, `at \"tomorrow\" is not an RFC 3339 time`},
		"no zone":         {d.do("POST", singles, single(userA, "k", `"at":"2035-01-01T09:00"`)), 422, "has no offset: add one, such as +09:00, or zone"},
		"far":             {d.do("POST", singles, single(userA, "k", `"at":"2099-01-01T09:00:00Z"`)), 422, "years ahead"},
		"zone":            {d.do("POST", singles, single(userA, "k", `"zone":"Mars"`)), 422, "not a time zone"},
		"expire":          {d.do("POST", singles, single(userA, "k", `"expire_after":"1"`)), 422, "expire_after"},
		"topic":           {d.do("POST", singles, single(userA, "k", `"topic":"News!"`)), 422, "topic"},
		"too long":        {d.do("POST", singles, single(userA, "k", `"zone":"`+strings.Repeat("x", 200_000)+`"`)), 413, "longer than"},
		"long messages":   {d.do("POST", singles, `{"to":"`+userA+`","key":"k","messages":"`+strings.Repeat("x", 70_000)+`"}`), 422, "longer than 65536"},
		"no such message": {d.do("GET", singles+"/3-9", ""), 404, ""},
		"no id":           {d.do("GET", singles+"/256-1", ""), 404, ""},
		"no id either":    {d.do("DELETE", singles+"/03-1", ""), 404, ""},
		"state":           {d.do("GET", singles+"?state=lost", ""), 422, "state"},
		"cursor":          {d.do("GET", singles+"?cursor=x", ""), 422, "cursor"},
		"other method":    {d.do("PUT", singles, "{}"), 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t}
			d.want(tc.status, tc.answer, tc.want)
			if len(tc.answer.body) > 1000 || strings.Contains(tc.answer.body, userA) {
				t.Errorf("answered %s", tc.answer.body)
			}
		})
	}
	if page := d.messages("", 500); len(page.Messages) != 0 {
		t.Errorf("messages %+v", page)
	}
}

func (d *desk) messages(query string, limit int) (page api.MessagePage) {
	d.Helper()
	a := d.do("GET", fmt.Sprintf("%s?limit=%d%s", singles, limit, query), "")
	d.want(200, a)
	if err := json.Unmarshal([]byte(a.body), &page); err != nil {
		d.Fatal(err)
	}
	return page
}

// The same key to another user is another message, also where both are kept in one book: there are fewer of them than users here.
func TestOneKeyForManyUsers(t *testing.T) {
	d := newDesk(t, "")
	const users = 300
	var file strings.Builder
	for i := range users {
		fmt.Fprintln(&file, single(fmt.Sprintf("U%032x", i), "welcome", in2035))
	}
	for _, want := range []string{`"accepted":300,"repeated":0`, `"accepted":0,"repeated":300`} {
		d.want(202, d.importMessages("application/x-ndjson", "", file.String()), want)
	}
}

func TestMessagesAreImportedAndListed(t *testing.T) {
	d := newDesk(t, "")
	const rows = 1000
	var file strings.Builder
	for n := range rows {
		file.WriteString(single(lineID(n%300), fmt.Sprint("k", n), in2035) + "\n\n")
	}
	d.want(202, d.importMessages("application/x-ndjson", "", file.String()), `{"accepted":1000,"repeated":0}`)
	d.want(202, d.importMessages("application/x-ndjson", "gzip", gzipped(file.String()+single(userA, "new"))), `{"accepted":1,"repeated":1000}`)
	seen := map[string]bool{}
	for cursor := ""; ; {
		page := d.messages("&state=scheduled&cursor="+cursor, 77)
		for _, m := range page.Messages {
			if seen[m.ID] || m.State != "scheduled" {
				t.Fatalf("%+v", m)
			}
			seen[m.ID] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != rows {
		t.Errorf("%d messages are listed", len(seen))
	}
	if page := d.messages("&state=failed", 500); len(page.Messages) != 0 {
		t.Errorf("%+v", page)
	}
	d.nothingOnDisk()
}

// One key to many users is a message to each, also to those of one book.
func TestAKeyIsItsUsers(t *testing.T) {
	d := newDesk(t, "")
	const users = 600 // more than there are books
	var file strings.Builder
	for n := range users {
		file.WriteString(single(lineID(n), "order-1", in2035) + "\n")
	}
	for _, want := range []string{`{"accepted":600,"repeated":0}`, `{"accepted":0,"repeated":600}`} {
		d.want(202, d.importMessages("application/x-ndjson", "", file.String()), want)
	}
}

// A bad file says where it is bad, and nothing of it is accepted.
func TestBadImportsOfMessages(t *testing.T) {
	d := newDesk(t, "")
	good := single(userA, "k", in2035) + "\n"
	for _, tc := range []struct {
		name, encoding, body string
		status               int
		want                 []string
	}{
		{"empty", "", "", 422, []string{"empty"}},
		{"other encoding", "br", "x", 415, []string{"only gzip"}},
		{"bad lines", "", good + "{}\n\n" + good + "[]", 422, []string{"nothing was accepted", `"location":"line 2"`, "key is missing", `"location":"line 5"`}},
		{"many bad lines", "", strings.Repeat("{}\n", 100), 422, []string{"these are the first 20"}},
		{"long line", "", good + strings.Repeat("x", 200_000), 422, []string{"line 2 is longer than"}},
		{"truncated gzip", "gzip", gzipped(good)[:25], 422, []string{"can't be decompressed"}},
		{"no gzip", "gzip", good, 422, []string{"can't be decompressed"}},
		{"gzip bomb", "gzip", gzipped(strings.Repeat(" \n", 5_000_000)), 422, []string{"decompresses to more than"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &desk{T: t, url: d.url}
			a := d.importMessages("application/x-ndjson", tc.encoding, tc.body)
			d.want(tc.status, a, tc.want...)
			if strings.Contains(a.body, userA) {
				t.Errorf("the answer names a user: %s", a.body)
			}
		})
	}
	if page := d.messages("", 500); len(page.Messages) != 0 {
		t.Errorf("%+v", page)
	}
	d.want(202, d.importMessages("application/x-ndjson", "", good), `"accepted":1`)
	other := single(userB, "x", in2035) + "\n" + single(userA, "k") + "\n"
	d.want(422, d.importMessages("application/x-ndjson", "", other), "the keys of 1 lines", `"location":"line 2"`, "the other 1 messages are accepted")
	d.nothingOnDisk()
}

// An import that breaks off in the middle says how far it came, and sent again it is whole.
func TestImportOfMessagesBreaksOff(t *testing.T) {
	d := newDesk(t, "")
	var file strings.Builder
	const rows = 3000
	for n := range rows {
		file.WriteString(single(lineID(n), fmt.Sprint("k", n), in2035) + "\n")
	}
	var stored atomic.Int64
	var room atomic.Bool
	d.store.Fault = func(c journal.Call) error {
		if c.Op == "append" && !c.Done && len(c.Records) > 0 && c.Records[0].Grain.Kind == actors.Messages.Name() {
			if stored.Add(1) > 50 && !room.Load() {
				return journal.ErrFull
			}
		}
		return nil
	}
	a := d.importMessages("application/x-ndjson", "", file.String())
	d.want(507, a, "the store is full", fmt.Sprintf(" of %d messages are accepted: send the file again", rows))
	room.Store(true)
	d.eventually("the file is imported", func() bool { return d.importMessages("application/x-ndjson", "", file.String()).status == 202 })
	count := 0
	for cursor := ""; ; {
		page := d.messages("&cursor="+cursor, 500)
		count += len(page.Messages)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if count != rows {
		t.Errorf("%d messages wait", count)
	}
}
