package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"hayauma.example/actors/audience/spill"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

// leaves are texts of messages; each renders names in its own way, and some fail for some names.
var leaves = []string{
	"hello", "hello {{ name }}", "{{ name | truncate: 4 }}", "{{ name | date: '%Y' }}", "{{ name | size }}", "{{ city | default: 'x' }}{{ name | upcase | slice: 0 }}",
	"{% if name contains '7' %}lucky{% else %}{{ name }}{% endif %}", "{{ name | append: name | append: name }}",
}

// crowd is a random audience, some of it over the limits.
func crowd(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("name,user_id\n")
	n := 1 + rng.IntN([]int{3, 30, 1500}[rng.IntN(3)])
	for range n {
		name := fmt.Sprintf("name %d", rng.IntN(n))
		switch rng.IntN(6) {
		case 0:
			name = "2026-01-02"
		case 1:
			name = "everybody"
		case 2:
			name = strings.Repeat("y", 1600+rng.IntN(200))
		}
		fmt.Fprintf(&b, "%s,U%032x\n", name, rng.IntN(2*n))
	}
	return b.String()
}

// What an explanation says is what the campaign does: its plan, the requests that the provider gets, and who fails and why.
func TestExplanationsComeTrue(t *testing.T) {
	sim, endpoint := simulator(t, "")
	a, c := start(t, memory(), nil)
	defer stop(t, a)
	addChannel(t, c, endpoint)
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		rows, leaf := crowd(rng), leaves[rng.IntN(len(leaves))]
		definition, err := json.Marshal(map[string]any{"name": "n", "channel": "shop", "messages": []any{map[string]string{"type": "text", "text": leaf}}})
		if err != nil {
			t.Fatal(err)
		}
		people := func() client.Audience { return client.Audience{Data: strings.NewReader(rows), Type: "text/csv"} }
		x, err := c.Explain(t.Context(), definition, people(), 5)
		if err != nil {
			t.Fatal(err)
		}
		before := sim.Sim.Ledger()
		id, err := c.Submit(t.Context(), fmt.Sprint(seed), definition, people())
		if err != nil {
			t.Fatal(err)
		}
		end := follow(t, c, id, func(api.Campaign) {})
		after := sim.Sim.Ledger()
		if int(end.Accepted) != x.Recipients || int(end.Duplicates) != x.Duplicates || int(end.Rows) != x.Rows || int(end.Failed) != x.WouldFail.Recipients ||
			end.Delivered != uint64(x.Quota.Needed) || x.OK != (end.Failed == 0) {
			t.Errorf("seed %d: explained %+v, became %+v", seed, x, end)
		}
		if p := end.Plan; p == nil || p.Pushes != x.Plan.Pushes || p.Multicasts != x.Plan.Multicasts || p.MulticastRecipients != x.Plan.MulticastRecipients ||
			p.QuotaNeeded != x.Quota.Needed {
			t.Errorf("seed %d: explained %+v, planned %+v", seed, x.Plan, p)
		}
		if push, multicast := after.Requests.Push-before.Requests.Push, after.Requests.Multicast-before.Requests.Multicast; push != int(x.Plan.Pushes) || multicast != int(x.Plan.Multicasts) {
			t.Errorf("seed %d: explained %+v, the provider got %d pushes and %d multicasts", seed, x.Plan, push, multicast)
		}
		checkReasons(t, c, id, x)
	}
}

// checkReasons compares examples of failures with the ledger's.
func checkReasons(t *testing.T, c *client.Client, id string, x api.Explanation) {
	t.Helper()
	body, err := c.Recipients(t.Context(), id, client.Export{States: []string{"failed"}})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	reasons := map[string]string{}
	for lines := bufio.NewScanner(body); lines.Scan(); {
		var r api.Recipient
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		reasons[r.UserID] = r.Reason
	}
	if len(x.WouldFail.Examples) != min(20, len(reasons)) {
		t.Errorf("%d examples of %d that failed", len(x.WouldFail.Examples), len(reasons))
	}
	for _, e := range x.WouldFail.Examples {
		if want := "could not be rendered: " + e.Reason; reasons[e.UserID] != want {
			t.Errorf("%s failed with %q, explained was %q", e.UserID, reasons[e.UserID], want)
		}
	}
}

// What a killed daemon left of an explanation is gone after the next start, and an explanation leaves nothing itself.
func TestExplanationsLeaveNothingBehind(t *testing.T) {
	_, endpoint := simulator(t, "")
	cfg := memory()
	cfg.Store, cfg.Data = config.StoreJetStream, t.TempDir()
	temp := cfg.Temp()
	if err := os.MkdirAll(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(temp)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	killed := spill.New(root).File(1)
	if _, err := killed.Write([]byte("rows")); err != nil {
		t.Fatal(err)
	}
	if _, err := killed.Write([]byte("more rows")); err != nil {
		t.Fatal(err)
	}
	empty := func(when string, want bool) {
		t.Helper()
		if left, err := fs.ReadDir(root.FS(), "."); err != nil || (len(left) == 0) != want {
			t.Errorf("%s: %v, %v", when, left, err)
		}
	}
	empty("before the start", false)
	a, c := start(t, cfg, nil)
	defer stop(t, a)
	empty("after the start", true)
	addChannel(t, c, endpoint)
	rng := rand.New(rand.NewPCG(1, 1))
	const definition = `{"name":"n","channel":"shop","messages":[{"type":"text","text":"{{ name }}"}]}`
	for range 3 {
		if _, err := c.Explain(t.Context(), []byte(definition), client.Audience{Data: strings.NewReader(crowd(rng)), Type: "text/csv"}, 0); err != nil {
			t.Fatal(err)
		}
		empty("after an explanation", true)
	}
}
