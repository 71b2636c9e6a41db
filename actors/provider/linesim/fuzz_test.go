package linesim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

// FuzzRequest: no request panics the simulator, every answer has an id and is JSON, and only what was accepted is in the ledger.
func FuzzRequest(f *testing.F) {
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("no exchanges")
	}
	for _, path := range []string{"push", "multicast", "validate/push", "validate/multicast", "quota", "nowhere"} {
		for _, body := range []string{
			`{"to":"U4af4980629000000000000000000abcd","messages":[{"type":"text","text":"x"}]}`,
			`{"to":["U4af4980629000000000000000000abcd"],"messages":[{"type":"text","text":"\ud83d\ude00"}]}`,
			`{"messages":[[[[`, `{"to":"","messages":[{}]}`, `{"customAggregationUnits":["a"],"messages":[{"type":"flex"}]}`, `nul`, "{\"to\":\"\xff\"}",
		} {
			f.Add(path, "123e4567-e89b-12d3-a456-426614174000", []byte(body), false)
		}
	}
	f.Fuzz(func(t *testing.T, path, key string, body []byte, only bool) {
		server := linesim.NewServer(linesim.Options{LedgerOnly: only})
		for range 2 {
			r := httptest.NewRequest(http.MethodPost, "/v2/bot/message/x", strings.NewReader(string(body)))
			r.URL.Path = "/v2/bot/message/" + path
			r.Header.Set("Authorization", "Bearer token")
			r.Header.Set("Content-Type", "application/json")
			r.Header["X-Line-Retry-Key"] = []string{key}
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			l := server.Sim.Ledger()
			if !json.Valid(w.Body.Bytes()) || w.Header().Get("X-Line-Request-Id") == "" {
				t.Fatalf("answer %d %q", w.Code, w.Body)
			}
			sends := path == "push" || path == "multicast"
			if w.Code != 200 && w.Code != 409 && l.Deliveries != 0 || w.Code == 200 && sends && l.Deliveries == 0 {
				t.Fatalf("answer %d with the ledger %+v", w.Code, l)
			}
			for d := range server.Sim.Deliveries() {
				if text := d.AppendJSON(nil); !json.Valid(text) {
					t.Fatalf("a delivery is written as %s", text)
				}
			}
		}
	})
}

// FuzzLedger holds sequences of requests against a dumb model of maps.
func FuzzLedger(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0, 1, 2, 3, 17, 33, 65, 129})
	f.Add([]byte("the same again the same again"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		sim := linesim.New(linesim.Options{LedgerOnly: true, Limits: linesim.Limits{Off: true}})
		accepted, users, had := map[string]bool{}, map[string]bool{}, map[string]bool{}
		deliveries, duplicates, conflicts := 0, 0, 0
		for i := 0; i+1 < len(steps); i += 2 {
			a, b := steps[i], steps[i+1]
			channel, key, text := fmt.Sprint("channel ", a&1), fmt.Sprintf("%08x-0000-4000-8000-000000000000", 1+b&15), fmt.Sprint("text ", a>>1&3)
			q := &linesim.Request{Token: channel, Key: key, Endpoint: 1, Messages: providertest.Text(text)}
			for n := range 1 + int(a>>3&3) {
				q.To = append(q.To, providertest.User(n*int(b>>4&3))) // with repeats
			}
			if sim.Decide(q, linesim.Fate{}, noon); accepted[channel+key] {
				conflicts++
				continue
			}
			accepted[channel+key] = true
			inRequest := map[string]bool{}
			for _, u := range q.To {
				if inRequest[u] {
					continue
				}
				inRequest[u], users[u] = true, true
				deliveries++
				if had[channel+u+text] {
					duplicates++
				}
				had[channel+u+text] = true
			}
		}
		if l := sim.Ledger(); l.Users != len(users) || l.Deliveries != deliveries || l.Duplicates != duplicates || l.Conflicts != conflicts {
			t.Fatalf("the ledger has %+v; the model %d users, %d deliveries, %d duplicates, %d conflicts", l, len(users), deliveries, duplicates, conflicts)
		}
		sum := 0
		for u := range users {
			sum += len(sim.User(u))
		}
		if sum != deliveries {
			t.Fatalf("the users have %d deliveries, the ledger %d", sum, deliveries)
		}
	})
}
