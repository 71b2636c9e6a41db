package demo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/api"
)

// world is a demonstration that went well, to be spoiled by a test.
type world struct {
	groups     []*group
	exports    [][]api.Recipient
	deliveries []linesim.Delivery
}

func good() *world {
	w := &world{groups: []*group{personalised(3), uniform(4)}}
	for _, g := range w.groups {
		var lines []api.Recipient
		for i := range g.size {
			lines = append(lines, api.Recipient{UserID: g.user(i), Index: uint32(i), State: "delivered"})
			w.deliveries = append(w.deliveries, linesim.Delivery{User: g.user(i), BodySHA256: g.body(g, i)})
		}
		w.exports = append(w.exports, lines)
	}
	return w
}

func (w *world) judge(t *testing.T) (Verdict, error) {
	t.Helper()
	var ledgers []*ledger
	for i, g := range w.groups {
		var b strings.Builder
		for _, line := range w.exports[i] {
			raw, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(raw, '\n'))
		}
		l := newLedger(g)
		if err := l.export(strings.NewReader(b.String())); err != nil {
			return Verdict{}, err
		}
		ledgers = append(ledgers, l)
	}
	return compare(ledgers, slices.Values(w.deliveries)), nil
}

func TestVerdict(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(w *world)
		want  Verdict
	}{
		"all well":               {func(*world) {}, Verdict{}},
		"missing":                {func(w *world) { w.deliveries = w.deliveries[1:] }, Verdict{Missing: 1}},
		"twice":                  {func(w *world) { w.deliveries = append(w.deliveries, w.deliveries[0], w.deliveries[0]) }, Verdict{Twice: 2}},
		"unknown with delivery":  {func(w *world) { w.exports[0][1].State = "unknown" }, Verdict{}},
		"unknown without one":    {func(w *world) { w.exports[0][0].State = "unknown"; w.deliveries = w.deliveries[1:] }, Verdict{}},
		"failed, yet delivered":  {func(w *world) { w.exports[0][0].State = "failed" }, Verdict{Unexpected: 1}},
		"pending, yet delivered": {func(w *world) { w.exports[1][0].State = "pending" }, Verdict{Unexpected: 1}},
		"failed without one":     {func(w *world) { w.exports[0][0].State = "failed"; w.deliveries = w.deliveries[1:] }, Verdict{}},
		"left out of the export": {func(w *world) { w.exports[0] = w.exports[0][1:] }, Verdict{Unlisted: 1}},
		"another's text":         {func(w *world) { w.deliveries[0].BodySHA256 = w.deliveries[1].BodySHA256 }, Verdict{Missing: 1, Foreign: 1}},
		"a stranger":             {func(w *world) { w.deliveries[0].User = "U" + strings.Repeat("0", 32) }, Verdict{Missing: 1, Foreign: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := good()
			tc.spoil(w)
			if got, err := w.judge(t); err != nil || got != tc.want {
				t.Errorf("verdict %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestBadExports(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"twice":        func(w *world) { w.exports[0] = append(w.exports[0], w.exports[0][0]) },
		"a stranger":   func(w *world) { w.exports[0][0].UserID = "U" + strings.Repeat("0", 32) },
		"of the other": func(w *world) { w.exports[0][0] = w.exports[1][0] },
		"no state":     func(w *world) { w.exports[0][0].State = "sent" },
	} {
		t.Run(name, func(t *testing.T) {
			w := good()
			spoil(w)
			if v, err := w.judge(t); err == nil {
				t.Errorf("no error, verdict %+v", v)
			}
		})
	}
}

// The two audiences share no user, and no two personalised texts are equal.
func TestAudiences(t *testing.T) {
	a, b := personalised(5000), uniform(5000)
	users, bodies := map[string]bool{}, map[[32]byte]bool{}
	for i := range 5000 {
		for _, g := range []*group{a, b} {
			user := g.user(i)
			if n, ok := g.number(user); !ok || n != i {
				t.Fatalf("%s is number %d, %v", user, n, ok)
			}
			users[user] = true
		}
		bodies[a.body(a, i)] = true
	}
	if len(users) != 10_000 || len(bodies) != 5000 {
		t.Errorf("%d users, %d bodies", len(users), len(bodies))
	}
	if _, ok := a.number(b.user(1)); ok {
		t.Error("a group takes the other's user")
	}
}
