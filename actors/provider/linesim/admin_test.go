package linesim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

func administered(t *testing.T, o linesim.Options) (*linesim.Server, string) {
	t.Helper()
	server := linesim.NewServer(o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	return server, web.URL
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	r, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	said, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, strings.TrimSpace(string(said))
}

// The hashes are SHA-256 of [{"text":"hello","type":"text"}] by sha256sum.
func TestLedgerOverHTTP(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)
	server, url := administered(t, linesim.Options{Now: func() time.Time { return at }})
	p := server.Sim.Provider("token")
	call := providertest.Push(1, "hello")
	p.Send(t.Context(), call)
	p.Send(t.Context(), call)
	p.Send(t.Context(), providertest.Multicast(2, "hello"))
	const hash = "57e90e6cb7aff1276e78399ad62cee581909f0d4944c24801d529c141c23a241"
	key := call.Key.String()
	line := func(user string) string {
		return `{"user":"` + user + `","key":"` + key + `","body_sha256":"` + hash + `","at":"2026-01-02T03:04:05.6Z"}`
	}
	if got, want := get(t, url+"/_sim/deliveries"), line(providertest.User(1))+"\n"; got != want {
		t.Errorf("deliveries:\n got %s\nwant %s", got, want)
	}
	if got, want := get(t, url+"/_sim/users/"+providertest.User(1)), "["+line(providertest.User(1))+"]\n"; got != want {
		t.Errorf("user:\n got %s\nwant %s", got, want)
	}
	if got := get(t, url+"/_sim/users/nobody"); got != "[]\n" {
		t.Errorf("nobody has %s", got)
	}
	want := `{"users":1,"deliveries":1,"duplicates":0,"requests":{"push":2,"multicast":1},"conflicts":2,"throttled":0,"peak_in_flight":0}` + "\n"
	if got := get(t, url+"/_sim/ledger"); got != want {
		t.Errorf("ledger:\n got %s\nwant %s", got, want)
	}
}

// The peak is what was open at once, not what was open in all; a reset forgets it.
func TestPeakInFlight(t *testing.T) {
	server, url := administered(t, linesim.Options{Faults: linesim.Faults{TimeoutAfter: 1}})
	peak := func() (peak int) {
		t.Helper()
		var l struct {
			Peak int `json:"peak_in_flight"`
		}
		if err := json.Unmarshal([]byte(get(t, url+"/_sim/ledger")), &l); err != nil {
			t.Fatal(err)
		}
		return l.Peak
	}
	var held sync.WaitGroup
	for range 3 {
		held.Go(func() {
			if answer, err := rawPush(url); err == nil {
				answer.Body.Close()
			}
		})
	}
	for server.Sim.Ledger().Requests.Push < 3 { // each is held from then on
		runtime.Gosched()
	}
	if got := peak(); got != 3 {
		t.Errorf("three held requests: peak %d", got)
	}
	server.Close()
	held.Wait()
	if got := peak(); got != 3 {
		t.Errorf("after their end: peak %d", got)
	}
	for post(t, url+"/_sim/reset", ""); peak() != 0; post(t, url+"/_sim/reset", "") { // until the last connection is cut
		runtime.Gosched()
	}
}

func TestFaultsAndResetOverHTTP(t *testing.T) {
	server, url := administered(t, linesim.Options{})
	p := server.Sim.Provider("token")
	if code, said := post(t, url+"/_sim/faults", "401=1\n"); code != 204 {
		t.Fatalf("%d %s", code, said)
	}
	if a := p.Send(t.Context(), providertest.Push(1, "x")); a.Verdict != provider.Unauthorized {
		t.Errorf("got %+v", a)
	}
	if code, said := post(t, url+"/_sim/faults", "401=2"); code != 400 || !strings.Contains(said, `"401=2"`) {
		t.Errorf("%d %s", code, said)
	}
	if a := p.Send(t.Context(), providertest.Push(1, "x")); a.Verdict != provider.Unauthorized {
		t.Errorf("a bad list changed something: %+v", a)
	}
	if code, _ := post(t, url+"/_sim/faults", ""); code != 204 {
		t.Error("an empty list is no faults")
	}
	if a := p.Send(t.Context(), providertest.Push(1, "x")); a.Verdict != provider.Accepted || a.Status != 200 {
		t.Errorf("got %+v", a)
	}
	if code, _ := post(t, url+"/_sim/reset", ""); code != 204 {
		t.Error("no reset")
	}
	if a := p.Send(t.Context(), providertest.Push(1, "x")); a.Status != 200 {
		t.Errorf("the key outlived the reset: %+v", a)
	}
	if l := server.Sim.Ledger(); l.Requests.Push != 1 || l.Deliveries != 1 {
		t.Errorf("the ledger outlived the reset: %+v", l)
	}
}

func TestUsersOverHTTP(t *testing.T) {
	server, url := administered(t, linesim.Options{})
	p := server.Sim.Provider("token")
	one, two := providertest.User(0), providertest.User(1)
	if code, said := post(t, url+"/_sim/users", "blocked "+one+"\n\nunknown "+two+"\r\nquota 5\n"); code != 204 {
		t.Fatalf("%d %s", code, said)
	}
	if a := p.Send(t.Context(), providertest.Multicast(2, "x")); a.Verdict != provider.Refused {
		t.Errorf("got %+v", a)
	}
	if code, said := post(t, url+"/_sim/users", "active "+two); code != 204 {
		t.Fatalf("%d %s", code, said)
	}
	if a := p.Send(t.Context(), providertest.Multicast(2, "x")); a.Verdict != provider.Accepted {
		t.Errorf("got %+v", a)
	}
	if q, err := p.Quota(t.Context()); err != nil || q != (provider.Quota{Limited: true, Limit: 5, Used: 1}) {
		t.Errorf("quota %+v, %v", q, err)
	}
	for body, want := range map[string]string{"blocked " + one + "\nbanned " + two: "line 2: \"banned\"", "blocked": "line 1: must be two words",
		"quota -1": "line 1: quota", "quota many": "line 1: quota"} {
		if code, said := post(t, url+"/_sim/users", body); code != 400 || !strings.Contains(said, want) {
			t.Errorf("%q: %d %s", body, code, said)
		}
	}
	if code, _ := post(t, url+"/_sim/users", "quota none"); code != 204 {
		t.Error("no way back from a quota")
	}
	if q, err := p.Quota(t.Context()); err != nil || q.Limited {
		t.Errorf("quota %+v, %v", q, err)
	}
}

func TestTooLargeABody(t *testing.T) {
	server, url := administered(t, linesim.Options{})
	for _, length := range []int64{0, -1} { // declared and chunked
		body := `{"to":"` + providertest.User(1) + `","messages":[{"type":"text","text":"x"}]` + strings.Repeat(" ", 2<<20) + `}`
		r, err := http.NewRequest("POST", url+"/v2/bot/message/push", io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		if r.ContentLength = length; length == 0 {
			r.ContentLength = int64(len(body))
		}
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var problem struct{ Message string }
		err = json.NewDecoder(answer.Body).Decode(&problem)
		answer.Body.Close()
		if answer.StatusCode != 413 || problem.Message == "" || err != nil {
			t.Errorf("got %s %+v, %v", answer.Status, problem, err)
		}
	}
	if l := server.Sim.Ledger(); l.Requests.Push != 2 || l.Deliveries != 0 {
		t.Errorf("the ledger has %+v", l)
	}
}
