package api_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"hayauma.example/engine/journal"
)

// The ledger knows only that a message could not be made; the plan knows why, and both are told.
func TestWhyAMessageCouldNotBeMade(t *testing.T) {
	d := newDesk(t, "")
	a := d.submit(form{key: "k", campaign: `{"name":"n","channel":"shop","messages":` + text + `}`,
		audience: "user_id,name\n" + userA + "," + strings.Repeat("x", 5001) + "\n"})
	d.want(http.StatusAccepted, a)
	path := "/v1/campaigns/" + a.id(t)
	d.eventually("the campaign is over", func() bool {
		return strings.Contains(d.do("GET", path, "").body, `"state":"finished"`)
	})
	const reason = `"reason":"could not be rendered: messages[0].text: has 5004 UTF-16 code units, at most 5000 are allowed"`
	d.want(200, d.do("GET", path+"/recipients", ""), userA, `"state":"failed"`, reason)
	d.want(200, d.do("GET", path+"/recipients?state=failed", ""), userA)
	d.want(200, d.do("GET", path+"/recipients/"+userA+"/why", ""), `"state":"failed","entries":[{"at":"2`, `"event":"planned"`, `"path":"0-1"`, reason)
	d.want(404, d.do("GET", path+"/recipients/"+userB+"/why", ""), "no recipient")
}

// failing is a campaign that is over, whose first user failed and whose others wait for a poster that there is none of.
func (d *desk) failing() (path string) {
	d.Helper()
	a := d.submit(form{key: "csv", campaign: `{"name":"n","channel":"shop","messages":` + text + `}`,
		audience: "user_id,name\n" + userA + "," + strings.Repeat("x", 5001) + "\n" + userB + ",\"Bob\"\n"})
	d.want(http.StatusAccepted, a)
	path = "/v1/campaigns/" + a.id(d.T)
	d.eventually("it is planned", func() bool { return d.do("GET", path+"/recipients", "").status == 200 })
	return path
}

func TestRecipientsInSeveralStates(t *testing.T) {
	d := newDesk(t, "")
	path := d.failing() + "/recipients"
	for query, want := range map[string]int{
		"": 2, "?state=": 2, "?state=failed": 1, "?state=pending": 1, "?state=failed,pending": 2, "?state=failed&state=pending": 2,
		"?state=unknown&state=failed,delivered": 1, "?state=unknown,delivered": 0,
	} {
		a := d.do("GET", path+query, "")
		d.want(200, a)
		if got := strings.Count(a.body, "\n"); got != want {
			t.Errorf("%q: %d lines, want %d: %s", query, got, want, a.body)
		}
	}
	for _, query := range []string{"?state=failed,none", "?state=failed&state=none", "?state=failed,", "?format=xml", "?states=failed"} {
		d.want(422, d.do("GET", path+query, ""))
	}
}

// TestExportsOutlastTheStoresElection: what can't be read for a moment doesn't break an export off.
func TestExportsOutlastTheStoresElection(t *testing.T) {
	d := newDesk(t, "")
	var away atomic.Int32 // reads that fail yet
	d.store.Fault = func(c journal.Call) error {
		if c.Op == "get" && !c.Done && away.Add(-1) >= 0 {
			return journal.ErrBusy
		}
		return nil
	}
	path := d.failing() + "/recipients"
	away.Store(2)
	d.want(200, d.do("GET", path, ""), userA, userB)
	if left := away.Load(); left >= 0 {
		t.Errorf("%d failures were not met", left+1)
	}
}

func TestRecipientsAsCSV(t *testing.T) {
	d := newDesk(t, "")
	path := d.failing() + "/recipients"
	const want = "user_id,index,state,reason\r\n" +
		userB + ",0,pending,\r\n" +
		userA + `,1,failed,"could not be rendered: messages[0].text: has 5004 UTF-16 code units, at most 5000 are allowed"` + "\r\n"
	ask := func(query, accept string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+path+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		return d.send(req)
	}
	for _, tc := range []struct {
		query, accept string
		csv           bool
	}{
		{"?format=csv", "", true},
		{"?format=csv", "application/x-ndjson", true},
		{"", "text/csv", true},
		{"", "application/x-ndjson;q=0.5, text/csv;q=0.9", true},
		{"", "", false},
		{"", "*/*", false},
		{"", "application/x-ndjson, text/csv", false},
		{"", "text/csv;q=0", false},
		{"?format=ndjson", "text/csv", false},
	} {
		a := ask(tc.query, tc.accept)
		d.want(200, a)
		if got := strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"); got != tc.csv || got != (a.body == want) {
			t.Errorf("%+v: %s: %s", tc, a.header.Get("Content-Type"), a.body)
		}
	}
	if a := ask("?format=csv&state=delivered", ""); a.body != "user_id,index,state,reason\r\n" {
		t.Errorf("an empty export is %q", a.body)
	}
}
